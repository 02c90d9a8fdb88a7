"""What counts for a watch was read twice alike, also after a run that could not read anything."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.clock import Clock
from reconciler.core.model.desired import Desired
from reconciler.errors import InputError
from reconciler.project import load_project
from reconciler.specs import Loaded
from reconciler.watching.pinning import StableReader
from reconciler.workflow.session import LoadedSpecs


class Readings:
    """Gives what is declared by a number of scopes, one number after the other; None fails to load."""

    def __init__(self, root: Path, *scopes: int | None) -> None:
        project = load_project(str(root))
        self.left = list(scopes)
        self._project, self.environment = project, project.environment("sandbox")

    def load(self) -> LoadedSpecs:
        scopes = self.left.pop(0)
        if scopes is None:
            raise InputError("half a file")
        desired = Desired(tuple(map(str, range(scopes))), (), (), ())
        return LoadedSpecs(self._project, self.environment, Loaded(desired, ()), lambda _: None)


async def at_once(_seconds: float) -> None:
    """Wait for nothing."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    text = "version: 1\nenvironments: {sandbox: {api: sandbox}}\n"
    (tmp_path / "reconciler.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_first_run_reads_once(root: Path) -> None:
    readings = Readings(root, 1, 2)
    asyncio.run(StableReader(Clock(sleep=at_once)).read(readings.load))

    assert readings.left == [2]


def test_after_a_run_that_could_not_load_two_readings_alike_are_needed(root: Path) -> None:
    readings, rest = Readings(root, None, 1, 1, 9), StableReader(Clock(sleep=at_once))
    with pytest.raises(InputError, match="half a file"):
        asyncio.run(rest.read(readings.load))
    asyncio.run(rest.read(readings.load))

    assert readings.left == [9]


def test_settings_that_changed_are_read_twice_too(root: Path) -> None:
    readings, rest = Readings(root, 1, 1, 1, 9), StableReader(Clock(sleep=at_once))
    asyncio.run(rest.read(readings.load))
    readings.environment = replace(readings.environment, concurrency=3)
    asyncio.run(rest.read(readings.load))

    assert readings.left == [9]
