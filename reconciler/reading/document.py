"""Files and bytes → documents: plain data, places, and all that is wrong in them."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from msgspec import Struct

from reconciler.core.model.masking import compose
from reconciler.core.model.references import OPENING
from reconciler.errors import Problem
from reconciler.reading.anchors import Amount
from reconciler.reading.builder import Builder, Skip, UnreadableError
from reconciler.reading.parser import (
    CONFLICT,
    PARSER,
    RESOLVE,
    Parser,
    PythonParser,
    conflict_marker,
    decoded,
    is_nesting_limit,
    misread_questions,
    parsed,
)
from reconciler.reading.places import Addressing, Lines, Node, dotted

LARGEST_FILE = 64 << 20
"""A file with more bytes is refused, before it is in memory."""

LARGEST_TEXT = 128 << 20
"""A file whose text takes more bytes of memory is refused."""

MOST_LINES = 10_000_000
"""A file with more ends of lines is refused: where each line starts takes four bytes."""

MOST_VALUES_IN_ALL = 10_000_000
"""The number of values in all files of YAML that a command reads: enough for 500,000 contacts."""

MOST_TEXT_IN_ALL = 128 << 20
"""The bytes of memory that the letters in keys and values of all these files may take."""

SPLIT = "split it into several files"

_IN_ALL = "with this file, the specs hold more than {}, those of aliases counted"
_AS_ROWS = "declare contacts as rows of a CSV file (contacts_from)"

_BLOCK = 1 << 20
_FOLDER = ("it is a folder", "take the ending off its name, or put a file in its place")
_NO_FILE = ("it is not a regular file", "put a file in its place")
_BROKEN_LINK = ("it is a broken link", "remove the link, or point it to a file")
_MISSING = ("no such file", "check the name, or create it")


class ParsedFile(Struct, frozen=True):
    """
    The documents of a file and the problems in it; `data` are its bytes.

    It `is_complete` if it was read to its end, although there may be problems in it. Unless it `has_references`, no
    text in it holds `${`.
    """

    documents: tuple[Node, ...]
    problems: tuple[Problem, ...]
    is_complete: bool = False
    has_references: bool = False
    data: bytes = b""
    amount: Amount = (0, 0)
    """Its values, aliases followed, and the bytes of memory that their letters may take: up to four each."""


class Room:
    """Counts what the files of one command hold together, aliases followed; once that is too much, no more is read."""

    def __init__(self) -> None:
        self._values = 0
        self._text = 0

    @property
    def excess(self) -> str:
        """Return which limit is exceeded, as messages name it; empty where none is."""
        if self._values > MOST_VALUES_IN_ALL:
            return f"{MOST_VALUES_IN_ALL:,} values"
        return f"{MOST_TEXT_IN_ALL >> 20} MiB of text in memory" if self._text > MOST_TEXT_IN_ALL else ""

    def taken(self, parsed: ParsedFile, name: str) -> ParsedFile:
        """Count a file; return it, or in its place what is wrong if it is one too many."""
        self._values += parsed.amount[0]
        self._text += parsed.amount[1]
        if not (excess := self.excess):
            return parsed
        return ParsedFile((), (Problem(name, 0, 0, "", compose(_IN_ALL, excess), _AS_ROWS),))


def read_file(  # noqa: PLR0913  one parameter a condition of reading
    path: Path,
    *,
    name: str,
    address: Addressing = dotted,
    skip: Skip | None = None,
    known: Callable[[bytes], ParsedFile | None] | None = None,
    room: Room | None = None,
) -> ParsedFile:
    """
    Read a file of YAML; `name` is its name in problems, `address` makes their addresses of paths.

    What `skip` skips is left out as soon as it is read. Bytes that are `known` are not read again. Where the `room`
    for files is full, nothing is read.
    """
    if room and room.excess:
        return ParsedFile((), ())
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading from a pipe would wait for ever
            return _unreadable(name, *(_FOLDER if stat.S_ISDIR(status.st_mode) else _NO_FILE))
        data = b"" if status.st_size > LARGEST_FILE else _bytes_of(path, status.st_size)
        if max(status.st_size, len(data)) > LARGEST_FILE:
            return _unreadable(name, too_large(LARGEST_FILE), SPLIT)
    except FileNotFoundError:
        return _unreadable(name, *(_BROKEN_LINK if path.is_symlink() else _MISSING))
    except (OSError, ValueError) as error:
        return _unreadable(name, reason(error), "fix it, or name other files")
    read = (known and known(data)) or read_bytes(data, file=name, address=address, skip=skip)
    return room.taken(read, name) if room else read


def _bytes_of(path: Path, size: int) -> bytes:
    """Return what is in a file of this size; of one that has more in it than it says, no more than is refused."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(file, size + 1)
        while len(data) != size and len(data) <= LARGEST_FILE and (block := os.read(file, _BLOCK)):
            data += block
    finally:
        os.close(file)
    return data


def read_bytes(
    data: bytes, *, file: str, address: Addressing = dotted, parser: Parser = PARSER, skip: Skip | None = None
) -> ParsedFile:
    """Read YAML; see `read_file`."""
    if len(data) > LARGEST_FILE:
        return _unreadable(file, too_large(LARGEST_FILE), SPLIT)
    text = decoded(data, file=file)
    if isinstance(text, Problem):
        return ParsedFile((), (text,), data=data)
    if too_much := _too_much(text):
        return _unreadable(file, too_much, SPLIT)
    lines = Lines(file, text)
    if (marker := conflict_marker(text)) is not None:
        return ParsedFile((), (lines.problem(marker, CONFLICT, cure=RESOLVE),), data=data)
    if skip:
        skip.begin()
    builder = Builder(lines, address, misread=misread_questions(text), skip=skip)
    has_references = OPENING in text or "\\" in text  # in double quotes, a backslash can stand for either letter
    stream, width = parsed(text, parser), _width(text)
    del text  # it may take twice the memory of the file's bytes
    last: tuple[Problem, ...] = ()
    try:
        builder.take(stream)
    except UnreadableError as error:
        last = (error.problem,)
    except yaml.MarkedYAMLError as error:
        if parser is not PythonParser and is_nesting_limit(error):
            return read_bytes(data, file=file, address=address, parser=PythonParser, skip=skip)
        from reconciler.reading.syntax import syntax_problem  # noqa: PLC0415  only what is wrong needs it

        last = (syntax_problem(error, str(decoded(data, file=file)), lines),)
    problems = (*builder.problems, *last)
    values, letters = builder.amount
    return ParsedFile(builder.documents, problems, not last, has_references, data, (values, letters * width))


def _width(text: str) -> int:
    """Return how many bytes of memory each letter takes; of a short text, up to four."""
    return min(sys.getsizeof(text) // (len(text) or 1), 4)


def _too_much(text: str) -> str:
    """Return what would take too much memory in a text; empty where nothing does."""
    if sys.getsizeof(text) > LARGEST_TEXT:
        return f"its text takes more than {LARGEST_TEXT >> 20} MiB of memory: one emoji makes each letter take four"
    is_long = text.count("\n") + text.count("\r") > MOST_LINES
    return f"it has more than {MOST_LINES:,} lines" if is_long else ""


def too_large(limit: int) -> str:
    """Return what is wrong with a file of more bytes."""
    return f"it has more than {limit >> 20:,} MiB"


def reason(error: OSError | ValueError) -> str:
    """Return in words why the system refused a file; a name that no file can have is a `ValueError`."""
    return (error.strerror or "").lower() if isinstance(error, OSError) else "no file can have this name"


def _unreadable(name: str, why: str, cure: str) -> ParsedFile:
    problem = Problem(name, 0, 0, "", f"cannot be read: {why}", cure)
    return ParsedFile((), (problem,))


def identity(path: Path) -> object:
    """Return what all names of a file have in common; of a link to nothing, its name."""
    try:
        status = path.stat()
    except OSError:
        return path
    return status.st_dev, status.st_ino
