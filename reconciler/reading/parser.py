"""Bytes → the text of a YAML file → the events of its parser: libyaml, or the one in Python, ten times slower."""

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import Any, TypeAlias

import yaml
from yaml import events

from reconciler.errors import Problem
from reconciler.reading.places import Lines

Parser: TypeAlias = "type[yaml.CSafeLoader | PythonParser]"

_PAIR = r"(?<!\\)(?P<before>(?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_QUESTION = r"\?(?=\S)"
_SURROGATE = "[\ud800-\udfff]"


class PythonParser(yaml.SafeLoader):
    """The parser in Python, as strict as libyaml about escapes."""

    def get_event(self) -> events.Event | None:
        """Return the next event, or nothing at the end."""
        try:
            event: events.Event | None = super().get_event()  # type: ignore[no-untyped-call] # the stubs leave it out
        except ValueError as error:
            raise yaml.MarkedYAMLError("in a quoted scalar", None, str(error), self.get_mark()) from error
        if isinstance(event, events.ScalarEvent) and re.search(_SURROGATE, event.value):
            raise yaml.MarkedYAMLError("in a quoted scalar", None, "half a character", self.get_mark())
        return event


PARSER: Parser = getattr(yaml, "CSafeLoader", PythonParser)


def parsed(text: str, parser: Parser = PARSER) -> Iterator[Any]:
    r"""
    Return the events of a text; raises `yaml.MarkedYAMLError`.

    YAML contains JSON, whose writers escape an emoji as two halves (`\ud83d\ude00`). Both parsers refuse these, so they
    are given other characters of the same length, for which the emoji stands in the events.
    """
    return _with_pairs(text, parser) if "\\u" in text and re.search(_PAIR, text) else iter(parser(text).get_event, None)


def _with_pairs(text: str, parser: Parser) -> Iterator[events.Event]:
    lowered = text.lower()
    letter = next(letter for letter in map(chr, range(0xE000, 0xF900)) if not _stands_in(letter, lowered))
    escape = f"\\u{ord(letter):04x}" * 2
    replaced = re.sub(_PAIR, lambda pair: pair["before"] + escape, text)
    stream: Iterator[Any] = iter(parser(replaced).get_event, None)
    for event in stream:
        if isinstance(event, events.ScalarEvent):
            written = text[event.start_mark.index : event.end_mark.index]  # type: ignore[union-attr] # parsed: has marks
            pairs = [pair[0][len(pair["before"]) :] for pair in re.finditer(_PAIR, written)]
            is_quoted = event.style == '"'  # in other quotes, an escape is what it says
            for pair in pairs:
                was, meant = (letter * 2, json.loads(f'"{pair}"')) if is_quoted else (escape, pair)
                event.value = event.value.replace(was, meant, 1)
        yield event


def _stands_in(letter: str, lowered: str) -> bool:
    """Return whether a letter occurs in a text, as itself or as an escape; the last letter is always used."""
    return letter < "\uf8ff" and (letter in lowered or f"{ord(letter):04x}" in lowered)


def misread_questions(text: str) -> frozenset[int]:
    """
    Return where something follows a question mark at once.

    Between brackets both parsers take the mark for the sign of a key, and leave it out: `[?new]` is `[{new: null}]`.
    In YAML 1.2 the mark is the start of the text, as it is everywhere else.
    """
    return frozenset(found.end() for found in re.finditer(_QUESTION, text)) if "?" in text else frozenset()


def is_nesting_limit(error: yaml.MarkedYAMLError) -> bool:
    """
    Return whether libyaml gave up because of its own limit of nesting, which it has since 0.2.6.

    Its scanner runs ahead of its events, so it gives up before the events show a depth that we would refuse. The parser
    in Python has no such limit, and shows them.
    """
    return "maximum nesting depth" in (error.problem or "")


HEAD = 512
"""The number of bytes at the start of a file that show what it is."""

_MANY, _ONE_IN = 8, 20
"""A file is no text where its start has at least `_MANY` control characters, and more than one in `_ONE_IN` bytes."""

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
    if is_no_text(body[:HEAD]):
        return Problem(
            file, 1, 1, "", "this is a file of bytes, and no text", "move it out of the folder, or name another"
        )
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
    return data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or (
        _every_other_is_nul(len(data), data.count(b"\0")) and not (b"\0" in data[::2] and b"\0" in data[1::2])
    )


def is_no_text(head: bytes) -> bool:
    """Return whether a file that begins like this is no text in any encoding: it has many control characters."""
    count = len(re.findall(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head))
    return count >= _MANY and count * _ONE_IN > len(head) and not is_utf16(head)


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
