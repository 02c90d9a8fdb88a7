"""Files that a command writes its document to, each in a format of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from reconciler.state import check_writable, write_file

Writes: TypeAlias = Sequence[tuple[str, Path]]
"""Formats and the files that they are written to."""


def check_files(writes: Writes) -> None:
    """Raise `StateError` unless all files can be written, before any work is done for them."""
    for _, path in writes:
        check_writable(path)


def write_files(writes: Writes, render: Callable[[str], str]) -> None:
    """Write each file; `render` gives the document in a format."""
    for name, path in writes:
        write_file(path, render(name))
