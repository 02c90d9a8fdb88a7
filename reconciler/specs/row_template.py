"""A mapping of columns, made ready: a row in, the contact that it declares out, as a document with its places."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.references import escaped
from reconciler.core.value import Json
from reconciler.errors import Source
from reconciler.reading import OFFSET_BITS, REFUSED, Lines, Mark, Node, Row
from reconciler.specs.addresses import FACTS
from reconciler.specs.cells import Convert
from reconciler.specs.row_schema import CONSTANT

_Built: TypeAlias = tuple[Json, Mark]
_NAME_AT = 0


class _Leaf(Struct, frozen=True):
    """One value: that of a column, or a constant; `fact` is its key where it is a fact."""

    at: int
    column: str | None
    constant: Json
    fact: str | None


class _Branch(Struct, frozen=True):
    """A mapping at a slot, dropped where it is empty and `may_drop`; only in rows with the texts of `where`."""

    parts: tuple[tuple[str, "_Part"], ...]
    may_drop: bool
    where: tuple[tuple[str, str], ...] = ()
    at: int = _NAME_AT


class _Users(Struct, frozen=True):
    """A list of users, each dropped in rows in which all of its columns are empty."""

    users: tuple[_Branch, ...]


_Part: TypeAlias = _Leaf | _Branch | _Users


class WrongCell(Struct, frozen=True):
    """A cell of which no value can be made, and why; `at` is the slot that it stands for."""

    at: int
    message: str


class _Filling(Struct, frozen=True):
    """A row that a template is filled with, and the cells of it that turned out to be wrong."""

    row: Row
    wrong: list[WrongCell]


class Slot(Struct, frozen=True):
    """A place of the mapping: the column it names, or None for a constant, and where it stands in the spec."""

    column: str | None
    source: Source


class RowLines(Lines):
    """The places of a row's values: an offset is the number of a slot of the mapping."""

    __slots__ = ("_row", "_slots")

    def __init__(self, row: Row, slots: Sequence[Slot]) -> None:
        super().__init__(row.source.file, "")
        self._row = row
        self._slots = slots
        self.length = len(slots)

    def source(self, at: int) -> Source:
        """Give the place of a cell in its file, of a constant in the spec."""
        slot = self._slots[min(at, len(self._slots) - 1)]
        return self._row.place(slot.column) if slot.column is not None else slot.source


class Template:
    """
    What a `contacts_from` entry makes of rows.

    Cells are data, in which `${` means itself; a document for which references are filled in has to write it `$${`,
    so `escape` them where that will be done.
    """

    def __init__(self, entry: Node, *, is_text: bool, convert: Convert, escape: bool) -> None:
        parts = dict(entry.entries())
        self._named_by = str(parts["named_by"].value)
        self.slots: list[Slot] = [Slot(self._named_by, parts["named_by"].source)]
        self._is_text = is_text
        self._convert = convert
        self._escape = escape
        self._where: list[Slot] = []
        self._contact = self._branch(parts["contact"], may_drop=False)

    @property
    def columns(self) -> Iterator[Slot]:
        """Give each use of a column, the conditions included."""
        yield from (slot for slot in (*self.slots, *self._where) if slot.column is not None)

    def name_of(self, row: Row) -> Json:
        """Give what a row names its contact, None for nothing."""
        return row.cells.get(self._named_by) or None

    def document(self, row: Row, name: str) -> tuple[Node, Sequence[WrongCell]]:
        """Give the document that declares a row's contact, and the cells that are refused in it."""
        filling = _Filling(row, [])
        built = self._build_branch(self._contact, filling)
        value, mark = built if built is not None else ({}, _mark(_NAME_AT))
        own = _mark(_NAME_AT)
        return Node({"contacts": {name: value}}, RowLines(row, self.slots), (own, (own, mark))), filling.wrong

    def _branch(self, node: Node, *, may_drop: bool) -> _Branch:
        parts = tuple((key, self._part(key, below)) for key, below in node.entries() if key != "where")
        conditions = dict(node.entries()).get("where")
        where = tuple(conditions.entries()) if conditions else ()
        self._where += [Slot(column, text.key_source) for column, text in where]
        return _Branch(parts, may_drop, tuple((column, str(text.value)) for column, text in where))

    def _part(self, key: str, node: Node) -> _Part:
        if key in FACTS or key == "metadata":
            leaves = ((name, self._leaf(below, name if key in FACTS else None)) for name, below in node.entries())
            return _Branch(tuple(leaves), may_drop=True)
        if key == "scopes":
            memories = ((name, self._branch(below, may_drop=False)) for name, below in node.entries())
            return _Branch(tuple(memories), may_drop=False)
        if key == "users":
            return _Users(tuple(map(self._user, node.items())))
        return self._leaf(node, None)

    def _user(self, node: Node) -> _Branch:
        leaves = {key: self._leaf(below, None) for key, below in node.entries()}
        return _Branch(tuple(leaves.items()), may_drop=False, at=leaves["phone_number"].at)

    def _leaf(self, node: Node, fact: str | None) -> _Leaf:
        if not isinstance(node.value, dict):
            self.slots.append(Slot(str(node.value), node.source))
            return _Leaf(len(self.slots) - 1, str(node.value), None, fact)
        self.slots.append(Slot(None, node.source))
        return _Leaf(len(self.slots) - 1, None, self._plain(node.value[CONSTANT]), fact)

    def _plain(self, value: Json) -> Json:
        return escaped(value) if self._escape else value

    def _build(self, part: _Part, filling: _Filling) -> _Built | None:
        match part:
            case _Leaf():
                return self._build_leaf(part, filling)
            case _Branch():
                return self._build_branch(part, filling)
            case _Users():
                return self._build_users(part, filling)

    def _build_leaf(self, leaf: _Leaf, filling: _Filling) -> _Built | None:
        if leaf.column is None:
            return leaf.constant, _deep(leaf.constant, leaf.at)
        cell = filling.row.cells.get(leaf.column)
        if cell is None or cell == "":
            return None
        if self._is_text and leaf.fact is not None and isinstance(cell, str):
            cell = self._converted(leaf.fact, cell, leaf.at, filling)
        value = self._plain(cell)
        return value, _deep(value, leaf.at)

    def _converted(self, fact: str, cell: str, at: int, filling: _Filling) -> Json:
        try:
            return self._convert(fact, cell)
        except ValueError as error:
            filling.wrong.append(WrongCell(at, str(error)))
            return REFUSED

    def _build_branch(self, branch: _Branch, filling: _Filling) -> _Built | None:
        if any(filling.row.cells.get(column) != text for column, text in branch.where):
            return None
        value: dict[str, Json] = {}
        marks: list[Mark] = []
        for key, part in branch.parts:
            built = self._build(part, filling)
            if built is not None:
                value[key] = built[0]
                marks.append(built[1])
        return None if branch.may_drop and not value else (value, (_mark(branch.at), *marks))

    def _build_users(self, users: _Users, filling: _Filling) -> _Built | None:
        built = [self._build_branch(user, filling) for user in users.users if _says_something(user, filling.row)]
        found = [one for one in built if one is not None]
        return ([value for value, _ in found], (_mark(_NAME_AT), *(mark for _, mark in found))) if found else None


def _says_something(user: _Branch, row: Row) -> bool:
    columns = [part.column for _, part in user.parts if isinstance(part, _Leaf) and part.column is not None]
    return not columns or any(row.cells.get(column) not in (None, "") for column in columns)


def _mark(at: int) -> int:
    return at << OFFSET_BITS | at


def _deep(value: Json, at: int) -> Mark:
    """Give a value's marks, all of them at one place."""
    if isinstance(value, dict):
        return (_mark(at), *(_deep(below, at) for below in value.values()))
    return (_mark(at), *(_deep(below, at) for below in value)) if isinstance(value, list) else _mark(at)
