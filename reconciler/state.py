"""
Files that this tool keeps beside a repository, in `.reconciler/`: today, memory ids.

`ids.json` is a cache: without it plans know less and ask more, but are never wrong.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import StateError

_FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class MemoryIds:
    """The ids remembered for one environment; another API under the same name has ids of its own."""

    folder: Path
    environment: str
    api: str

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
        return f"{self.environment} {self.api}"

    def _entries(self) -> dict[str, object]:
        try:
            document = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
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


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises `StateError`."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def check_writable(path: Path) -> None:
    """Raise `StateError` unless a file can be written there, before anything depends on it."""
    write_file(path.with_name(f".{path.name}.check"), "")
    path.with_name(f".{path.name}.check").unlink(missing_ok=True)
