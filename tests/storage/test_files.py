import json
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from reconciler.core.model.observed import KeptUsers
from reconciler.errors import InputError, StateError
from reconciler.storage.files import (
    check_own_folder,
    check_rewritable,
    check_writable,
    make_private_file,
    open_kept,
    prepare_folder,
    rewrite_file,
    write_file,
)
from reconciler.storage.memory_ids import MemoryIds
from reconciler.storage.store import FolderStore


def ids(folder: Path, *, environment: str = "e", api: str = "https://a", account: str = "hmac:1") -> MemoryIds:
    return MemoryIds(FolderStore(folder), environment, api, account)


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


def seen(*users: str, at: str = "2026-01-02T12:00:00.000Z", writes: str = "") -> KeptUsers:
    """Return users of one memory as they were seen; `-` before a user is one who was not as declared."""
    entries = {user.removeprefix("-"): (None if user.startswith("-") else "hmac:d", at) for user in users}
    return KeptUsers({"mem": entries}, writes, is_writing=False)


def kept(folder: Path) -> dict[str, str | None]:
    """Return the digests of the users of the one memory."""
    return {user: digest for user, (digest, _) in ids(folder).load_users().memories.get("mem", {}).items()}


def test_users_that_two_plans_saw_are_merged(tmp_path: Path) -> None:
    ids(tmp_path).remember_users(seen("one"), is_applying=False)
    ids(tmp_path).remember_users(seen("two"), is_applying=False)
    ids(tmp_path).remember({"one": "mem-1"})

    assert kept(tmp_path) == {"one": "hmac:d", "two": "hmac:d"}


def test_of_two_plans_the_later_look_at_a_user_counts(tmp_path: Path) -> None:
    ids(tmp_path).remember_users(seen("-one", at="2026-01-02T12:00:01.000Z"), is_applying=False)
    ids(tmp_path).remember_users(seen("one"), is_applying=False)

    assert kept(tmp_path) == {"one": None}


def test_what_a_plan_saw_before_an_apply_wrote_is_not_kept(tmp_path: Path) -> None:
    ids(tmp_path).remember_users(seen("two"), is_applying=False)
    ids(tmp_path).begin_writing("2026-01-02T11:00:00.000Z", ())
    ids(tmp_path).remember_users(seen("one", "-two"), is_applying=False)

    assert kept(tmp_path) == {"two": None}


def test_what_a_plan_saw_while_an_apply_wrote_is_not_kept_and_after_it_is(tmp_path: Path) -> None:
    ids(tmp_path).begin_writing("2026-01-02T11:00:00.000Z", ())
    during = ids(tmp_path).load_users()
    ids(tmp_path).remember_users(replace(during, memories=seen("one").memories), is_applying=False)
    ids(tmp_path).remember_users(seen("two"), is_applying=True)
    after = ids(tmp_path).load_users()
    ids(tmp_path).remember_users(replace(after, memories=seen("three").memories), is_applying=False)

    assert (during.is_writing, after.is_writing) == (True, False)
    assert kept(tmp_path) == {"two": "hmac:d", "three": "hmac:d"}


def test_the_users_of_an_id_that_another_one_replaces_are_forgotten(tmp_path: Path) -> None:
    ids(tmp_path).remember({"sarah": "mem"})
    ids(tmp_path).remember_users(seen("one"), is_applying=False)
    ids(tmp_path).remember({"sarah": "mem-2"})

    assert kept(tmp_path) == {}


def test_users_are_those_of_the_account_whichever_environment_saw_or_writes_them(tmp_path: Path) -> None:
    ids(tmp_path).remember_users(seen("one"), is_applying=False)
    ids(tmp_path, environment="f").begin_writing("2026-01-02T11:00:00.000Z", ())

    assert ids(tmp_path, environment="f").load_users().memories == seen("one").memories
    assert ids(tmp_path).load_users().is_writing


@pytest.mark.parametrize("other", [{"api": "https://b"}, {"account": "hmac:2"}])
def test_users_of_another_api_or_account_are_kept_apart(tmp_path: Path, other: dict[str, str]) -> None:
    ids(tmp_path).remember_users(seen("one"), is_applying=False)

    assert ids(tmp_path, **other).load_users() == KeptUsers({}, "", is_writing=False)


def test_what_is_written_with_another_key_is_forgotten_and_nothing_else(tmp_path: Path) -> None:
    entries = seen("one").memories["mem"]
    ids(tmp_path).remember_users(KeptUsers({"mem": entries, "other": entries}, "", is_writing=False), is_applying=False)
    ids(tmp_path, api="https://b").begin_writing("2026-01-02T11:00:00.000Z", ["mem"])
    assert set(ids(tmp_path).load_users().memories) == {"mem", "other"}
    ids(tmp_path, account="hmac:2").begin_writing("2026-01-02T11:00:00.000Z", ["mem"])

    assert set(ids(tmp_path).load_users().memories) == {"other"}
    assert ids(tmp_path).load_users().is_writing, "a plan of now may have read before"


@pytest.mark.parametrize(
    "users", ["5", "[]", '{"e https://a hmac:1": {"mem": {"one": "hmac:d", "two": ["t", "hmac:d"], "three": "t "}}}']
)
def test_what_is_no_entry_about_a_user_is_passed_over(tmp_path: Path, users: str) -> None:
    content = f'{{"format_version": "1.0", "environments": {{}}, "users": {users}, "writes": 5}}'
    (tmp_path / "ids.json").write_text(content)

    assert kept(tmp_path) == {}


def test_many_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    def remember(number: int) -> None:
        ids(tmp_path).remember_users(seen(f"user-{number}"), is_applying=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(remember, range(40)))

    assert kept(tmp_path).keys() == {f"user-{number}" for number in range(40)}


def test_the_folder_keeps_itself_out_of_git(tmp_path: Path) -> None:
    assert (prepare_folder(tmp_path / "a" / "b") / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("name", ["reconciler.yaml", "a", "Journal", "myleases"])
@pytest.mark.parametrize("ignored", [None, "/*.json\n", "# *nothing*\n", pytest.param("*\n" * 600_000, id="1 MB")])
def test_a_folder_with_files_of_somebody_else_is_refused(tmp_path: Path, name: str, ignored: str | None) -> None:
    (tmp_path / name).mkdir()
    if ignored is not None:
        (tmp_path / ".gitignore").write_text(ignored)

    with pytest.raises(InputError, match=f"holds other files, such as {name}; name a folder for the state alone"):
        check_own_folder(tmp_path)


@pytest.mark.parametrize(
    "name", ["ids.json.lock", "journal", "leases", "sandbox.sqlite3-wal", "allowance", "lost+found"]
)
def test_a_folder_with_files_of_this_tool_alone_is_its_own(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / ".draft").touch()

    check_own_folder(tmp_path)


def test_a_folder_that_git_ignores_already_may_hold_more(tmp_path: Path) -> None:
    (prepare_folder(tmp_path) / "receipt.json").touch()

    check_own_folder(tmp_path)


@pytest.mark.parametrize(
    ("make", "text"), [(lambda path: prepare_folder(path.parent), "*\n"), (make_private_file, "theirs")]
)
def test_a_file_that_another_run_makes_meanwhile_stays_what_that_run_wrote(
    make: Callable[[Path], object], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / ".gitignore"
    path.write_text(text)
    monkeypatch.setattr(Path, "exists", lambda _: False)

    make(path)

    assert path.read_text() == text


def test_a_kill_while_the_folder_is_made_leaves_no_empty_gitignore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_file: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            prepare_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []

    prepare_folder(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match="cannot make the folder"):
        prepare_folder(tmp_path / "file")


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """Let new files be read and written by everybody, as far as they do not say otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
def test_a_file_is_for_its_owner_alone_whoever_could_read_the_old_one_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    write_file(path, "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]  # noqa: PTH208  names are what is compared


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_persons_own_file_keeps_its_rights_where_its_link_leads(tmp_path: Path, mode: int) -> None:
    (tmp_path / "real.yaml").write_text("old")
    (tmp_path / "real.yaml").chmod(mode)
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    check_rewritable(tmp_path / "link.yaml")
    rewrite_file(tmp_path / "link.yaml", "new\r\n")

    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_bytes() == b"new\r\n"
    assert stat.S_IMODE((tmp_path / "real.yaml").stat().st_mode) == mode


@pytest.mark.parametrize("target", ["real", "nothing", "link", ".", "/dev/null"])
def test_no_file_is_written_through_a_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "real").write_text("old")
    link = tmp_path / "link"
    link.symlink_to(target)

    for refused in (check_writable, lambda path: write_file(path, "new"), make_private_file):
        with pytest.raises(StateError, match=r"is a link to .*, and nothing is written through links"):
            refused(link)
    assert link.readlink() == Path(target)
    assert (tmp_path / "real").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]  # noqa: PTH208  names are what is compared


@pytest.mark.parametrize("name", ["state", "state/.gitignore"])
def test_the_folder_is_no_link_and_holds_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to(tmp_path / "elsewhere" / "new")

    with pytest.raises(StateError, match="is a link"):
        prepare_folder(tmp_path / "state")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_above_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link" / "plan.json", "new")
    prepare_folder(tmp_path / "link" / ".reconciler")

    assert (tmp_path / "real" / "plan.json").read_text() == "new"
    assert (tmp_path / "real" / ".reconciler" / ".gitignore").exists()


@pytest.mark.usefixtures("open_to_all")
def test_a_folder_of_our_own_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / ".reconciler")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / ".gitignore").stat().st_mode) == 0o600


def test_half_characters_do_not_end_a_write(tmp_path: Path) -> None:
    write_file(tmp_path / "plan.txt", "cut \ud83d")

    assert (tmp_path / "plan.txt").read_text() == "cut \\ud83d"


def test_an_open_file_is_written_under_its_name_among_the_open_ones(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        path = Path(f"/dev/fd/{log.fileno()}")
        if not path.exists():
            pytest.skip("this system gives no names to open files")
        check_writable(path)
        write_file(path, "one\n")
        log.write("and\n")
        log.flush()
        write_file(path, "two\n")

    assert (tmp_path / "log").read_text() == "one\nand\ntwo\n"


@pytest.mark.parametrize(
    "content",
    [
        {"e https://a hmac:1": {"one": 5, "two": "mem-2"}, "x": [[[]]]},
        {"e https://a hmac:1": "text", "x": {"y": None}},
        {"e https://a hmac:1": []},
    ],
)
def test_nonsense_in_the_cache_is_passed_over_and_goes(tmp_path: Path, content: object) -> None:
    path = tmp_path / "ids.json"
    path.write_text(json.dumps({"format_version": "1.0", "environments": content}))
    ids(tmp_path).remember({"new": "mem-1"})

    assert ids(tmp_path).load()["new"] == "mem-1"
    assert all(isinstance(value, str) for value in ids(tmp_path).load().values())


@pytest.mark.parametrize("depth", [10, 500, 900, 100_000])
def test_a_cache_of_any_depth_is_passed_over(tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    (tmp_path / "ids.json").write_text(f'{{"format_version": "1.0", "environments": {{"x": {{"y": {deep}}}}}}}')
    ids(tmp_path).remember({"new": "mem-1"})

    assert ids(tmp_path).load() == {"new": "mem-1"}


@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_what_is_no_file_is_not_made_private(tmp_path: Path, make: str) -> None:
    if not hasattr(os, make):
        pytest.skip("not on this system")
    getattr(os, make)(tmp_path / "sandbox.sqlite3", 0o755)

    with pytest.raises(StateError, match="not a regular file"):
        make_private_file(tmp_path / "sandbox.sqlite3")
    assert (tmp_path / "sandbox.sqlite3").stat().st_mode & 0o700 == 0o700


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_in_the_place_of_the_cache_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ids.json")

    assert ids(tmp_path).load() == {}


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such flag")
def test_a_kept_file_is_not_opened_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("x")
    (tmp_path / "ours").symlink_to(tmp_path / "theirs")

    with pytest.raises(OSError, match="symbolic links"):
        open_kept(tmp_path / "ours")
