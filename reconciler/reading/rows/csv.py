"""
CSV → rows: UTF-8 with or without a byte order mark, strict quotes, every row as long as the header.

A cell of blanks is empty, since spreadsheets leave such cells; in all other cells, blanks count. Blanks around the
names of columns are dropped.
"""

import csv
from collections.abc import Iterator, Sequence

from reconciler.core.model.masking import compose, quote
from reconciler.errors import Problem, Source
from reconciler.reading.rows.row import Columns, Row, TextLines
from reconciler.reading.yaml.text import CONFLICT, RESOLVE, conflict_marker

_CLOSE = 'close it with ", and write "" for a quote inside of it'


def csv_rows(lines: Iterator[bytes], *, file: str, delimiter: str) -> Iterator[Columns | Row | Problem]:
    """Yield the events of CSV whose first row names the columns; rows of empty cells are skipped."""
    yield from _Csv(lines, file, delimiter).events()


class _Csv:
    """A reading of one file; `_start` is the line before the row that comes next."""

    def __init__(self, lines: Iterator[bytes], file: str, delimiter: str) -> None:
        self._file = file
        self._lines = TextLines(lines, file)
        self._rows = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._line = 1

    def events(self) -> Iterator[Columns | Row | Problem]:
        header = next(self._records(), None)
        if header is None:
            yield Problem(self._file, 1, 1, "", "the file is empty", "start it with a row that names the columns")
        elif isinstance(header, Problem):
            yield header
        else:
            yield from self._table(header)

    def _table(self, header: Sequence[str]) -> Iterator[Columns | Row | Problem]:
        names = [name.strip() for name in header]
        places: dict[str, list[int]] = {}
        for place, name in enumerate(names, start=1):
            places.setdefault(name, []).append(place)
        twice = {name: at for name, at in places.items() if name and len(at) > 1}
        for name, at in twice.items():
            places_of = ", ".join(map(str, at))
            message = compose("the header names the column {} {} times, at {}", quote(name), len(at), places_of)
            yield self._problem(message, "give each column a name of its own", column=at[1])
        if twice:
            return
        yield Columns(tuple(names), Source(self._file, self._line, 1))
        positions = {name: at for name, (at, *_) in places.items() if name}
        for record in self._records():
            if isinstance(record, Problem):
                yield record
            elif len(record) != len(names):
                counts = f"this row has {len(record)} cells, and the header names {len(names)} columns"
                yield self._problem(counts, "put a cell that holds the delimiter in double quotes")
            else:
                cells = {name: cell for name, cell in zip(names, record, strict=True) if name and cell.strip()}
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
            if not wrong and any(map(str.strip, record)):
                yield record

    def _malformed(self, error: str) -> tuple[Problem, bool]:
        """Return the problem of a record, and whether the records after it can be read."""
        if "expected after" in error:
            message = "there is text after the closing quote of a cell"
            return self._problem(message, 'write "" for a quote inside of a quoted cell'), True
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
