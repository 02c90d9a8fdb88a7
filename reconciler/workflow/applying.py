"""A plan is executed, or rehearsed."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from reconciler.core.documents.plan import FORMAT_VERSION
from reconciler.core.documents.receipt import DryRunDocument, RequestEntry
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Receipt
from reconciler.core.remote import Writer
from reconciler.execute import Canary, Counting, Observer, Together, execute
from reconciler.stopping import Stop
from reconciler.workflow.clock import time_text
from reconciler.workflow.run import Run


class Applied(Struct, frozen=True):
    """What came of an apply: its receipt, and the memory ids learned on the way."""

    receipt: Receipt
    memory_ids: Mapping[str, str]


async def apply_plan(  # noqa: PLR0913  one parameter a part of the machine
    plan: Plan, writer: Writer, run: Run, *, stop: Stop, observer: Observer, canary: Canary | None = None
) -> Applied:
    """Execute a plan; failures are outcomes of the receipt, not exceptions."""
    started_at = time_text(run.clock())
    counting = Counting(run.on_progress, operations=len(plan.operations))
    following = Together(observer, counting)
    execution = await execute(plan, writer, concurrency=run.concurrency, stop=stop, observer=following, canary=canary)
    finished_at = time_text(run.clock())
    receipt = Receipt(plan.origin, started_at, finished_at, stop.requested, execution.outcomes)
    return Applied(receipt, execution.memory_ids)


async def rehearse(plan: Plan, recorder: Writer, requests: Sequence[RequestEntry]) -> DryRunDocument:
    """Execute a plan on a writer that records, one operation after the other, and give the `requests` it recorded."""
    await execute(plan, recorder, concurrency=1, stop=Stop(), observer=Together())
    return DryRunDocument(FORMAT_VERSION, "dry_run", plan.origin.environment, plan.origin.api, tuple(requests))
