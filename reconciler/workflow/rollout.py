"""An apply that goes on only while all is well: `--canary`, `--max-failures` and `--fail-fast`."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.address import unit_of
from reconciler.core.model.settings import MostFailures
from reconciler.core.plan.operations import Operation, Plan, UpdateContact, UpdateUser, WriteFacts
from reconciler.execute import Canary, FailureLimit, Observer, Together
from reconciler.workflow.options import RunOptions
from reconciler.workflow.planning import make_plan
from reconciler.workflow.proposal import Proposal
from reconciler.workflow.session import Session


class Rollout(Struct, frozen=True):
    """How many contacts are done first, and after how many failures nothing more is begun; None asks for neither."""

    canary: int | None = None
    most_failures: MostFailures | None = None

    def limited(self, observer: Observer, plan: Plan) -> Observer:
        """Return an observer that also forbids operations after too many failures, before `observer` hears of them."""
        if self.most_failures is None:
            return observer
        return Together(FailureLimit(self.most_failures, operations=len(plan.operations)), observer)

    def canary_of(self, session: Session, proposal: Proposal) -> Canary | None:
        """
        Return the canary, which is read back by a fresh plan of its addresses among what was looked at.

        Of a saved plan, only what is still done of it counts.
        """
        if self.canary is None:
            return None
        done = {step for item in proposal.plan.operations for step in _steps(item)} if proposal.order else None

        async def read_back(addresses: Sequence[str], learned: Mapping[str, str]) -> Sequence[str]:
            run = session.run("reading")
            run = replace(run, known_ids={**run.known_ids, **learned}, on_progress=_no_progress, on_notice=_no_notice)
            async with session.account.reader() as reader:
                fresh = await make_plan(proposal.looked_at, reader, run, targets=tuple(addresses))
            lacking = [item for item in fresh.operations if item.certain]
            counted = (item for item in lacking if done is None or not done.isdisjoint(_steps(item)))
            return sorted({unit_of(item.address) for item in counted})

        return Canary(self.canary, read_back)


def rollout_of(options: RunOptions) -> Rollout:
    """Return the rollout that the options ask for; `--fail-fast` is `--max-failures 1`."""
    return Rollout(options.canary, MostFailures(count=1) if options.fail_fast else options.max_failures)


def _steps(operation: Operation) -> Iterator[tuple[str, str, str]]:
    """Yield what an operation does, key by key where it has keys."""
    match operation:
        case WriteFacts(facts=writes) | UpdateContact(profile=writes) | UpdateUser(changes=writes):
            yield from ((operation.type, operation.address, write.key) for write in writes)
        case _:
            yield operation.type, operation.address, ""


def _no_progress(_done: int, _of: int) -> None:
    """Show no progress: the apply's own is shown."""


def _no_notice(_line: str) -> None:
    """Show no notice: the plan before showed it."""
