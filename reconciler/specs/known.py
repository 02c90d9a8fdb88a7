"""Files of one loading, kept so that another revision with the same ones need not read and check them again."""

from collections.abc import Sequence
from typing import TypeAlias

from reconciler.reading import Node, ParsedFile
from reconciler.specs.declarations import Declarations

ReadDocuments: TypeAlias = Sequence[tuple[Node, Declarations | None]]
"""The documents of a file, each with what it declares, where neither an overlay nor a reference had a part in that."""


class ReadFiles:
    """The files that were read, by name and bytes."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, bytes], tuple[ParsedFile, ReadDocuments]] = {}

    def parsed(self, name: str, data: bytes) -> ParsedFile | None:
        """Return a file with this name and these bytes; None where none was read."""
        found = self._files.get((name, data))
        return found[0] if found else None

    def documents(self, name: str, parsed: ParsedFile) -> ReadDocuments:
        """Return the documents of a file; none where it was not read before."""
        found = self._files.get((name, parsed.data))
        return found[1] if found else ()

    def keep(self, name: str, parsed: ParsedFile, documents: ReadDocuments) -> None:
        """Keep a file with its documents."""
        self._files[name, parsed.data] = parsed, documents
