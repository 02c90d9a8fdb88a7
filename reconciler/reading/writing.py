"""
Plain data → YAML that is read back as the same data, by this tool and by others.

Only text that looks like plain words is written without quotes. Text that other readers might take for a number, a date
or a boolean is quoted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import TypeAlias

import yaml
from yaml import events

from reconciler.core.model.text import visible
from reconciler.core.model.value import Json, digits, is_list, same
from reconciler.reading.document import LARGEST_FILE, read_bytes, too_large
from reconciler.reading.parser import parsed
from reconciler.reading.scalars import NO_KEYS, plain_value

_WORDS = re.compile(r"[^\W\d_][\w.'/@()&,+-]*(?: [\w.'/@()&,+-]+)*")
_WORDS_OF_OTHERS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"))
"""What some readers of YAML take for something else than text, in whatever case."""

_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\U([0-9A-F]{8})")
"""How libyaml writes characters beyond U+FFFF, such as emoji. It puts text with a backslash in double quotes."""

_NO_FOLDING = 2**31 - 1

Dumper: TypeAlias = "type[yaml.CSafeDumper | yaml.SafeDumper]"
DUMPER: Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class UnfaithfulError(ValueError):
    """A document would not be read back as it is: it holds something that specs cannot express."""


class TooLongError(UnfaithfulError):
    """A document would be longer than a file of specs may be."""

    def __init__(self) -> None:
        super().__init__(too_large(LARGEST_FILE))


class _Bounded(StringIO):
    """Takes no more text than a file of specs may have."""

    def write(self, text: str) -> int:
        _check_length(self.tell() + len(text))
        return super().write(text)


def written(document: Mapping[str, Json], *, comments: Sequence[str] = (), dumper: Dumper = DUMPER) -> str:
    """Write a document below its comments, one a line; raises `UnfaithfulError` unless that reads back the same."""
    above = "".join(f"# {visible(line)}".rstrip() + "\n" for line in comments)
    text = _Bounded()
    yaml.emit(_stream_of(document), text, Dumper=dumper, allow_unicode=True, width=_NO_FOLDING)
    body = _with_indented_lists(_ESCAPED.sub(lambda found: found[1] + chr(int(found[2], 16)), text.getvalue()))
    if not reads_back(above + body, document):
        raise UnfaithfulError("a document cannot be written as YAML")
    return above + body


def _check_length(length: int) -> None:
    if length > LARGEST_FILE:
        raise TooLongError


def reads_back(text: str, document: Json) -> bool:
    """Return whether a text is read as this document; raises `TooLongError`."""
    data = text.encode("utf-8", "surrogatepass")
    _check_length(len(data))
    reading = read_bytes(data, file="")
    return not reading.problems and len(reading.documents) == 1 and same(reading.documents[0].value, document)


def _with_indented_lists(body: str) -> str:
    """Indent lists below their key or dash; libyaml writes them level with a key."""
    lists = sorted(_lists(body), key=lambda one: one[2], reverse=True)
    _check_length(len(body) + sum(2 * (last - first) for first, last, _ in lists))
    lines = body.split("\n")
    for first, last, column in lists:
        for at in range(first, last):
            lines[at] = f"{lines[at][:column]}  {lines[at][column:]}"
    return "\n".join(lines)


def _lists(body: str) -> Iterator[tuple[int, int, int]]:
    """Return the first line of each list, the line behind it, and the column of its dashes."""
    opened: list[tuple[int, int]] = []
    for event in parsed(body):
        if isinstance(event, events.SequenceStartEvent):
            opened.append((event.start_mark.line, event.start_mark.column))  # type: ignore[union-attr] # parsed: has marks
        elif isinstance(event, events.SequenceEndEvent):
            first, column = opened.pop()
            yield first, event.start_mark.line, column  # type: ignore[union-attr] # see above


def _stream_of(document: Json) -> Iterator[yaml.Event]:
    """Yield a document as the parser would see it, one event at a time: all of them would take much memory."""
    yield events.StreamStartEvent()
    yield events.DocumentStartEvent(explicit=False)
    yield from _events_of(document)
    yield events.DocumentEndEvent(explicit=False)
    yield events.StreamEndEvent()


def _events_of(value: Json) -> Iterator[yaml.Event]:
    if isinstance(value, dict):
        yield events.MappingStartEvent(None, None, implicit=True, flow_style=False)
        for key, item in value.items():
            yield _scalar(key)
            yield from _events_of(item)
        yield events.MappingEndEvent()
    elif is_list(value):
        yield events.SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for item in value:
            yield from _events_of(item)
        yield events.SequenceEndEvent()
    else:
        yield _scalar(value)


def _scalar(value: Json) -> yaml.Event:
    style = '"' if isinstance(value, str) and not is_plain(value) else None
    return events.ScalarEvent(None, None, (True, True), _text_of(value), style=style)


def _text_of(value: Json) -> str:
    match value:
        case str():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return digits(value)  # whole ones are written as such: 1.0 would be text
        case _:
            return "null"


def is_plain(text: str) -> bool:
    """Return whether all readers take a text without quotes for the text that it is."""
    return (
        _WORDS.fullmatch(text) is not None
        and text.casefold() not in _WORDS_OF_OTHERS
        and plain_value(text) == text
        and text not in NO_KEYS
    )
