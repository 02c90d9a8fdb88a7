"""Joining: parts of several files → one document in which every key and value keeps its own place."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from msgspec.structs import replace

from reconciler.errors import Source
from reconciler.reading.places import OFFSET_BITS, Lines, Mark, Node


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
        """Give the offset at which a text begins."""
        return self._first_of[id(part)]

    def source(self, at: int) -> Source:
        """Give the place of an offset, in the text that it belongs to."""
        index = bisect_right(self._first, at) - 1
        return self._parts[index].source(at - self._first[index])


def joined(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Give nodes of several texts such places that a mapping or list can be made of parts of them."""
    lines = _JoinedLines(list({id(node.lines): node.lines for node in nodes}.values()))
    return tuple(Node(node.value, lines, _moved(node.mark, lines.first_of(node.lines))) for node in nodes)


def mapping(like: Node, entries: Mapping[str, Node]) -> Node:
    """Give a mapping of joined nodes that stands where another one stands."""
    value = {key: node.value for key, node in entries.items()}
    return replace(like, value=value, mark=(_own(like.mark), *(node.mark for node in entries.values())))


def listing(like: Node, items: Sequence[Node]) -> Node:
    """Give a list of joined nodes that stands where another one stands."""
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
