"""Bytes → the text of a YAML file, or the first problem that no such text may have."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from reconciler.errors import Problem
from reconciler.reading.places import Lines

_SAVE = "save the file as UTF-8"
_UTF16 = "the file seems to be UTF-16: save it as UTF-8"
_PLAIN_BYTES = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_UNFIT = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""All that YAML forbids, and the line separators: some YAML readers end a line at them, and some do not."""

_NAMES = {"\0": "a NUL byte", "\ufeff": "a byte order mark", "\u2028": "a line separator", "\u2029": "a line separator"}


CONFLICT = "this line is a marker of a merge conflict"
RESOLVE = "resolve the conflict, and remove the lines that start with <<<<<<<, |||||||, ======= and >>>>>>>"
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |\r?$)", re.MULTILINE)


def conflict_marker(text: str) -> int | None:
    """Return where the first line starts that is only a conflict mark of git's."""
    found = _CONFLICT.search(text) if "<<<<<<<" in text or ">>>>>>>" in text else None
    return found.start() if found else None


def decoded(data: bytes, *, file: str) -> str | Problem:
    """Return the text of a file, without its byte order mark."""
    body = data.removeprefix(BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return not_utf8(body, error.start, file=file)
    if body.translate(None, _PLAIN_BYTES) and (unfit := _UNFIT.search(text)):
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
