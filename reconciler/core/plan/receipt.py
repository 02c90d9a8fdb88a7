"""The receipt: the outcome of every operation of a plan, and what the account altered of what was sent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal, Protocol, TypeAlias, get_args

from msgspec import Meta, Struct
from msgspec.structs import replace

from reconciler.core.model.address import Addressed
from reconciler.core.model.desired import Fact, User
from reconciler.core.model.value import DocumentPart, Json, covers, same
from reconciler.core.plan.diff import FactWrite, among, diff_facts
from reconciler.core.plan.operations import (
    ContactOperation,
    ContactWork,
    MemoryOperation,
    MemoryWork,
    Plan,
    PlanOrigin,
    UpdateContact,
    UpdateUser,
    Work,
    WriteFacts,
)
from reconciler.errors import Source


class Altered(Struct, frozen=True):
    """
    A fact, or a field of a contact or user, that came back with another value than was sent.

    `came_back` is the value in the account; None with `is_missing`, where there is none. `again` is the write that the
    next plan would contain, if any: a seeded fact that exists stays as it is.
    """

    key: str
    sent: Json
    came_back: Json
    is_missing: bool
    again: FactWrite | None


def altered_facts(sent: Sequence[FactWrite], declared: Sequence[Fact], held: Mapping[str, Json]) -> tuple[Altered, ...]:
    """Return the facts that differ in the account from what was sent, each of which was sent whole."""
    other = [write for write in sent if write.key not in held or not same(held[write.key], write.value)]
    return _altered(other, declared, held)


def altered_profile(
    sent: Sequence[FactWrite], declared: Sequence[Fact], held: Mapping[str, Json]
) -> tuple[Altered, ...]:
    """Return the fields of a contact that lack something that was sent; they may hold more."""
    other = [write for write in sent if write.key not in held or not covers(held[write.key], write.declared)]
    return _altered(other, declared, held)


def altered_user(user: User, held: Mapping[str, Json]) -> tuple[Altered, ...]:
    """Return the texts of a user that differ from what was sent, as far as the answer shows them."""
    texts = {"metadata": user.metadata, "summary": user.summary}
    declared = [
        Fact(key, text, "enforce", user.source) for key, text in texts.items() if text is not None and key in held
    ]
    return _altered(diff_facts(declared, held), declared, held)


def _altered(other: Sequence[FactWrite], declared: Sequence[Fact], held: Mapping[str, Json]) -> tuple[Altered, ...]:
    again = {write.key: write for write in diff_facts(declared, held)} if other else {}
    return tuple(
        Altered(write.key, write.declared, held.get(write.key), write.key not in held, again.get(write.key))
        for write in other
    )


def without(plan: Plan, useless: Mapping[str, Sequence[FactWrite]]) -> Plan:
    """
    Return the plan without the writes in `useless`, which the account changed before; the plan itself if it has none.

    `useless` maps the address of an operation to its writes. A write of another value, or over another one, stays.
    """
    work = tuple(item for item in (_reduced_work(work, useless) for work in plan.work) if item.operations)
    return plan if work == plan.work else replace(plan, work=work)


def _reduced_work(work: Work, useless: Mapping[str, Sequence[FactWrite]]) -> Work:
    match work:
        case ContactWork(operations=operations):
            of_contact = [_reduced_contact(item, useless.get(item.address, ())) for item in operations]
            return replace(work, operations=tuple(item for item in of_contact if item is not None))
        case MemoryWork(operations=several):
            of_memory = [_reduced(item, useless.get(item.address, ())) for item in several]
            return replace(work, operations=tuple(item for item in of_memory if item is not None))


def _reduced_contact(operation: ContactOperation, useless: Sequence[FactWrite]) -> ContactOperation | None:
    if not isinstance(operation, UpdateContact):
        return operation
    profile = tuple(write for write in operation.profile if not among(write, useless))
    return replace(operation, profile=profile) if profile else None


def _reduced(operation: MemoryOperation, useless: Sequence[FactWrite]) -> MemoryOperation | None:
    match operation:
        case WriteFacts():
            facts = tuple(write for write in operation.facts if not among(write, useless))
            return replace(operation, facts=facts) if facts else None
        case UpdateUser():  # always sent whole
            return None if all(among(write, useless) for write in operation.changes) else operation
        case _:
            return operation


Result: TypeAlias = Literal["done", "already", "skipped", "failed", "unknown"]
"""
The result of an operation.

`already`: nothing was left to do. `skipped`: not tried. `failed`: the account does not hold what was sent.
`unknown`: the answer was lost or was about something else; the next plan shows what happened.
"""

HELD = frozenset(("done", "already"))
"""The results after which the account holds what the operation asked for."""


def totals_of(results: Iterable[str], *, not_named: int = 0) -> Mapping[str, int]:
    """Return the number of operations by result; those that are `not_named` count as skipped."""
    counted = Counter(results)
    counted["skipped"] += not_named
    return {result: counted[result] for result in get_args(Result)}


class Planned(Addressed, Protocol):
    """An operation, as far as a receipt needs it."""

    @property
    def source(self) -> Source:
        """Return the place of the declaration."""
        ...


CHANGED_SINCE_PLAN = "changed since the plan"
"""How the detail of an operation begins that was skipped because a live value changed since the plan."""


class Outcome(Struct, frozen=True):
    """
    The outcome of one operation; `detail` is the reason in one line, or empty.

    `written` are the facts or fields that were sent, with the values they replaced, which may be newer than those of
    the plan. `altered` are those of them that differ in the account. `said` is the API's own message.
    """

    operation: Planned
    result: Result
    detail: str = ""
    written: tuple[FactWrite, ...] = ()
    said: str = ""
    changed_since_plan: bool = False
    altered: tuple[Altered, ...] = ()


RunId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,80}$")]


class RunRecord(DocumentPart, frozen=True):
    """
    Who applied, on which machine, from which commit and which plan; what is not known is null, or left out.

    `id` names the run, as `runs` lists it. `dirty` says whether the specs had changes that the commit lacks. `ci_url`
    is the page of the job, where CI ran it. Attempts of one saved plan have the same `plan_digest`.
    """

    id: RunId
    actor: str | None = None
    host: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    ci_url: str | None = None
    version: str | None = None
    plan_digest: str | None = None


class Receipt(Struct, frozen=True):
    """
    One apply: an outcome for each operation, in the order of the plan; times are ISO 8601 in UTC.

    A stop may be requested too late to matter; `interrupted` is whether it left something undone. `requests` counts
    those that the run sent, reads included. `allowed` are the rules that are broken and were raised for it.
    """

    origin: PlanOrigin
    started_at: str
    finished_at: str
    stop_requested: bool
    outcomes: tuple[Outcome, ...]
    run: RunRecord | None = None
    requests: int | None = None
    allowed: tuple[str, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Return whether the apply was stopped before it was complete."""
        return self.stop_requested and not self.is_complete

    @property
    def totals(self) -> Mapping[str, int]:
        """Count the outcomes of each kind."""
        return totals_of(outcome.result for outcome in self.outcomes)

    @property
    def is_complete(self) -> bool:
        """Return whether the account now holds all that the plan asked for."""
        return all(outcome.result in HELD for outcome in self.outcomes)
