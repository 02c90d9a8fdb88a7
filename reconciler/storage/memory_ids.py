"""
The ids of memories that earlier runs learned, kept in `.reconciler/ids.json`.

It is a cache: without it, plans know less and ask more, but are never wrong.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from reconciler.storage.files import read_kept, write_file

_FORMAT_VERSION = "1.0"


class MemoryIds(Struct, frozen=True):
    """
    The ids known for one environment; another API or account under the same name has ids of its own.

    `account` is a digest that differs between accounts and does not reveal the key.
    """

    folder: Path
    environment: str
    api: str
    account: str

    def load(self) -> dict[str, str]:
        """Return the ids by `ContactMemory.identity`; none where the file is missing or damaged."""
        return self._entries().get(self._name, {})

    def remember(self, learned: Mapping[str, str]) -> None:
        """Add ids to the file; raises `StateError`."""
        entries = self._entries()
        known = entries.get(self._name, {})
        if learned.items() <= known.items():
            return
        entries[self._name] = {**known, **learned}
        document = {"format_version": _FORMAT_VERSION, "environments": entries}
        write_file(self._path, json.dumps(document, indent=1, sort_keys=True) + "\n")

    @property
    def _path(self) -> Path:
        return self.folder / "ids.json"

    @property
    def _name(self) -> str:
        return f"{self.environment} {self.api} {self.account}"

    def _entries(self) -> dict[str, dict[str, str]]:
        try:
            document = json.loads(read_kept(self._path))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = document.get("environments") if isinstance(document, dict) else None
        if not isinstance(entries, dict) or document.get("format_version") != _FORMAT_VERSION:
            return {}
        return {name: _texts(ids) for name, ids in entries.items() if isinstance(ids, dict)}


def _texts(ids: Mapping[str, object]) -> dict[str, str]:
    return {key: value for key, value in ids.items() if isinstance(value, str)}
