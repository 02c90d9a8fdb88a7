"""
The table of an export: contacts as rows of CSV, and the `contacts_from` mapping that declares them.

A contact is a row if each of its values fits a cell, as the specs read cells, and has one of the columns that most
contacts have. All others stand in YAML.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.export.bodies import ContactBody
from reconciler.core.export.left_out import LeftOut
from reconciler.core.model.references import OPENING, escaped
from reconciler.core.model.text import has_control_characters
from reconciler.core.model.value import Json

TABLE_FILE = "contacts.yaml"
"""The file with the mapping. Those of contacts are in a folder of their own."""

CellOf: TypeAlias = Callable[[str, Json], str | None]
"""Return the cell that is read as a value of a fact's key; None where there is none."""

_Part: TypeAlias = Literal["contact", "identity", "name", "metadata", "member", "facts", "seed_facts", "user"]

_PARTS: Sequence[_Part] = ("contact", "identity", "name", "metadata", "member", "facts", "seed_facts", "user")
_USER = ("phone_number", "metadata", "summary")
_MEMBER = "yes"
_LONGEST_KEY, _LONGEST, _LONGEST_ROW, _MOST_COLUMNS = 200, 100_000, 250_000, 1_000
"""Characters of a name of a column, of a cell and of a row, and columns: no line has more bytes than specs read."""

_FORMULA = re.compile(r"\s*(?:[=@]|[+-](?![\d\s().-]*$))")
"""What spreadsheets compute. Callers have a say in what an account holds, and people open tables in spreadsheets."""


class _Slot(Struct, frozen=True):
    """What a column holds: a part of the contact, or of its memory in a scope. A `member` has a memory there."""

    part: _Part
    key: str = ""
    scope: str = ""

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Return the place of the column: first the contact, then one scope after the other."""
        rank = _USER.index(self.key) if self.part == "user" else 0
        return self.scope, _PARTS.index(self.part), rank, self.key


class TableFile(Struct, frozen=True):
    """What the mapping calls the file, and how values are written in cells."""

    reference: str
    cell_of: CellOf


class Table(Struct, frozen=True):
    """
    The rows of a table by its `columns`, the document that maps them, and the contacts that fit no row.

    A row has the cells that are filled in. `left_out` belongs to the rows. `misfits` counts the values of facts that
    fit no cell, by key.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    document: Mapping[str, Json]
    left_out: tuple[LeftOut, ...]
    others: tuple[ContactBody, ...]
    misfits: Mapping[str, int]


def build_table(bodies: Sequence[ContactBody], file: TableFile) -> Table:
    """Return the table of all contacts that fit one."""
    kind = _most_common_kind(bodies)
    misfits: Counter[str] = Counter()
    rows, cells = [], {}
    for body in sorted(bodies, key=lambda body: body.name):
        found = dict(_cells(body, kind, file.cell_of, misfits))
        if None not in found.values() and sum(map(len, filter(None, found.values()))) <= _LONGEST_ROW:
            rows.append(body)
            cells[body.name] = found
    times = Counter(slot for found in cells.values() for slot in found)
    common = {slot for slot, _ in times.most_common(_MOST_COLUMNS)}
    rows = [body for body in rows if cells[body.name].keys() <= common]
    columns = _columns(rows, {slot for body in rows for slot in cells[body.name]}, kind)
    in_rows = {body.name for body in rows}
    return Table(
        columns=tuple(columns.values()),
        rows=tuple(_row(cells[body.name], columns) for body in rows),
        document={"contacts_from": [escaped(_mapping(rows, columns, kind, file.reference))]},
        left_out=tuple(item for body in rows for item in body.left_out),
        others=tuple(body for body in bodies if body.name not in in_rows),
        misfits=dict(misfits),
    )


def _row(cells: Mapping[_Slot, str | None], columns: Mapping[_Slot, str]) -> Mapping[str, str]:
    return {columns[slot]: cell for slot, cell in cells.items() if cell and slot in columns}


def _most_common_kind(bodies: Sequence[ContactBody]) -> str:
    kinds = Counter(kind for body in bodies for kind in body.identity)
    return min(kinds, key=lambda kind: (-kinds[kind], kind), default="contact_id")


def _cells(body: ContactBody, kind: str, cell_of: CellOf, misfits: Counter[str]) -> Iterator[tuple[_Slot, str | None]]:
    """Yield the cells of a contact; None for each value that fits none."""
    yield _Slot("contact"), body.name
    yield _Slot("identity"), _text(body.identity.get(kind))
    if "name" in body.profile:
        yield _Slot("name"), _text(body.profile["name"])
    for key, value in _entries(body.profile.get("metadata")):
        yield _Slot("metadata", key), _text(value) if _is_column(key) else None
    for scope, memory in body.memories.items():
        yield _Slot("member", "", scope), _MEMBER
        layers: tuple[tuple[_Part, Mapping[str, Json]], ...] = (
            ("facts", memory.layers.facts),
            ("seed_facts", memory.layers.seed_facts),
        )
        for layer, facts in layers:
            for key, value in facts.items():
                cell = _text(cell_of(key, value)) if _is_column(key) else None
                misfits.update([key] if cell is None else [])
                yield _Slot(layer, key, scope), cell
        for number, user in enumerate(memory.users):
            yield from ((_Slot("user", key, scope), None if number else _text(user[key])) for key in user)


def _entries(value: Json) -> Iterator[tuple[str, Json]]:
    yield from value.items() if isinstance(value, dict) else ()


def _text(value: Json) -> str | None:
    """Return a text that a cell holds as it is; None for another value."""
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or _FORMULA.match(value):
        return None
    return None if has_control_characters(value.replace("\n", "")) else value


def _is_column(key: str) -> bool:
    """Return whether a key can name a column."""
    return key == key.strip() and OPENING not in key and len(key) <= _LONGEST_KEY and not _FORMULA.match(key)


def _columns(rows: Sequence[ContactBody], used: set[_Slot], kind: str) -> dict[_Slot, str]:
    """Return the names of the columns, in the order in which they stand."""
    scopes = {scope for body in rows for scope in body.memories}
    everywhere = {scope for scope in scopes if all(scope in body.memories for body in rows)}
    slots = [slot for slot in sorted(used, key=lambda slot: slot.order) if not _is_everywhere(slot, everywhere)]
    times = Counter(_short(slot, kind) for slot in slots)
    columns: dict[_Slot, str] = {}
    taken: set[str] = set()
    for slot in slots:
        short = _short(slot, kind)
        columns[slot] = _free(f"{slot.scope} {short}" if slot.scope and times[short] > 1 else short, taken)
    return columns


def _is_everywhere(slot: _Slot, scopes: set[str]) -> bool:
    """Return whether all rows have the memory that a slot tells of, so that it needs no column."""
    return slot.part == "member" and slot.scope in scopes


def _short(slot: _Slot, kind: str) -> str:
    """Return the name of a column where no other column has the same."""
    match slot.part:
        case "contact" | "name":
            return slot.part
        case "identity":
            return kind
        case "member":
            return f"in {slot.scope}"
        case "metadata" | "user":
            return f"{slot.part} {slot.key}"
        case _:
            return slot.key


def _free(wanted: str, taken: set[str]) -> str:
    """Return the wanted name, or the first with a number that no other column has."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    taken.add(name)
    return name


def _mapping(rows: Sequence[ContactBody], columns: Mapping[_Slot, str], kind: str, file: str) -> Json:
    """Return the entry of `contacts_from` for the columns."""
    found = {slot.part: column for slot, column in columns.items() if not slot.scope}
    metadata = {slot.key: column for slot, column in columns.items() if slot.part == "metadata"}
    scopes = {scope: _memory(columns, scope) for scope in sorted({scope for body in rows for scope in body.memories})}
    contact: dict[str, Json] = {kind: found.get("identity", kind)}
    contact |= {"name": found["name"]} if "name" in found else {}
    contact |= {"metadata": metadata} if metadata else {}
    contact |= {"scopes": scopes} if scopes else {}
    return {"file": file, "named_by": found.get("contact", "contact"), "contact": contact}


def _memory(columns: Mapping[_Slot, str], scope: str) -> Json:
    found: dict[_Part, dict[str, str]] = {}
    for slot, column in columns.items():
        if slot.scope == scope:
            found.setdefault(slot.part, {})[slot.key] = column
    memory: dict[str, Json] = {"where": dict.fromkeys(found["member"].values(), _MEMBER)} if "member" in found else {}
    memory |= {layer: found[layer] for layer in _PARTS if layer in found and layer in {"facts", "seed_facts"}}
    return {**memory, **({"users": [found["user"]]} if "user" in found else {})}
