"""What makes a document of each row, with places, as a prepared mapping says: the row declares a contact."""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.desired import IDENTITY_KEYS
from reconciler.core.model.masking import compose, quote
from reconciler.core.model.phone_numbers import SPREADSHEET_CURE
from reconciler.core.model.references import OPENING, escaped
from reconciler.core.model.value import Json, same
from reconciler.errors import Source
from reconciler.reading import OFFSET_BITS, REFUSED, KeyPath, Lines, Mark, Node, Numeral, numeral_value, plain_value
from reconciler.reading.row_formats import Row
from reconciler.specs.row_cells import CellError, escaped_text, text_of
from reconciler.specs.row_limits import RowGrowth
from reconciler.specs.row_mapping import (
    NAME_AT,
    Branch,
    Condition,
    Leaf,
    PreparedMapping,
    Slot,
    TemplatePart,
    UserTemplates,
)
from reconciler.specs.row_schema import Convert

_Built: TypeAlias = tuple[Json, Mark]
_ROUNDED = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}").fullmatch
"""A number as a spreadsheet shows it in exponent notation: 1.23E+11."""


class WrongCell(Struct, frozen=True):
    """A cell that does not fit the mapping: why, and what would be right."""

    slot: Slot
    message: str
    cure: str


class _Filling(Struct, frozen=True):
    """A row that a template is filled with, and the cells of it that turned out to be wrong."""

    row: Row
    wrong: list[WrongCell]


class RowLines(Lines):
    """The places of a row's values: an offset is the number of a slot of the mapping."""

    __slots__ = ("_row", "_slots")

    def __init__(self, row: Row, slots: Sequence[Slot]) -> None:
        super().__init__(row.source.file, "")
        self._row = row
        self._slots = slots
        self.length = len(slots)

    def source(self, at: int) -> Source:
        """Return the place of a cell in its file, of a constant in the spec."""
        slot = self._slots[min(at, len(self._slots) - 1)]
        return self._row.place(slot.column) if slot.column is not None else slot.source


class Template:
    """
    Makes documents of rows, as a `contacts_from` entry maps them.

    In a cell, `${` is plain text, so documents write it `$${`. Constants are escaped like that, too, where the entry
    `is_resolved`: its references are already filled in. The scopes that are `left_out` are skipped.
    """

    def __init__(
        self,
        entry: Node,
        *,
        is_text: bool,
        is_resolved: bool,
        convert: Convert,
        left_out: AbstractSet[str] = frozenset(),
    ) -> None:
        prepared = PreparedMapping(entry, is_resolved=is_resolved, left_out=left_out)
        self.slots = prepared.slots
        self.conditions = prepared.conditions
        self.naming = prepared.naming
        self._met: set[KeyPath] = set()
        self._region = prepared.region
        self._is_text = is_text
        self._convert = convert
        self._is_resolved = is_resolved
        self._leaves = prepared.leaves
        self.growth = RowGrowth(prepared)
        self._contact = prepared.contact
        self._identifiers = [
            (key, part) for key, part in self._contact.parts if key in IDENTITY_KEYS and isinstance(part, Leaf)
        ]
        self._plain_id = self._plain_identifier()
        changed = (leaf for leaf in self._leaves if leaf.cells and not (leaf.plain or leaf.cells.is_text))
        self._changed = {id(self.slots[leaf.at]) for leaf in changed}

    @property
    def reads_numbers(self) -> bool:
        """Return whether the phone numbers of its documents are in E.164; without a country, they are as written."""
        return self._region.is_known

    @property
    def columns(self) -> Iterator[Slot]:
        """Return each use of a column, the conditions included."""
        yield from (slot for slot in self.slots if slot.column is not None)
        yield from (condition.slot for condition in self.conditions)

    @property
    def unmet(self) -> Iterator[Slot]:
        """Return the first condition of each memory that none of the rows so far declares."""
        first = {condition.slot.path: condition.slot for condition in reversed(self.conditions)}
        yield from (slot for path, slot in first.items() if path not in self._met)

    @property
    def deciding(self) -> Iterator[str]:
        """Yield the columns on whose cells, and not only on whether these are filled, it depends what is declared."""
        yield from (str(condition.slot.column) for condition in self.conditions)
        for leaf in self._leaves:
            if leaf.fact is not None and leaf.cells and (leaf.cells.split or leaf.cells.map is not None):
                yield from leaf.cells.columns

    def identifiers(self, row: Row) -> Mapping[str, Json]:
        """Return the identifiers of a row's contact, as its document declares them; none where one is refused."""
        if self._plain_id:
            cell = row.cells.get(self._plain_id[1])
            if isinstance(cell, str) and not _ROUNDED(cell):
                return {self._plain_id[0]: escaped_text(cell) if OPENING in cell else cell}
        filling = _Filling(row, [])
        built = ((kind, self._build_leaf(leaf, filling)) for kind, leaf in self._identifiers)
        found = {kind: one[0] for kind, one in built if one is not None}
        return {} if filling.wrong else found

    def contact(self, row: Row) -> Mapping[str, Json]:
        """Return what a row's document declares of its contact."""
        built = self._build_branch(self._contact, _Filling(row, []))
        return {} if built is None else cast("Mapping[str, Json]", built[0])

    def document(self, row: Row, name: str) -> tuple[Node, Sequence[WrongCell]]:
        """Return the document that declares a row's contact, and the cells that are refused in it."""
        filling = _Filling(row, [])
        built = self._build_branch(self._contact, filling)
        value, mark = built if built is not None else ({}, _mark(NAME_AT))
        own = _mark(NAME_AT)
        filled = [one for one in self._identifiers if isinstance(value, dict) and one[0] in value]
        for kind, leaf in filled[1:]:
            filling.wrong.append(WrongCell(self.slots[leaf.at], *self._somebody_else(filled[0][1])))
            value = {**cast("Mapping[str, Json]", value), kind: REFUSED}
        if isinstance(value, dict) and not filled:
            kind, leaf = self._identifiers[0]  # whose place is told, so that no further problem is noted
            filling.wrong.append(WrongCell(self.slots[leaf.at], *self._nobody()))
            value = {**value, kind: REFUSED}
            mark = (*cast("tuple[int, *tuple[Mark, ...]]", mark), _mark(leaf.at))
        return Node({"contacts": {name: value}}, RowLines(row, self.slots), (own, (own, mark))), filling.wrong

    def _nobody(self) -> tuple[str, str]:
        """Return what is wrong with a row without an identifier, and the cure."""
        others = [quote(column) for _, leaf in self._identifiers[1:] if leaf.cells for column in leaf.cells.columns]
        names = compose(", ".join(["{}"] * len(others)), *others)
        also = compose(", and so {} {}", "is" if len(others) == 1 else "are", names) if others else ""
        message = compose("this cell is empty{}: it says who is remembered", also)
        return message, "fill it in, or map an identifier that each row has in its place"

    def _somebody_else(self, first: Leaf) -> tuple[str, str]:
        """Return what is wrong with the second identifier of a row, and the cure."""
        other = self.slots[first.at].column
        told = compose(", and so does {}", quote(other)) if other else ", and so does another value"
        return compose("this cell says who is remembered{}", told), "map one of the two; the account holds the other"

    def changes(self, slot: Slot) -> bool:
        """Return whether the cell of a slot is changed before it is looked at, so that messages quote another text."""
        return id(slot) in self._changed

    def _plain_identifier(self) -> tuple[str, str] | None:
        """Return the kind and the column of the only identifier, where that is a cell as it is, as most are."""
        if len(self._identifiers) != 1:
            return None
        ((kind, leaf),) = self._identifiers
        return (kind, leaf.plain) if leaf.plain and not leaf.is_number else None

    def _build(self, part: TemplatePart, filling: _Filling) -> _Built | None:
        match part:
            case Leaf():
                return self._build_leaf(part, filling)
            case Branch():
                return self._build_branch(part, filling)
            case UserTemplates():
                return self._build_users(part, filling)

    def _build_leaf(self, leaf: Leaf, filling: _Filling) -> _Built | None:
        if leaf.cells is None:
            return leaf.constant, _deep(leaf.constant, leaf.at)
        cell: Json
        try:
            cell = (
                filling.row.cell(leaf.plain)
                if leaf.plain
                else leaf.cells.value(filling.row, escape=None if self._is_resolved else escaped_text)
            )
            if leaf.is_label and cell is not None:
                cell = text_of(cell, leaf.cells.columns[0])
        except CellError as error:
            slot = replace(self.slots[leaf.at], column=error.column)
            filling.wrong.append(WrongCell(slot, error.message, error.cure))
            return REFUSED, _mark(leaf.at)
        if cell is None:
            return None
        if leaf.is_whole and (column := leaf.cells.missing(filling.row)):
            slot = replace(self.slots[leaf.at], column=column)
            part = f"this cell is empty, and it is a part of the {slot.path[-1]}"
            filling.wrong.append(WrongCell(slot, part, "fill it in"))
            return REFUSED, _mark(leaf.at)
        if isinstance(cell, str):
            cell = self._text(leaf, cell, filling)
        value = cell if leaf.cells.is_text and not self._is_resolved else escaped(cell)
        return value, _deep(value, leaf.at)

    def _text(self, leaf: Leaf, cell: str, filling: _Filling) -> Json:
        """Return a text as the fact or the number that it is, or `REFUSED` and note why it is none."""
        if leaf.is_number:
            number = self._region.read(cell, filling.row)
            if isinstance(number, str):
                return number
            filling.wrong.append(WrongCell(self.slots[leaf.at], number.message, number.cure))
            return REFUSED
        if leaf.is_id and _ROUNDED(cell):
            lost = compose("{} lost its last digits in a spreadsheet", quote(cell))
            filling.wrong.append(WrongCell(self.slots[leaf.at], lost, SPREADSHEET_CURE))
            return REFUSED
        if not self._is_text or leaf.fact is None:
            return cell
        try:
            return self._convert(leaf.fact, cell)
        except ValueError as error:
            filling.wrong.append(WrongCell(self.slots[leaf.at], error.args[0], "fix the cell"))
            return REFUSED

    def _build_branch(self, branch: Branch, filling: _Filling) -> _Built | None:
        meets = [self._meets(condition, filling) for condition in branch.conditions]
        if not all(meets):
            return None
        if branch.conditions:
            self._met.add(branch.conditions[0].slot.path)
        value: dict[str, Json] = {}
        marks: list[Mark] = []
        for key, part in branch.parts:
            built = self._build(part, filling)
            if built is not None:
                value[key] = built[0]
                marks.append(built[1])
        return None if branch.may_drop and not value else (value, (_mark(branch.at), *marks))

    def _meets(self, condition: Condition, filling: _Filling) -> bool:
        cell, expected = filling.row.cell(str(condition.slot.column)), condition.expected
        if isinstance(expected, str) and _kind(cell) == "a number" and isinstance(plain_value(expected), Numeral):
            expected = numeral_value(expected)  # as 3.10, with quotes or without: text where a cell is text
        if cell is not None and _kind(cell) != _kind(expected) and expected != "":
            cure = f"write {_kind(cell)} in `where`, if that is meant, or fix the cell"
            if isinstance(cell, (dict, list)):
                cure = "name another column"
            filling.wrong.append(WrongCell(condition.slot, f"{_kind(expected)} is expected, not {_kind(cell)}", cure))
            return False
        return same("" if cell is None else cell, expected)

    def _build_users(self, users: UserTemplates, filling: _Filling) -> _Built | None:
        built = [self._build_branch(user, filling) for user in users.users if _has_cells(user, filling.row)]
        found = [one for one in built if one is not None]
        return ([value for value, _ in found], (_mark(NAME_AT), *(mark for _, mark in found))) if found else None


def _has_cells(user: Branch, row: Row) -> bool:
    cells = (part.cells for _, part in user.parts if isinstance(part, Leaf) and part.cells is not None)
    columns = [column for one in cells for column in one.columns]
    return not columns or any(row.cell(column) is not None for column in columns)


def _kind(value: Json) -> str:
    """Return what kind of value a condition is compared with; values of different kinds are never equal."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case _:
            return "a mapping" if isinstance(value, dict) else "a list"


def _mark(at: int) -> int:
    return at << OFFSET_BITS | at


def _deep(value: Json, at: int) -> Mark:
    """Return a value's marks, all of them at one place."""
    if isinstance(value, dict):
        return (_mark(at), *(_deep(below, at) for below in value.values()))
    return (_mark(at), *(_deep(below, at) for below in value)) if isinstance(value, list) else _mark(at)
