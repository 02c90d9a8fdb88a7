"""The sums of a plan: its totals, the measures that guards limit, and its cost in requests and waits."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.settings import Guards, Measures, Rate, exceeded
from reconciler.core.model.value import DocumentPart
from reconciler.core.plan.operations import (
    AddUser,
    CreateContact,
    CreateMemory,
    MemoryWork,
    Plan,
    UpdateContact,
    UpdateUser,
    WriteFacts,
)


class SummaryEntry(DocumentPart, frozen=True):
    """Totals of certain operations; `uncertain` counts the others, `memories_unchanged` the memories without any."""

    contacts_to_create: int
    contacts_to_update: int
    memories_to_create: int
    facts_to_add: int
    facts_to_update: int
    users_to_add: int
    users_to_update: int
    memories_unchanged: int
    facts_unmanaged: int
    uncertain: int

    @property
    def pending(self) -> dict[str, int]:
        """Count the pending changes by kind, those of none included."""
        return {kind: getattr(self, kind) for kind in PENDING}


PENDING = tuple(name for name in SummaryEntry.__struct_fields__ if "_to_" in name)
"""The kinds of pending changes, as the summary of a plan names them."""


def summary_of(plan: Plan) -> SummaryEntry:
    """Count the operations of a plan; uncertain ones count only as `uncertain`."""
    certain = [operation for operation in plan.operations if operation.certain]
    kinds = Counter(operation.type for operation in certain)
    facts = Counter(fact.is_new for item in certain if isinstance(item, WriteFacts) for fact in item.facts)
    touched = sum(isinstance(work, MemoryWork) for work in plan.work)
    return SummaryEntry(
        contacts_to_create=kinds["create_contact"],
        contacts_to_update=kinds["update_contact"],
        memories_to_create=kinds["create_memory"],
        facts_to_add=facts[True],
        facts_to_update=facts[False],
        users_to_add=kinds["add_user"],
        users_to_update=kinds["update_user"],
        memories_unchanged=plan.memories - touched - plan.left_alone,
        facts_unmanaged=sum(notice.count for notice in plan.notices if notice.type == "unmanaged"),
        uncertain=len(plan.operations) - len(certain),
    )


def measures_of(plan: Plan) -> Measures:
    """Return the measures that guards limit."""
    summary = summary_of(plan)
    writes = (item for item in plan.operations if isinstance(item, WriteFacts) and item.certain)
    added = {fact.key for item in writes for fact in item.facts if fact.is_new}
    return Measures(
        changes=sum(summary.pending.values()),
        facts_to_update=summary.facts_to_update,
        enforced_facts_live=plan.enforced_facts_live,
        new_keys=tuple(sorted(added - plan.keys.live)),
    )


def guarded(plan: Plan, guards: Guards, reviewed: Measures | None = None) -> Plan:
    """
    Return the plan with the guards that refuse it.

    A saved plan re-reads only part of the account, so every measure except `changes` is taken from the `reviewed` one.
    """
    return replace(plan, exceeded=exceeded(measured(plan, reviewed), guards))


def measured(plan: Plan, reviewed: Measures | None = None) -> Measures:
    """Return the measures of a plan, which are those of the saved plan that was `reviewed` but for its changes."""
    measures = measures_of(plan)
    return measures if reviewed is None else replace(reviewed, changes=measures.changes)


FRESH = 60.0
"""Seconds for which a read value counts as current, if nothing waited for the rate limit since."""


class Allowance(Struct, frozen=True):
    """
    The state of the rate limit of `/v1/memory`: the rate, if known, and the requests used in the current window.

    With `is_stale`, what the plan read is too old already, so all that it overwrites is read again. `lasts` is the
    number of requests after which it is too old, at one second each; None where that is not known. With `is_shared`,
    other runs draw from the same rate.
    """

    rate: Rate | None = None
    used: int = 0
    is_stale: bool = False
    lasts: int | None = None
    is_shared: bool = False

    def is_too_old(self, sent: int) -> bool:
        """Return whether what the plan read is too old after so many requests."""
        return self.is_stale or (self.lasts is not None and sent >= self.lasts)


class Foreseen(Struct, frozen=True):
    """The reads that an apply repeats, of memories (`looks`) and contacts, and the seconds that it waits."""

    looks: int
    seconds: int
    contact_looks: int = 0


class _CountedRow(Struct, frozen=True):
    """
    Requests that are sent one after the other with no wait in between.

    A row that `rests_on_plan` reads again where the plan is too old. A memory that is created and then written is read
    in between where the two fall into different windows.
    """

    requests: int
    rests_on_plan: bool = False
    creates: bool = False


def foresee(plan: Plan, allowance: Allowance) -> Foreseen:
    """Return the cost of an apply; a row goes into one window of the rate limit as a whole, or waits for the next."""
    sent, contact_looks = _contacts(plan, allowance)
    rate = allowance.rate
    if rate is None:
        looks = _looks(plan, allowance, sent)
        return Foreseen(looks, 0, contact_looks)
    left, looks, windows = rate.requests - allowance.used, 0, 0
    for row in _rows(plan):
        size = row.requests + int(row.rests_on_plan and (allowance.is_too_old(sent) or windows > 0))
        if min(size, rate.requests) > left:
            windows, left = windows + 1, rate.requests
            size = row.requests + int(row.rests_on_plan)
        if row.creates and size > rate.requests:  # the two fall into different windows, so it is read in between
            size += 1
        looks, sent = looks + size - row.requests, sent + size
        more = max(0, size - left)
        windows += -(-more // rate.requests)
        left = (left - size) % rate.requests if more else left - size
    return Foreseen(looks, windows * rate.seconds, contact_looks)


def limited_writes(plan: Plan) -> int:
    """Return how many requests to `/v1/memory` an apply sends, reads that it repeats included."""
    return sum(row.requests for row in _rows(plan)) + plan.looks


def seconds_to_read(requests: int, allowance: Allowance) -> int:
    """Return how long so many requests to `/v1/memory` wait for the rate limit."""
    rate = allowance.rate
    if rate is None:
        return 0
    beyond = max(0, requests + allowance.used - rate.requests)
    return -(-beyond // rate.requests) * rate.seconds


def _contacts(plan: Plan, allowance: Allowance) -> tuple[int, int]:
    """Return the requests on contacts, which go first, and how many of them are repeated reads."""
    sent = looks = 0
    for operation in plan.operations:
        if isinstance(operation, CreateContact | UpdateContact):
            rests_on_plan = isinstance(operation, UpdateContact) and not operation.needs_second_look
            look = rests_on_plan and allowance.is_too_old(sent)
            sent, looks = sent + (1 if rests_on_plan and not look else 2), looks + look
    return sent, looks


def _looks(plan: Plan, allowance: Allowance, sent: int) -> int:
    looks = 0
    for row in _rows(plan):
        look = row.rests_on_plan and allowance.is_too_old(sent)
        looks, sent = looks + look, sent + row.requests + look
    return looks


def _rows(plan: Plan) -> Iterator[_CountedRow]:
    for work in plan.work:
        if isinstance(work, MemoryWork):
            yield from _rows_of(work)


def _rows_of(work: MemoryWork) -> Iterator[_CountedRow]:
    """Yield the rows of a memory; the first one asks for the id where it is unknown."""
    first = 1 + work.needs_lookup
    operations = list(work.operations)
    if isinstance(operations[0], CreateMemory) and any(isinstance(item, WriteFacts) for item in operations):
        yield _CountedRow(2, creates=True)
        operations = operations[2:]
    for operation in operations:
        match operation:
            case WriteFacts():
                rests_on_plan = work.memory_id is not None and not operation.needs_second_look
                yield _CountedRow(first + work.needs_second_look, rests_on_plan)
            case UpdateUser():
                yield _CountedRow(first, rests_on_plan=True)
            case AddUser() | CreateMemory():
                yield _CountedRow(first)
        first = 1
