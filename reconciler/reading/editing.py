"""
Edits of a text at known places: what no edit names stays as it is, character for character.

Also the edits that put quotes around what other readers of YAML would misread.
"""

import json
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from yaml import events

from reconciler.reading.builder import Event
from reconciler.reading.other_readers import taken_for
from reconciler.reading.parser import parsed
from reconciler.reading.scalars import Numeral, plain_value


class Edit(Struct, frozen=True, order=True):
    """The characters from `start` to `end` of a text, and what comes in their place."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with its edits made; raises `ValueError` where two of them overlap."""
    made: list[str] = []
    at = 0
    for edit in sorted(edits):
        if edit.start < at:
            raise ValueError(f"two edits overlap at {edit.start}")
        made += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*made, text[at:]))


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


class _Open(Struct):
    """A collection that is open: whether a key comes next, if it has keys, and whether numbers are meant in it."""

    awaits_key: bool | None
    is_number: bool
    is_number_below: bool


def _scalars(text: str, numbers: Collection[str]) -> Iterator[tuple[Event, bool, bool]]:
    """Yield each scalar of a text, whether it is a key, and whether a number is meant where it stands."""
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


_STARTS: frozenset[type] = frozenset((events.MappingStartEvent, events.SequenceStartEvent))
_ENDS: frozenset[type] = frozenset((events.MappingEndEvent, events.SequenceEndEvent))
_NODES: frozenset[type] = frozenset((events.ScalarEvent, events.AliasEvent, *_STARTS))
