"""What a watch reads: twice alike, also after a run that could not read anything, and at one place."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.clock import Clock
from reconciler.core.model.desired import Desired
from reconciler.errors import InputError
from reconciler.project import load_project
from reconciler.specs import Loaded
from reconciler.watching.pinning import StableReader, WatchedAccount, anchored, at_one_place
from reconciler.workflow.options import RunOptions
from reconciler.workflow.session import LoadedSpecs
from tests.builders import declared_contact


class Readings:
    """Gives what is declared with one number after the other as metadata of a contact; None fails to load."""

    def __init__(self, root: Path, *numbers: int | None) -> None:
        project = load_project(str(root))
        self.left = list(numbers)
        self._project, self.environment = project, project.environment("sandbox")

    def load(self) -> LoadedSpecs:
        number = self.left.pop(0)
        if number is None:
            raise InputError("half a file")
        desired = Desired((), (declared_contact(profile={"metadata": {"n": number}}),), (), ())
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


def test_specs_that_never_come_to_rest_are_left_to_the_next_run(root: Path) -> None:
    readings, rest = Readings(root, 1, 2, 3, 4, 5, 6, 7), StableReader(Clock(sleep=at_once))
    asyncio.run(rest.read(readings.load))
    with pytest.raises(InputError, match="change while they are read"):
        asyncio.run(rest.read(readings.load))

    assert readings.left == [7]


def test_places_are_named_in_full_and_a_bucket_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert anchored(RunOptions()) == RunOptions(project=str(tmp_path))
    assert anchored(RunOptions(project="a", state="b")) == RunOptions(f"{tmp_path}/a", state=f"{tmp_path}/b")
    assert anchored(RunOptions(state="s3://bucket/b")) == RunOptions(str(tmp_path), state="s3://bucket/b")


def test_links_are_followed_once_for_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/other.yaml").touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/file").symlink_to("other.yaml")
    monkeypatch.chdir(tmp_path / "link")

    assert at_one_place(RunOptions()).project == f"{tmp_path}/real"
    assert at_one_place(RunOptions(str(tmp_path / "link"))).project == f"{tmp_path}/real"
    assert at_one_place(RunOptions(str(tmp_path / "link/file"))).project == f"{tmp_path}/real/file"
    assert at_one_place(RunOptions(str(tmp_path / "gone"))).project == f"{tmp_path}/gone"


def test_links_that_lead_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    with pytest.raises(InputError, match=r"/a/x cannot be read: (links lead in a circle|too many levels of symbolic)"):
        at_one_place(RunOptions(str(tmp_path / "a/x")))


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (WatchedAccount(None, "sandbox", "sandbox", None), "sandbox without a reconciler.yaml (sandbox)"),
        (WatchedAccount("r.yaml", "live", "https://a", "KEY"), "live of r.yaml (https://a, key of KEY)"),
    ],
)
def test_a_watched_account_is_told_with_where_it_comes_from(account: WatchedAccount, words: str) -> None:
    assert str(account) == words
