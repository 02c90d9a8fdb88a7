"""One run of a watch: load, plan, apply if told to, and report; what goes wrong is a part of the report."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from reconciler.api.pacing import Pacer, Waiting
from reconciler.cli.bookkeeping import Books, keeping_books
from reconciler.cli.loading import warn
from reconciler.cli.options import Invocation
from reconciler.cli.prospect import Prospect, declared_prospect
from reconciler.cli.session import Declared, Session, read_declared, session_of
from reconciler.cli.watch_aim import SteadyAim
from reconciler.cli.watch_log import WatchLog
from reconciler.cli.watch_rest import AtRest
from reconciler.cli.watch_times import Times
from reconciler.core.documents.describe import describe_plan
from reconciler.core.model.masking import worded_error
from reconciler.core.model.text import duration, visible
from reconciler.core.plan.altered import without
from reconciler.core.plan.diff import FactWrite
from reconciler.core.plan.receipt import Receipt
from reconciler.errors import (
    ApiRejectedError,
    ApiUnavailableError,
    BudgetSpentError,
    InputError,
    NotSentError,
    ReconcilerError,
    RefusedError,
    StateError,
)
from reconciler.project import Environment
from reconciler.watching import Health, Report, Result
from reconciler.watching.report import Reading
from reconciler.workflow.account import Pace, pacer_of, refuse_exceeded
from reconciler.workflow.applying import Applied, apply_plan
from reconciler.workflow.clock import time_text
from reconciler.workflow.run import Run

_UNNAMED = "unknown"
_LONG_WAIT = 30.0
_RESULTS: tuple[tuple[type[ReconcilerError], Result], ...] = (
    (InputError, "invalid"),
    (BudgetSpentError, "incomplete"),
    (ApiUnavailableError, "unavailable"),
    (ApiRejectedError, "rejected"),
    (RefusedError, "refused"),
    (StateError, "unkept"),
    (ReconcilerError, "failed"),
)
"""What an error makes of a run; the first that fits counts."""


class _Ended(Struct, frozen=True):
    """How a run ended, and why where it is not done."""

    result: Result
    errors: tuple[str, ...] = ()


class WatchRun:
    """Called for each run; what it keeps from one to the next is the window of the rate limit, and what is settled."""

    def __init__(self, invocation: Invocation, times: Times, health: Health, log: WatchLog, *, applies: bool) -> None:
        self._invocation = _anchored(invocation)
        self._times = times
        self._health = health
        self._log = log
        self._applies = applies
        self._environment = invocation.environment or _UNNAMED
        self._aim = SteadyAim()
        self._at_rest = AtRest(times.sleep)
        self._pacer_before: Pacer | None = None
        self._pacer: Pacer | None = None
        self._reading: Reading | None = None
        self._settled = ""
        self._unkept: Mapping[str, Sequence[FactWrite]] = {}
        self.is_writing = False

    async def __call__(self) -> Report:
        """Do one run."""
        self._health.expect_sign()
        self._pacer_before, self._pacer, self._reading = self._pacer or self._pacer_before, None, None
        started_at, began = time_text(self._times.now()), self._times.clock()
        ended = await self._ended()
        return self._report(ended, started_at, self._times.clock() - began, self._pacer)

    def _report(self, ended: _Ended, started_at: str, seconds: float, pacer: Pacer | None) -> Report:
        return Report(
            environment=self._environment,
            result=ended.result,
            started_at=started_at,
            seconds=seconds,
            requests=pacer.requests_sent if pacer else 0,
            seconds_throttled=pacer.seconds_throttled if pacer else 0.0,
            reading=self._reading,
            errors=ended.errors,
        )

    async def _ended(self) -> _Ended:
        stop = self._times.stop
        try:
            invocation = _at_one_place(self._invocation)
            declared = await self._at_rest.read(lambda: self._declared(invocation))
            with session_of(declared, invocation, pace=Pace(self._new_pacer, stop, self._log.note)) as session:
                async with session.connected() as connected:
                    is_complete = await self._reconciled(connected)
        except ReconcilerError as error:
            if stop.requested and isinstance(error, NotSentError):
                return _Ended("stopped")
            return _Ended(self._result_of(error), tuple(worded_error(error, reveal=False).splitlines()))
        if is_complete:
            return _Ended("ok")
        return _Ended("stopped" if stop.requested else "incomplete")

    def _result_of(self, error: ReconcilerError) -> Result:
        if isinstance(error, BudgetSpentError) and self._pacer and not self._pacer.was_answered:
            return "unavailable"  # it was spent on asking again
        return next(result for kind, result in _RESULTS if isinstance(error, kind))

    def _declared(self, invocation: Invocation) -> Declared:
        is_first = self._aim.aim is None
        project, environment = self._aim.choose(invocation)
        if is_first:
            self._log.note(f"this watch is for {self._aim.aim}")
            self._environment = environment.name
        declared = read_declared(project, environment, invocation)
        warn(declared.loaded, self._log.note_once)
        return declared

    async def _reconciled(self, session: Session) -> bool:
        """Plan, and apply where that is wanted; says whether nothing was left undone."""
        if not self._applies:
            await self._planned(session)
            return True
        async with keeping_books(session, tell=self._log.note_once) as books:
            prospect, reading = await self._planned(session)
            books.settle_earlier_runs(prospect)
            plan = without(prospect.plan, self._unkept)
            is_whole = plan is prospect.plan
            if not plan.operations or (not plan.has_changes and plan.origin.specs_digest == self._settled):
                return is_whole  # what is uncertain need not be sent again by every run
            is_complete = await self._applied(session, books, replace(prospect, plan=plan), reading)
            return is_complete and is_whole

    async def _planned(self, session: Session) -> tuple[Prospect, Reading]:
        async with session.account.reader() as reader:
            run = replace(self._run(session), allowance=session.account.pacer.allowance)
            prospect = await declared_prospect(session, reader, run, ())
        summary = describe_plan(prospect.plan, session.masker(reveal=False)).summary
        self._reading = reading = Reading(summary, has_drift=prospect.plan.has_changes)
        refuse_exceeded(prospect.plan, command="apply")
        return prospect, reading

    async def _applied(self, session: Session, books: Books, prospect: Prospect, reading: Reading) -> bool:
        plan = prospect.plan
        self.is_writing = True
        try:
            with books.journal(prospect) as observer:
                async with session.account.writer() as writer:
                    stop = self._times.stop
                    applied = await apply_plan(plan, writer, self._run(session), stop=stop, observer=observer)
        finally:
            self.is_writing = False
        receipt = applied.receipt
        self._remember(session, applied)
        self._note_unkept(receipt)
        has_drift = reading.has_drift and not receipt.is_complete
        self._reading = replace(reading, has_drift=has_drift, outcomes=receipt.totals)
        if receipt.is_complete:
            self._settled = plan.origin.specs_digest
        return receipt.is_complete

    def _note_unkept(self, receipt: Receipt) -> None:
        """Remember which writes the account changes, so that they are not repeated at every interval."""
        for outcome in receipt.outcomes:
            if not outcome.altered:
                continue
            address = outcome.operation.address
            again = [item.again for item in outcome.altered if item.again]
            self._unkept = {**self._unkept, address: (*self._unkept.get(address, ()), *again)}
            keys = ", ".join(visible(item.key) for item in outcome.altered)
            self._log.note_once(
                f"{visible(address)}: the account changes what it is sent ({keys}); that is not written again until "
                "the specs or the account change"
            )

    def _remember(self, session: Session, applied: Applied) -> None:
        """Keep the ids that were learned; a cache that cannot be kept is no failure."""
        try:
            session.account.memory_ids.remember(applied.memory_ids)
        except StateError as error:
            self._log.note_once(f"warning: memory ids are not remembered: {error}")

    def _run(self, session: Session) -> Run:
        return replace(session.run(self._note_progress), on_notice=self._log.note_once)

    def _note_progress(self, _done: int, _total: int) -> None:
        self._health.expect_sign()

    def _new_pacer(self, environment: Environment) -> Pacer:
        stop = self._times.stop
        waiting = Waiting(self._times.clock, self._wait, lambda: stop.requested)
        self._pacer = pacer_of(environment, self._invocation, waiting, before=self._pacer_before)
        return self._pacer

    async def _wait(self, seconds: float, why: str) -> None:
        self._health.expect_sign(seconds)
        if seconds >= _LONG_WAIT:
            self._log.note(f"waiting {duration(seconds)}: {visible(why)}")
        await self._times.sleep(seconds)


def _anchored(invocation: Invocation) -> Invocation:
    """Name all places in full, for as long as the watch lasts: the current folder may be replaced by another clone."""
    project = Path(invocation.project or ".").absolute()
    state = str(Path(invocation.state).absolute()) if invocation.state else None
    return dataclasses.replace(invocation, project=str(project), state=state)


def _at_one_place(invocation: Invocation) -> Invocation:
    """
    Follow the links to the repository once, for a whole run; raises `InputError`.

    What keeps a clone up to date (git-sync) points a link at the new one; half a run in each would be a mix of both.
    """
    path = Path(invocation.project or ".")
    try:
        place = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    except (OSError, RuntimeError) as error:  # links in a circle are the latter
        reason = (isinstance(error, OSError) and error.strerror) or "links lead in a circle"
        raise InputError(f"{path} cannot be read: {reason.lower()}") from error
    return dataclasses.replace(invocation, project=str(place))
