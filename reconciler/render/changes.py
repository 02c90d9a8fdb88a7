"""What plans and receipts hold, in the order in which a reviewer should see it; for formats that are skimmed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct

from reconciler.core.documents.plan import (
    AddUserEntry,
    CreateContactEntry,
    CreateMemoryEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    OperationEntry,
    OutcomeEntry,
    PlaceEntry,
    PlanDocument,
    ReceiptDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.model.masking import Masked, Mixed
from reconciler.core.model.text import quoted
from reconciler.core.model.value import canonical
from reconciler.render.words import cause_text, detail_of, shown, shown_change

TOTALS_BY_RISK = (
    "facts_to_update",
    "contacts_to_update",
    "users_to_update",
    "facts_to_add",
    "contacts_to_create",
    "memories_to_create",
    "users_to_add",
)
"""The totals of a plan's summary, those that overwrite live values first."""

_MOST_SHOWN = 500
"""Characters of a long text; to make more of it visible would take long, and no format shows more."""

Level: TypeAlias = Literal["error", "warning", "notice", "none"]


class Creation(Struct, frozen=True):
    """A contact, memory or user that is made, and what is declared of it."""

    kind: Literal["contact", "memory", "user"]
    fields: Mapping[str, Mixed]


class Line(Struct, frozen=True):
    """
    One change; lines with equal sign, path and identity say the same, however long their values.

    `cause` says who made it necessary. `name` and `values` put it in words; that takes its time with large values, so
    only what is shown is asked.
    """

    what: FactEntry | Creation | OutcomeEntry
    sign: str
    path: tuple[str, ...]
    place: PlaceEntry
    identity: str
    cause: str = ""

    @property
    def name(self) -> str:
        """Return what is changed, as in `metadata."home town"`."""
        return ".".join(step if step.isidentifier() else quoted(step[:_MOST_SHOWN]) for step in self.path)

    @property
    def values(self) -> tuple[str, ...]:
        """Return what is said of it: the value, or the values before and after, each as one line."""
        match self.what:
            case FactAdded(after=after):
                return (shown(_start(after)),)
            case FactUpdated(before=Masked() as before, after=after):
                return shown(before), shown(_start(after))
            case FactUpdated(before=before, after=after):
                return shown_change(before, after)
            case Creation(fields=fields):
                return tuple(f"{key} {shown(_start(value))}" for key, value in fields.items())
            case OutcomeEntry() as outcome:
                return (detail,) if (detail := detail_of(outcome)) else ()
            case _:
                assert_never(self.what)

    @property
    def joint(self) -> str:
        """Return what stands between the values."""
        return ", " if isinstance(self.what, Creation) else " → "


class Unit(Struct, frozen=True):
    """What changes at one address; `type` is the operation's, or `outcome` in receipts."""

    address: str
    type: str
    lines: tuple[Line, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        """Return what units with equal lines have in common."""
        return tuple(line.identity for line in self.lines)


class Section(Struct, frozen=True):
    """Changes of one risk; `note` says what is special about them."""

    title: str
    note: str
    level: Level
    units: tuple[Unit, ...]


class Group(Struct, frozen=True):
    """Units that are alike; the first one stands for the others."""

    first: Unit
    others: tuple[Unit, ...]

    @property
    def values_differ(self) -> bool:
        """Return whether any of the others says something else than the first one."""
        return any(unit.identity != self.first.identity for unit in self.others)


class _Risk(IntEnum):
    OVERWRITE = 1
    NEW_KEY = 2
    CREATION = 3
    USER = 4
    UNCERTAIN = 5


_SECTIONS: Mapping[_Risk, Section] = {
    _Risk.OVERWRITE: Section("Overwrites live values", "What the account holds now is replaced.", "warning", ()),
    _Risk.NEW_KEY: Section(
        "Adds keys", "Irreversible: facts cannot be deleted, so a key once written stays.", "notice", ()
    ),
    _Risk.CREATION: Section("Creates contacts and memories", "", "notice", ()),
    _Risk.USER: Section("Adds users and their fields", "", "notice", ()),
    _Risk.UNCERTAIN: Section(
        "Not certain",
        "This account gives no way to see whether these are needed. Apply does them, and they change nothing where "
        "they are not.",
        "notice",
        (),
    ),
}

_OUTCOMES: Mapping[str, Section] = {
    "failed": Section("Failed", "", "error", ()),
    "unknown": Section(
        "Unknown",
        "The answer was lost or about something else, so it may have been done or not; the next plan looks again.",
        "warning",
        (),
    ),
    "skipped": Section("Skipped", "", "warning", ()),
    "already": Section("Already there", "", "none", ()),
    "done": Section("Done", "", "none", ()),
}


def plan_sections(plan: PlanDocument) -> list[Section]:
    """Return the changes of a plan by risk, the highest first."""
    found: dict[_Risk, dict[tuple[str, str], list[Line]]] = defaultdict(lambda: defaultdict(list))
    for entry in plan.operations:
        for risk, line in _lines(entry):
            certain_risk = risk if entry.certain else _Risk.UNCERTAIN
            found[certain_risk][entry.address, entry.type].append(line)
    return [_filled(_SECTIONS[risk], found[risk]) for risk in sorted(found)]


def receipt_sections(receipt: ReceiptDocument) -> list[Section]:
    """Return the outcomes of a receipt by kind, failures first."""
    found: dict[str, dict[tuple[str, str], list[Line]]] = defaultdict(lambda: defaultdict(list))
    for outcome in receipt.outcomes:
        found[outcome.outcome][outcome.address, "outcome"].append(_outcome(outcome))
    return [_filled(section, found[name]) for name, section in _OUTCOMES.items() if name in found]


def grouped(units: Iterable[Unit], *, with_values: bool) -> list[Group]:
    """Put units together that say the same, or, without values, that say something about the same keys."""
    found: dict[object, list[Unit]] = defaultdict(list)
    for unit in units:
        lines = tuple((line.sign, line.path, line.identity if with_values else "") for line in unit.lines)
        found[unit.type, lines].append(unit)
    return [Group(first, tuple(others)) for first, *others in found.values()]


def _filled(section: Section, found: Mapping[tuple[str, str], Sequence[Line]]) -> Section:
    units = tuple(Unit(address, kind, tuple(lines)) for (address, kind), lines in found.items())
    return Section(section.title, section.note, section.level, units)


def _lines(entry: OperationEntry) -> Iterator[tuple[_Risk, Line]]:
    match entry:
        case CreateContactEntry():
            yield _Risk.CREATION, _creation(entry, "contact", _contact(entry))
        case CreateMemoryEntry():
            yield _Risk.CREATION, _creation(entry, "memory", {})
        case AddUserEntry():
            yield _Risk.USER, _creation(entry, "user", _user(entry))
        case UpdateContactEntry(changes=changes) | WriteFactsEntry(facts=changes):
            yield from (_change(change, _Risk.NEW_KEY, entry, change.source) for change in changes)
        case UpdateUserEntry(changes=changes):
            yield from (_change(change, _Risk.USER, entry, entry.source) for change in changes)
        case _:
            assert_never(entry)


def _change(change: FactEntry, addition: _Risk, entry: OperationEntry, place: PlaceEntry) -> tuple[_Risk, Line]:
    cause = cause_text(change.cause)
    match change:
        case FactAdded(after=after):
            identity = _identity(after) + cause
            return addition, Line(change, _sign("+", entry), change.path, place, identity, cause)
        case FactUpdated(before=before, after=after):
            identity = _identity(before) + _identity(after) + cause
            return _Risk.OVERWRITE, Line(change, _sign("~", entry), change.path, place, identity, cause)
        case _:
            assert_never(change)


def _creation(
    entry: CreateContactEntry | CreateMemoryEntry | AddUserEntry,
    kind: Literal["contact", "memory", "user"],
    declared: Mapping[str, Mixed],
) -> Line:
    fields = {key: value for key, value in declared.items() if value is not None}
    cause = cause_text(entry.cause, creation=True)
    identity = "".join(f"{key} {_identity(value)}" for key, value in fields.items()) + cause
    return Line(Creation(kind, fields), _sign("+", entry), (kind,), entry.source, identity, cause)


def _contact(entry: CreateContactEntry) -> Mapping[str, Mixed]:
    return {
        "external_id": entry.external_id,
        "phone_number": entry.phone_number,
        "email": entry.email,
        "name": entry.name,
        "metadata": entry.metadata,
    }


def _user(entry: AddUserEntry) -> Mapping[str, Mixed]:
    return {
        "metadata": entry.metadata,
        "summary": entry.summary,
        "external_memory_key": entry.external_memory_key,
    }


def _outcome(outcome: OutcomeEntry) -> Line:
    return Line(outcome, "", (outcome.type,), outcome.source, detail_of(outcome))


def _start(value: Mixed) -> Mixed:
    return value[:_MOST_SHOWN] if isinstance(value, str) else value


def _sign(sign: str, entry: OperationEntry) -> str:
    return sign if entry.certain else "?"


def _identity(value: Mixed) -> str:
    """Return a text that no other value has, nor two values one after the other."""
    match value:
        case Masked():
            return f"<{value.masked}>"
        case None | str() | int() | float():
            return f"{canonical(value)}\n"
        case Mapping():
            return "{" + "".join(f"{canonical(key)}{_identity(value[key])}" for key in sorted(value)) + "}"
        case _:
            return f"[{''.join(map(_identity, value))}]"
