"""An apply that goes on only while all is well: `--canary`, `--max-failures` and `--fail-fast`."""

from collections.abc import Iterator, Mapping, Sequence

import click
from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.options import Invocation
from reconciler.cli.prospect import Prospect
from reconciler.cli.session import Session
from reconciler.cli.terminal import Progress
from reconciler.core.model.address import unit_of
from reconciler.core.plan.operations import Operation, Plan, UpdateContact, UpdateUser, WriteFacts
from reconciler.execute import Canary, FailureLimit, MostFailures, Observer, Together
from reconciler.workflow.planning import make_plan


class Progressive(Struct, frozen=True):
    """How carefully an apply goes on: so many contacts first, no further after so many failures; None asks neither."""

    canary: int | None = None
    most_failures: MostFailures | None = None

    def limited(self, observer: Observer, plan: Plan) -> Observer:
        """Return an observer that also forbids what comes after too many failures, before the given one hears of it."""
        if self.most_failures is None:
            return observer
        return Together(FailureLimit(self.most_failures, operations=len(plan.operations)), observer)

    def canary_of(self, session: Session, prospect: Prospect) -> Canary | None:
        """
        Return the canary, which is read back by a fresh plan of its addresses among what was looked at.

        Of a plan that was reviewed, nothing counts but what is still done of it.
        """
        if self.canary is None:
            return None
        done = {step for item in prospect.plan.operations for step in _steps(item)} if prospect.order else None

        async def read_back(addresses: Sequence[str], learned: Mapping[str, str]) -> Sequence[str]:
            run = session.run(Progress("reading"))
            run = replace(run, known_ids={**run.known_ids, **learned}, on_progress=_untold, on_notice=_told_before)
            async with session.account.reader() as reader:
                fresh = await make_plan(prospect.looked_at, reader, run, targets=tuple(addresses))
            lacking = [item for item in fresh.operations if item.certain]
            counted = (item for item in lacking if done is None or not done.isdisjoint(_steps(item)))
            return sorted({unit_of(item.address) for item in counted})

        return Canary(self.canary, read_back)


def _steps(operation: Operation) -> Iterator[tuple[str, str, str]]:
    """Return what an operation does, key by key where it has keys."""
    match operation:
        case WriteFacts(facts=writes) | UpdateContact(profile=writes) | UpdateUser(changes=writes):
            yield from ((operation.type, operation.address, write.key) for write in writes)
        case _:
            yield operation.type, operation.address, ""


def progressive_of(invocation: Invocation) -> Progressive:
    """Return what the options say; raises `click.UsageError`."""
    if invocation.fail_fast and invocation.max_failures is not None:
        raise click.UsageError("--fail-fast is --max-failures 1; say one of the two")
    return Progressive(invocation.canary, MostFailures(count=1) if invocation.fail_fast else invocation.max_failures)


def _untold(_done: int, _of: int) -> None:
    """Report nobody how far it is."""


def _told_before(_line: str) -> None:
    """Report nothing: the plan before said it."""
