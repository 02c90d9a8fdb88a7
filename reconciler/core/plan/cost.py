"""What an apply costs beyond its plain requests: time under a rate limit, and looks at what had to wait."""

from collections.abc import Iterator

from msgspec import Struct

from reconciler.core.model.settings import Rate
from reconciler.core.plan.operations import AddUser, CreateMemory, MemoryWork, Plan, UpdateUser, WriteFacts


class Allowance(Struct, frozen=True):
    """
    What requests to `/v1/memory` meet: the rate, if one is known, and how many stand in its present window already.

    `is_stale` says that what the plan saw is too old already, so that all that it overwrites is looked at again.
    """

    rate: Rate | None = None
    used: int = 0
    is_stale: bool = False


class Foreseen(Struct, frozen=True):
    """The looks that waits make necessary, and the seconds of these waits."""

    looks: int
    seconds: int


class _Row(Struct, frozen=True):
    """
    Requests that are sent one after the other: so many, and a look where what the plan saw is too old.

    What is created and then written is looked at in between where a window parts the two.
    """

    requests: int
    rests_on_plan: bool = False
    creates: bool = False


def foresee(plan: Plan, allowance: Allowance) -> Foreseen:
    """Return what the waits of an apply cost: what is sent in a row goes into one window, or waits for the next."""
    rate = allowance.rate
    if rate is None:
        return Foreseen(sum(row.rests_on_plan and allowance.is_stale for row in _rows(plan)), 0)
    left, looks, windows = rate.requests - allowance.used, 0, 0
    for row in _rows(plan):
        size = row.requests + int(row.rests_on_plan and (allowance.is_stale or windows > 0))
        if min(size, rate.requests) > left:
            windows, left = windows + 1, rate.requests
            size = row.requests + int(row.rests_on_plan)
        if row.creates and size > rate.requests:  # the window parts the two, so there is a look, too
            size += 1
        looks += size - row.requests
        more = max(0, size - left)
        windows += -(-more // rate.requests)
        left = (left - size) % rate.requests if more else left - size
    return Foreseen(looks, windows * rate.seconds)


def _rows(plan: Plan) -> Iterator[_Row]:
    for work in plan.work:
        if isinstance(work, MemoryWork):
            yield from _rows_of(work)


def _rows_of(work: MemoryWork) -> Iterator[_Row]:
    """Return the rows of a memory; the first one asks for the id where it is not known."""
    first = 1 + work.needs_lookup
    operations = list(work.operations)
    if isinstance(operations[0], CreateMemory) and any(isinstance(item, WriteFacts) for item in operations):
        yield _Row(2, creates=True)
        operations = operations[2:]
    for operation in operations:
        match operation:
            case WriteFacts():
                rests_on_plan = work.memory_id is not None and not operation.needs_second_look
                yield _Row(first + work.needs_second_look, rests_on_plan)
            case UpdateUser():
                yield _Row(first, rests_on_plan=True)
            case AddUser() | CreateMemory():
                yield _Row(first)
        first = 1
