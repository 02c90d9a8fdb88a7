"""Texts without quotes, and what other readers of YAML (1.1 and 1.2) take them for."""

import json
import re
from collections.abc import Collection, Container, Iterator, Mapping

from msgspec import Struct
from yaml import events

from reconciler.reading.builder import Event
from reconciler.reading.document import ParsedFile
from reconciler.reading.parser import parsed
from reconciler.reading.places import Edit, KeyPath, Node, key_offset, value_offset
from reconciler.reading.scalars import Numeral, plain_value


def quoting_edits(text: str, numbers: Collection[str] = ()) -> Iterator[Edit]:
    """
    Yield the edits that quote each key and text of a readable file that other readers take for something else.

    Below a key that is one of the `numbers`, 3.10 is the number that other readers take it for, and stays.
    """
    for event, is_key, is_number in _scalars(text, numbers):
        value = event.value
        if event.style or event.tag or taken_for(value) is None:
            continue
        found = plain_value(value)
        if is_key or (isinstance(found, str) and not (is_number and isinstance(found, Numeral))):
            end = event.end_mark.index
            start = end - len(value)  # an event begins with its anchor, if it has one
            if text[start:end] == value:
                yield Edit(start, end, json.dumps(value, ensure_ascii=False))


_STARTS: frozenset[type] = frozenset((events.MappingStartEvent, events.SequenceStartEvent))
_ENDS: frozenset[type] = frozenset((events.MappingEndEvent, events.SequenceEndEvent))
_COMMENT = re.compile(r"[ \t]+(#[^\s#!].*)")
"""A comment that begins with its first letter: most begin with a blank."""

_BLOCKS = ("|", ">")
_NODES: frozenset[type] = frozenset((events.ScalarEvent, events.AliasEvent, *_STARTS))


class _Open(Struct):
    """A collection that is open: whether a key comes next, if it has keys, and whether numbers are meant in it."""

    awaits_key: bool | None
    is_number: bool
    is_number_below: bool


def _scalars(text: str, numbers: Collection[str]) -> Iterator[tuple[Event, bool, bool]]:
    """Yield each scalar of a text, whether it is a key, and whether a number is meant there."""
    stack = [_Open(None, is_number=False, is_number_below=False)]
    for event in parsed(text):
        kind: type = type(event)
        if kind in _ENDS:
            stack.pop()
        elif kind in _NODES:
            inner = stack[-1]
            is_key = bool(inner.awaits_key)
            if kind is events.ScalarEvent:
                yield event, is_key, inner.is_number_below
            if inner.awaits_key is not None:
                inner.awaits_key = not is_key
                is_named = is_key and kind is events.ScalarEvent and event.value in numbers
                inner.is_number_below = inner.is_number or is_named if is_key else inner.is_number_below
            if kind in _STARTS:
                is_number = inner.is_number_below and not is_key
                keys = True if kind is events.MappingStartEvent else None
                stack.append(_Open(keys, is_number=is_number, is_number_below=is_number))


def texts_before_comments(text: str) -> Mapping[int, str]:
    """Return the comments that directly follow a text without quotes, as `#4` in `12 Main St #4`, by its offset."""
    plain = (event for event, _, _ in _scalars(text, ()) if not event.style and not event.tag)
    ends = ((event.start_mark.index, _COMMENT.match(text, event.end_mark.index)) for event in plain)
    return {start: found[1].rstrip() for start, found in ends if found}


def unused_anchors(text: str) -> Mapping[int, str]:
    """Return the anchors of a readable text that no alias refers to, by their offset."""
    unused: dict[int, str] = {}
    last: dict[str, int] = {}
    for event in parsed(text):
        kind: type = type(event)
        if kind is events.DocumentStartEvent:
            last = {}
        elif kind is events.AliasEvent:
            unused.pop(last.get(event.anchor, -1), None)
        elif kind in _NODES and event.anchor is not None:
            last[event.anchor] = event.start_mark.index
            unused[event.start_mark.index] = event.anchor
    return unused


def lone_scalars(text: str) -> Mapping[int, int]:
    """
    Return where the scalars of a readable text start and end that can be replaced without changing another value.

    These stand on one line, without a tag, and neither they nor what they are in has an anchor.
    """
    found: dict[int, int] = {}
    anchored = [False]
    for event in parsed(text):
        kind: type = type(event)
        if kind in _ENDS:
            anchored.pop()
        elif kind in _STARTS:
            anchored.append(anchored[-1] or event.anchor is not None)
        elif kind is events.ScalarEvent and not (anchored[-1] or event.anchor or event.tag or event.style in _BLOCKS):
            start, end = event.start_mark.index, event.end_mark.index
            if "\n" not in text[start:end]:
                found[start] = end
    return found


def unquoted_texts(file: ParsedFile) -> Iterator[tuple[KeyPath, str, Node, bool]]:
    """
    Yield each text without quotes of a readable file: its path, the text, its node, and whether it is a key.

    A scalar that this tool reads as a number or a boolean is not a text.
    """
    text = file.data.decode("utf-8-sig")
    plain = (event for event, _, _ in _scalars(text, ()) if not event.style and not event.tag)
    offsets = frozenset(event.start_mark.index for event in plain)
    for document in file.documents:
        yield from _texts(document, (), offsets)


def _texts(node: Node, path: KeyPath, offsets: Container[int]) -> Iterator[tuple[KeyPath, str, Node, bool]]:
    if isinstance(node.value, str) and value_offset(node.mark) in offsets:
        yield path, node.value, node, False
    for key, below in node.entries():
        if key_offset(below.mark) in offsets:
            yield (*path, key), key, below, True
        yield from _texts(below, (*path, key), offsets)
    for index, below in enumerate(node.items()):
        yield from _texts(below, (*path, index), offsets)


_OTHERS = re.compile(
    r"""
      (?P<boolean> y|Y|n|N|[yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF )
    | (?P<number>
        [-+]?0b[01_]+ | [-+]?0o?[0-7_]+ | [-+]?0x[0-9a-fA-F_]+ | [-+]?[0-9_]+
      | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
      | [-+]?([0-9][0-9_]*)(\.[0-9_]*)?([eE][-+]?[0-9]+)?
      | [-+]?\.[0-9_]+([eE][-+]?[0-9]+)?
      | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN) )
    | (?P<date>
        [0-9]{4}-[0-9]{2}-[0-9]{2}
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} ([Tt]|[ \t]+) [0-9]{1,2}:[0-9]{2}:[0-9]{2} (\.[0-9]*)?
        ([ \t]*(Z|[-+][0-9]{1,2}(:?[0-9]{2})?))? )
    | (?P<null> ~|null|Null|NULL )
    | (?P<special> << | = )
    """,
    re.VERBOSE,
)
_FIRST_CHARACTERS = frozenset("yYnNtTfFoO~<=.-+0123456789")
_WORDS = {
    "boolean": "true or false",
    "number": "a number",
    "date": "a date",
    "null": "nothing",
    "special": "a special key",
}


def taken_for(text: str) -> str | None:
    """Return what some reader takes a plain scalar for, in words; None if all readers take it for text."""
    if text[:1] not in _FIRST_CHARACTERS:
        return None
    found = _OTHERS.fullmatch(text)
    return next(_WORDS[kind] for kind in _WORDS if found[kind] is not None) if found else None
