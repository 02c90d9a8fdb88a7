"""Rows of data files: CSV, JSON Lines or YAML → cells by column, one row at a time, each with its place."""

from collections.abc import Callable, Iterator, Mapping
from errno import EINVAL
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from reconciler.core.model.masking import compose, named
from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source
from reconciler.reading.document import read_file, reason
from reconciler.reading.places import Node
from reconciler.reading.row_formats import Columns, Row, csv_rows, json_rows

RowsFormat: TypeAlias = Literal["csv", "json", "yaml"]
FORMATS: Mapping[str, RowsFormat] = {
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
}
"""What a data file is, by the ending of its name."""

RowEvent: TypeAlias = Columns | Row | Problem
"""A file's columns come first, where it has a header; a row in which something is wrong comes as problems."""


class _YamlRow(Row, frozen=True):
    """A row whose cells know their places themselves."""

    node: Node

    def place(self, column: str) -> Source:
        """Return the place where a cell is written; of one that is not there, that of its row."""
        return self.node.at((column,)).source


def read_rows(path: Path, *, name: str, delimiter: str = ",") -> Iterator[RowEvent]:
    """
    Read a data file row by row; `name` is what it is called in problems.

    Raises `OSError` where it cannot be opened, and `ValueError` where no file can have its name.

    CSV and JSON Lines are never held as a whole, YAML is.
    """
    match FORMATS[path.suffix.lower()]:
        case "csv":
            return _opened(path, name, lambda lines: csv_rows(lines, file=name, delimiter=delimiter))
        case "json":
            return _opened(path, name, lambda lines: json_rows(lines, file=name))
        case "yaml":
            return _yaml_rows(path, name)


def _opened(path: Path, name: str, rows: Callable[[Iterator[bytes]], Iterator[RowEvent]]) -> Iterator[RowEvent]:
    with _open(path) as stream:
        try:
            yield from rows(iter(stream))
        except OSError as error:
            yield Problem(name, 0, 0, "", f"cannot be read: {reason(error)}", "fix it, or name another file")


def _open(path: Path) -> BinaryIO:
    if path.exists() and not path.is_file() and not path.is_dir():  # reading from a pipe would wait for ever
        raise OSError(EINVAL, "it is not a regular file")
    return path.open("rb")


def _yaml_rows(path: Path, name: str) -> Iterator[RowEvent]:
    _open(path).close()  # a file that is missing is reported where it is named
    reading = read_file(path, name=name)
    yield from reading.problems
    for document in reading.documents:
        if not isinstance(document.value, list):
            yield _problem(document.source, compose("a list of rows is expected, not {}", named(document.value)))
        for item in document.items():
            yield _row(item)


def _row(item: Node) -> RowEvent:
    if not isinstance(item.value, dict):
        return _problem(item.source, compose("a row is a mapping, not {}", named(item.value)))
    cells: Mapping[str, Json] = item.value
    return _YamlRow(cells, item.source, {column: at for at, column in enumerate(cells, start=1)}, item)


def _problem(source: Source, message: str) -> Problem:
    return source.problem("", message, 'write "- column: value" for each row')
