"""Actions of other repositories are pinned by a commit, with their version as a comment for people and Dependabot."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.ci.runner import ROOT

USES = re.compile(r"\buses: (?P<action>[\w.-]+/[^\s@`]+)@(?P<ref>[^\s`]+)(?P<comment>.*)")
OF_THE_READER = {"VERSION"}
"""What a page leaves to its reader."""


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if name.endswith((".yml", ".yaml", ".md"))]


NAMED = [path for path in tracked() if path.is_file() and USES.search(path.read_text(encoding="utf-8"))]


def test_the_workflows_the_action_and_an_example_name_actions() -> None:
    names = {path.name for path in NAMED}

    assert {"preview.yml", "apply-environment.yml", "drift.yml", "release.yml", "action.yml", "shards.yml"} <= names


@pytest.mark.parametrize("path", NAMED, ids=lambda path: path.name)
def test_an_action_of_another_repository_is_pinned_by_its_commit(path: Path) -> None:
    for found in USES.finditer(path.read_text(encoding="utf-8")):
        if found["ref"] not in OF_THE_READER:
            assert re.fullmatch(r"[0-9a-f]{40}", found["ref"]), found[0]
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", found["comment"]), found[0]


def test_an_action_has_one_version_everywhere() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for path in NAMED:
        for found in USES.finditer(path.read_text(encoding="utf-8")):
            if found["ref"] not in OF_THE_READER:
                repository = "/".join(found["action"].split("/")[:2])
                pins.setdefault(repository, set()).add((found["ref"], found["comment"]))

    assert {name for name, versions in pins.items() if len(versions) > 1} == set()
