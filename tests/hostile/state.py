"""Hostile files of this tool in a repository that has applied once, left by somebody else: name → what is done."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_GB = 1_000_000_000
_LEASE = (
    '{"run":"20250101T000000000Z-aaaaaaaa","environment":"test","pid":999999,"host":"other-host",'
    '"since":"2025-01-01T00:00:00Z","expires_at":"2999-01-01T00:00:00Z"}'
)


@dataclass(frozen=True)
class Left:
    """A change of a repository, what is called then, the exit code that is right, and what is said."""

    spoil: Callable[[Path], object]
    call: tuple[str, ...]
    code: int
    says: str = ""


def _journal(folder: Path) -> Path:
    (path,) = (folder / ".reconciler/journal").glob("*.jsonl")
    return path


def _lease(folder: Path) -> Path:
    (path,) = (folder / ".reconciler/leases").glob("*.guard")
    return path.with_suffix(".json")


def _deepen(folder: Path) -> None:
    with _journal(folder).open("ab") as file:
        file.write(b'{"kind":' + b"[" * 100_000 + b"\n")


def _make_huge(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.touch()
    os.truncate(path, 2 * _GB)


def _make_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _ids(folder: Path) -> Path:
    return folder / ".reconciler/ids.json"


def _change(folder: Path) -> None:
    """Let the next apply have something to do."""
    spec = folder / "specs/a.yaml"
    spec.write_text(spec.read_text().replace("{k: x}", "{k: x, other: y}"))


def _with(spoil: Callable[[Path], object], path: Callable[[Path], Path]) -> Callable[[Path], None]:
    def both(folder: Path) -> None:
        _change(folder)
        spoil(path(folder))

    return both


CASES = {
    "a journal with a deep line": Left(_deepen, ("runs",), 1, "is not a line of a journal"),
    "a journal of two gigabytes": Left(_with(_make_huge, _journal), ("apply", "--yes"), 0, "Apply complete"),
    "a journal that is a pipe": Left(_with(_make_pipe, _journal), ("apply", "--yes"), 0, "Apply complete"),
    "ids of two gigabytes": Left(_with(_make_huge, _ids), ("apply", "--yes"), 0, "Apply complete"),
    "deep ids": Left(lambda folder: _ids(folder).write_bytes(b"[" * 1_000_000), ("plan",), 0, "No changes"),
    "a lease until 2999": Left(
        _with(lambda path: path.write_text(_LEASE), _lease), ("apply", "--yes"), 4, "or at once when you remove"
    ),
    "a lease that is a pipe": Left(_with(_make_pipe, _lease), ("apply", "--yes"), 0, "Apply complete"),
    "a lease of two gigabytes": Left(_with(_make_huge, _lease), ("apply", "--yes"), 0, "Apply complete"),
    "a deep snapshot": Left(
        lambda folder: (folder / "s.json").write_bytes(b'{"a":' * 1_000_000), ("plan", "--live", "s.json"), 1, "s.json"
    ),
    "a damaged sandbox that is emptied": Left(
        lambda folder: (folder / ".reconciler/sandbox.sqlite3").write_bytes(b"no database" * 1000),
        ("sandbox", "reset", "--yes"),
        0,
    ),
}
