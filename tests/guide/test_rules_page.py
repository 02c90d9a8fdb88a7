"""The page of rules has each variable with its type, and an example of it that passes the check."""

import re

import pytest

from reconciler.core.model.rules import RuleKind
from reconciler.core.rules.checking import check
from reconciler.core.rules.types import variables_of
from tests.guide.pages import topics

PAGE = topics()["rules"].read_text(encoding="utf-8")
KINDS: tuple[RuleKind, ...] = ("contact", "memory", "change")


def rows(kind: str) -> list[tuple[set[str], str, str]]:
    """Return the names, the type and the example of each row of a table."""
    table = PAGE.partition(f"{kind}:\n\n| variable |")[2].partition("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return [
        ({*re.findall(r"`(\w+)`", names)}, type_, re.findall("`([^`]+)`", about)[-1]) for names, type_, about in lines
    ]


def written(kind: RuleKind) -> list[tuple[set[str], str, str]]:
    return [*rows("All rules have these"), *rows(f"Rules for a {kind}")]


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_have_every_variable_with_its_type(kind: RuleKind) -> None:
    known = {name: str(type_).replace("map(string, any)", "map") for name, type_ in variables_of(kind, {}).items()}
    said = {name: type_.replace("map(string, any)", "map") for names, type_, _ in written(kind) for name in names}

    assert said == known


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_reads_its_variable_and_passes_the_check(kind: RuleKind) -> None:
    for names, _, example in written(kind):
        assert {read.variable for read in check(example, variables_of(kind, {})).reads} & names
