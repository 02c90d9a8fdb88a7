"""Limits of tables: on what declares nothing, and on what mappings make of rows beside what these hold."""

from collections import Counter

from reconciler.core.model.desired import Contact
from reconciler.reading import Words
from reconciler.reading.anchors import MOST_EXPANDED, MOST_PROBLEMS, Amount, amount_of, excess
from reconciler.reading.document import Room
from reconciler.reading.row_formats import Row
from reconciler.specs.row_mapping import PreparedMapping

MOST_ENTRIES = 20
"""A file that more entries name is not read: each of them reads all of its rows."""

_FREE_VALUES = 16
_FREE_LETTERS = 1000
_FREE_PARTS = 100
"""Values and letters beside its cells, and memories and conditions, that a row may have without being counted."""

_FREE_USES = 2
"""Where so few columns are used again, as for a name or an identifier, nothing is counted."""

_OF_A_PART = 3
"""A memory takes as much as so many values."""


class RowBudget:
    """
    What the tables of one loading have used up together. Rows that declare somebody new use up nothing.

    With more than `most_problems` in rows, or more than `most_empty` rows that hold nothing, no table is read further:
    `spent` is what there is too much of, and what to do. `room` is what files of YAML may hold.
    """

    most_problems = MOST_PROBLEMS
    most_empty = 5_000_000

    def __init__(self, room: Room | None = None) -> None:
        self.room = room
        self.spent: Words | None = None
        self.problems = 0
        self._looked_at = 0
        self._empty = 0
        self._values = 0
        self._letters = 0
        self._contacts: set[int] = set()

    def note_empty(self) -> bool:
        """Count a row that holds nothing; return whether that is one too many."""
        self._empty += 1
        if self._empty > self.most_empty:
            self.spent = Words(f"tables have more than {self.most_empty:,} empty rows", "remove them from the files")
        return self._empty > self.most_empty

    def note_problems(self, count: int) -> None:
        """Count problems of rows."""
        self.problems += count
        if self.problems > self.most_problems:
            message = f"rows have more than {self.most_problems:,} problems"
            self.spent = Words(message, "fix these first, and run it again")

    def note_wrong_row(self, columns: int) -> None:
        """Count the mapped columns of a row with problems: all of them were searched for the cells of these."""
        self._looked_at += columns
        if self._looked_at > MOST_EXPANDED:
            message = f"rows with problems have more than {MOST_EXPANDED:,} mapped columns together"
            self.spent = Words(message, "fix these first, and run it again")

    def note_contact(self, contact: Contact) -> None:
        """Count a contact of a row, which is a problem if another row has its name or its identifier."""
        before = len(self._contacts)
        self._contacts.update((hash(contact.name), hash(contact.identity.key)))
        if len(self._contacts) < before + 2:
            self.note_problems(1)

    def note_made(self, made: Amount) -> bool:
        """Count what a mapping makes beside what a row holds; return whether that is too much."""
        self._values += made[0]
        self._letters += made[1]
        limit = excess((self._values, self._letters))
        if limit:
            cure = "give facts that all rows share to their scope, and map each column once"
            self.spent = Words(f"mappings make {limit} more than the rows hold", cure)
        return bool(limit)


class RowGrowth:
    """
    What a mapping makes of rows beside their own cells; it `is_free` where that is too little to be counted.

    A mapped column of which a row has no cell makes nothing; `columns` counts all that are mapped.
    """

    def __init__(self, prepared: PreparedMapping) -> None:
        leaves = prepared.leaves
        constants = [amount_of(leaf.constant) for leaf in leaves if leaf.cells is None]
        cells = [*(leaf.cells for leaf in leaves if leaf.cells is not None), *prepared.naming.named_by]
        self._uses = Counter(column for one in cells for column in one.columns)
        self.columns = len(self._uses)
        parts = max(prepared.memories + len(prepared.conditions) - _FREE_PARTS, 0)
        self._values = sum(values for values, _ in constants) + _OF_A_PART * parts
        self._letters = sum(letters for _, letters in constants) + sum(len(text) for one in cells for text in one.texts)
        repeated = self._uses.total() - self.columns
        self.is_free = self._values <= _FREE_VALUES and self._letters <= _FREE_LETTERS and repeated <= _FREE_USES

    def beside(self, row: Row) -> Amount:
        """Return what is made of a row beside what it holds and what is free."""
        values, letters = self._values, self._letters
        for column, cell in row.cells.items():
            more = self._uses[column] - 1
            values += more
            letters += max(more, 0) * (len(cell) if isinstance(cell, str) else 1)
        return max(values - _FREE_VALUES, 0), max(letters - _FREE_LETTERS, 0)
