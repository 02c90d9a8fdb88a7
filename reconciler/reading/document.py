"""Files and bytes → documents: plain data, places, and all that is wrong in them."""

import os
import re
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.core.model.references import OPENING
from reconciler.errors import Problem
from reconciler.reading.places import Addressing, Lines, Node, dotted
from reconciler.reading.plain import plain_document

if TYPE_CHECKING:  # most files are in the plain style
    from reconciler.reading.builder import Skip
    from reconciler.reading.parser import Parser

LARGEST_FILE = 64 << 20
"""A file with more bytes is refused, before it is in memory."""

SPLIT = "split it into several files"

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


def read_file(
    path: Path,
    *,
    name: str,
    address: Addressing = dotted,
    skip: "Skip | None" = None,
    known: Callable[[bytes], ParsedFile | None] | None = None,
) -> ParsedFile:
    """
    Read a file of YAML; `name` is its name in problems, `address` makes their addresses of paths.

    What `skip` skips is left out as soon as it is read. Bytes that are `known` are not read again.
    """
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
    return (known and known(data)) or read_bytes(data, file=name, address=address, skip=skip)


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
    data: bytes, *, file: str, address: Addressing = dotted, parser: "Parser | None" = None, skip: "Skip | None" = None
) -> ParsedFile:
    """Read YAML; see `read_file`."""
    text = decoded(data, file=file)
    if isinstance(text, Problem):
        return ParsedFile((), (text,), data=data)
    lines = Lines(file, text)
    if (marker := conflict_marker(text)) is not None:
        return ParsedFile((), (lines.problem(marker, CONFLICT, cure=RESOLVE),), data=data)
    has_references = OPENING in text or "\\" in text  # in double quotes, a backslash can stand for either letter
    if skip is None and parser is None and (plain := plain_document(text)):
        value, mark = plain
        return ParsedFile((Node(value, lines, mark),), (), is_complete=True, has_references=has_references, data=data)
    from reconciler.reading.parser import read_events  # noqa: PLC0415  most files are in the plain style

    documents, problems, is_complete = read_events(text, lines, address, parser=parser, skip=skip)
    return ParsedFile(documents, problems, is_complete, has_references, data)


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


_SAVE = "save the file as UTF-8"
_UTF16 = "the file seems to be UTF-16: save it as UTF-8"
_PLAIN_BYTES = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_UNFIT = "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""All that YAML forbids, and the line separators: some YAML readers end a line at them, and some do not."""

_NAMES = {"\0": "a NUL byte", "\ufeff": "a byte order mark", "\u2028": "a line separator", "\u2029": "a line separator"}


CONFLICT = "this line is a marker of a merge conflict"
RESOLVE = "resolve the conflict, and remove the lines that start with <<<<<<<, |||||||, ======= and >>>>>>>"
_CONFLICT = r"^(?:<{7}|>{7})(?: |\r?$)"


def conflict_marker(text: str) -> int | None:
    """Return where the first line starts that is only a conflict mark of git's."""
    found = re.search(_CONFLICT, text, re.MULTILINE) if "<<<<<<<" in text or ">>>>>>>" in text else None
    return found.start() if found else None


def decoded(data: bytes, *, file: str) -> str | Problem:
    """Return the text of a file, without its byte order mark."""
    body = data.removeprefix(BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return not_utf8(body, error.start, file=file)
    if body.translate(None, _PLAIN_BYTES) and (unfit := re.search(_UNFIT, text)):
        return _not_yaml(text, unfit.start(), file=file)
    return text


def not_utf8(body: bytes, at: int, *, file: str) -> Problem:
    """Return a problem at the byte where a text stops being UTF-8, with its likely encoding."""
    before = body[:at].decode()
    message = f"byte 0x{body[at]:02X} is not UTF-8; {_encoding(body, at)}"
    return Lines(file, before).problem(len(before), message, cure=_SAVE)


def is_utf16(data: bytes) -> bool:
    """Return whether bytes seem to be UTF-16: by their byte order mark, or since about every other one is NUL."""
    return data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or _every_other_is_nul(len(data), data.count(b"\0"))


def _encoding(body: bytes, at: int) -> str:
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "the file seems to be UTF-16"
    letter = body[at : at + 1].decode("cp1252", "replace")
    return f'the file seems to be Latin-1 or Windows-1252, where it means "{letter}"'


def _not_yaml(text: str, at: int, *, file: str) -> Problem:
    letter = text[at]
    name = _NAMES.get(letter, "a control character")
    message = f"{name} (U+{ord(letter):04X}) is not allowed in a YAML file"
    cure = (
        _UTF16
        if _every_other_is_nul(len(text), text.count("\0"))
        else f'remove it, or write it as "{_escape(letter)}" in double quotes'
    )
    return Lines(file, text[:at]).problem(at, message, cure=cure)


def _every_other_is_nul(length: int, count: int) -> bool:
    return 1 < length < count * 3


def _escape(letter: str) -> str:
    return f"\\x{ord(letter):02x}" if ord(letter) <= 0xFF else f"\\u{ord(letter):04x}"  # noqa: PLR2004 - what \x holds
