"""One run of a watch: load, plan, apply with --apply, and report; errors are a part of the report."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from reconciler.api.pacer import Pacer, Waiting
from reconciler.clock import Clock, time_text
from reconciler.concurrency import Stop
from reconciler.core.model.address import operation_key
from reconciler.core.model.masking import worded_error
from reconciler.core.model.text import duration
from reconciler.core.plan.diff import FactWrite
from reconciler.core.plan.measures import summary_of
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import HELD, Receipt, without
from reconciler.errors import (
    ApiRejectedError,
    ApiUnavailableError,
    BudgetSpentError,
    InputError,
    NotSentError,
    ReconcilerError,
    RefusedError,
    StateError,
    TooMuchError,
)
from reconciler.project import Environment
from reconciler.watching.news import WatchNews, drift_of
from reconciler.watching.pinning import PinnedTarget, StableReader, anchored, at_one_place
from reconciler.watching.probes import Health
from reconciler.watching.report import AccountSummary, Report, RunResult, WatchLog
from reconciler.workflow.account import Pace, pacer_of
from reconciler.workflow.applying import apply_plan, keep_learned
from reconciler.workflow.loading import note_warnings
from reconciler.workflow.notifying import Place
from reconciler.workflow.options import RunOptions
from reconciler.workflow.proposal import Proposal, propose_declared
from reconciler.workflow.records import ApplyRecords, keeping_records
from reconciler.workflow.refusing import refuse
from reconciler.workflow.remembering import begin_writing
from reconciler.workflow.run import Reporter, Surroundings
from reconciler.workflow.session import LoadedSpecs, Session, load_chosen, session_for


class Times(Struct, frozen=True):
    """
    The time of a watch, and the chance in its jitter.

    The sleep of `clock` may return early, once `stop` is requested; `share` returns a number from 0 to 1.
    """

    stop: Stop
    clock: Clock
    share: Callable[[], float]


def real_times() -> Times:
    """Return the times of this machine."""
    stop = Stop()
    return Times(stop, Clock(sleep=stop.sleep), Random().random)  # noqa: S311  jitter is no secret


_UNNAMED = "unknown"
_REMEMBERED_FOR = timedelta(days=1)
"""How long users that are as declared are not read again, as changes elsewhere must not stay hidden for long."""
_LONG_WAIT = 30.0
_RESULTS: tuple[tuple[type[ReconcilerError], RunResult], ...] = (
    (InputError, "invalid"),
    (BudgetSpentError, "incomplete"),
    (ApiUnavailableError, "unavailable"),
    (ApiRejectedError, "rejected"),
    (RefusedError, "refused"),
    (StateError, "unsaved"),
    (ReconcilerError, "failed"),
)
"""What an error makes of a run; the first that fits counts."""


class _Ended(Struct, frozen=True):
    """How a run ended, and why where it is not done."""

    result: RunResult
    errors: tuple[str, ...] = ()


class WatchRun:
    """
    Called for each run of a watch.

    Between runs it keeps the window of the rate limit, the digest of the applied specs, and the writes that the account
    changes.
    """

    def __init__(  # noqa: PLR0913  one parameter a part of the watch
        self, options: RunOptions, around: Surroundings, times: Times, health: Health, log: WatchLog, *, applies: bool
    ) -> None:
        self._options = anchored(options)
        self._around = replace(around, reporter=_RunReporter(around.reporter, log, health, self._wait))
        self._times = times
        self._health = health
        self._log = log
        self._applies = applies
        self._target = PinnedTarget()
        self._stable = StableReader(times.clock)
        self._pacer_before: Pacer | None = None
        self._pacer: Pacer | None = None
        self._account: AccountSummary | None = None
        self._place: Place | None = None
        self._news = WatchNews()
        self._applied_digest = ""
        self._useless: Mapping[str, Sequence[FactWrite]] = {}
        self.is_writing = False

    async def __call__(self) -> Report:
        """Do one run."""
        self._health.expect_sign()
        self._pacer_before, self._pacer, self._account = self._pacer or self._pacer_before, None, None
        started_at, began = time_text(self._times.clock.now()), self._times.clock.monotonic()
        ended = await self._ended()
        report = self._report(ended, started_at, self._times.clock.monotonic() - began)
        if self._place and self._place[0].notify:
            await self._news.tell(report, self._place, self._around)
        return report

    def _report(self, ended: _Ended, started_at: str, seconds: float) -> Report:
        pacer, account = self._pacer, self._target.account
        return Report(
            environment=account.environment if account else self._options.environment or _UNNAMED,
            result=ended.result,
            started_at=started_at,
            seconds=seconds,
            requests=pacer.requests_sent if pacer else 0,
            seconds_throttled=pacer.seconds_throttled if pacer else 0.0,
            account=self._account,
            errors=ended.errors,
        )

    async def _ended(self) -> _Ended:
        stop = self._times.stop
        try:
            options = at_one_place(self._options)
            specs = await self._stable.read(lambda: self._load(options))
            pace = Pace(self._new_pacer, stop, self._log.note)
            with session_for(specs, options, self._around, pace=pace) as session:
                longest = session.remembers_users_for
                longest = _REMEMBERED_FOR if longest is None else longest
                async with replace(session, remembers_users_for=longest).connected() as connected:
                    is_complete = await self._reconciled(connected)
        except ReconcilerError as error:
            if stop.requested and isinstance(error, NotSentError):
                return _Ended("stopped")
            said = worded_error(error, reveal=False).splitlines()
            if isinstance(error, TooMuchError) and error.is_declared:
                said[-1] += f"; {self._options.fewer}"
            return _Ended(self._result_of(error), tuple(said))
        if is_complete:
            return _Ended("ok")
        return _Ended("stopped" if stop.requested else "incomplete")

    def _result_of(self, error: ReconcilerError) -> RunResult:
        if isinstance(error, BudgetSpentError) and self._pacer and not self._pacer.was_answered:
            return "unavailable"  # it was spent on asking again
        return next(result for kind, result in _RESULTS if isinstance(error, kind))

    def _load(self, options: RunOptions) -> LoadedSpecs:
        is_first = self._target.account is None
        project, environment = self._target.choose(options, self._around)
        if is_first:
            self._log.note(f"this watch is for {self._target.account}")
        self._place = environment, project.root
        specs = load_chosen(project, environment, options, self._around)
        note_warnings(specs.loaded, self._around.reporter)
        return specs

    async def _reconciled(self, session: Session) -> bool:
        """Plan, and apply where that is wanted; return whether nothing was left undone."""
        if not self._applies:
            await self._planned(session)
            return True
        async with keeping_records(session) as records:
            proposal, account = await self._planned(session)
            records.resolve_earlier_runs(proposal)
            plan = without(proposal.plan, self._useless)
            is_whole = plan is proposal.plan
            if not plan.operations or (not plan.has_changes and plan.origin.specs_digest == self._applied_digest):
                return is_whole  # what is uncertain need not be sent again by every run
            receipt = await self._applied(session, records, replace(proposal, plan=plan))
            has_drift = _leaves_changes(plan, receipt) or not is_whole
            self._account = replace(account, has_drift=has_drift, outcomes=receipt.totals)
            return receipt.is_complete and is_whole

    async def _planned(self, session: Session) -> tuple[Proposal, AccountSummary]:
        async with session.account.reader() as reader:
            reading = session.reading(is_applying=self._applies, clock=self._times.clock)
            run = replace(reading, allowance=session.account.pacer.allowance)
            proposal = await propose_declared(session, reader, run)
        summary = summary_of(proposal.plan)
        self._account = account = AccountSummary(
            summary, has_drift=proposal.plan.has_changes, drift=drift_of(proposal.plan)
        )
        refuse(proposal.plan, command="apply")
        return proposal, account

    async def _applied(self, session: Session, records: ApplyRecords, proposal: Proposal) -> Receipt:
        plan = proposal.plan
        self.is_writing = True
        try:
            with records.journal(proposal, records.record(proposal)) as observer:
                begin_writing(session.account.memory_ids, plan, session.reporter.note, self._times.clock)
                async with session.account.writer() as writer:
                    stop = self._times.stop
                    applied = await apply_plan(plan, writer, session.run("applying"), stop=stop, observer=observer)
        finally:
            self.is_writing = False
        receipt = applied.receipt
        keep_learned(session, applied, self._times.clock)
        self._note_useless(receipt)
        self._note_trouble(receipt)
        if receipt.is_complete:
            self._applied_digest = plan.origin.specs_digest
        return receipt

    def _note_useless(self, receipt: Receipt) -> None:
        """Remember which writes the account changes, so that they are not repeated at every interval."""
        for outcome in receipt.outcomes:
            if not outcome.altered:
                continue
            address = outcome.operation.address
            again = [item.again for item in outcome.altered if item.again]
            self._useless = {**self._useless, address: (*self._useless.get(address, ()), *again)}
            keys = ", ".join(item.key for item in outcome.altered)
            self._log.note_once(
                f"{address}: the account changes what it is sent ({keys}); that is not written again until "
                "the specs or the account change"
            )

    def _note_trouble(self, receipt: Receipt) -> None:
        """Log why the first operation failed, or was not done: the others mostly have the same reason."""
        bad = [one for one in receipt.outcomes if one.result in {"failed", "unknown"} and not one.altered]
        left = [one for one in receipt.outcomes if one.result == "skipped" and not one.changed_since_plan]
        for outcome in (bad or left)[:1]:
            self._log.note_once(f"{outcome.operation.address} ({outcome.result}): {outcome.detail}")

    def _new_pacer(self, environment: Environment) -> Pacer:
        stop = self._times.stop
        waiting = Waiting(self._times.clock, self._wait, lambda: stop.requested)
        self._pacer = pacer_of(environment, self._options, waiting, before=self._pacer_before)
        return self._pacer

    async def _wait(self, seconds: float, why: str) -> None:
        self._health.expect_sign(seconds)
        if seconds >= _LONG_WAIT:
            self._log.note(f"waiting {duration(seconds)}: {why}")
        await self._times.clock.sleep(seconds)


def _leaves_changes(plan: Plan, receipt: Receipt) -> bool:
    """Return whether changes of the plan are still pending; uncertain ones do not count."""
    done = {operation_key(item.operation) for item in receipt.outcomes if item.result in HELD}
    return any(operation.certain and operation_key(operation) not in done for operation in plan.operations)


class _RunReporter:
    """Reports of one watch: notes go to its log, each once while it stays so, and progress is a sign of life."""

    def __init__(
        self, outer: Reporter, log: WatchLog, health: Health, wait: Callable[[float, str], Awaitable[None]]
    ) -> None:
        self.note = log.note_once
        self.secret = outer.secret
        self.key = outer.key
        self.leaving = outer.leaving
        self._outer = outer
        self._health = health
        self._wait = wait

    @property
    def shows_live_values(self) -> bool:
        """Return whether the log is read by the operator alone."""
        return self._outer.shows_live_values

    def progress(self, _label: str, *, has_eta: bool = True) -> Callable[[int, int], None]:
        """Return a function that records a sign of life."""
        del has_eta
        return lambda _done, _total: self._health.expect_sign()

    def waiting(self, _stop: Stop) -> Callable[[float, str], Awaitable[None]]:
        """Return a function that waits."""
        return self._wait
