"""The one walk from a document to lines: each change of a plan, and each outcome of a receipt, as a uniform `Line`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from msgspec import Struct

from reconciler.core.documents.plan import (
    AddUserEntry,
    CreateContactEntry,
    CreateMemoryEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    OperationEntry,
    PlaceEntry,
    PlanDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.model.address import memory_of, unit_of
from reconciler.core.model.masking import Masked, Mixed, Shown
from reconciler.core.model.text import quoted, visible
from reconciler.core.model.value import canonical
from reconciler.core.plan.base import Cause
from reconciler.render.words import detail_of, shown, shown_change

if TYPE_CHECKING:  # a plan shows no receipt
    from reconciler.core.documents.receipt import OutcomeEntry

Action: TypeAlias = Literal["add", "update", "create", "unchanged", "outcome"]
Subject: TypeAlias = Literal["contact", "memory", "user", "fact", "operation"]

_LONGEST_STEP = 500
"""Characters of a key that are shown; making more of them visible takes long."""
_CONTACT_FIELDS = ("external_id", "phone_number", "email", "name", "metadata")
_USER_FIELDS = ("metadata", "summary", "external_memory_key")
_CAUSES: Mapping[Cause, str] = {
    "specs": "changed in the specs",
    "live": "changed live",
    "both": "changed in the specs and live",
}
_CAUSES_OF_CREATION: Mapping[Cause, str] = {"specs": "new in the specs", "live": "missing live"}
"""There is no third case: a thing to create is not live, so only the specs can have changed."""


class Line(Struct, frozen=True, dict=True):
    """
    One change of a plan, one declared value that stays, or one outcome of a receipt; values are already masked.

    `operation` is the operation's type and `address` its address. `path` leads to the key that changes; it is empty
    where a contact, memory or user is created, and `after` then maps the declared fields. `before` is None for what
    is added. `detail` explains an outcome. `is_seed` marks an unchanged fact that is only written when it is missing.
    """

    operation: str
    address: str
    subject: Subject
    action: Action
    place: PlaceEntry
    certain: bool = True
    phone_number: str = ""
    path: tuple[str, ...] = ()
    before: Shown = None
    after: Mixed = None
    cause: str = ""
    detail: str = ""
    is_seed: bool = False

    @property
    def memory(self) -> str:
        """Return the address of the memory, or of the contact, that the line belongs to."""
        return memory_of(self.address)

    @property
    def contact(self) -> str:
        """Return the name of the contact; empty for a memory that is declared by its id."""
        kind, _, name = unit_of(self.address).partition(".")
        return name if kind == "contacts" else ""

    @property
    def scope(self) -> str:
        """Return the scope of the memory; empty for a contact, and for a memory that is declared by its id."""
        scopes = f"{unit_of(self.address)}.scopes."
        return self.memory.removeprefix(scopes) if self.memory.startswith(scopes) else ""

    @property
    def sign(self) -> str:
        """Return `+` for an addition, `~` for an update, `?` where it may not be needed, and nothing for an outcome."""
        if self.action == "outcome":
            return ""
        return "?" if not self.certain else "~" if self.action == "update" else "+"

    @property
    def name(self) -> str:
        """Return what changes: a key as in `metadata."home town"`, or the kind of thing that is created."""
        steps = self.path or (self.subject,)
        return ".".join(step if step.isidentifier() else quoted(step[:_LONGEST_STEP]) for step in steps)

    @property
    def values(self) -> tuple[str, ...]:
        """Return the value, the values before and after, or the declared fields, each as one line of text."""
        match self.action:
            case "add" | "unchanged":
                return (shown(self.after),)
            case "update":
                return shown_change(self.before, self.after)
            case "create":
                assert isinstance(self.after, Mapping)  # noqa: S101  see the class
                return tuple(f"{field} {shown(value)}" for field, value in self.after.items())
            case "outcome":
                return (self.detail,) if self.detail else ()
            case _:
                assert_never(self.action)

    @property
    def between(self) -> str:
        """Return what separates the values."""
        return ", " if self.action == "create" else " → "

    @property
    def origin(self) -> str:
        """Return the place in the specs, and the cause where it is known: `specs/a.yaml:3, changed live`."""
        return f"{place_text(self.place)}, {self.cause}" if self.cause else place_text(self.place)

    @property
    def text(self) -> str:
        """Return the change as a line for people, without sign, place and cause."""
        user = f"user {visible(self.phone_number)}" if self.phone_number else ""
        values = self.between.join(self.values)
        if self.action != "create":
            return f"{user} {self.name}: {values}".lstrip()
        fields = f" ({values})" if values else ""
        doubt = "" if self.certain else ", if not there" if user else ", if there is none"
        return f"{user or self.name}{fields}{doubt}"

    @cached_property
    def identity(self) -> str:
        """Return a text that only lines have which set the same value, however long it is, in place of a like one."""
        return f"{_identity(self.before, digests=False)}{_identity(self.after)}{self.cause}{self.detail}"

    @cached_property
    def look(self) -> str:
        """Return a text that all lines have whose values look alike to readers who see no digests."""
        values = f"{_identity(self.before, digests=False)}{_identity(self.after, digests=False)}"
        return f"{values}{self.cause}{self.detail}"


def plan_lines(plan: PlanDocument) -> Iterator[Line]:
    """Yield the changes of a plan in the order of its operations."""
    for entry in plan.operations:
        yield from _lines(entry)


def unchanged_lines(plan: PlanDocument) -> Iterator[Line]:
    """Yield the declared facts and users that stay as they are in the memories that a plan changes."""
    for memory in plan.memories:
        for fact in memory.unchanged:
            yield Line(
                operation="",
                address=memory.address,
                subject="fact",
                action="unchanged",
                place=fact.source,
                path=fact.path,
                after=fact.declared,
                is_seed=fact.policy == "seed",
            )
        for user in memory.unchanged_users:
            yield Line("", memory.address, "user", "unchanged", user.source, phone_number=user.phone_number)


def outcome_line(outcome: "OutcomeEntry") -> Line:
    """Return the line of one outcome of a receipt."""
    return Line(
        operation="outcome",
        address=outcome.address,
        subject="operation",
        action="outcome",
        place=outcome.source,
        path=(outcome.type,),
        detail=detail_of(outcome),
    )


def place_text(place: PlaceEntry) -> str:
    """Return `FILE:LINE`, or the file alone where the line is not known."""
    return f"{visible(place.file)}:{place.line}" if place.line else visible(place.file)


def cause_text(cause: Cause | None, *, creation: bool = False) -> str:
    """Return who made a change necessary; empty where that is not known."""
    return "" if cause is None else (_CAUSES_OF_CREATION if creation else _CAUSES).get(cause, "")


def _lines(entry: OperationEntry) -> Iterator[Line]:
    match entry:
        case CreateContactEntry():
            yield _creation(entry, "contact", _CONTACT_FIELDS)
        case CreateMemoryEntry():
            yield _creation(entry, "memory", ())
        case AddUserEntry():
            yield _creation(entry, "user", _USER_FIELDS, phone_number=entry.phone_number)
        case WriteFactsEntry(facts=changes):
            yield from (_change(change, entry, "fact", change.source) for change in changes)
        case UpdateContactEntry(changes=changes):
            yield from (_change(change, entry, "contact", change.source) for change in changes)
        case UpdateUserEntry(changes=changes, phone_number=number):
            yield from (_change(change, entry, "user", entry.source, phone_number=number) for change in changes)
        case _:
            assert_never(entry)


def _creation(
    entry: CreateContactEntry | CreateMemoryEntry | AddUserEntry,
    subject: Subject,
    fields: Sequence[str],
    *,
    phone_number: str = "",
) -> Line:
    declared = ((field, getattr(entry, field)) for field in fields)
    return Line(
        operation=entry.type,
        address=entry.address,
        subject=subject,
        action="create",
        place=entry.source,
        certain=entry.certain,
        phone_number=phone_number,
        after={field: value for field, value in declared if value is not None},
        cause=cause_text(entry.cause, creation=True),
    )


def _change(
    change: FactEntry, entry: OperationEntry, subject: Subject, place: PlaceEntry, *, phone_number: str = ""
) -> Line:
    match change:
        case FactAdded():
            before = None
        case FactUpdated():
            before = change.before
        case _:
            assert_never(change)
    return Line(
        operation=entry.type,
        address=entry.address,
        subject=subject,
        action=change.action,
        place=place,
        certain=entry.certain,
        phone_number=phone_number,
        path=change.path,
        before=before,
        after=change.after,
        cause=cause_text(change.cause),
    )


def _identity(value: Mixed, *, digests: bool = True) -> str:
    """
    Return a text that no other value has, nor two values one after the other.

    Without digests, masked values of one kind and length have the same one.
    """
    match value:
        case Masked():
            return f"<{value.masked}>" if digests else f"<{value.origin} {value.kind} {value.length}>"
        case None | str() | int() | float():
            return f"{canonical(value)}\n"
        case Mapping():
            entries = (f"{canonical(key)}{_identity(value[key], digests=digests)}" for key in sorted(value))
            return "{" + "".join(entries) + "}"
        case _:
            return f"[{''.join(_identity(item, digests=digests) for item in value)}]"
