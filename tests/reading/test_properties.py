"""What holds for any value and for any bytes."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.value import Json
from reconciler.reading import Node, read_bytes
from reconciler.reading.parser import Parser, PythonParser

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.floats(-(10**15), 10**15).filter(lambda number: "e" not in repr(number) and not number.is_integer())
NUMBERS = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), FLOATS)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def emitted(value: Json, indent: int = 0) -> str:
    """Write a value as block YAML, with text in double quotes; the line starts are the caller's."""
    margin = "\n" + " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{margin}{written(key)}: {emitted(below, indent + 1)}" for key, below in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{margin}- {emitted(below, indent + 1)}" for below in value)
    return written(value) if isinstance(value, str) else json.dumps(value)


def written(text: str) -> str:
    """Write text in double quotes."""
    plain = frozenset(range(0x20, 0x7F)) - {0x22, 0x5C}
    return '"' + "".join(letter if ord(letter) in plain else f"\\U{ord(letter):08x}" for letter in text) + '"'


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, PythonParser])
@given(VALUES)
def test_what_is_written_as_yaml_is_read_back(parser: Parser, value: Json) -> None:
    reading = read_bytes(f'"top": {emitted(value, 1)}\n'.encode(), file="a.yaml", parser=parser)

    assert reading.problems == ()
    assert json.dumps([one.value for one in reading.documents]) == json.dumps([{"top": value}])


@given(VALUES)
def test_every_key_is_found_at_its_place(value: Json) -> None:
    text = f'"top": {emitted(value, 1)}\n'
    lines = text.split("\n")
    (top,) = read_bytes(text.encode(), file="a.yaml").documents

    for key, node in _all_entries(top):
        source = node.key_source
        assert lines[source.line - 1][source.column - 1 :].startswith(written(key))


@given(st.one_of(st.binary(), st.text("ab:-?,[]{}#&*!|>'\"%@` \n\t0.~<", max_size=40).map(str.encode)))
def test_any_bytes_are_read_or_refused_with_a_place(data: bytes) -> None:
    reading = read_bytes(data, file="a.yaml")

    assert reading.is_complete or reading.problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in reading.problems)
    assert all("\n" not in str(problem) for problem in reading.problems)


@given(st.text("ab:-?,[]{}#&*!|>'\"\\u0dD8 \n", max_size=30))
def test_the_parser_in_python_never_fails_in_another_way(text: str) -> None:
    reading = read_bytes(text.encode(), file="a.yaml", parser=PythonParser)

    assert reading.is_complete or reading.problems


def _all_entries(node: Node) -> list[tuple[str, Node]]:
    own = list(node.entries())
    below = [*(child for _, child in own), *node.items()]
    return [*own, *(entry for child in below for entry in _all_entries(child))]
