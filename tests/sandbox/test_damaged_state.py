"""A state file with nonsense in it: each is an error of the sandbox, in words and with the way out."""

import sqlite3
from pathlib import Path

import pytest

from reconciler.sandbox.store import Store, reset_file
from reconciler.sandbox.values import SandboxStateError
from tests.cli.conftest import Repository, repository

__all__ = ["repository"]

NONSENSE = {
    "no JSON": "UPDATE memories SET facts = '{nope'",
    "deep JSON": "UPDATE memories SET facts = replace(hex(zeroblob(5000)), '00', '[')",
    "bytes": "UPDATE memories SET summary = x'ff00'",
    "bytes for a number": "UPDATE users SET call_count = x'ff'",
    "no text": "UPDATE users SET metadata = CAST(x'ff' AS TEXT)",
    "no table": "DROP TABLE memories",
    "other columns": "ALTER TABLE memories DROP COLUMN facts",
    "no metadata": "UPDATE contacts SET metadata = 'x'",
    "no calls": "UPDATE users SET calls = '['",
}


def damage(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_told_with_the_way_out(repository: Repository, name: str) -> None:
    assert repository.run("apply", "--yes").code == 0
    damage(repository.root / ".reconciler/sandbox.sqlite3", NONSENSE[name])

    for arguments in (("plan", "--refresh"), ("apply", "--refresh", "--yes"), ("sandbox", "show"), ("snapshot",)):
        called = repository.run(*arguments)
        assert (arguments, called.code) == (arguments, 1)
        assert called.err.startswith("error: ")
        assert called.err.endswith("; run `reconciler sandbox reset` to begin with an empty sandbox\n")

    assert repository.run("sandbox", "reset", "--yes").code == 0
    assert repository.run("apply", "--yes").code == 0


def test_a_file_that_another_process_works_on_is_not_to_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.sqlite3"
    store = Store(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    store._database._connection.execute("PRAGMA busy_timeout = 0")  # noqa: SLF001  so that nothing waits for real

    with pytest.raises(SandboxStateError, match="locked") as error:
        store.reset()
    other.close()
    store.close()

    assert "remove" not in str(error.value)


def broken_page(path: Path) -> None:
    """Overwrite the last page of the file, which the header knows nothing of."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-4096] + b"\xff" * 4096)


def test_a_reset_replaces_a_file_that_it_cannot_empty(tmp_path: Path) -> None:
    for number, spoil in enumerate(
        (
            lambda path: path.write_text("no database at all, and long enough to have a header of its own" * 99),
            lambda path: damage(path, "DROP TABLE users"),
            lambda path: damage(path, "PRAGMA user_version = 7"),
            broken_page,
        )
    ):
        path = tmp_path / f"{number}.sqlite3"
        store = Store(path)
        store.load({"contacts": [{"id": "c1"}]})
        store.close()
        spoil(path)

        reset_file(path)

        store = Store(path)
        assert store.dump() == {"contacts": [], "contact_memories": [], "stores": []}
        store.load({"contacts": [{"id": "c1"}]})
        store.close()


def test_a_reset_removes_nothing_that_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    with pytest.raises(SandboxStateError, match="cannot open"):
        reset_file(path)
    assert path.is_dir()
