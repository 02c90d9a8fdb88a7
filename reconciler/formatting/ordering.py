"""
The order of keys in block mappings: whole lines are moved, so that comments go where their keys go.

ruamel.yaml keeps a comment at what stands before it, and would take it along with the wrong key; its places are used.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from reconciler.formatting.shapes import Shape

_DOCUMENT_ENDS = ("---", "...")


class _Entry(Struct, frozen=True):
    """A key, and the lines that belong to it: leading comments, the key's line, and what stands below it."""

    key: str
    start: int
    line: int
    end: int


def ordered(text: str, documents: Iterable[Any], shape: Shape) -> str:
    """Give a text with the keys of its block mappings in order; `documents` are what its round trip read."""
    lines = text.split("\n")
    done: list[str] = []
    for document in documents:
        if _is_block_mapping(document):
            start = _first_line(document)
            end = next((at for at in range(start, len(lines)) if lines[at].startswith(_DOCUMENT_ENDS)), len(lines))
            done += [*lines[len(done) : start], *_Ordering(lines).mapping(document, shape, start, end)]
    return "\n".join([*done, *lines[len(done) :]])


class _Ordering:
    """Orders what stands in some lines; every method gives as many lines as it was asked about."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def mapping(self, node: Any, shape: Shape, start: int, end: int) -> list[str]:  # noqa: ANN401  a ruamel mapping
        """Order a block mapping that stands in the lines from `start` to `end`."""
        column = node.lc.key(next(iter(node)))[1]
        first = _first_line(node)
        prefix = self._lines[first][:column] if first == start else ""
        entries = self._entries(node, column, start, end)
        bodies = {one.key: self._body(node[one.key], shape.at(one.key), one) for one in entries}
        if prefix.strip():
            bodies[entries[0].key][0] = " " * column + bodies[entries[0].key][0][column:]
        keys = shape.sorted(bodies)
        gaps = [_blank_lines(bodies[one.key]) for one in entries]
        made = [line for gap, key in zip(gaps, keys, strict=True) for line in [""] * gap + _stripped(bodies[key])]
        if prefix.strip():
            made[0] = prefix + made[0][column:]
        return made + list(self._lines[entries[-1].end : end])

    def _entries(self, node: Any, column: int, start: int, end: int) -> list[_Entry]:  # noqa: ANN401  see above
        keys = list(node)
        lines = [node.lc.key(key)[0] for key in keys]
        starts = [start, *(self._lead(line, column, above) for above, line in pairwise(lines))]
        ends = [*starts[1:], self._tail(lines[-1], column, end)]
        return [_Entry(*one) for one in zip(keys, starts, lines, ends, strict=True)]

    def _body(self, value: Any, shape: Shape, entry: _Entry) -> list[str]:  # noqa: ANN401  see above
        head, below = list(self._lines[entry.start : entry.line + 1]), entry.line + 1
        if _is_block_mapping(value) and below <= _first_line(value) < entry.end:
            return head + self.mapping(value, shape, below, entry.end)
        if _is_block_list(value) and below <= value.lc.item(0)[0] < entry.end:
            return head + self._list(value, shape, below, entry.end)
        return list(self._lines[entry.start : entry.end])

    def _list(self, node: Any, shape: Shape, start: int, end: int) -> list[str]:  # noqa: ANN401  see above
        made: list[str] = []
        starts = [node.lc.item(index)[0] for index in range(len(node))]
        for index, (line, below) in enumerate(zip(starts, [*starts[1:], end], strict=True)):
            made += self._lines[start + len(made) : line]
            if _is_block_mapping(node[index]) and _first_line(node[index]) == line:
                made += self.mapping(node[index], shape.at(index), line, below)
        return [*made, *self._lines[start + len(made) : end]]

    def _lead(self, line: int, column: int, above: int) -> int:
        """Give the line where the comments and empty lines right above a key begin."""
        while line - 1 > above and self._is_aside(line - 1, range(column, column + 1)):
            line -= 1
        return line

    def _tail(self, last: int, column: int, end: int) -> int:
        """Give the line behind the last entry, where comments may stand that belong to no key."""
        while end - 1 > last and self._is_aside(end - 1, range(column + 1)):
            end -= 1
        return end

    def _is_aside(self, at: int, columns: range) -> bool:
        """Say whether a line is empty, or a comment that starts in one of the columns."""
        stripped = self._lines[at].lstrip()
        return not stripped or (stripped.startswith("#") and len(self._lines[at]) - len(stripped) in columns)


def _blank_lines(body: Sequence[str]) -> int:
    return next((index for index, line in enumerate(body) if line.strip()), len(body))


def _stripped(body: list[str]) -> list[str]:
    return body[_blank_lines(body) :]


def _first_line(node: Any) -> int:  # noqa: ANN401  a ruamel mapping
    line: int = node.lc.key(next(iter(node)))[0]
    return line


def _is_block_mapping(node: object) -> bool:
    return isinstance(node, CommentedMap) and bool(node) and not node.fa.flow_style()


def _is_block_list(node: object) -> bool:
    return isinstance(node, CommentedSeq) and bool(node) and not node.fa.flow_style()
