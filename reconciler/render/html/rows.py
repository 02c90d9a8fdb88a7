"""Rows of the HTML report: one change, or one fact that stays, as texts before and after; every character prints."""

import html
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.documents.plan import FactAdded, FactUpdated, PlaceEntry, StandingEntry, StandingUserEntry
from reconciler.core.model.masking import Masked, Mixed
from reconciler.core.model.text import quoted, shortened, visible
from reconciler.render.changes import Creation, Line
from reconciler.render.words import shown

Verb: TypeAlias = Literal["update", "add", "create", "user", "stays"]
VERBS: tuple[Verb, ...] = ("update", "add", "create", "user", "stays")
"""What becomes of something, the riskiest first; `user` is all that becomes of memory users."""

LONGEST_VALUE = 1_000
"""Characters of a value that are shown."""
LONGEST_NAME = 200

_ROW_BYTES = 520
"""Bytes of a row without its texts."""


class Cell(Struct, frozen=True):
    """A piece of text: a value, a masked one, or a `note` in our own words; `label` says what it is, where needed."""

    kind: Literal["value", "masked", "note"]
    text: str
    label: str = ""


class Row(Struct, frozen=True):
    """
    One line of a table.

    `about` says what is meant where it is no fact, `name` is the key or what comes closest, `cause` why it changes.
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

    @property
    def size(self) -> int:
        """Return the bytes that the row takes at most."""
        cells = (text for cell in self.before + self.after for text in (cell.label, cell.text))
        return _ROW_BYTES + size_of(self.name, self.place, self.cause, *cells)


def size_of(*texts: str) -> int:
    """Return the bytes that texts take at most when they are escaped."""
    return sum(len(html.escape(text).encode()) for text in texts)


def named(text: str) -> str:
    """Return a name, or another short text, as one line that prints."""
    return shortened(visible(text[: LONGEST_NAME + 1]), LONGEST_NAME)


def placed(place: PlaceEntry | None) -> str:
    """Return `FILE:LINE`, or nothing for what stands in no spec."""
    return f"{named(place.file)}:{place.line}" if place is not None and place.file else ""


def verb_of(line: Line, operation: str) -> Verb:
    """Return what a line of an operation's type does."""
    if operation in {"add_user", "update_user"}:
        return "user"
    match line.what:
        case FactUpdated():
            return "update"
        case FactAdded():
            return "add"
        case _:
            return "create"


def changed_row(line: Line, operation: str, phone_number: str) -> Row:
    """Return the row of a change; `phone_number` is the user's, where it is about one."""
    verb = verb_of(line, operation)
    before, after = _sides(line)
    return Row(
        verb=verb,
        badge=operation.replace("_", " ") if verb == "user" else verb,
        certain=line.sign != "?",
        about=_about(line, operation),
        name=_name(line, phone_number),
        before=before,
        after=after,
        place=placed(line.place),
        cause=line.cause,
    )


def standing_row(entry: StandingEntry) -> Row:
    """Return the row of a declared fact that stays; of a planted one nobody claims to know the live value."""
    if entry.upkeep == "seed":
        before = Cell("note", "as the agent has it")
        after = [before, _value(entry.declared, "planted when missing")]
    else:
        before = Cell("note", "the same")
        after = [_value(entry.declared)]
    return _standing("", _path(entry.path), before, after, entry.source)


def standing_user_row(entry: StandingUserEntry) -> Row:
    """Return the row of a declared user that stays."""
    there = Cell("note", "in the memory")
    return _standing("user", named(entry.phone_number), there, [there], entry.source)


def _standing(about: str, name: str, before: Cell, after: Sequence[Cell], source: PlaceEntry) -> Row:
    return Row(
        verb="stays",
        badge="stays",
        certain=True,
        about=about,
        name=name,
        before=(before,),
        after=tuple(after),
        place=placed(source),
        cause="",
    )


def _about(line: Line, operation: str) -> str:
    match line.what:
        case Creation(kind=kind):
            return kind
        case _:
            return {"update_contact": "contact", "update_user": "user"}.get(operation, "")


def _name(line: Line, phone_number: str) -> str:
    name = "" if isinstance(line.what, Creation) else _path(line.path)
    return " ".join(part for part in (named(phone_number), name) if part)


def _path(path: tuple[str, ...]) -> str:
    steps = (step[: LONGEST_NAME + 1] for step in path)
    return shortened(".".join(step if step.isidentifier() else quoted(step) for step in steps), LONGEST_NAME)


def _sides(line: Line) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """Return what is before and after."""
    unknown = Cell("note", "nothing" if line.sign != "?" else "cannot be seen")
    match line.what:
        case FactAdded(after=after):
            return (unknown,), (_value(after),)
        case FactUpdated(before=before, after=after):
            return (_value(before),), (_value(after),)
        case _:
            assert isinstance(line.what, Creation)  # noqa: S101  a plan has no outcomes
            return (unknown,), tuple(_declared(line.what))


def _declared(creation: Creation) -> Iterator[Cell]:
    yield Cell("note", {"contact": "known to the account", "memory": "exists", "user": "in the memory"}[creation.kind])
    yield from (_value(value, named(field)) for field, value in creation.fields.items())


def _value(value: Mixed, label: str = "") -> Cell:
    if isinstance(value, Masked):
        return Cell("masked", shown(value, LONGEST_VALUE), label)
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        label = f"{label}, ".removeprefix(", ") + f"the start of {len(value):,} characters"
    return Cell("value", shown(value, LONGEST_VALUE), label)
