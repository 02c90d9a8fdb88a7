"""What an apply keeps beside the repository: a lease while it works, a journal of it, and what earlier journals say."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.cli.prospect import Prospect
from reconciler.cli.screen import remark
from reconciler.cli.session import Session
from reconciler.core.past_run import RunHeader
from reconciler.core.plan import Plan
from reconciler.core.settling import View
from reconciler.execute import Observer, Together
from reconciler.journal import JournalFolder, new_run_id
from reconciler.lease import Lease, holding
from reconciler.render.past_runs import render_earlier_run
from reconciler.state import prepare_folder
from reconciler.workflow import time_text, utc_now

JOURNALS = "journal"
LEASES = "leases"


@dataclass(frozen=True, slots=True)
class Books:
    """The journals and the lease of one apply, and its id; `tell` is told lines for the operator."""

    session: Session
    run: str
    journals: JournalFolder
    lease: Lease
    tell: Callable[[str], None]

    def settle_earlier_runs(self, prospect: Prospect) -> None:
        """Say what a fresh plan shows of runs that left something open; raises `StateError`."""
        ids = self.session.account.memory_ids
        view = View(prospect.fresh, self.session.desired, prospect.looked_at)
        for run in self.journals.unsettled(environment=ids.environment, api=ids.api, account=ids.account):
            findings = view.findings(run.open_steps)
            self.tell(render_earlier_run(run, findings))
            if not findings.get("not_read"):
                self.journals.settle(run.header.run, by=self.run, at=_now())

    @contextmanager
    def journal(self, plan: Plan) -> Iterator[Observer]:
        """Keep the journal of an execution, where there is something to do; raises `RefusedError` and `StateError`."""
        if not plan.operations:
            yield Together()
            return
        self.lease.renew()
        journal = self.journals.start(self._header(plan), now=_now)
        try:
            yield Together(self.lease, journal)
        finally:
            journal.close(stop_requested=self.session.account.stop.requested)
            if journal.trouble:
                self.tell(
                    f"warning: {journal.trouble}; it ends before this run, and the next apply looks at what is open"
                )

    def _header(self, plan: Plan) -> RunHeader:
        return RunHeader(
            run=self.run,
            environment=plan.origin.environment,
            api=plan.origin.api,
            account=self.session.account.memory_ids.account,
            specs_digest=plan.origin.specs_digest,
            started_at=_now(),
            operations=Counter(operation.type for operation in plan.operations),
        )


@contextmanager
def keeping_books(session: Session, *, tell: Callable[[str], None] = remark) -> Iterator[Books]:
    """Take the lease and look through the journals, before anything is read; raises `RefusedError`, `StateError`."""
    ids = session.account.memory_ids
    folder = prepare_folder(ids.folder)
    run = new_run_id(utc_now(), secrets.token_hex(4))
    account = f"{ids.api} {ids.account}"
    with holding(folder / LEASES, account=account, run=run, environment=ids.environment, clock=utc_now) as lease:
        journals = JournalFolder(folder / JOURNALS)
        journals.check()
        journals.prune()
        yield Books(session, run, journals, lease, tell)


def _now() -> str:
    return time_text(utc_now())
