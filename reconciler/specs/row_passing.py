"""Rows of a data file that a shard passes over: what they are counted as, and the names that they have."""

from array import array
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from msgspec import Struct

from reconciler.reading.row_files import RowEvent
from reconciler.reading.row_formats import Row
from reconciler.specs.passing import Passing
from reconciler.specs.row_cells import CellError
from reconciler.specs.row_names import without_hash
from reconciler.specs.row_template import Template

_MOST_KINDS = 10_000
"""So many kinds of rows are held before they are counted."""

_Kind: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The columns whose cells are filled, and the cells that decide."""


class _Counted(Struct):
    """The first row of a kind, and the number of its rows."""

    first: Row
    times: int = 0


class RowPassing:
    """
    The rows of one data file, of which a shard keeps its own; `passed` counts the others.

    Rows are of one kind if the same cells are filled, and the cells that decide what a row declares are equal. Of each
    kind, one row is looked at.
    """

    def __init__(self, passing: Passing, template: Template) -> None:
        self.passed = 0
        self._passing = passing
        self._template = template
        self._deciding = tuple(template.deciding)
        self._kinds: dict[_Kind, _Counted] = {}
        self._names = array("q")
        self._patched = passing.patched | {without_hash(name) for name in passing.patched}

    def own(self, events: Iterator[RowEvent]) -> Iterator[RowEvent]:
        """Yield what is not passed over."""
        for event in events:
            if not (isinstance(event, Row) and self._passes(event)):
                yield event
        self._count_kinds()

    def names_among(self, hashes: AbstractSet[int]) -> AbstractSet[int]:
        """Return those of the hashes of names that rows have which were passed over."""
        return set(hashes).intersection(self._names)

    def _passes(self, row: Row) -> bool:
        if not self._passing.is_elsewhere(self._template.identifiers(row)):
            return False
        try:
            name = self._template.naming.base(row)
        except CellError:
            return False  # it is reported where the row is read
        if name is None or (self._patched and {name, without_hash(f"{name}-00000000")} & self._patched):
            return False
        self.passed += 1
        self._names.append(hash(name))
        self._add(row)
        return True

    def _add(self, row: Row) -> None:
        filled = tuple([column for column, cell in row.cells.items() if cell is not None and cell != ""])
        kind = filled, tuple([repr(row.cell(column)) for column in self._deciding]) if self._deciding else ()
        known = self._kinds.get(kind)
        if known is None:
            if len(self._kinds) >= _MOST_KINDS:
                self._count_kinds()
            known = self._kinds[kind] = _Counted(row)
        known.times += 1

    def _count_kinds(self) -> None:
        for kind in self._kinds.values():
            self._passing.tally.add(self._template.contact(kind.first), kind.times)
        self._kinds.clear()
