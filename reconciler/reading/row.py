"""What reading a data file gives: the columns that its header names, and rows with the places of their cells."""

from collections.abc import Mapping

from msgspec import Struct

from reconciler.core.model.value import Json
from reconciler.errors import Source


class Columns(Struct, frozen=True):
    """The columns that the header of a file names."""

    names: tuple[str, ...]
    source: Source


class Row(Struct, frozen=True):
    """One row, its cells by column; `source` is where it starts, `positions` count its columns from 1."""

    cells: Mapping[str, Json]
    source: Source
    positions: Mapping[str, int]

    def cell(self, column: str) -> Json:
        """Give what a column holds, None where it holds nothing."""
        cell = self.cells.get(column)
        return None if cell == "" else cell

    def place(self, column: str) -> Source:
        """Give the place of a cell: the line on which its row starts, and the number of its column."""
        return Source(self.source.file, self.source.line, self.positions.get(column, 1))
