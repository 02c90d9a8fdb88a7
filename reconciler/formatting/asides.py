"""
Asides, which are comments and empty lines: what each of them belongs to.

A comment above a key or an item belongs to it, and one that ends the line of a dash to the item's first key. A comment
indented like the keys or items of what ends above it stands at their end. Comments at the top belong to the document
as far as the last empty line below them; the line for editors always does. A comment beside something belongs to that.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct, field

from reconciler.reading import Entry, KeyPath, Outline

Place: TypeAlias = Literal["above", "beside", "at the end"]
Lines: TypeAlias = defaultdict[KeyPath, list[str]]
_LINE_FOR_EDITORS = "# yaml-language-server:"


def _lines() -> Lines:
    return defaultdict(list)


class Asides(Struct, frozen=True):
    """
    The asides of a document by what they belong to; comments are without their indentation.

    `above` and `ends` hold lines, empty ones included; `beside` a column and a comment. `gaps` tells how many empty
    lines stand before the first, second… entry of a mapping or list: they keep their places where keys change theirs.
    """

    above: Lines = field(default_factory=_lines)
    ends: Lines = field(default_factory=_lines)
    beside: dict[KeyPath, tuple[int, str]] = field(default_factory=dict)
    gaps: dict[tuple[KeyPath, int], int] = field(default_factory=dict)

    def owners(self, final: Outline) -> Counter[tuple[Place, KeyPath, str]]:
        """Count what belongs where; above the first key of an item, as `final` has it, is above the item."""
        outer = dict[KeyPath, KeyPath]()
        for above, entry in sharing_lines(final):
            outer[entry.path] = outer.get(above.path, above.path)
        return Counter(
            [
                *(
                    ("above", outer.get(path, path), line)
                    for path, lines in self.above.items()
                    for line in lines
                    if line
                ),
                *(("at the end", path, line) for path, lines in self.ends.items() for line in lines if line),
                *(("beside", path, comment) for path, (_, comment) in self.beside.items()),
            ]
        )


def sharing_lines(outline: Outline) -> Iterator[tuple[Entry, Entry]]:
    """Give the document, and each item that begins with a key or an item, together with what it begins with."""
    for above, entry in zip(outline.entries, outline.entries[1:], strict=False):
        if above.line == entry.line:
            yield above, entry


def taken_apart(text: str, outline: Outline) -> tuple[str, Asides]:
    """Give a text without its asides, and the asides; a comment inside of a value may be in neither."""
    taking = _Taking(text, outline)
    return taking.without(), taking.asides


class _Taking:
    """Goes through the lines of a text, and says of each aside what it belongs to."""

    def __init__(self, text: str, outline: Outline) -> None:
        self.asides = Asides()
        self._lines = text.split("\n")
        self._outline = outline
        self._entries = {entry.path: entry for entry in outline.entries}
        self._first_below = {entry.path[:-1]: entry.path for entry in reversed(outline.entries)}
        self._positions = positions(outline)

    def without(self) -> str:
        """Give the text without its asides, and note them on the way."""
        begun = _by_line(self._outline)
        kept: list[str] = []
        waiting: list[str] = []
        last: KeyPath = ()
        for at, line in enumerate(self._lines):
            if at not in self._outline.taken and _is_aside(line):
                waiting.append(line)
                continue
            self._note_lines(waiting, last, begun.get(at, ()))
            waiting = []
            kept.append(self._without_comment(at, line))
            last = begun[at][-1].path if at in begun else last
        self._note_last(waiting, last)
        return "".join(f"{line}\n" for line in kept)

    def _without_comment(self, at: int, line: str) -> str:
        """Give a line without the comment that ends it."""
        behind, owner = self._outline.free.get(at, (len(line), ()))
        column = _comment_in(line, behind)
        if column is None:
            return line
        comment, entry = line[column:].rstrip(), self._entries[owner]
        if owner and isinstance(owner[-1], int) and entry.inner is not None:
            self.asides.above[self._first_below[owner]].append(comment)
        else:
            self.asides.beside.setdefault(owner, (column, comment))
        return line[:column].rstrip()

    def _note_lines(self, lines: Sequence[str], last: KeyPath, begun: Sequence[Entry]) -> None:
        """Note lines that stand between the entry `last` and those that begin below them."""
        inner = next((entry for entry in begun if entry.path), None)
        if not begun or not lines:
            return
        if not begun[0].path:
            lines = self._without_head(lines, has_keys=inner is not None)
        if inner is not None:
            self._note_above(self._without_ends(lines, last, inner), inner.path)

    def _without_head(self, lines: Sequence[str], *, has_keys: bool) -> Sequence[str]:
        """Note what belongs to the document, at its top, and give the other lines."""
        empty = [index for index, line in enumerate(lines) if not line.strip()]
        for_editors = lines[0].startswith(_LINE_FOR_EDITORS)
        end = max([*(index + 1 for index in empty), int(for_editors)]) if has_keys else len(lines)
        self.asides.above[()] += map(str.strip, lines[_empty_at_start(lines[:end]) : end])
        return lines[end:]

    def _without_ends(self, lines: Sequence[str], last: KeyPath, following: Entry) -> Sequence[str]:
        """Note what stands at the end of what ends above the lines, and give the others."""
        levels = self._levels(last, within=following)
        start = 0
        for index, line in enumerate(lines):
            if line.strip():
                column = indentation(line)
                if column not in levels:
                    break
                self.asides.ends[levels[column]] += map(str.strip, lines[start : index + 1])
                levels = {one: path for one, path in levels.items() if one <= column}
                start = index + 1
        return lines[start:]

    def _note_last(self, lines: Sequence[str], last: KeyPath) -> None:
        """Note lines below which no entry begins; empty ones at the end are let go."""
        levels = self._levels(last, within=None) or {0: ()}
        waiting: list[str] = []
        for line in lines:
            waiting.append(line.strip())
            if line.strip():
                column = max((one for one in levels if one <= indentation(line)), default=min(levels))
                self.asides.ends[levels[column]] += waiting
                levels = {one: path for one, path in levels.items() if one <= column}
                waiting = []

    def _note_above(self, lines: Sequence[str], path: KeyPath) -> None:
        empty = _empty_at_start(lines)
        self.asides.gaps[path[:-1], self._positions[path]] = empty
        self.asides.above[path] += map(str.strip, lines[empty:])

    def _levels(self, last: KeyPath, within: Entry | None) -> dict[int, KeyPath]:
        """Give the columns of all that ends between two entries, or at the end; of two the same, the outer one's."""
        levels: dict[int, KeyPath] = {}
        outermost = 0 if within is None else len(within.path)
        for length in range(len(last), outermost - 1, -1):
            column = self._entries[last[:length]].inner
            if column is not None and (within is None or column > within.column):
                levels[column] = last[:length]
        return levels


def positions(outline: Outline) -> dict[KeyPath, int]:
    """Say which entry of its mapping or list each one is, from 0."""
    seen = Counter[KeyPath]()
    positions: dict[KeyPath, int] = {}
    for entry in outline.entries[1:]:
        positions[entry.path] = seen[entry.path[:-1]]
        seen[entry.path[:-1]] += 1
    return positions


def _by_line(outline: Outline) -> dict[int, list[Entry]]:
    made: dict[int, list[Entry]] = {}
    for entry in outline.entries:
        made.setdefault(entry.line, []).append(entry)
    return made


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _empty_at_start(lines: Sequence[str]) -> int:
    return next((index for index, line in enumerate(lines) if line.strip()), len(lines))


def _comment_in(line: str, behind: int) -> int | None:
    """Give the column of the comment that ends a line, somewhere behind all else."""
    found = (at for at in range(behind, len(line)) if line[at] == "#" and line[at - 1 : at] in {" ", "\t"})
    return next(found, None)


def indentation(line: str) -> int:
    """Count the spaces before a line's text."""
    return len(line) - len(line.lstrip())
