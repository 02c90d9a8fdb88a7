"""A reviewed plan is held against the account once more."""

from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.review import refusals
from reconciler.core.model.address import memory_of
from reconciler.core.model.desired import Desired
from reconciler.core.model.selection import restrict
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.planner import build_plan
from reconciler.core.remote import Reader
from reconciler.errors import RefusedError
from reconciler.workflow.planning import observe_distinct, origin_of, with_cost
from reconciler.workflow.run import Run


async def replan(desired: Desired, saved: PlanDocument, reader: Reader, run: Run) -> Plan:
    """
    Read again what a reviewed plan touches, and nothing else, and plan that.

    Raises `RefusedError` where the plan is not for these specs, this account or this key.
    """
    here = origin_of(desired, run, saved.shards)
    reasons = refusals(saved, here, run.masker)
    if reasons:
        raise RefusedError(f"this plan cannot be applied: {'; '.join(reasons)}; make a new one")
    touched = restrict(desired, {memory_of(entry.address) for entry in saved.operations})
    observed = await observe_distinct(touched, reader, run, declared=desired)
    return with_cost(build_plan(touched, observed, origin=here, left_out=0, declared=desired), run)
