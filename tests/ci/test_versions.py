"""What a clone installs is pinned, all of it, and the ranges of `pyproject.toml` admit what is pinned."""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / ".github" / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
ASKED = [
    *PROJECT["build-system"]["requires"],
    *PROJECT["project"]["dependencies"],
    *(one for extra in EXTRAS.values() for one in extra if not one.startswith("reconciler[")),
]
INSTALLS = [
    "README.md",
    "reconciler/guide/contributing.md",
    ".ci/run",
    ".github/CONTRIBUTING.md",
    ".github/Containerfile",
]


def lines() -> list[str]:
    text = CONSTRAINTS.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pinned() -> dict[str, str]:
    """Return the version of each name that is pinned, whatever the system that it is pinned for."""
    pins = (Requirement(line) for line in lines())
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


def needed(name: str, extras: tuple[str, ...] = ("",)) -> Iterator[Requirement]:
    """Return what a distribution that is installed here needs here."""
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


@pytest.mark.parametrize("asked", ASKED)
def test_the_range_of_each_requirement_is_open_and_admits_what_is_pinned(asked: str) -> None:
    requirement = Requirement(asked)

    assert [one.operator for one in requirement.specifier] == [">="]
    assert requirement.specifier.contains(pinned()[canonicalize_name(requirement.name)])


def test_all_that_pinned_versions_need_here_is_pinned() -> None:
    pins, seen, missing = pinned(), set[str](), set[str]()
    waiting = list(needed("reconciler", ("", "test")))
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        missing |= {name} - {*pins, "reconciler"}
        if name == "reconciler" or metadata.version(name) == pins.get(name):  # of another version, others may be needed
            waiting += needed(name, ("", *requirement.extras))

    assert len(seen) > len(PROJECT["project"]["dependencies"])
    assert missing == set()


def test_a_pin_is_a_name_and_a_version_and_no_place_to_load_it_from() -> None:
    assert [line for line in lines() if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [\w' !=<>.()]+)?", line)] == []
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ", CONSTRAINTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", INSTALLS)
def test_all_that_installs_from_a_clone_installs_what_is_pinned(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = [
        line
        for line in text.splitlines()
        if re.search(r"pip install .*( \.( |$)|editable|/source(\[store\]'?)?$)", line)
    ]

    assert found
    assert [line for line in found if ".github/constraints.txt" not in line] == []
