"""An apply, step by step: plan, show, ask, execute, record, with the limits of a rollout; and its rehearsal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from reconciler.api.recording import RecordingWriter
from reconciler.clock import SYSTEM_CLOCK, Clock, time_text
from reconciler.concurrency import Stop, watching_for_interrupts
from reconciler.core.documents.plan import FORMAT_VERSION, PlanDocument
from reconciler.core.documents.receipt import DryRunDocument, RequestEntry
from reconciler.core.model.address import unit_of
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import Chosen
from reconciler.core.model.settings import MostFailures
from reconciler.core.plan.measures import Allowance
from reconciler.core.plan.operations import Operation, Plan, UpdateContact, UpdateUser, WriteFacts
from reconciler.core.plan.receipt import Receipt
from reconciler.core.plan.remembered import LearnedUsers
from reconciler.core.remote import Writer
from reconciler.execute import Canary, Counting, FailureLimit, Observer, Together, execute
from reconciler.workflow.account import remember_ids
from reconciler.workflow.options import RunOptions
from reconciler.workflow.planning import make_plan
from reconciler.workflow.proposal import Proposal, propose_declared, propose_saved
from reconciler.workflow.records import ApplyRecords, cut_short_without_memory, keeping_records
from reconciler.workflow.refusing import refuse
from reconciler.workflow.remembering import begin_writing
from reconciler.workflow.run import Run
from reconciler.workflow.session import Session
from reconciler.workflow.undoing import UndoFile


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
        done = {step for item in proposal.plan.operations for step in steps_of(item)} if proposal.order else None

        async def read_back(addresses: Sequence[str], learned: Mapping[str, str]) -> Sequence[str]:
            run = session.run("reading")
            run = replace(run, known_ids={**run.known_ids, **learned}, on_progress=_no_progress, on_notice=_no_notice)
            async with session.account.reader() as reader:
                fresh = await make_plan(proposal.looked_at, reader, run, chosen=Chosen(tuple(addresses)))
            lacking = [item for item in fresh.operations if item.certain]
            counted = (item for item in lacking if done is None or not done.isdisjoint(steps_of(item)))
            return sorted({unit_of(item.address) for item in counted})

        return Canary(self.canary, read_back)


def rollout_of(options: RunOptions) -> Rollout:
    """Return the rollout that the options ask for; `--fail-fast` is `--max-failures 1`."""
    return Rollout(options.canary, MostFailures(count=1) if options.fail_fast else options.max_failures)


def steps_of(operation: Operation) -> Iterator[tuple[str, str, str]]:
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


class Applied(Struct, frozen=True):
    """The result of an execution: its receipt, and what was learned on the way of memory ids and of users."""

    receipt: Receipt
    memory_ids: Mapping[str, str]
    users: LearnedUsers


class Screen(Protocol):
    """Where an apply is shown and approved; the command line implements it."""

    asks: bool

    def show_plan(self, proposal: Proposal) -> None:
        """Show what will be done."""

    def confirm(self) -> None:
        """Ask whether to go on; raises `RefusedError` unless the answer is yes."""

    def save_receipt(self, receipt: Receipt) -> None:
        """Write the files that the operator named; raises `StateError`."""

    def show_receipt(self, receipt: Receipt) -> None:
        """Show the outcome of every operation."""


class Apply(Struct, frozen=True):
    """
    One call of `apply` or `undo`.

    An undo (`is_undo`) declares only what it brings back. What it does not name is no notice, and shows nothing about
    earlier runs.
    """

    session: Session
    rollout: Rollout
    saved: PlanDocument | None = None
    strict: bool = False
    undo: UndoFile | None = None
    is_undo: bool = False

    def check(self) -> None:
        """Check that the undo file can be written, before any work is done; raises `InputError`, `StateError`."""
        if self.undo:
            self.undo.check(self.session.project)

    async def run(self, screen: Screen) -> Receipt:
        """Plan, show, ask, execute and record; raises `RefusedError`, `StateError` and what reading raises."""
        async with keeping_records(self.session) as records, self.session.connected() as session:
            return await replace(self, session=session)._run(records, screen)  # noqa: SLF001  this very class

    async def rehearse(self, masker: Masker) -> tuple[Plan, DryRunDocument]:
        """Return the plan, and each request that an apply would send, masked; only reads are sent."""
        plan = (await self._propose(asks=False, is_applying=False)).plan
        recorder = RecordingWriter(masker)
        return plan, await rehearse(plan, recorder, recorder.requests)

    async def _run(self, records: ApplyRecords, screen: Screen) -> Receipt:
        account = self.session.account
        proposal = await self._propose(asks=screen.asks, is_applying=True)
        screen.show_plan(proposal)
        if self.session.shard and proposal.plan.is_rate_shared and proposal.plan.seconds_at_rate_limit:
            self.session.reporter.note("hint: `reconciler show` says how long all shards together take")
        records.note_refusal(proposal)
        refuse(proposal.plan)
        if not self.is_undo:
            records.resolve_earlier_runs(proposal)
        undo = self.undo if proposal.plan.operations else None
        if undo:
            undo.announce(proposal.plan)
        if proposal.plan.operations and screen.asks:
            screen.confirm()
            account.pacer.note_wait()
        if undo:
            undo.save(proposal.plan, account)
        record = records.record(proposal)
        with watching_for_interrupts(account.stop, self.session.reporter.note):
            with records.journal(proposal, record) as observer:
                executed = await self._execute(proposal, observer)
            with cut_short_without_memory():
                receipt = proposal.completed(executed.receipt)
                receipt = replace(receipt, run=record, requests=account.pacer.requests_sent)
                try:
                    self._keep(executed, proposal, receipt, screen)
                finally:
                    screen.show_receipt(receipt)
        if account.pacer.is_budget_spent:
            self.session.reporter.note("hint: run it again to go on: what is done is not done twice")
        return receipt

    async def _propose(self, *, asks: bool, is_applying: bool) -> Proposal:
        """Read the account and decide; `asks` means that somebody is asked before anything is written."""
        async with self.session.account.reader() as reader:
            reads_all = self.is_undo  # it brings back what the specs no longer say
            session = replace(self.session, remembers_users_for=timedelta(0)) if reads_all else self.session
            run = replace(session.reading(is_applying=is_applying), allowance=lambda: self._allowance(asks=asks))
            if self.saved is None:
                proposal = await propose_declared(self.session, reader, run)
                return _without_unmanaged(proposal) if self.is_undo else proposal
            return await propose_saved(self.session, reader, run, self.saved, strict=self.strict)

    def _allowance(self, *, asks: bool) -> Allowance:
        """Return what the requests of the apply meet; while somebody is asked, what the plan saw grows old."""
        met = self.session.account.pacer.allowance()
        return replace(met, is_stale=met.is_stale or asks)

    async def _execute(self, proposal: Proposal, observer: Observer) -> Applied:
        begin_writing(self.session.account.memory_ids, proposal.plan, self.session.reporter.note)
        async with self.session.account.writer() as writer:
            return await apply_plan(
                proposal.plan,
                writer,
                self.session.run("applying"),
                stop=self.session.account.stop,
                observer=self.rollout.limited(observer, proposal.plan),
                canary=self.rollout.canary_of(self.session, proposal),
            )

    def _keep(self, executed: Applied, proposal: Proposal, receipt: Receipt, screen: Screen) -> None:
        """Keep what was learned and write the files, before anything is printed; raises `StateError`."""
        keep_learned(self.session, executed)
        try:
            screen.save_receipt(receipt)
        finally:
            if self.undo and proposal.plan.operations:
                self.undo.save(proposal.plan, self.session.account, executed.receipt.outcomes)


async def apply_plan(  # noqa: PLR0913  one parameter a part of the machine
    plan: Plan, writer: Writer, run: Run, *, stop: Stop, observer: Observer, canary: Canary | None = None
) -> Applied:
    """Execute a plan; failures are outcomes of the receipt, not exceptions."""
    started_at = time_text(run.clock.now())
    counting = Counting(run.on_progress, operations=len(plan.operations))
    following = Together(observer, counting)
    execution = await execute(plan, writer, concurrency=run.concurrency, stop=stop, observer=following, canary=canary)
    finished_at = time_text(run.clock.now())
    allowed = tuple(verdict.rule.name for verdict in plan.refusing if verdict.is_allowed)
    receipt = Receipt(plan.origin, started_at, finished_at, stop.requested, execution.outcomes, allowed=allowed)
    return Applied(receipt, execution.memory_ids, execution.users)


def keep_learned(session: Session, applied: Applied, clock: Clock = SYSTEM_CLOCK) -> None:
    """Keep what an apply learned of memory ids and of users."""
    remember_ids(session.account, applied.memory_ids, session.reporter)
    users = session.reading(is_applying=True, clock=clock).users
    if users is not None:
        users.note_written(applied.users)
        users.keep()


async def rehearse(plan: Plan, recorder: Writer, requests: Sequence[RequestEntry]) -> DryRunDocument:
    """Execute a plan on a writer that records, one operation after the other, and return the recorded `requests`."""
    await execute(plan, recorder, concurrency=1, stop=Stop(), observer=Together())
    return DryRunDocument(FORMAT_VERSION, "dry_run", plan.origin.environment, plan.origin.api, tuple(requests))


def _without_unmanaged(proposal: Proposal) -> Proposal:
    notices = tuple(notice for notice in proposal.plan.notices if notice.type not in {"unmanaged", "retained"})
    return replace(proposal, plan=replace(proposal.plan, notices=notices))
