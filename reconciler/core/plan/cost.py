"""The cost of an apply beyond one request an operation: waits for the rate limit, and reads repeated after them."""

from collections.abc import Iterator

from msgspec import Struct

from reconciler.core.model.settings import Rate
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

FRESH = 60.0
"""Seconds for which a read value counts as current, if nothing waited for the rate limit since."""


class Allowance(Struct, frozen=True):
    """
    The state of the rate limit of `/v1/memory`: the rate, if known, and the requests used in the current window.

    With `is_stale`, what the plan read is too old already, so all that it overwrites is read again. `lasts` is the
    number of requests after which it is too old, at one second each; None where that is not known.
    """

    rate: Rate | None = None
    used: int = 0
    is_stale: bool = False
    lasts: int | None = None

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
