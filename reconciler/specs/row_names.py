"""
Names of the contacts of rows: of one column or several, as `export` makes a name of text.

Where several rows have one name, each gets a hash of its contact's identifier behind it. So a name stays the same
wherever its row moves to.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from reconciler.core.model.address import contact_name, is_name, with_suffix
from reconciler.core.model.desired import identifier_key
from reconciler.reading.row_formats import Row
from reconciler.specs.row_cells import CellError, Cells, text_of

_HASH_DIGITS = 8


class SharedNames(Struct, frozen=True):
    """The names that several rows of a table have, and the number of these rows."""

    names: frozenset[str] = frozenset()
    rows: int = 0


class NamedRow(Struct, frozen=True):
    """A row with its name, None where nothing names it; it `is_second` if one with another identifier has the name."""

    row: Row
    name: str | None
    is_second: bool = False


class Naming(Struct, frozen=True):
    """
    Makes names of rows: of the columns of `named_by`, or where these say nothing, of the contact's identifier.

    `identifiers` are the columns of the contact's identifiers by kind; `read_number` returns a number in E.164. `plain`
    is the column of a name that is one cell as it is, which most are.
    """

    named_by: Sequence[Cells]
    identifiers: Sequence[tuple[str, Cells]]
    read_number: Callable[[str, Row], str]
    plain: str | None = None

    def name(self, row: Row, shared: SharedNames) -> str | None:
        """Return the name of a row's contact, None where nothing names it; raise `CellError`."""
        name = self.base(row)
        if name not in shared.names or name is None:
            return name
        return with_suffix(name, f"-{_hash(self._identifier(row))}")

    def named(self, rows: Iterable[Row], most: int) -> Iterator[NamedRow]:
        """Yield rows with their names, until more than `most` of them name nobody or are there twice."""
        first: dict[int, int] = {}
        vain = 0
        for row in rows:
            before = len(first)
            try:
                name, identifier = self.base(row), hash(self._written(row))
                is_second = first.setdefault(hash(name), identifier) != identifier
                if is_second:
                    first[hash((name, identifier))] = identifier
            except CellError:  # it is reported where the row is read
                name, is_second = None, False
            vain += name is None or len(first) == before
            yield NamedRow(row, name, is_second)
            if vain > most:
                return

    def base(self, row: Row) -> str | None:
        """Return a name, whether other rows have it or not; raise `CellError`."""
        if self.plain is not None and isinstance(cell := row.cells.get(self.plain), str) and is_name(cell):
            return cell
        text = " ".join(filter(None, (_text(cells, row) for cells in self.named_by)))
        if len(self.named_by) == 1 and is_name(text):
            return text
        if name := contact_name(text):
            return name
        identifier = self._identifier(row)
        return (identifier[1] and (contact_name(identifier[1]) or f"contact-{_hash(identifier)}")) or None

    def _identifier(self, row: Row) -> tuple[str, str]:
        """Return the identifier of a row's contact as identifiers are compared, or empty texts."""
        kind, text = self._written(row)
        return identifier_key(kind, self.read_number(text, row) if kind == "phone_number" and text else text)

    def _written(self, row: Row) -> tuple[str, str]:
        """Return the kind and the text of a row's identifier as it is written, or empty texts."""
        found = ((kind, _text(cells, row)) for kind, cells in self.identifiers)
        return next(((kind, text) for kind, text in found if text), ("", ""))


def shared_names(rows: Iterable[NamedRow], elsewhere: AbstractSet[int] = frozenset()) -> SharedNames:
    """Return the names that rows with different identifiers have; `elsewhere` are hashes of names of other rows."""
    names: dict[str, int] = {}
    for one in rows:
        if one.name is not None and (one.is_second or one.name in names or hash(one.name) in elsewhere):
            names[one.name] = names.get(one.name, 1) + 1
    return SharedNames(frozenset(names), sum(names.values()))


def without_hash(name: str) -> str:
    """Return what stands before the hash of a name, if it has one."""
    return name[: -_HASH_DIGITS - 1]


def before_hash(name: str) -> str:
    """Return what a hash leaves of a name that gets one: a long name is cut short."""
    return without_hash(with_suffix(name, f"-{'0' * _HASH_DIGITS}"))


def _text(cells: Cells, row: Row) -> str:
    value = cells.value(row)
    return "" if value is None else value if isinstance(value, str) else text_of(value, cells.columns[0])


def _hash(identifier: tuple[str, str]) -> str:
    return hashlib.sha256("\0".join(identifier).encode()).hexdigest()[:_HASH_DIGITS]
