"""
The outline of a text: on which lines its keys and items of block style stand, and where comments can stand beside them.

Lines and columns count from 0. A mapping or list in braces, and every scalar, counts as one thing.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from msgspec import Struct
from yaml import events

from reconciler.reading.parser import PARSER
from reconciler.reading.paths import KeyPath

_TO_DASH = re.compile(r"(?:[ \t]*(?:&\S+)?[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:&\S+[ \t]+)?-")
_BLOCK_STYLES = ("|", ">")
_OPENINGS = (events.MappingStartEvent, events.SequenceStartEvent)
_CLOSINGS = (events.MappingEndEvent, events.SequenceEndEvent)


class Entry(Struct):
    """
    A key or an item with what stands under it, or the document itself, whose path is empty.

    It begins at `line` and `column` (of an item: of the dash) and ends with the line `end`, comments below it not
    counted. `inner` is the column of the keys or dashes directly under it, where they are in block style. A comment
    beside it stands at the end of `beside`.
    """

    path: KeyPath
    line: int
    column: int
    beside: int
    end: int
    inner: int | None = None


class Outline:
    """
    All entries of a text that holds one document, in their order.

    `free` gives each line on which a comment may end it: the column behind all else there, and the entry that it then
    stands beside. `taken` are the lines that are no place for comments alone. `anchors` are names with what they stand
    under.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.free: dict[int, tuple[int, KeyPath]] = {}
        self.taken: set[int] = set()
        self.anchors: list[tuple[str, KeyPath, int]] = []


def outline(text: str) -> Outline:
    """Give the outline of a text of one document that can be parsed; raises `ValueError` for keys that are no text."""
    walk = _Walk(text)
    walk.document()
    return walk.made


class _Walk:
    """Goes through the events of a text once."""

    def __init__(self, text: str) -> None:
        self.made = Outline()
        self._text = text
        self._starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
        self._events: Iterator[Any] = iter(PARSER(text).get_event, None)
        self._behind = 0

    def document(self) -> None:
        event = next(self._events)
        while not isinstance(event, (events.ScalarEvent, events.AliasEvent, *_OPENINGS)):
            event = next(self._events)
        line, column = self._place(_start(event))
        self._entry((), line, column, event)

    def _entry(self, path: KeyPath, line: int, column: int, event: Any) -> None:  # noqa: ANN401  an event
        """Note an entry, and go through what stands under it."""
        entry = Entry(path, line, column, beside=line, end=line)
        self.made.entries.append(entry)
        self._note_anchor(event, path)
        if isinstance(event, events.MappingStartEvent) and not event.flow_style:
            self._mapping(entry)
        elif isinstance(event, events.SequenceStartEvent) and not event.flow_style:
            self._list(entry, event)
        else:
            entry.beside, entry.end = self._leaf(path, event)

    def _mapping(self, entry: Entry) -> None:
        for event in self._below():
            if not isinstance(event, events.ScalarEvent):
                raise ValueError("a key is no text")  # noqa: TRY004  it is the text that is wrong
            line, column = self._place(_start(event))
            entry.inner = column if entry.inner is None else entry.inner
            if column != entry.inner:
                raise ValueError("a key does not stand below the others")
            path = (*entry.path, event.value)
            self._note_anchor(event, path)
            self._leaf(path, event)
            self._entry(path, line, column, next(self._events))
            entry.end = self.made.entries[-1].end

    def _list(self, entry: Entry, start: Any) -> None:  # noqa: ANN401  an event
        self._behind = _start(start)
        for index, event in enumerate(self._below()):
            dash = _TO_DASH.match(self._text, self._behind)
            if dash is None:
                raise ValueError("an item has no dash")
            line, entry.inner = self._place(dash.end() - 1)
            path = (*entry.path, index)
            self._take(line, dash.end(), path)
            self._entry(path, line, entry.inner, event)
            entry.end = self.made.entries[-1].end

    def _below(self) -> Iterator[Any]:
        """Give the first events of all that a mapping or list holds, each after the one before was gone through."""
        while not isinstance(event := next(self._events), _CLOSINGS):
            yield event

    def _leaf(self, path: KeyPath, event: Any) -> tuple[int, int]:  # noqa: ANN401  an event
        """Note the lines of one thing; give the line that a comment may end, and the last one."""
        start, end = _start(event), self._end_of(event)
        first, last = self._line(start), self._line(max(start, end - 1))
        self.made.taken.update(range(first, last + 1))
        if isinstance(event, events.ScalarEvent) and event.style in _BLOCK_STYLES:
            self._take(first, start, path)
            return first, last
        if first < last:
            self.made.free.pop(first, None)
        self._take(last, end, path)
        return last, last

    def _take(self, line: int, behind: int, path: KeyPath) -> None:
        self.made.taken.add(line)
        self.made.free[line] = behind - self._starts[line], path
        self._behind = max(self._behind, behind)

    def _end_of(self, event: Any) -> int:  # noqa: ANN401  an event
        """Give the offset behind a thing, for which all that stands in braces is gone through."""
        depth, last = int(isinstance(event, _OPENINGS)), event
        while depth:
            last = next(self._events)
            self._note_anchor(last, self.made.entries[-1].path)
            depth += isinstance(last, _OPENINGS) - isinstance(last, _CLOSINGS)
        end: int = last.end_mark.index
        if isinstance(event, events.ScalarEvent) and event.style in _BLOCK_STYLES:
            start = _start(event)
            self._behind = end
            written = self._text[start:end]
            return start + len(written if "+" in written.partition("\n")[0].partition("#")[0] else written.rstrip())
        return end

    def _note_anchor(self, event: Any, path: KeyPath) -> None:  # noqa: ANN401  an event
        name = getattr(event, "anchor", None)
        if name and not isinstance(event, events.AliasEvent):
            self.made.anchors.append((name, path, self._line(_start(event))))

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1

    def _place(self, at: int) -> tuple[int, int]:
        line = self._line(at)
        return line, at - self._starts[line]


def _start(event: Any) -> int:  # noqa: ANN401  an event
    start: int = event.start_mark.index
    return start
