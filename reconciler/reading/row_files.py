"""Rows of data files, one at a time: CSV, JSON Lines or YAML → cells by column; other files, with their cure."""

import json
import os
import re
import shlex
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from errno import EINVAL
from functools import partial
from io import BufferedReader, TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.masking import compose, named, quote
from reconciler.core.model.value import MOST_WHOLE, Json, survives
from reconciler.errors import Problem, Source
from reconciler.reading.anchors import MOST_NESTED
from reconciler.reading.document import SPLIT, Room, read_file, reason, too_large
from reconciler.reading.files import FORMATS
from reconciler.reading.parser import CONFLICT, HEAD, RESOLVE, conflict_marker, is_no_text
from reconciler.reading.places import Node
from reconciler.reading.row_formats import LONGEST_LINE, Columns, IsEnough, Row, TextLines, csv_rows
from reconciler.reading.scalars import Refusal, numeral_value, plain_value

_WORKBOOK = (
    "save it as CSV UTF-8 in the spreadsheet, or run: "
    "libreoffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76' --outdir {folder} {file}"
)
_PDF = "ask for the list as CSV; to get at the text of this one, run: pdftotext -layout {file} {stem}.txt"
_LINES_OF_ARRAY = "run: jq -c '.[]' {file} > {stem}-lines.jsonl"
_LINES_OF_OBJECT = "run: jq -c . {file} > {stem}-lines.jsonl (or, if its rows are a list in it, jq -c '.KEY[]')"
_SPREADSHEET = "open it in a spreadsheet, and save it as CSV UTF-8"


class Foreign(Struct, frozen=True):
    """What a file is instead of a table, and what to do."""

    message: str
    cure: str


_BY_START: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"PK\x03\x04|PK\x05\x06|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "a workbook", _WORKBOOK),
    (re.compile(rb"%PDF-"), "a PDF", _PDF),
    (re.compile(rb"\x1f\x8b"), "compressed (gzip)", "run: gunzip -c {file} > {stem}-unpacked{ending}"),
    (re.compile(rb"\{\\rtf"), "a document (RTF)", "save it as plain text"),
    (re.compile(rb"\s*<(?:!doctype html|html|table|\?xml)", re.IGNORECASE), "a web page or XML", _SPREADSHEET),
)
_ARRAY = re.compile(rb"\s*\[\s*(?:\{|$)")
_OBJECT = re.compile(rb"\s*\{[ \t\r]*(?:\n|$)")
_JSON_LINES = re.compile(rb'\s*\{\s*"')

_BY_ENDING: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods", ".numbers"), ("a workbook", _WORKBOOK)),
    ".pdf": ("a PDF", _PDF),
    ".json": ("JSON in one piece", _LINES_OF_ARRAY),
    ".tsv": ("CSV with tabs", 'rename it to {stem}.csv, and add `delimiter: "\\t"`'),
    ".txt": ("text", "if it is CSV, rename it to {stem}.csv, and set `delimiter` to what separates its cells"),
}


def foreign(head: bytes, name: str, *, is_csv: bool) -> Foreign | None:
    """Return what a file is, by its first bytes, where that is no table; None where it may be one."""
    for start, kind, cure in _BY_START:
        if start.match(head):
            return _foreign(kind, cure, name)
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _ARRAY.match(text):
        return _foreign("one JSON array", _LINES_OF_ARRAY, name)
    if _OBJECT.match(text):
        return _foreign("a JSON object over several lines", _LINES_OF_OBJECT, name)
    if is_csv and _JSON_LINES.match(text):
        return _foreign("JSON Lines", "rename it to {stem}.jsonl", name)
    if is_no_text(text):
        return _foreign("a file of bytes", "ask for the list as CSV UTF-8, and name that file", name)
    return None


def by_ending(name: str) -> Foreign | None:
    """Return what a file is, by the ending of its name, where that ending is none of a table's."""
    path = PurePosixPath(name)
    kind, cure = _BY_ENDING.get(path.suffix.lower(), ("", ""))
    return _foreign(kind, cure.replace("run:", "run in its folder:"), path.name) if kind else None


def _foreign(kind: str, cure: str, name: str) -> Foreign:
    path = PurePosixPath(name)
    stem = shlex.quote(str(path.with_suffix("")))
    folder = shlex.quote(str(path.parent / "converted"))
    made = cure.format(file=shlex.quote(name), stem=stem, ending=path.suffix, folder=folder)
    return Foreign(f"this is {kind}, and no table in plain text", made)


RowEvent: TypeAlias = Columns | Row | Problem
"""A file's columns come first, where it has a header; a row in which something is wrong comes as problems."""


class _YamlRow(Row, frozen=True):
    """A row whose cells know their places themselves."""

    node: Node

    def place(self, column: str) -> Source:
        """Return the place where a cell is written; of one that is not there, that of its row."""
        return self.node.at((column,)).source

    def columns_at(self) -> Mapping[int | Source, str]:
        """Return the column at each place."""
        return {below.source: column for column, below in self.node.entries()}


def read_rows(
    path: Path, *, name: str, delimiter: str = ",", is_enough: IsEnough = bool, room: Room | None = None
) -> Iterator[RowEvent]:
    """
    Read a data file row by row, until an empty row `is_enough`; `name` is what the file is called in problems.

    Raises `OSError` where it cannot be opened, and `ValueError` where no file can have its name.

    CSV and JSON Lines are never held as a whole, YAML is, as far as there is `room`.
    """
    match FORMATS[path.suffix.lower()]:
        case "csv":
            return _opened(path, name, partial(csv_rows, file=name, delimiter=delimiter, is_enough=is_enough))
        case "json":
            return _opened(path, name, partial(json_rows, file=name, is_enough=is_enough))
        case "yaml":
            return _yaml_rows(path, name, room)


LARGEST_TABLE = 1 << 30
"""A table of CSV or JSON Lines with more bytes is refused; it is never in memory as a whole."""

_UTF16 = (BOM_UTF16_LE, BOM_UTF16_BE)


def _opened(path: Path, name: str, rows: Callable[[Iterator[bytes]], Iterator[RowEvent]]) -> Iterator[RowEvent]:
    with _open(path) as stream:
        try:
            head = stream.peek(HEAD)[:HEAD]
            if os.fstat(stream.fileno()).st_size > LARGEST_TABLE:
                yield Problem(name, 0, 0, "", too_large(LARGEST_TABLE), f"{SPLIT}, each with an entry of contacts_from")
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


def _yaml_rows(path: Path, name: str, room: Room | None) -> Iterator[RowEvent]:
    _open(path).close()  # a file that is missing is reported where it is named
    reading = read_file(path, name=name, room=room)
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


_DIGITS = len(str(MOST_WHOLE))
_LONG_NUMBER = re.compile(rf"\d{{{_DIGITS}}}").search
"""A number with fewer digits is kept exactly."""

_WRITE = 'write one object a line: {"column": "value"}'


class _InvalidLineError(ValueError):
    """A value that JSON can express and specs cannot."""

    def __init__(self, message: str, cure: str = "fix it, or put it in quotes as text") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


def json_rows(lines: Iterator[bytes], *, file: str, is_enough: IsEnough = bool) -> Iterator[Row | Problem]:
    """Yield the rows of JSON Lines; empty lines are skipped."""
    text = TextLines(lines, file)
    for line in text:
        wrong = text.taken()
        if wrong:
            yield from wrong
        elif conflict_marker(line) is not None:
            yield Problem(file, text.number, 1, "", CONFLICT, RESOLVE)
            return
        elif line.strip():
            yield _json_row(line, Source(file, text.number, 1))
        elif is_enough():
            return
    yield from text.taken()


def json_value(text: str) -> Json | Refusal:
    """Return a value from JSON, or why it is refused: data cannot hold what specs cannot."""
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_number if _LONG_NUMBER(text) else int,
            parse_float=_number,
            parse_constant=_constant,
        )
        _check_depth(value)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except _InvalidLineError as error:
        return Refusal(error.message, error.cure)
    except json.JSONDecodeError as error:
        return Refusal(f"this is not JSON, from character {error.pos + 1}", _WRITE)
    except UnicodeEncodeError:
        return Refusal("this is half of a surrogate pair", "write the letter itself")
    except RecursionError:
        return Refusal(f"values are nested more than {MOST_NESTED} levels deep", "make it flatter")
    return value


def _json_row(line: str, source: Source) -> Row | Problem:
    value = json_value(line)
    if isinstance(value, Refusal):
        return source.problem("", value.message, value.cure)
    if not isinstance(value, dict):
        return source.problem("", compose("a row is an object, not {}", named(value)), _WRITE)
    return Row(value, source, {column: at for at, column in enumerate(value, start=1)})


def _object(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _InvalidLineError(compose("the key {} is here twice", quote(twice)), "keep one of the two")
    return found


def _number(text: str) -> Json:
    """Read a number as YAML's are read; it may have an exponent, where that does not change it."""
    has_exponent = "e" in text.lower()
    if len(text) < _DIGITS and not has_exponent:  # most are so short, and a line can hold very many
        return numeral_value(text)
    if has_exponent:
        if not survives(text):
            raise _InvalidLineError("JSON cannot carry this number with an exponent unchanged")
        return float(text)
    found = plain_value(text)
    if isinstance(found, Refusal):
        raise _InvalidLineError(found.message)
    return numeral_value(text)


def _constant(text: str) -> Json:
    raise _InvalidLineError(f"{text} is not a number that JSON can carry")


def _check_depth(value: Json, depth: int = 0) -> None:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if below and depth == MOST_NESTED:
        raise RecursionError
    for one in below:
        if isinstance(one, (dict, list)):
            _check_depth(one, depth + 1)
