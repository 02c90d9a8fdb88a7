"""What reading a data file gives: the columns that its header names, and rows with the places of their cells."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source
from reconciler.reading.yaml.text import is_utf16, not_utf8

_UTF8 = 'save it as UTF-8, which spreadsheets call "CSV UTF-8"'


class TextLines:
    """
    The lines of a text in UTF-8, with or without a byte order mark; `number` is that of the last line.

    A line that is not UTF-8, or has a NUL byte, is returned anyway, and its problem waits to be `taken`. A file in
    UTF-16 has no lines, but a problem.
    """

    def __init__(self, lines: Iterator[bytes], file: str) -> None:
        self.number = 0
        self._lines = lines
        self._file = file
        self._problems: list[Problem] = []

    def __iter__(self) -> Iterator[str]:
        """Return the iterator itself."""
        return self

    def __next__(self) -> str:
        """Return the next line, with its end."""
        line = next(self._lines)
        self.number += 1
        if self.number == 1:
            if is_utf16(line):
                self._lines = iter(())
                self._problems.append(Problem(self._file, 1, 1, "", "the file seems to be UTF-16", _UTF8))
                raise StopIteration
            line = line.removeprefix(BOM_UTF8)
        if b"\0" in line:
            self._problems.append(self._nul(line))
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self._problems.append(replace(not_utf8(line, error.start, file=self._file), line=self.number))
            return line.decode(errors="replace")

    def taken(self) -> tuple[Problem, ...]:
        """Return the problems of the lines since the last call."""
        found = tuple(self._problems)
        self._problems.clear()
        return found

    def _nul(self, line: bytes) -> Problem:
        column = line.index(b"\0") + 1
        return Problem(
            self._file, self.number, column, "", "a NUL byte is not allowed in text", "save the file as UTF-8"
        )


class Columns(Struct, frozen=True):
    """The columns that the header of a file names."""

    names: tuple[str, ...]
    source: Source


class Row(Struct, frozen=True):
    """One row, its cells by column; `source` is where it starts, `positions` count its columns from 1."""

    cells: Mapping[str, Json]
    source: Source
    positions: Mapping[str, int]

    def cell(self, column: str) -> Json:
        """Return the cell of a column, None if it is empty."""
        cell = self.cells.get(column)
        return None if cell == "" else cell

    def place(self, column: str) -> Source:
        """Return the place of a cell: the line on which its row starts, and the number of its column."""
        return Source(self.source.file, self.source.line, self.positions.get(column, 1))
