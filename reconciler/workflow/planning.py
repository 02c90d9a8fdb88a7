"""The account is read, and what is declared is held against it."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.desired import Desired
from reconciler.core.model.fingerprint import specs_digest
from reconciler.core.model.observed import Observed, same_contact_problems, same_memory_problems
from reconciler.core.model.selection import Shard, Shards, part_of, select
from reconciler.core.plan.base import base_of
from reconciler.core.plan.cost import foresee
from reconciler.core.plan.operations import Origin, Plan
from reconciler.core.plan.planner import build_plan
from reconciler.core.remote import Reader
from reconciler.errors import InputError, SpecError
from reconciler.observe import observe
from reconciler.workflow.clock import time_text
from reconciler.workflow.run import Run


class Revision(Struct, frozen=True):
    """What was declared at a revision, as git names it."""

    ref: str
    desired: Desired


async def make_plan(
    desired: Desired, reader: Reader, run: Run, *, targets: Sequence[str], base: Revision | None = None
) -> Plan:
    """
    Read what is declared from the account and decide; raises `InputError` for a target that names nothing.

    With what was declared at a `base` revision, changes are planned with their causes.
    """
    selection = select(desired, targets, run.shard)
    if selection.unmatched:
        raise InputError(f"--target {selection.unmatched[0]} names nothing that is declared")
    observed = await observe_distinct(selection.desired, reader, run, declared=desired)
    before = base_of(select(base.desired, targets, run.shard).desired, base.ref) if base else None
    origin = origin_of(desired, run, _shards(desired, run.shard))
    plan = build_plan(
        selection.desired,
        observed,
        origin=origin,
        left_out=selection.left_out,
        elsewhere=selection.elsewhere,
        base=before,
        declared=desired,
    )
    return with_cost(plan, run)


async def observe_declared(desired: Desired, reader: Reader, run: Run) -> Observed:
    """Read all that is declared; raises `ApiError`."""
    return await observe(reader, desired, run.observing)


async def observe_distinct(desired: Desired, reader: Reader, run: Run, *, declared: Desired | None = None) -> Observed:
    """
    Read what is desired; raises `SpecError`, too, where two declarations turn out to be one contact, or one memory.

    `declared` is all that is declared, where `desired` is a part of it.
    """
    observed = await observe_declared(desired, reader, run)
    whole = declared or desired
    if problems := (*same_contact_problems(whole, observed), *same_memory_problems(whole, observed)):
        raise SpecError(problems)
    return observed


def origin_of(desired: Desired, run: Run, shards: Shards | None) -> Origin:
    """Return what a plan of these declarations is for, and when it is made."""
    digest = specs_digest(desired, run.masker.digest)
    return Origin(run.environment, run.api, digest, time_text(run.clock()), run.snapshot_taken_at, shards)


def with_cost(plan: Plan, run: Run) -> Plan:
    """Return a plan with the time that its apply has to wait."""
    foreseen = foresee(plan, run.allowance())
    return replace(
        plan,
        seconds_at_rate_limit=foreseen.seconds,
        looks=foreseen.looks,
        contact_looks=foreseen.contact_looks,
    )


def _shards(desired: Desired, shard: Shard | None) -> Shards | None:
    return Shards(shard.count, (shard.index,), len(part_of(desired, shard).memories)) if shard else None
