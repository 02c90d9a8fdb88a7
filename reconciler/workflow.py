"""Joins the edges and the core: what each command does between its options and its output."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.core.address import memory_of
from reconciler.core.base import base_of
from reconciler.core.desired import Desired
from reconciler.core.document import FORMAT_VERSION, DryRunDocument, PlanDocument, RequestEntry
from reconciler.core.fingerprint import specs_digest
from reconciler.core.identity import same_contact_problems
from reconciler.core.observed import Observed
from reconciler.core.plan import Origin, Plan
from reconciler.core.planner import build_plan
from reconciler.core.receipt import Receipt
from reconciler.core.redaction import Masker
from reconciler.core.remote import Reader, Writer
from reconciler.core.review import refusals
from reconciler.core.shard import Shard, Shards, part_of
from reconciler.core.snapshot import Holdings, Taken
from reconciler.core.target import restrict, select
from reconciler.errors import InputError, RefusedError, SpecError
from reconciler.execute import Canary, Counting, Observer, Together, execute
from reconciler.observe import Observing, ReaderChoice, observe
from reconciler.observe.snapshot import SnapshotReader, list_account, read_all_users
from reconciler.stopping import Stop

Clock = Callable[[], datetime]
"""Gives the time now, in UTC."""

OnProgress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


def utc_now() -> datetime:
    """Give the time now."""
    return datetime.now(UTC)


def _no_limit(_requests: int) -> int:
    """Let nothing wait."""
    return 0


@dataclass(frozen=True, slots=True)
class Run:
    """
    What a run works with: names for the record, how to read, how much may go on at once, whom to tell, the time.

    `masker` gives the digests of values. `snapshot_taken_at` is the time of the snapshot that
    is read in the account's place, if one is.
    `seconds_needed` says how long so many requests to `/v1/memory` have to wait under the rate limit, `shard` which
    part of what is declared the run is for.
    """

    environment: str
    api: str
    reader: ReaderChoice
    known_ids: Mapping[str, str]
    concurrency: int
    masker: Masker
    on_progress: OnProgress
    on_notice: Callable[[str], None]
    clock: Clock = utc_now
    snapshot_taken_at: str | None = None
    seconds_needed: Callable[[int], int] = _no_limit
    shard: Shard | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What was declared at a revision, as git names it."""

    ref: str
    desired: Desired


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of an apply: its receipt, and the memory ids learned on the way."""

    receipt: Receipt
    memory_ids: Mapping[str, str]


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
    observed = await _observed(selection.desired, reader, run)
    before = base_of(select(base.desired, targets, run.shard).desired, base.ref) if base else None
    origin = _origin(run, specs_digest(desired, run.masker.digest), _shards(desired, run.shard))
    left_out, elsewhere = selection.left_out, selection.elsewhere
    plan = build_plan(selection.desired, observed, origin=origin, left_out=left_out, elsewhere=elsewhere, base=before)
    return _with_cost(plan, run)


async def replan(desired: Desired, saved: PlanDocument, reader: Reader, run: Run) -> Plan:
    """
    Read again what a reviewed plan touches, and nothing else, and plan that.

    Raises `RefusedError` where the plan is not for these specs, this account or this key.
    """
    here = _origin(run, specs_digest(desired, run.masker.digest), saved.shards)
    reasons = refusals(saved, here, run.masker)
    if reasons:
        raise RefusedError(f"this plan cannot be applied: {'; '.join(reasons)}; make a new one")
    touched = restrict(desired, {memory_of(entry.address) for entry in saved.operations})
    observed = await _observed(touched, reader, run)
    return _with_cost(build_plan(touched, observed, origin=here, left_out=0), run)


async def _observed(desired: Desired, reader: Reader, run: Run) -> Observed:
    observed = await observe(reader, desired, _observing(run))
    problems = same_contact_problems(desired, observed)
    if problems:
        raise SpecError(problems)
    return observed


def _origin(run: Run, digest: str, shards: Shards | None) -> Origin:
    return Origin(run.environment, run.api, digest, time_text(run.clock()), run.snapshot_taken_at, shards)


def _shards(desired: Desired, shard: Shard | None) -> Shards | None:
    return Shards(shard.count, (shard.index,), len(part_of(desired, shard).memories)) if shard else None


def _with_cost(plan: Plan, run: Run) -> Plan:
    return replace(plan, seconds_at_rate_limit=run.seconds_needed(plan.limited_requests_to_write))


async def observe_declared(desired: Desired, reader: Reader, run: Run) -> Observed:
    """Read all that is declared; raises `ApiError`."""
    return await observe(reader, desired, _observing(run))


async def take_snapshot(desired: Desired, reader: Reader, run: Run, *, all_users: bool) -> tuple[Holdings, Taken]:
    """
    Read what the account lists and what is declared, and say where and when; raises `ApiError`.

    Users are read of the declared memories, or of all that are listed.
    """
    holdings = await list_account(reader, concurrency=run.concurrency)
    recorder = SnapshotReader(holdings, reader)
    await observe(recorder, desired, _observing(run))
    if all_users:
        await read_all_users(recorder, concurrency=run.concurrency)
    return holdings, Taken(run.environment, run.api, time_text(run.clock()))


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


def _observing(run: Run) -> Observing:
    return Observing(run.reader, run.known_ids, run.concurrency, run.on_progress, run.on_notice)


def time_text(moment: datetime) -> str:
    """Give a time as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
