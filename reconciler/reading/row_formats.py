"""CSV → rows, and what rows of any format are: columns, cells, and the lines that they are read from."""

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import chain
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source
from reconciler.reading.parser import CONFLICT, RESOLVE, conflict_marker, is_utf16, not_utf8

LONGEST_LINE = 1 << 20
"""A line with more bytes is refused, before all of it is in memory."""

_UTF8 = 'save it as UTF-8, which spreadsheets call "CSV UTF-8"'
_SEPARATOR = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=(.)"?\r?\n?', re.IGNORECASE)


class TextLines:
    """
    The lines of a text in UTF-8, with or without a byte order mark; `number` is that of the last line.

    A line that is not UTF-8, or has a NUL byte, is returned anyway, and its problem waits to be `taken`. A line that is
    too long ends the text, and so does UTF-16 without a byte order mark. `watched` are lines with the bytes `watch`.
    """

    def __init__(self, lines: Iterator[bytes], file: str, *, watch: bytes = b"") -> None:
        self.number = 0
        self.watched = ""
        self._lines = lines
        self._watch = watch
        self._file = file
        self._problems: list[Problem] = []

    def __iter__(self) -> Iterator[str]:
        """Return the iterator itself."""
        return self

    def __next__(self) -> str:
        """Return the next line, with its end."""
        line = next(self._lines)
        self.number += 1
        if len(line) > LONGEST_LINE:
            self._end(f"this line has more than {LONGEST_LINE:,} bytes", "shorten it; lines end with LF or CRLF")
        if self.number == 1:
            if is_utf16(line):
                self._end("the file seems to be UTF-16, without a byte order mark", _UTF8)
            line = line.removeprefix(BOM_UTF8)
        if b"\0" in line:
            self._problems.append(self._nul(line))
        text = self._decoded(line)
        if self._watch and self._watch in line:
            self.watched += text
        return text

    def separator(self) -> str:
        """Take the first line if it is `sep=;`, as spreadsheets write it; return the separator, or nothing."""
        first = next(self._lines, b"")
        found = _SEPARATOR.fullmatch(first)
        if not found:
            self._lines = chain((first,) if first else (), self._lines)
            return ""
        self.number = 1
        return found[1].decode("latin-1")

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self._problems.append(replace(not_utf8(line, error.start, file=self._file), line=self.number))
            return line.decode(errors="replace")

    def _end(self, message: str, cure: str) -> None:
        """Note a problem because of which nothing more is read."""
        self._lines = iter(())
        self._problems.append(Problem(self._file, self.number, 1, "", message, cure))
        raise StopIteration

    def taken(self) -> tuple[Problem, ...]:
        """Return the problems of the lines since the last call."""
        if not self._problems:
            return ()
        found = tuple(self._problems)
        self._problems.clear()
        return found

    def _nul(self, line: bytes) -> Problem:
        column = line.index(b"\0") + 1
        return Problem(
            self._file, self.number, column, "", "a NUL byte is not allowed in text", "save the file as UTF-8"
        )


class Columns(Struct, frozen=True):
    """The columns that the header of a file names, one that is named twice twice; `text` is the header as written."""

    names: tuple[str, ...]
    source: Source
    text: str

    def separated(self, delimiter: str) -> AbstractSet[str]:
        """Return the columns that the header would name with another delimiter; none where it cannot be read so."""
        with suppress(csv.Error):
            return set(map(str.strip, next(csv.reader(self.text.splitlines(), delimiter=delimiter), ())))
        return frozenset()


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

    def columns_at(self) -> Mapping[int | Source, str]:
        """Return the column at each position, or at each place; it is the same for rows of the same `positions`."""
        return {at: column for column, at in self.positions.items()}


class ColumnFinder:
    """Finds the columns of cells by their places, those of all rows below one header at once."""

    def __init__(self) -> None:
        self._positions: Mapping[str, int] | None = None
        self._columns: Mapping[int | Source, str] = {}

    def column(self, place: Source, row: Row) -> str | None:
        """Return the column of the cell at a place of a row; None where it has none there."""
        if row.positions is not self._positions:
            self._positions, self._columns = row.positions, row.columns_at()
        return self._columns.get(place) or self._columns.get(place.column)


_BLANK_QUOTE = b' "'
_CLOSE = 'close it with ", and write "" for a quote inside of it'


IsEnough: TypeAlias = Callable[[], bool]
"""Called for each row that holds nothing; return whether no more rows should be read."""


def csv_rows(
    lines: Iterator[bytes], *, file: str, delimiter: str, is_enough: IsEnough = bool
) -> Iterator[Columns | Row | Problem]:
    """Yield the events of CSV whose first row names the columns; rows of empty cells are skipped."""
    yield from _Csv(lines, file, delimiter, is_enough).events()


class _Csv:
    """A reading of one file; `_line` is where its last record starts. Empty rows can end it before it `_is_whole`."""

    def __init__(self, lines: Iterator[bytes], file: str, delimiter: str, is_enough: IsEnough) -> None:
        self._file = file
        self._is_enough = is_enough
        self._lines = TextLines(lines, file, watch=_BLANK_QUOTE)
        self._delimiter = self._lines.separator() or delimiter
        self._rows = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        self._line = 1
        self._is_headed = False
        self._is_whole = True

    def events(self) -> Iterator[Columns | Row | Problem]:
        header = next(self._records(), None)
        if header is None and self._is_whole:
            yield Problem(self._file, 1, 1, "", "the file is empty", "start it with a row that names the columns")
        elif isinstance(header, Problem):
            yield header
        elif header is not None:
            yield from self._table(header)

    def _table(self, header: Sequence[str]) -> Iterator[Columns | Row | Problem]:
        names = tuple(name.strip() for name in header)
        width = len(names)
        yield Columns(names, Source(self._file, self._line, 1), self._delimiter.join(header))
        self._is_headed = True
        positions: dict[str, int] = {}
        for place, name in enumerate(names, start=1):
            if name:
                positions.setdefault(name, place)
        for record in self._records():
            if isinstance(record, Problem):
                yield record
            elif len(record) > width and any(map(str.strip, record[width:])):
                counts = f"the header is short: this row has {len(record)} cells, and the header names {width} columns"
                yield self._problem(counts, "put a cell that holds the delimiter in double quotes, or name the column")
            else:
                cells = {name: cell for name, cell in zip(names, record, strict=False) if name and cell.strip()}
                yield Row(cells, Source(self._file, self._line, 1), positions)

    def _records(self) -> Iterator[Sequence[str] | Problem]:
        """Yield all records that are not empty; after one that cannot be read, go on with the next."""
        while True:
            self._line = self._lines.number + 1
            try:
                record = next(self._rows)
            except StopIteration:
                yield from self._lines.taken()
                return
            except csv.Error as error:
                problem, may_go_on = self._malformed(str(error))
                yield problem
                if not may_go_on:
                    return
                continue
            wrong = self._lines.taken()
            yield from wrong
            if record and conflict_marker(record[0]) == 0:
                yield self._problem(CONFLICT, RESOLVE)
                return
            if self._lines.watched:
                wrong = (*wrong, *self._quoted_late(record))
                yield from wrong[-1:]
            if any(record) and any(map(str.strip, record)):
                if not wrong:
                    yield record
            elif self._is_enough():
                self._is_whole = False
                return

    def _quoted_late(self, record: Sequence[str]) -> Iterator[Problem]:
        """Note the first cell of a record whose quotes come after a blank, and are part of its text therefore."""
        lines, self._lines.watched = self._lines.watched, ""
        separator = re.escape(self._delimiter)
        is_there = re.search(rf'(?:^|{separator}) +"(?!"(?!\s*(?:{separator}|$)))', lines, re.MULTILINE)
        at = next((at for at, cell in enumerate(record, start=1) if cell.lstrip(" ")[:1] == '"' != cell[:1]), 0)
        if is_there and at and self._delimiter != " ":
            message = "a blank stands before the quote of a cell, so its quotes would be text"
            yield self._problem(message, "remove the blank", column=at)

    def _malformed(self, error: str) -> tuple[Problem, bool]:
        """Return the problem of a record, and whether the records after it can be read."""
        if "expected after" in error:
            message = "there is text after the closing quote of a cell"
            cure = 'write "" for a quote inside of a quoted cell'
            if not self._is_headed:
                cure = f"set `delimiter` to the character after the quote, if it separates the cells; or {cure}"
            return self._problem(message, cure), True
        if "field larger" in error:
            return self._too_long(lines=self._lines.number - self._line + 1)
        if "unexpected end" in error:
            message = "a cell that starts with a double quote in this row, or below, is not closed"
            return self._problem(message, _CLOSE), False
        message = "this is not CSV, or its lines end in a way of their own"
        return self._problem(message, "save it with LF or CRLF"), False

    def _too_long(self, *, lines: int) -> tuple[Problem, bool]:
        most = f"{csv.field_size_limit():,}"
        if lines == 1:
            return self._problem(f"a cell of this row has more than {most} characters", "shorten it"), True
        message = f"a cell that starts with a double quote goes on for {lines:,} lines and more than {most} characters"
        return self._problem(message, f"shorten it; or if it ends earlier, {_CLOSE}"), False

    def _problem(self, message: str, cure: str, *, column: int = 1) -> Problem:
        return Problem(self._file, self._line, column, "", message, cure)
