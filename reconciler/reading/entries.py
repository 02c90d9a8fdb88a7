"""The entries of mappings as a text has them: each key and value with its start, its end and its style."""

import re
from collections.abc import Iterator

from msgspec import Struct, field
from yaml import events

from reconciler.reading.parser import parsed
from reconciler.reading.places import KeyPath
from reconciler.reading.quoting import unused_anchors

_BLOCKS = ("|", ">")
_SIGN = re.compile(r"[|>][-+0-9]*")


class Part(Struct, eq=False):
    """
    A key or a value in a text, from `start` to `end`; what follows the last letter of it, as blank lines, is outside.

    A part `is_shared` where an alias repeats it or what it is in, and `is_marked` where it has an anchor or a tag.
    """

    kind: str
    start: int
    end: int
    value: str = ""
    style: str | None = None
    is_flow: bool = False
    is_marked: bool = False
    is_shared: bool = False
    entries: list["Entry"] = field(default_factory=list)
    items: list["Part"] = field(default_factory=list)

    @property
    def is_block_text(self) -> bool:
        """Return whether it is a text below `|` or `>`."""
        return self.kind == "scalar" and self.style in _BLOCKS

    @property
    def is_block(self) -> bool:
        """Return whether it is a mapping or list without brackets."""
        return self.kind in {"mapping", "list"} and not self.is_flow

    @property
    def is_repeated(self) -> bool:
        """Return whether an alias elsewhere repeats it, what it is in, or anything in it."""
        return self.is_shared or any(part.is_repeated for part in self.below() if part.kind != "alias")

    def below(self) -> Iterator["Part"]:
        """Yield the keys and values in it, in the order of the text."""
        for entry in self.entries:
            yield from (entry.key, entry.value)
        yield from self.items

    def scalars(self) -> Iterator["Part"]:
        """Yield the scalars and aliases of it, at every depth."""
        if self.kind in {"scalar", "alias"}:
            yield self
        for part in self.below():
            yield from part.scalars()


class Entry(Struct, eq=False):
    """A key and its value."""

    key: Part
    value: Part


class Found(Struct, eq=False):
    """An entry, the number of its document, its path there, and whether it is between brackets."""

    entry: Entry
    document: int
    path: KeyPath
    in_flow: bool


class Tree:
    """All entries of a readable text, by the offset of their key and by their path."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.has_lone_returns = "\r" in text.replace("\r\n", "")
        self.by_offset: dict[int, Found] = {}
        self.by_path: dict[tuple[int, KeyPath], Found] = {}
        for number, root in enumerate(_Composer(text).documents()):
            for path, entry, in_flow in _walk(root, (), in_flow=False):
                found = Found(entry, number, path, in_flow)
                self.by_offset[entry.key.start] = found
                self.by_path[number, path] = found

    def has_comment(self, start: int, end: int, within: Part) -> bool:
        """Return whether a comment stands between two offsets, outside of the scalars of a part."""
        at = start
        for scalar in within.scalars():
            if at < scalar.end and scalar.start < end:
                if "#" in self.text[at : scalar.start]:
                    return True
                at = scalar.end
        return "#" in self.text[at:end]


def _walk(part: Part, path: KeyPath, *, in_flow: bool) -> Iterator[tuple[KeyPath, Entry, bool]]:
    in_flow = in_flow or part.is_flow
    for entry in part.entries:
        below = (*path, entry.key.value)
        yield below, entry, in_flow
        yield from _walk(entry.value, below, in_flow=in_flow)
    for index, item in enumerate(part.items):
        yield from _walk(item, (*path, index), in_flow=in_flow)


def _content(block: str) -> str:
    """Return a text below `|` or `>` without the blank lines after it, unless a `+` makes them part of it."""
    sign = _SIGN.search(block)
    return block.removesuffix("\n").removesuffix("\r") if sign and "+" in sign[0] else block.rstrip()


class _Composer:
    """Reads the events of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events = parsed(text)
        self._unused = unused_anchors(text)

    def documents(self) -> Iterator[Part]:
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent):
                yield self._part(next(self._events), is_shared=False)

    def _part(self, event: events.Event, *, is_shared: bool) -> Part:
        start, end = event.start_mark.index, event.end_mark.index  # type: ignore[union-attr]  # parsed: has marks
        if isinstance(event, events.AliasEvent):
            return Part("alias", start, end, is_shared=True)
        assert isinstance(event, events.NodeEvent)  # noqa: S101  nothing else begins a value
        is_used = event.anchor is not None and start not in self._unused
        made = Part("scalar", start, end, is_shared=is_shared or is_used)
        made.is_marked = event.anchor is not None or getattr(event, "tag", None) is not None
        if isinstance(event, events.ScalarEvent):
            made.value, made.style = event.value, event.style
            made.end = start + len(_content(self._text[start:end])) if event.style in _BLOCKS else end
        else:
            self._fill(made, event)
        return made

    def _fill(self, made: Part, event: events.Event) -> None:
        """Read what a mapping or list holds."""
        made.is_flow = bool(getattr(event, "flow_style", False))
        made.kind = "mapping" if isinstance(event, events.MappingStartEvent) else "list"
        for inner in self._events:
            if isinstance(inner, (events.MappingEndEvent, events.SequenceEndEvent)):
                made.end = inner.end_mark.index if made.is_flow else made.end  # type: ignore[union-attr]  # see above
                return
            part = self._part(inner, is_shared=made.is_shared)
            if made.kind == "mapping":
                value = self._part(next(self._events), is_shared=made.is_shared)
                made.entries.append(Entry(part, value))
                made.end = max(value.end, part.end)
            else:
                made.items.append(part)
                made.end = part.end
