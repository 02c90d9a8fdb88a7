"""Globs: the files and folders that a pattern of names and of `**` matches, found in one walk."""

import fnmatch
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from reconciler.reading.document import identity

_ANY_FOLDERS = "**"


class Glob:
    """
    A pattern of names and of `**`, for any number of folders, matched in one walk.

    A walk notes how far into the pattern each folder may have come. So its time grows with the files and the pattern,
    and not with the number of ways in which they fit. `**` follows no links.
    """

    def __init__(self, parts: Sequence[str], *, named: Collection[str]) -> None:
        self._parts = parts
        self._named = named
        self._fits = [re.compile(fnmatch.translate(os.path.normcase(part))).match for part in parts]

    def below(self, base: Path) -> Iterator[Path]:
        """Yield what matches below a folder, and the folder itself where it does."""
        seen: set[object] = set()
        start = self._with_none(range(1))
        if len(self._parts) in start and base.is_dir():
            yield base
        waiting = [(base, start)] if base.is_dir() else []
        while waiting:
            folder, come = waiting.pop()
            if (visit := (identity(folder), come)) in seen:  # links can make circles
                continue
            seen.add(visit)
            for path, is_folder, is_link in self._listed(folder):
                reached = self._reached(come, path.name, is_walked=is_folder and not is_link)
                if len(self._parts) in reached:
                    yield path
                if is_folder and reached - {len(self._parts)}:
                    waiting.append((path, reached))

    def _listed(self, folder: Path) -> list[tuple[Path, bool, bool]]:
        """Return what is in a folder that may match; nothing of a folder that may not be read."""
        with suppress(PermissionError), os.scandir(folder) as found:
            entries = [one for one in found if not one.name.startswith(".") or one.name in self._named]
            return sorted((folder / one.name, one.is_dir(), one.is_symlink()) for one in entries)
        return []

    def _reached(self, come: Collection[int], name: str, *, is_walked: bool) -> frozenset[int]:
        """Return how far a name can bring a path that has come so far."""
        called = os.path.normcase(name)
        inner = (at for at in come if at < len(self._parts))
        return self._with_none(
            at if self._parts[at] == _ANY_FOLDERS else at + 1
            for at in inner
            if (is_walked if self._parts[at] == _ANY_FOLDERS else self._fits[at](called))
        )

    def _with_none(self, reached: Iterable[int]) -> frozenset[int]:
        """Add what is reached where `**` stands for no folder."""
        found = set(reached)
        for at, part in enumerate(self._parts):
            if at in found and part == _ANY_FOLDERS:
                found.add(at + 1)
        return frozenset(found)
