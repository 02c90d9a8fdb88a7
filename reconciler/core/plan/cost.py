"""What an apply costs beyond its plain requests: time under a rate limit, and looks at what had to wait."""

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
"""Seconds for which a view counts where nothing had to wait."""


class Allowance(Struct, frozen=True):
    """
    What requests to `/v1/memory` meet: the rate, if one is known, and how many stand in its present window already.

    `is_stale` says that what the plan saw is too old already, so that all that it overwrites is looked at again.
    `lasts` is how many requests go out before it is, as if each took a second; None where that is not known.
    """

    rate: Rate | None = None
    used: int = 0
    is_stale: bool = False
    lasts: int | None = None

    def is_too_old(self, sent: int) -> bool:
        """Return whether what the plan saw counts no more after so many requests."""
        return self.is_stale or (self.lasts is not None and sent >= self.lasts)


class Foreseen(Struct, frozen=True):
    """The looks that waits and long applies make necessary, those at contacts apart, and the seconds of the waits."""

    looks: int
    seconds: int
    contact_looks: int = 0


class _CountedRow(Struct, frozen=True):
    """
    Requests that are sent one after the other: so many, and a look where what the plan saw is too old.

    What is created and then written is looked at in between where a window parts the two.
    """

    requests: int
    rests_on_plan: bool = False
    creates: bool = False


def foresee(plan: Plan, allowance: Allowance) -> Foreseen:
    """Return what the waits of an apply cost: what is sent in a row goes into one window, or waits for the next."""
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
        if row.creates and size > rate.requests:  # the window parts the two, so there is a look, too
            size += 1
        looks, sent = looks + size - row.requests, sent + size
        more = max(0, size - left)
        windows += -(-more // rate.requests)
        left = (left - size) % rate.requests if more else left - size
    return Foreseen(looks, windows * rate.seconds, contact_looks)


def _contacts(plan: Plan, allowance: Allowance) -> tuple[int, int]:
    """Return the requests on contacts, which go first, and the looks among them that the plan does not count."""
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
    """Return the rows of a memory; the first one asks for the id where it is not known."""
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
