"""Files that a command writes its document to, each in a format of its own."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from reconciler.cli.streams import without_secrets_of_run
from reconciler.errors import InputError, StateError
from reconciler.render.output import fitted
from reconciler.storage.files import check_writable, write_file

_READ = {".yaml", ".yml", ".csv", ".jsonl", ".ndjson"}

Writes: TypeAlias = Sequence[tuple[str, Path]]
"""Formats and the files that they are written to."""


def check_files(writes: Writes) -> None:
    """
    Check, before any work is done for them, that all files can be written, each for one document alone.

    Raises `StateError`, and `InputError` for a file that is named twice or may be a spec.
    """
    seen: set[str] = set()
    for _, path in writes:
        check_writable(path)
        _check_place(path)
        place = os.path.realpath(path)  # which, unlike `resolve`, takes links in a circle
        if place in seen and not _takes_many(path):
            raise InputError(f"{path} is named for two documents, of which one would be lost; name two files")
        seen.add(place)


def _check_place(path: Path) -> None:
    """Raise `InputError` for a place that holds, or would hold, what specs read, and for git's own files."""
    if path.is_file() and path.suffix in _READ:
        raise InputError(f"{path} is there, and specs may read it; name a new file, or one that ends otherwise")
    if not _takes_many(path) and ".git" in path.resolve().parts:
        raise InputError(f"{path} is among git's own files; name a file elsewhere")


def _takes_many(path: Path) -> bool:
    """Return whether a path is a pipe or a device."""
    return path.exists() and not path.is_file()


def write_files(writes: Writes, render: Callable[[str], str]) -> None:
    """Write all files that can be written, whatever becomes of one; `render` returns the document in a format."""
    failures: list[str] = []
    for name, path in writes:
        try:
            write_file(path, fitted(without_secrets_of_run(render(name), name), "utf-8", name))
        except StateError as error:
            failures.append(str(error))
    if failures:
        raise StateError("\n".join(failures))
