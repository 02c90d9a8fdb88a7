"""Rows of data files: CSV, JSON Lines or YAML → cells by column, one row at a time, each with its place."""

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping
from errno import EINVAL
from functools import partial
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import TypeAlias

from reconciler.core.model.masking import compose, named
from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source
from reconciler.reading.document import LARGEST_FILE, SPLIT, TOO_LARGE, read_file, reason
from reconciler.reading.files import FORMATS
from reconciler.reading.foreign import foreign
from reconciler.reading.places import Node
from reconciler.reading.row_formats import LONGEST_LINE, Columns, Row, csv_rows, json_rows

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


_HEAD = 512
_UTF16 = (BOM_UTF16_LE, BOM_UTF16_BE)


def _opened(path: Path, name: str, rows: Callable[[Iterator[bytes]], Iterator[RowEvent]]) -> Iterator[RowEvent]:
    with _open(path) as stream:
        try:
            head = stream.peek(_HEAD)[:_HEAD]
            if os.fstat(stream.fileno()).st_size > LARGEST_FILE:
                yield Problem(name, 0, 0, "", TOO_LARGE, f"{SPLIT}, each with an entry of contacts_from")
            elif found := foreign(head, name, is_csv=path.suffix.lower() == ".csv"):
                yield Problem(name, 1, 1, "", found.message, found.cure)
            else:
                yield from rows(_utf16_lines(stream) if head.startswith(_UTF16) else _lines(stream))
        except OSError as error:
            yield Problem(name, 0, 0, "", f"cannot be read: {reason(error)}", "fix it, or name another file")
        except UnicodeDecodeError:
            yield Problem(name, 0, 0, "", "this begins as UTF-16 and does not go on so", "save it as UTF-8")


def _lines(stream: BufferedReader) -> Iterator[bytes]:
    """Return an iterator of lines, none of which is much longer than it may be."""
    return iter(partial(stream.readline, LONGEST_LINE + 1), b"")


def _utf16_lines(stream: BufferedReader) -> Iterator[bytes]:
    """Yield the lines of UTF-16 in UTF-8."""
    with TextIOWrapper(stream, encoding="utf-16", newline="\n") as text:
        for line in iter(partial(text.readline, LONGEST_LINE + 1), ""):
            yield line.encode()


def _open(path: Path) -> BufferedReader:
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
