"""
Places: where every key and every value of a document is written.

Places are kept as offsets into the text, two packed into one number, in tuples beside the data and in its order:
with 10,000 contacts in one file, a table from paths to lines would cost more than the data itself.
They become a file, a line and a column only when somebody asks.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import accumulate, islice, repeat
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.address import keyed_address
from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys of mappings as text, indexes of lists as numbers from 0."""

Addressing: TypeAlias = Callable[[KeyPath], str]
"""How the reader of a document speaks of a path to its user."""


def dotted(path: KeyPath) -> str:
    """Return a path as `environments.production.specs[0]`; a key that is not one plain word is quoted."""
    steps = (keyed_address("", step) if isinstance(step, str) else f"[{step}]" for step in path)
    return "".join(steps).removeprefix(".")


Mark: TypeAlias = "int | tuple[int, *tuple[Mark, ...]]"
"""
The offsets of an entry's key and value, `key << OFFSET_BITS | value`; an item of a list counts as its own key.

For a mapping or list that is not empty, this is followed by the marks of its entries, in the order of the data.
"""

OFFSET_BITS = 32
_VALUE_OFFSET = (1 << OFFSET_BITS) - 1


def key_offset(mark: Mark) -> int:
    """Return the offset of the key of an entry."""
    return (mark if isinstance(mark, int) else mark[0]) >> OFFSET_BITS


def value_offset(mark: Mark) -> int:
    """Return the offset of an entry's value."""
    return (mark if isinstance(mark, int) else mark[0]) & _VALUE_OFFSET


_NEAR = 32
"""The number of lines after the last one in which the next place is looked for first."""

_FEW = 64
"""In a mapping with fewer entries, one is as soon found by looking through them."""


_BLOCK = 1 << 20
_LINE_END = r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]"


def _lengths(text: str) -> Iterator[int]:
    """Return the length of each line, a block at a time: many short lines take 50 times the memory of their text."""
    start = 0
    while start < len(text):
        last = re.compile(_LINE_END).search(text, start + _BLOCK)
        end = last.end() if last else len(text)
        yield from map(len, text[start:end].splitlines(keepends=True))
        start = end


class Lines:
    """The starts of all lines of a text, which turn an offset into a place."""

    __slots__ = ("_last", "_positions", "_starts", "file", "length")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.length = len(text)
        self._last = 1  # the line that was asked for last: places are asked for in the order of the text
        self._positions: dict[int, tuple[Mapping[str, Json], Mapping[str, int]]] = {}
        self._starts = array("I", accumulate(_lengths(text), initial=0))
        if text and text[-1] not in "\n\r":
            self._starts.pop()  # where an unfinished last line ends, no other begins

    def source(self, at: int) -> Source:
        """Return the place of an offset; the end of a text belongs to its last line."""
        starts, last = self._starts, self._last
        most = last + _NEAR
        if most < len(starts) and starts[last - 1] <= at < starts[most]:
            line = bisect_right(starts, at, last, most)
        else:
            line = bisect_right(starts, at)
        self._last = line
        return Source(self.file, line, at - starts[line - 1] + 1)

    def offset(self, source: Source) -> int:
        """Return the offset of a place in this text: the reverse of `source`."""
        return self._starts[source.line - 1] + source.column - 1

    def position(self, entries: Mapping[str, Json], key: str) -> int:
        """Return which entry of a mapping has a key; a large mapping is indexed once, for its many mistakes."""
        if len(entries) < _FEW:
            return list(entries).index(key)
        if id(entries) not in self._positions:  # it is kept with its index, so that no other mapping gets its id
            self._positions[id(entries)] = entries, {name: at for at, name in enumerate(entries)}
        return self._positions[id(entries)][1][key]

    def problem(self, at: int, message: str, *, cure: str, address: str = "") -> Problem:
        """Return a problem at an offset."""
        source = self.source(at)
        return source.problem(address, message, cure)


class Refused(str):
    """A stand-in for a value whose problem is already reported; further checks ignore it."""

    __slots__ = ()


REFUSED = Refused()


class Node(Struct, frozen=True, gc=False):
    """A value of a document, with its place and the places of all entries below it."""

    value: Json
    lines: Lines
    mark: Mark

    @property
    def source(self) -> Source:
        """Return the place where the value starts."""
        return self.lines.source(value_offset(self.mark))

    @property
    def key_source(self) -> Source:
        """Return the place of the value's key; of the value itself in a list or at the top."""
        return self.lines.source(key_offset(self.mark))

    def keyed(self) -> Iterator[tuple[str, Json, Source]]:
        """Return a mapping's keys, values and places of keys: like `entries`, at a third of the cost."""
        if not isinstance(self.value, dict):
            return iter(())
        places = map(self.lines.source, map(key_offset, self._marks))
        return zip(self.value, self.value.values(), places, strict=True)

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """Return a mapping's keys and values; nothing for any other value."""
        if not isinstance(self.value, dict):
            return iter(())
        nodes = map(Node, self.value.values(), repeat(self.lines), self._marks)
        return zip(self.value, nodes, strict=True)

    def items(self) -> Iterator["Node"]:
        """Return the items of a list; nothing for any other value."""
        return map(Node, self.value, repeat(self.lines), self._marks) if isinstance(self.value, list) else iter(())

    def at(self, path: KeyPath) -> "Node":
        """Return the node at a path from here, or the last one on the way that exists."""
        node = self
        for step in path:
            below = node._below(step)
            if below is None:
                break
            node = below
        return node

    def _below(self, step: str | int) -> "Node | None":
        match self.value:
            case dict() if step in self.value:
                return self._held(self.value[step], self.lines.position(self.value, str(step)))
            case list() if isinstance(step, int) and step < len(self.value):
                return self._held(self.value[step], step)
            case _:
                return None

    def _held(self, value: Json, position: int) -> "Node":
        assert isinstance(self.mark, tuple)  # noqa: S101 - the builder gives a mapping or list the marks it holds
        return Node(value, self.lines, self.mark[position + 1])

    @property
    def _marks(self) -> Iterator[Mark]:
        return islice(self.mark, 1, None) if isinstance(self.mark, tuple) else iter(())


class _JoinedLines(Lines):
    """The lines of several texts, whose offsets go on where those of the text before end."""

    __slots__ = ("_first", "_first_of", "_parts")

    def __init__(self, parts: Sequence[Lines]) -> None:
        super().__init__(parts[0].file, "")
        self._parts = parts
        self._first = tuple(accumulate((part.length + 1 for part in parts), initial=0))
        self._first_of = {id(part): first for part, first in zip(parts, self._first, strict=False)}
        self.length = self._first[-1]

    def first_of(self, part: Lines) -> int:
        """Return the offset at which a text begins."""
        return self._first_of[id(part)]

    def source(self, at: int) -> Source:
        """Return the place of an offset, in the text that it belongs to."""
        index = bisect_right(self._first, at) - 1
        return self._parts[index].source(at - self._first[index])


def joined(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return nodes of several texts with places in one space, so that they can be parts of one mapping or list."""
    lines = _JoinedLines(list({id(node.lines): node.lines for node in nodes}.values()))
    return tuple(Node(node.value, lines, _moved(node.mark, lines.first_of(node.lines))) for node in nodes)


def mapping(like: Node, entries: Mapping[str, Node]) -> Node:
    """Return a mapping of joined nodes, at the place of another mapping."""
    value = {key: node.value for key, node in entries.items()}
    return replace(like, value=value, mark=(_own(like.mark), *(node.mark for node in entries.values())))


def listing(like: Node, items: Sequence[Node]) -> Node:
    """Return a list of joined nodes, at the place of another list."""
    return replace(like, value=[node.value for node in items], mark=(_own(like.mark), *(node.mark for node in items)))


def _own(mark: Mark) -> int:
    return mark if isinstance(mark, int) else mark[0]


def _moved(mark: Mark, by: int) -> Mark:
    if not by:
        return mark
    if isinstance(mark, int):
        return mark + (by << OFFSET_BITS | by)
    own, *held = mark
    return (own + (by << OFFSET_BITS | by), *(_moved(one, by) for one in held))


class Edit(Struct, frozen=True, order=True):
    """The characters from `start` to `end` of a text, and what comes in their place."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with its edits made; raises `ValueError` where two of them overlap."""
    return edited_in_order(text, sorted(edits))


def edited_in_order(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits made that come in its order, none of which is kept: there may be a million of them."""
    made = StringIO()
    at = 0
    for edit in edits:
        if edit.start < at:
            raise ValueError(f"two edits overlap at {edit.start}")
        made.write(text[at : edit.start])
        made.write(edit.text)
        at = edit.end
    made.write(text[at:])
    return made.getvalue()
