"""Find and read spec files: overlays in their order, drafts in place of files, and no file again that is known."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from reconciler.errors import Problem
from reconciler.reading import Files, Node, ParsedFile, SpecFile, find_files, read_bytes, read_file
from reconciler.reading.anchors import MOST_VALUES
from reconciler.reading.builder import Skip
from reconciler.reading.document import LARGEST_FILE, Room
from reconciler.specs.declarations import Declarations
from reconciler.specs.problems import spec_address


def find_overlays(entries: Sequence[str], *, root: Path) -> Files:
    """Find the overlay files of entries, in the order of the entries; a file that is found twice counts last."""
    found: dict[SpecFile, None] = {}
    json: dict[SpecFile, None] = {}
    problems: list[Problem] = []
    for entry in entries:
        files = find_files([entry], root=root, example="overlay.yaml")
        problems.extend(files.problems)
        for file in files.files:
            found.pop(file, None)
            found[file] = None
        json.update(dict.fromkeys(files.json))
    return Files(tuple(found), tuple(problems), json=tuple(json))


ReadDocuments: TypeAlias = Sequence[tuple[Node, Declarations | None]]
"""The documents of a file, each with what it declares, where neither an overlay nor a reference had a part in that."""


class ReadFiles:
    """The files of one loading, by name and bytes: another revision with the same ones need not read them again."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, bytes], tuple[ParsedFile, ReadDocuments]] = {}
        self._values = 0
        self._bytes = 0

    def parsed(self, name: str, data: bytes) -> ParsedFile | None:
        """Return a file with this name and these bytes; None where none was read."""
        found = self._files.get((name, data))
        return found[0] if found else None

    def documents(self, name: str, parsed: ParsedFile) -> ReadDocuments:
        """Return the documents of a file; none where it was not read before."""
        found = self._files.get((name, parsed.data))
        return found[1] if found else ()

    def keep(self, name: str, parsed: ParsedFile, documents: ReadDocuments) -> None:
        """Keep a file with its documents, as long as all together take no more room than one file may."""
        self._values += parsed.amount[0]
        self._bytes += len(parsed.data)
        if self._values <= MOST_VALUES and self._bytes <= LARGEST_FILE:
            self._files[name, parsed.data] = parsed, documents


def read_spec(
    file: SpecFile, drafts: Mapping[str, bytes], room: Room, skip: Skip | None = None, known: ReadFiles | None = None
) -> ParsedFile:
    """Read a spec file, or its draft where it has one."""
    draft = drafts.get(file.name)
    if draft is not None:
        return read_bytes(draft, file=file.name, address=spec_address, skip=skip)
    by_bytes = partial(known.parsed, file.name) if known else None
    return read_file(file.path, name=file.name, address=spec_address, skip=skip, known=by_bytes, room=room)
