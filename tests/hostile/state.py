"""What somebody else left in the folder of this tool: which file, what it is, and all calls that may read it."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.concurrency import Stop
from tests.hostile import files

_GB = 1_000_000_000
_SPEC = """\
scopes: {s: {persona_id: p}}
contacts:
  c: {email: c@example.com, scopes: {s: {facts: {k: %s}, users: [{phone_number: +14155550192, metadata: m}]}}}
"""
_LEASE = (
    b'{"run":"20250101T000000000Z-aaaaaaaa","environment":"test","pid":999999,"host":"other-host",'
    b'"since":"2025-01-01T00:00:00Z","expires_at":"2999-01-01T00:00:00Z"}'
)


def _only(folder: str, pattern: str) -> Callable[[Path], Path]:
    def find(repository: Path) -> Path:
        (path,) = (repository / ".reconciler" / folder).glob(pattern)
        return path

    return find


FILES: Mapping[str, Callable[[Path], Path]] = {
    "journal": _only("journal", "*.jsonl"),
    "journals": _only("", "journal"),
    "ids": _only("", "ids.json"),
    "lease": lambda repository: _only("leases", "*.guard")(repository).with_suffix(".json"),
    "leases": _only("", "leases"),
    "sandbox": _only("", "sandbox.sqlite3"),
}
"""What is spoiled; the folders of journals and leases have files in their places."""


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _huge(path: Path) -> None:
    _remove(path)
    path.touch()
    os.truncate(path, 2 * _GB)


def _pipe(path: Path) -> None:
    _remove(path)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    _remove(path)
    (path / "in").mkdir(parents=True)


def _text(text: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        _remove(path)
        path.write_bytes(text)

    return write


def _forbidden(path: Path) -> None:
    if not path.exists():
        path.touch()
    path.chmod(0)


SPOILT: Mapping[str, Callable[[Path], None]] = {
    "deep": _text(b'{"kind":' + b"[" * 1_000_000 + b"\n"),
    "huge": _huge,
    "foreign": _text(bytes(range(256)) * 20),
    "of another program": _text(b'{"kind": "header", "format_version": 99, "a": [{"b": null}]}\n'),
    "a pipe": _pipe,
    "a folder": _folder,
    "forbidden": _forbidden,
    "a lease until 2999": _text(_LEASE),
}
CASES = [
    *((name, how) for name in ("journal", "ids", "lease", "sandbox") for how in SPOILT if how != "a lease until 2999"),
    ("lease", "a lease until 2999"),
    *((name, how) for name in ("journals", "leases") for how in ("foreign", "a pipe", "forbidden")),
]
_WRITE = frozenset(("apply", "undo"))
MAY_FAIL: Mapping[str, frozenset[str]] = {
    "journal": _WRITE | {"runs", "show"},
    "journals": _WRITE | {"runs", "show"},
    "ids": frozenset(),
    "lease": _WRITE,
    "leases": _WRITE,
    "sandbox": _WRITE | {"plan", "snapshot", "export", "pull", "doctor", "sandbox show", "sandbox reset"},
}
"""The calls that cannot do without each file; a watch goes on."""
SAYS: Mapping[tuple[str, str, str], str] = {
    ("journal", "deep", "runs"): "is not a line of a journal",
    ("journals", "foreign", "runs"): "cannot read .reconciler/journal: Not a directory",
    ("lease", "a lease until 2999", "apply"): "or at once when you remove",
    ("sandbox", "foreign", "plan"): "run `reconciler sandbox reset` to begin with an empty sandbox",
    ("sandbox", "foreign", "sandbox reset"): "The sandbox is empty.",
}
CALLS: Sequence[tuple[str, ...]] = [
    ("plan",),
    ("apply", "--yes"),
    ("undo", "undo.yaml", "--yes"),
    ("runs",),
    ("show", "20"),
    ("watch", "--apply", "--listen", "127.0.0.1:0", "--interval", "1h"),
    ("snapshot", "--out", "s.json"),
    ("export", "--out", "out"),
    ("pull", "--take"),
    ("doctor",),
    ("sandbox", "show"),
    ("sandbox", "reset", "--yes"),
]


def spec(value: str) -> files.Hostile:
    """Return a repository that declares this value of a fact."""
    return files.Hostile({files.SPEC: _SPEC % value}, says="")


def called(applied: Path, folder: Path, name: str, how: str) -> int:
    """Call everything in this process, each in a repository that was spoilt anew, and note how it ended."""
    patch = pytest.MonkeyPatch()

    async def once(stop: Stop, _seconds: float) -> None:
        stop.request()

    patch.setattr(Stop, "sleep", once)  # a watch ends after its first run
    ended = {}
    for number, call in enumerate(CALLS):
        repository = Path(shutil.copytree(applied, folder / str(number)))
        SPOILT[how](FILES[name](repository))
        os.chdir(repository)
        begins = [(folder / log).stat().st_size for log in (".out", ".err")]
        code = main(call)
        texts = [(folder / log).read_text()[begin:] for log, begin in zip((".out", ".err"), begins, strict=True)]
        ended[" ".join(takewhile(str.isalpha, call))] = (code, "".join(texts))
    (folder / "ended.json").write_text(json.dumps(ended))
    return 0
