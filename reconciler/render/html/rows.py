"""Rows of the HTML report: one change, or one value that stays, as texts before and after in which all prints."""

import html
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.documents.plan import PlaceEntry
from reconciler.core.model.masking import Masked, Mixed
from reconciler.core.model.text import shortened, visible
from reconciler.render.changes import Line
from reconciler.render.markup import SourceLinks
from reconciler.render.words import shown

Verb: TypeAlias = Literal["update", "add", "create", "user", "stays"]
VERBS: tuple[Verb, ...] = ("update", "add", "create", "user", "stays")
"""The kinds of rows, the riskiest first; `user` is for all changes of memory users."""

LONGEST_VALUE = 1_000
"""Characters of a value that are shown."""
LONGEST_NAME = 300

_CREATED = {"contact": "known to the account", "memory": "exists", "user": "in the memory"}
_ROW_BYTES = 620
"""Bytes of a row without its texts."""


class Cell(Struct, frozen=True):
    """A piece of text: a value, a masked value, or a `note` in our own words; `label` names it where needed."""

    kind: Literal["value", "masked", "note"]
    text: str
    label: str = ""


class TableRow(Struct, frozen=True):
    """
    One line of a table.

    `about` is the kind of thing, empty for a fact. `name` is the key, or the user's number. `cause` is why it changes,
    and `url` leads to the place, where it is known. `notes` are notices about the row.
    """

    verb: Verb
    badge: str
    certain: bool
    about: str
    name: str
    before: tuple[Cell, ...]
    after: tuple[Cell, ...]
    place: str
    cause: str
    url: str = ""
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the most bytes that the row can take."""
        cells = (text for cell in self.before + self.after for text in (cell.label, cell.text))
        return _ROW_BYTES + size_of(self.name, self.place, self.cause, self.url, *self.notes, *cells)


def size_of(*texts: str) -> int:
    """Return the most bytes that texts take once they are escaped."""
    return sum(len(html.escape(text).encode()) for text in texts)


def named(text: str) -> str:
    """Return a name, or another short text, as one printable line."""
    return shortened(visible(shortened(text, LONGEST_NAME)), LONGEST_NAME)


def placed(place: PlaceEntry | None) -> str:
    """Return `FILE:LINE`; empty for what no spec declares."""
    return f"{named(place.file)}:{place.line}" if place is not None and place.file else ""


def verb_of(line: Line) -> Verb:
    """Return the kind of row that a line becomes."""
    if line.action == "unchanged":
        return "stays"
    if line.subject == "user":
        return "user"
    assert line.action != "outcome"  # noqa: S101  a plan has no outcomes
    return line.action


def row_of(line: Line, *, notes: tuple[str, ...] = (), links: SourceLinks | None = None) -> TableRow:
    """Return the row of a change, or of a declared fact or user that stays."""
    verb = verb_of(line)
    before, after = _sides(line)
    return TableRow(
        verb=verb,
        badge=line.operation.replace("_", " ") if verb == "user" else verb,
        certain=line.certain,
        about="" if line.subject == "fact" else line.subject,
        name=" ".join(
            filter(None, [named(line.phone_number), shortened(line.name, LONGEST_NAME) if line.path else ""])
        ),
        before=before,
        after=after,
        place=placed(line.place),
        cause=line.cause,
        url=links.url(line.place) if links else "",
        notes=notes,
    )


def _sides(line: Line) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """Return the cells before and after."""
    unknown = Cell("note", "nothing" if line.certain else "cannot be seen")
    match line.action:
        case "add":
            return (unknown,), (_value(line.after),)
        case "update":
            return (_value(line.before),), (_value(line.after),)
        case "create":
            return (unknown,), tuple(_created(line))
        case _:
            return _unchanged(line)


def _created(line: Line) -> Iterator[Cell]:
    assert isinstance(line.after, Mapping)  # noqa: S101  the declared fields
    yield Cell("note", _CREATED[line.subject])
    yield from (_value(value, named(field)) for field, value in line.after.items())


def _unchanged(line: Line) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """Return the cells of what stays; the live value of a seeded fact is not known."""
    if line.subject == "user":
        there = Cell("note", "in the memory")
        return (there,), (there,)
    if line.is_seed:
        live = Cell("note", "as the agent has it")
        return (live,), (live, _value(line.after, "seeded when missing"))
    return (Cell("note", "the same"),), (_value(line.after),)


def _value(value: Mixed, label: str = "") -> Cell:
    if isinstance(value, Masked):
        return Cell("masked", shown(value, LONGEST_VALUE, digests=True), label)
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        label = f"{label}, ".removeprefix(", ") + f"the start of {len(value):,} characters"
    return Cell("value", shown(value, LONGEST_VALUE, digests=True), label)
