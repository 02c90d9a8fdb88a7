"""Lines as a reviewer needs them: by risk or outcome, then by address, with what is alike in one group."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.plan import PlanDocument
from reconciler.render.changes import Line, outcome_line, plan_lines
from reconciler.render.words import NOT_CERTAIN

if TYPE_CHECKING:  # a plan shows no receipt
    from reconciler.core.documents.receipt import ReceiptDocument

TOTALS_BY_RISK = (
    "facts_to_update",
    "contacts_to_update",
    "users_to_update",
    "facts_to_add",
    "contacts_to_create",
    "memories_to_create",
    "users_to_add",
)
"""The totals of a plan's summary; those that overwrite live values come first."""

Level: TypeAlias = Literal["error", "warning", "notice", "none"]


class Unit(Struct, frozen=True):
    """The lines of one operation, or the outcomes at one address."""

    address: str
    type: str
    lines: tuple[Line, ...]

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        """Return what only units with equal lines have in common; a user is named where the address is a memory's."""
        return tuple((line.identity, line.phone_number if self.type == "memory" else "") for line in self.lines)


class Section(Struct, frozen=True):
    """Units of one risk or outcome; `note` explains what is special about them."""

    title: str
    level: Level
    note: str = ""
    units: tuple[Unit, ...] = ()


class Group(Struct, frozen=True):
    """Units that are alike; the first one stands for the others."""

    first: Unit
    others: tuple[Unit, ...]

    @property
    def text_of_others(self) -> str:
        """Return `2,988 more memories get the same 2 facts`."""
        differ = any(unit.identity != self.first.identity for unit in self.others)
        return text_of_others(self.first, len(self.others), differ=differ)


def text_of_others(first: Unit, number: int, *, differ: bool) -> str:
    """Return what is said of a number of units that are like the first, but for their values where these `differ`."""
    one, many, noun = _ALIKE[first.type]
    more = f"{number:,} more {one if number == 1 else many}"
    if not noun:
        return f"{more}{', with other values' if differ else ' alike'}"
    what = noun if len(first.lines) == 1 else f"{len(first.lines):,} {noun}s"
    return f"{more} {'gets' if number == 1 else 'get'} the same {what}{', with other values' if differ else ''}"


_ALIKE = {
    "create_contact": ("contact", "contacts", ""),
    "update_contact": ("contact", "contacts", "field"),
    "create_memory": ("memory", "memories", ""),
    "write_facts": ("memory", "memories", "fact"),
    "add_user": ("user", "users", ""),
    "update_user": ("user", "users", "field"),
    "outcome": ("operation", "operations", ""),
    "memory": ("memory", "memories", "change"),
}
"""By type of unit: one, many, and the noun of its lines where these are more than the unit itself."""

_RISKS: Mapping[str, Section] = {
    "overwrite": Section("Overwrites live values", "warning", "What the account holds now is replaced."),
    "new_key": Section("Adds keys", "notice", "Irreversible: facts cannot be deleted, so a key once written stays."),
    "creation": Section("Creates contacts and memories", "notice"),
    "user": Section("Adds users and their fields", "notice"),
    "uncertain": Section("Not certain", "notice", NOT_CERTAIN),
}
_RISKS_OF_DIFF: Mapping[str, Section] = {
    **_RISKS,
    "overwrite": Section("Changes declared values", "warning", "An apply writes them over what the account holds."),
    "uncertain": Section(
        "Changes seeded facts", "notice", "They are written only where they are missing: live values stay."
    ),
}
_OUTCOMES: Mapping[str, Section] = {
    "failed": Section("Failed", "error"),
    "unknown": Section(
        "Unknown",
        "warning",
        "The answer was lost or about something else, so it may have been done or not; the next plan looks again.",
    ),
    "skipped": Section("Skipped", "warning"),
    "already": Section("Already there", "none"),
    "done": Section("Done", "none"),
}
_OUTCOMES_OF_RESOLVED: Mapping[str, Section] = {
    **_OUTCOMES,
    "unknown": Section("Unknown", "warning", "A later run looked again, and does not count it as done."),
}


def plan_sections(plan: PlanDocument) -> list[Section]:
    """Return the changes of a plan by risk, the highest first."""
    known = _RISKS_OF_DIFF if plan.kind == "diff" else _RISKS
    return _sections(known, ((_risk(line), line) for line in plan_lines(plan)))


def receipt_sections(receipt: "ReceiptDocument") -> list[Section]:
    """Return the outcomes of a receipt by kind, failures first."""
    known = _OUTCOMES_OF_RESOLVED if receipt.resolved else _OUTCOMES
    return _sections(known, ((outcome.outcome, outcome_line(outcome)) for outcome in receipt.outcomes))


def grouped(units: Iterable[Unit], *, with_values: bool) -> list[Group]:
    """
    Put units of one type together that change the same keys, and, with values, look alike when they are shown.

    Groups are in the order of their first units.
    """
    found: dict[object, list[Unit]] = defaultdict(list)
    for unit in units:
        keys = tuple((line.sign, line.path, line.look if with_values else "") for line in unit.lines)
        found[unit.type, keys].append(unit)
    return [Group(first, tuple(others)) for first, *others in found.values()]


def _sections(known: Mapping[str, Section], lines: Iterable[tuple[str, Line]]) -> list[Section]:
    found: dict[str, dict[tuple[str, str], list[Line]]] = defaultdict(lambda: defaultdict(list))
    for name, line in lines:
        found[name][line.address, line.operation].append(line)
    return [
        replace(section, units=tuple(Unit(*key, tuple(lines)) for key, lines in found[name].items()))
        for name, section in known.items()
        if name in found
    ]


def _risk(line: Line) -> str:
    if not line.certain:
        return "uncertain"
    if line.action == "update":
        return "overwrite"
    if line.subject == "user":
        return "user"
    return "creation" if line.action == "create" else "new_key"
