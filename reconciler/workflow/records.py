"""The records of an apply: its lease while it works, its journal, and what earlier journals left open."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.clock import SYSTEM_CLOCK, Clock, time_text, utc_now
from reconciler.concurrency import ends_for_lack_of_memory
from reconciler.core.documents.runs import LimitedRequests, PastRun, RunHeader, Step, step_statuses
from reconciler.core.model.address import operation_key
from reconciler.core.plan.measures import limited_writes
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import CutShortError, StateError
from reconciler.execute import Observer, Together
from reconciler.render.tables import render_earlier_run
from reconciler.storage.files import prepare_folder
from reconciler.storage.journal import Journal, JournalFolder, new_run_id
from reconciler.storage.lease import Lease, holding, outlasting, renewing, running
from reconciler.workflow.proposal import Proposal
from reconciler.workflow.run_record import record_of
from reconciler.workflow.session import Session
from reconciler.workflow.state import State

JOURNALS = "journal"
LEASES = "leases"


@contextmanager
def cut_short_without_memory() -> Iterator[None]:
    """Raise `CutShortError` where the memory gives out."""
    try:
        yield
    except BaseException as error:
        if not ends_for_lack_of_memory(error):
            raise
        raise CutShortError(
            "out of memory during an apply; what was done is not done twice: run it again, with --shard 0/10 "
            "or --target"
        ) from error


class _Unclear(Struct, frozen=True):
    """An earlier run with operations that the account does not show, and those that it holds."""

    run: str
    keys: set[tuple[str, str]]
    held: list[Step]


class ApplyRecords(Struct, frozen=True):
    """
    The journals and the lease of one apply, and who runs it from which commit.

    `unclear` are earlier runs with operations that this one sends again.
    """

    session: Session
    run: RunRecord
    journals: JournalFolder
    lease: Lease
    unclear: list[_Unclear] = field(default_factory=list)

    def resolve_earlier_runs(self, proposal: Proposal) -> None:
        """Report what a new plan shows of runs that left something open; raises `StateError`."""
        declared, looked_at = self.session.desired, proposal.looked_at
        ended = self._ended()
        sent = cache(lambda: self.journals.sent_after(ended[0].header))
        for run in ended:
            statuses = step_statuses(run.open_steps, proposal.fresh, declared=declared, looked_at=looked_at)
            counts = Counter(statuses.values())
            self.session.reporter.note(render_earlier_run(run, counts))
            if counts["not_read"]:
                continue
            is_of_these_specs = run.header.specs_digest == proposal.fresh.origin.specs_digest
            held = [step for step in statuses if statuses[step] == "held" and is_of_these_specs]
            held = [step for step in held if sent().get(operation_key(step), "") <= run.header.run.id]
            keys = {operation_key(step) for step in statuses if statuses[step] == "unclear"}
            if keys:
                self.unclear.append(_Unclear(run.header.run.id, keys, held))
            else:
                self._resolve(run.header.run.id, held)

    def _ended(self) -> list[PastRun]:
        """Return the runs that left something open, the oldest first, without those of shards that are at work."""
        ids = self.session.account.memory_ids
        leases = self.session.account.state.store.below(LEASES)
        at_work = running(leases, utc_now())
        found = self.journals.unresolved(environment=ids.environment, api=ids.api, account=ids.account)
        at_work |= running(leases, utc_now())  # one may have begun since, or ended
        return [run for run in found if run.header.run.id not in at_work]

    def record(self, proposal: Proposal) -> RunRecord:
        """Return the record of this run, with the digest of the plan that it carries out."""
        return replace(self.run, plan_digest=proposal.digest(self.session.masker(reveal=False)))

    @contextmanager
    def journal(self, proposal: Proposal, record: RunRecord) -> Iterator[Observer]:
        """
        Keep the journal of an execution; raises `RefusedError`, `StateError` and `CutShortError`.

        It holds what was decided without a request, too. There is none where nothing is to be done and nothing was left
        out, but for a shard, which would seem never to have begun.
        """
        if not (proposal.plan.operations or proposal.changed or proposal.plan.origin.shards):
            yield Together()
            return
        self.lease.renew()
        with cut_short_without_memory(), self._writing(proposal, record) as journal:
            yield Together(self.lease, journal)
        with suppress(StateError):  # the earlier run stays open then, which is no reason to lose the receipt
            for earlier in self.unclear:
                if earlier.keys <= journal.done:
                    self._resolve(earlier.run, earlier.held)

    def note_refusal(self, proposal: Proposal) -> None:
        """Keep in a journal that guards or rules refuse a plan, if they do."""
        plan = proposal.plan
        rules = (verdict.rule.name for verdict in plan.refusing if not verdict.is_allowed)
        refused_by = (*(guard.name for guard in plan.exceeded), *rules)
        if not refused_by:
            return
        header = self._header(proposal, self.record(proposal))
        with suppress(StateError):  # what refuses it is worth more to whoever looks
            journal = self.journals.start(header, now=_now, requests=self._requests)
            journal.refuse(refused_by)
            journal.close(stop_requested=False)

    @contextmanager
    def _writing(self, proposal: Proposal, record: RunRecord) -> Iterator[Journal]:
        journal = self.journals.start(self._header(proposal, record), now=_now, requests=self._requests)
        try:
            for outcome in proposal.decided:
                journal.outcome(outcome)
            yield journal
        finally:
            journal.close(stop_requested=self.session.account.stop.requested)
            if journal.trouble:
                self.session.reporter.note(
                    f"warning: {journal.trouble}; it lacks a part of this run, which the next apply checks"
                )

    def _resolve(self, run: str, held: Iterable[Step]) -> None:
        self.journals.resolve(run, by=self.run.id, at=_now(), held=held)

    def _requests(self) -> int:
        return self.session.account.pacer.requests_sent

    def _header(self, proposal: Proposal, record: RunRecord) -> RunHeader:
        plan, decided, pacer = proposal.plan, proposal.decided, self.session.account.pacer
        operations = (*plan.operations, *(outcome.operation for outcome in decided))
        return RunHeader(
            run=record,
            environment=plan.origin.environment,
            api=plan.origin.api,
            account=self.session.account.memory_ids.account,
            specs_digest=plan.origin.specs_digest,
            started_at=_now(),
            operations=Counter(operation.type for operation in operations),
            shards=plan.origin.shards,
            chosen=plan.origin.chosen.options,
            allowed=tuple(verdict.rule.name for verdict in plan.refusing if verdict.is_allowed),
            limited=LimitedRequests(
                pacer.limited_sent,
                limited_writes(plan),
                str(pacer.rate or ""),
                is_shared=self.session.account.state.is_shared,
            ),
        )


@asynccontextmanager
async def keeping_records(session: Session, *, clock: Clock = SYSTEM_CLOCK) -> AsyncIterator[ApplyRecords]:
    """
    Take the lease and look through the journals, before anything is read; raises `RefusedError`, `StateError`.

    The lease is renewed all the while.
    """
    ids = session.account.memory_ids
    state = session.account.state
    prepare_folder(state.folder)
    leases = state.store.below(LEASES)
    run = new_run_id(clock.now(), secrets.token_hex(4))
    account = f"{ids.api} {ids.account}"
    await outlasting(leases, account=account, shard=session.shard, clock=clock, tell=session.reporter.note)
    held = holding(leases, account=account, run=run, environment=ids.environment, clock=clock, shard=session.shard)
    with held as lease:
        journals = journals_of(state)
        journals.fetch(also_closed=False)
        journals.check()
        journals.prune()
        async with renewing(lease, clock, lambda error: session.account.pacer.give_up(str(error))):
            yield ApplyRecords(session, record_of(run, session), journals, lease)


def journals_of(state: State) -> JournalFolder:
    """Return the journals of a state."""
    folder = state.folder / JOURNALS
    if state.store.folder is not None:
        return JournalFolder(folder)
    from reconciler.storage.bucket import BucketStore  # noqa: PLC0415  few states are in a bucket
    from reconciler.storage.journal.mirror import Mirror  # noqa: PLC0415

    bucket = state.store.below(JOURNALS)
    assert isinstance(bucket, BucketStore)  # noqa: S101  whatever is no folder
    return JournalFolder(folder, Mirror(bucket, folder))


def _now() -> str:
    return time_text(utc_now())
