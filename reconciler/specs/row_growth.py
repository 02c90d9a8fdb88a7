"""How much more the rows of a data file become than they hold: a mapping can repeat constants and cells in each."""

from collections import Counter
from collections.abc import Sequence

from reconciler.reading.anchors import amount_of, excess
from reconciler.reading.row_formats import Row
from reconciler.specs.row_mapping import Leaf

_FREE_VALUES = 16
_FREE_LETTERS = 1000
"""What a row may become beside its cells without being counted: a handful of constants are nobody's attack."""


class RowGrowth:
    """Counts over all rows what the leaves of a mapping make of them beside their own cells."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        constants = [amount_of(leaf.constant) for leaf in leaves if leaf.cells is None]
        cells = [leaf.cells for leaf in leaves if leaf.cells is not None]
        uses = Counter(column for one in cells for column in one.columns)
        self._repeated = {column: times - 1 for column, times in uses.items() if times > 1}
        self._values = len(cells) + sum(values for values, _ in constants)
        self._letters = sum(letters for _, letters in constants) + sum(len(text) for one in cells for text in one.texts)
        self._all_values = 0
        self._all_letters = 0

    def excess(self, row: Row) -> str:
        """Count a row; return which limit all rows exceed so far, as messages name it, empty where they do not."""
        letters = self._letters
        for column, times in self._repeated.items():
            cell = row.cells.get(column)
            letters += times * (len(cell) if isinstance(cell, str) else 1)
        self._all_values += max(self._values - len(row.cells) - _FREE_VALUES, 0)
        self._all_letters += max(letters - _FREE_LETTERS, 0)
        return excess((self._all_values, self._all_letters))
