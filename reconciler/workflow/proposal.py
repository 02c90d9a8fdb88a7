"""What an apply is about to do: all that is declared, or what still holds of a saved plan."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.review import review
from reconciler.core.model.address import memory_of, operation_key
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import restrict
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Outcome, Receipt
from reconciler.core.remote import Reader
from reconciler.errors import RefusedError
from reconciler.workflow.planning import make_plan, plan_again
from reconciler.workflow.run import Run
from reconciler.workflow.session import Session


class Proposal(Struct, frozen=True):
    """
    A plan to execute.

    `fresh` is the complete new plan for the declarations in `looked_at`. For a saved plan, `decided` holds the
    operations that need no request, `order` the original order of all operations, and `saved_digest` is its own.
    """

    plan: Plan
    fresh: Plan
    looked_at: Desired
    decided: tuple[Outcome, ...] = ()
    order: tuple[tuple[str, str], ...] = ()
    saved_digest: str = ""

    @property
    def changed(self) -> tuple[Outcome, ...]:
        """Return the operations of the saved plan that no longer hold."""
        return tuple(outcome for outcome in self.decided if outcome.changed_since_plan)

    def digest(self, masker: Masker) -> str:
        """Return the digest of the plan that was reviewed: the saved one, or the one that was made for this apply."""
        return self.saved_digest or describe_plan(self.plan, masker).operations_digest

    def completed(self, receipt: Receipt) -> Receipt:
        """Return the receipt with what was decided without a request, in the order of the saved plan."""
        if not self.order:
            return receipt
        places = {key: place for place, key in enumerate(self.order)}
        outcomes = sorted((*receipt.outcomes, *self.decided), key=lambda item: places[operation_key(item.operation)])
        return replace(receipt, outcomes=tuple(outcomes))


async def propose_declared(session: Session, reader: Reader, run: Run) -> Proposal:
    """Plan all that is declared, as far as it is chosen."""
    chosen = session.selected().desired
    made = await make_plan(session.desired, reader, run, chosen=session.chosen, since=session.since)
    plan = session.checked(made, lambda: chosen)
    return Proposal(plan, plan, chosen)


async def propose_saved(session: Session, reader: Reader, run: Run, saved: PlanDocument, *, strict: bool) -> Proposal:
    """Decide what still holds of a saved plan; raises `RefusedError` where nothing of it may be done."""
    fresh = await plan_again(session.desired, saved, reader, run)
    found = review(saved, fresh, run.masker)
    if strict and found.changed:
        raise RefusedError(f"--strict: {_listed(found.changed)}; nothing was written")
    addresses = [memory_of(entry.address) for entry in saved.operations]
    order = tuple(map(operation_key, saved.operations))
    chosen = restrict(session.desired, addresses)
    plan = session.checked(found.plan, lambda: chosen, reviewed=saved.measures)
    return Proposal(plan, fresh, chosen, found.decided, order, saved.operations_digest)


def _listed(moved: Iterable[Outcome]) -> str:
    return "; ".join(f"{outcome.operation.address} {outcome.detail}" for outcome in moved)
