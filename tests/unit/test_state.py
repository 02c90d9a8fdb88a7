import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import StateError
from reconciler.state import MemoryIds, check_writable, prepare_folder, write_file


def ids(folder: Path, *, environment: str = "e", api: str = "https://a", account: str = "hmac:1") -> MemoryIds:
    return MemoryIds(folder, environment, api, account)


def test_what_is_remembered_adds_to_what_was_known(tmp_path: Path) -> None:
    ids(tmp_path).remember({"one": "mem-1"})
    ids(tmp_path).remember({"two": "mem-2"})

    assert ids(tmp_path).load() == {"one": "mem-1", "two": "mem-2"}


@pytest.mark.parametrize("other", [{"environment": "f"}, {"api": "https://b"}, {"account": "hmac:2"}])
def test_ids_of_another_environment_api_or_account_are_kept_apart(tmp_path: Path, other: dict[str, str]) -> None:
    ids(tmp_path).remember({"one": "mem-1"})
    ids(tmp_path, **other).remember({"one": "mem-9"})

    assert ids(tmp_path).load() == {"one": "mem-1"}
    assert ids(tmp_path, **other).load() == {"one": "mem-9"}


@pytest.mark.parametrize("content", ["", "[" * 100_000, '{"format_version": "1.0"}', '{"environments": {}}', "5"])
def test_a_file_that_is_no_cache_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / "ids.json").write_text(content)

    assert ids(tmp_path).load() == {}


def test_nothing_is_written_when_nothing_was_learned(tmp_path: Path) -> None:
    ids(tmp_path).remember({})

    assert not (tmp_path / "ids.json").exists()


def test_the_folder_keeps_itself_out_of_git(tmp_path: Path) -> None:
    assert (prepare_folder(tmp_path / "a" / "b") / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match="cannot make the folder"):
        prepare_folder(tmp_path / "file")


def test_a_file_keeps_its_rights_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    path.chmod(0o600)
    write_file(path, "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]  # noqa: PTH208  names are what is compared


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_file(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_a_pipe_or_device_stays_what_it_is() -> None:
    write_file(Path("/dev/null"), "text")
    check_writable(Path("/dev/null"))

    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("name", ["nowhere/plan.json", "folder"])
def test_what_cannot_be_written_is_told_before_and_when(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(StateError, match="cannot write"):
        check_writable(tmp_path / name)
    with pytest.raises(StateError, match="cannot write"):
        write_file(tmp_path / name, "text")
    assert os.listdir(tmp_path) == ["folder"]  # noqa: PTH208  names are what is compared
