"""What an apply keeps beside the repository: a lease while it works, a journal of it, and what earlier journals say."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from msgspec import Struct

from reconciler.cli.prospect import Prospect
from reconciler.cli.repeats import Repeats
from reconciler.cli.session import Session
from reconciler.cli.terminal import remark
from reconciler.core.documents.runs import RunHeader, View
from reconciler.errors import StateError
from reconciler.execute import Observer, Together
from reconciler.render.tables import render_earlier_run
from reconciler.storage.files import prepare_folder
from reconciler.storage.journal import Journal, JournalFolder, new_run_id
from reconciler.storage.lease import Lease, holding, renewing
from reconciler.workflow.clock import Clock, time_text, utc_now

JOURNALS = "journal"
LEASES = "leases"


class Books(Struct, frozen=True):
    """The journals and the lease of one apply, and its id; `tell` is told lines for the operator."""

    session: Session
    run: str
    journals: JournalFolder
    lease: Lease
    tell: Callable[[str], None]
    repeats: Repeats

    def settle_earlier_runs(self, prospect: Prospect) -> None:
        """Report what a new plan shows of runs that left something open; raises `StateError`."""
        ids = self.session.account.memory_ids
        view = View(prospect.fresh, self.session.desired, prospect.looked_at)
        for run in self.journals.unsettled(environment=ids.environment, api=ids.api, account=ids.account):
            findings = view.findings(run.open_steps)
            counts = Counter(findings.values())
            self.tell(render_earlier_run(run, counts))
            if counts["unclear"] and not counts["not_read"]:
                self.repeats.expect(run.header.run, (step for step in findings if findings[step] == "unclear"))
            elif not counts["not_read"]:
                self._settle(run.header.run)

    @contextmanager
    def journal(self, prospect: Prospect) -> Iterator[Observer]:
        """
        Keep the journal of an execution; raises `RefusedError` and `StateError`.

        What was settled without a request stands in it, too. There is none where nothing is to be done and nothing was
        left out.
        """
        if not (prospect.plan.operations or prospect.moved):
            yield Together()
            return
        self.lease.renew()
        with self._writing(prospect) as journal:
            yield Together(self.lease, journal, self.repeats)
        with suppress(StateError):  # it stays open then, which is no reason to lose the receipt
            for run in self.repeats.cleared:
                self._settle(run)

    @contextmanager
    def _writing(self, prospect: Prospect) -> Iterator[Journal]:
        journal = self.journals.start(self._header(prospect), now=_now)
        try:
            for outcome in prospect.settled:
                journal.outcome(outcome)
            yield journal
        finally:
            journal.close(stop_requested=self.session.account.stop.requested)
            if journal.trouble:
                self.tell(
                    f"warning: {journal.trouble}; it ends before this run, and the next apply looks at what is open"
                )

    def _settle(self, run: str) -> None:
        self.journals.settle(run, by=self.run, at=_now())

    def _header(self, prospect: Prospect) -> RunHeader:
        plan, settled = prospect.plan, prospect.settled
        operations = (*plan.operations, *(outcome.operation for outcome in settled))
        return RunHeader(
            run=self.run,
            environment=plan.origin.environment,
            api=plan.origin.api,
            account=self.session.account.memory_ids.account,
            specs_digest=plan.origin.specs_digest,
            started_at=_now(),
            operations=Counter(operation.type for operation in operations),
        )


@asynccontextmanager
async def keeping_books(
    session: Session,
    *,
    tell: Callable[[str], None] = remark,
    clock: Clock = utc_now,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[Books]:
    """
    Take the lease and look through the journals, before anything is read; raises `RefusedError`, `StateError`.

    The lease is renewed all the while; `sleep` is told seconds.
    """
    ids = session.account.memory_ids
    folder = prepare_folder(ids.folder)
    run = new_run_id(clock(), secrets.token_hex(4))
    account = f"{ids.api} {ids.account}"
    with holding(folder / LEASES, account=account, run=run, environment=ids.environment, clock=clock) as lease:
        journals = JournalFolder(folder / JOURNALS)
        journals.check()
        journals.prune()
        async with renewing(lease, sleep):
            yield Books(session, run, journals, lease, tell, Repeats())


def _now() -> str:
    return time_text(utc_now())
