"""
Files that this tool keeps beside a repository, in `.reconciler/`: today, memory ids.

`ids.json` is a cache: without it plans know less and ask more, but are never wrong.
"""

import errno
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from reconciler.errors import StateError

_FORMAT_VERSION = "1.0"


class MemoryIds(Struct, frozen=True):
    """
    The ids remembered for one environment; another API or account under the same name has ids of its own.

    `account` tells accounts apart, and is a digest that says nothing of the key.
    """

    folder: Path
    environment: str
    api: str
    account: str

    def load(self) -> dict[str, str]:
        """Give the ids by `ContactMemory.identity`; none where the file is missing or is not what it should be."""
        ids = self._entries().get(self._name)
        return {key: value for key, value in ids.items() if isinstance(value, str)} if isinstance(ids, dict) else {}

    def remember(self, learned: Mapping[str, str]) -> None:
        """Add ids to the file; raises `StateError` where it cannot be written."""
        known = self.load()
        if learned.items() <= known.items():
            return
        entries = {**self._entries(), self._name: {**known, **learned}}
        document = {"format_version": _FORMAT_VERSION, "environments": entries}
        write_file(self._path, json.dumps(document, indent=1, sort_keys=True) + "\n")

    @property
    def _path(self) -> Path:
        return self.folder / "ids.json"

    @property
    def _name(self) -> str:
        return f"{self.environment} {self.api} {self.account}"

    def _entries(self) -> dict[str, object]:
        try:
            document = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        entries = document.get("environments") if isinstance(document, dict) else None
        return entries if isinstance(entries, dict) and document.get("format_version") == _FORMAT_VERSION else {}


def prepare_folder(folder: Path) -> Path:
    """Make the folder that holds what this tool keeps, out of git's sight; raises `StateError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise StateError(f"cannot make the folder {folder}: {error.strerror}") from error
    return folder


def write_file(path: Path, text: str, *, private: bool = False) -> None:
    """
    Write a file whole or not at all, a pipe or device as it is; raises `StateError`.

    A `private` one is readable by its owner alone.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path.resolve(), text, private=private)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def _replace(path: Path, text: str, *, private: bool) -> None:
    """Put a finished file in the place of the old one, under a name that no other run uses until then."""
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        usual = path.stat().st_mode & 0o777 if path.exists() else _usual_mode()
        os.fchmod(descriptor, 0o600 if private else usual)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _usual_mode() -> int:
    """Give the rights that a new file has here; asking for them means setting them for a moment."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def check_writable(path: Path) -> None:
    """Raise `StateError` unless a file can be written there, before anything depends on it."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not path.exists() or path.is_file():
            descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.resolve().parent)
            os.close(descriptor)
            Path(draft).unlink()
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error
