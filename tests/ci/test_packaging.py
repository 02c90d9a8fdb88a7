"""What the package says of itself, and the hooks that it offers to pre-commit."""

import re
import shlex
import tomllib
from typing import Any

import pytest
import yaml
from trove_classifiers import classifiers

from reconciler.cli.main import group
from tests.ci.runner import ROOT
from tests.cli.test_usage import parse

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PRIVATE = "Private :: Do Not Upload"
FILES = ["specs/a.yaml", "reconciler.yaml", "data/guests.csv", "data/guests.jsonl"]


def test_classifiers_are_those_that_the_index_knows() -> None:
    assert set(PROJECT["classifiers"]) - classifiers == {PRIVATE}
    assert PROJECT["classifiers"] == sorted(PROJECT["classifiers"])


def test_the_classifiers_name_the_tested_versions_of_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    tested = workflow["jobs"]["checks"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: "

    assert [f"{prefix}{version}" for version in tested] == [
        one for one in PROJECT["classifiers"] if re.fullmatch(rf"{prefix}3\.\d+", one)
    ]


def test_types_are_part_of_the_package() -> None:
    assert "Typing :: Typed" in PROJECT["classifiers"]
    assert (ROOT / "reconciler" / "py.typed").is_file()


def test_there_is_a_hook_to_validate_to_lint_and_to_format() -> None:
    assert [hook["id"] for hook in HOOKS] == ["reconciler-validate", "reconciler-lint", "reconciler-fmt"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_command_line_that_parses_over_the_whole_repository(hook: dict[str, Any]) -> None:
    parse(hook["entry"])

    assert shlex.split(hook["entry"])[1] in group.summaries
    assert (hook["language"], hook["pass_filenames"], hook["require_serial"]) == ("python", False, True)
    assert [name for name in FILES if not re.search(hook["files"], name)] == (
        FILES[2:] if hook["id"] == "reconciler-fmt" else []
    )
