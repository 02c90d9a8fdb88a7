import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.client import open_writer
from reconciler.concurrency import Stop
from reconciler.core.documents.runs import PastRun, RunHeader
from reconciler.core.plan.operations import Operation, Plan
from reconciler.core.plan.receipt import Outcome, Receipt, RunRecord
from reconciler.execute import Together
from reconciler.sandbox import faults
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Fault, Faults, Rule, When
from reconciler.storage.journal import Journal, read_run
from reconciler.workflow.applying import apply_plan
from tests.properties.test_laws import Account, accounts
from tests.storage.test_journal import FakeLog

KINDS: tuple[Fault, ...] = (
    faults.Drop(),
    faults.Truncate(),
    faults.bad_gateway(),
    faults.server_error(),
    faults.too_many_requests(retry_after="1"),
    faults.invalid_json(),
    faults.empty_body(),
    faults.null_data(),
    faults.envelope_error(200, "BAD_REQUEST", "refused"),
    faults.envelope_error(404, "NOT_FOUND", "gone"),
)
SIDES: tuple[When, ...] = ("before", "after")
RULES = st.lists(
    st.builds(Rule, fault=st.sampled_from(KINDS), rate=st.sampled_from([0.1, 0.4, 0.8]), when=st.sampled_from(SIDES)),
    max_size=4,
)


class Stopping:
    """Requests a stop after so many outcomes."""

    def __init__(self, stop: Stop, after: int) -> None:
        self._stop = stop
        self._left = after

    async def intent(self, operation: Operation) -> None:
        """Let it happen."""

    def outcome(self, outcome: Outcome) -> None:
        del outcome
        self._left -= 1
        if self._left <= 0:
            self._stop.request()


def journalled(account: Account, plan: Plan, log: FakeLog, *, stop_after: int) -> Receipt:
    async def work() -> Receipt:
        stop = Stop()
        operations = Counter(operation.type for operation in plan.operations)
        header = RunHeader(
            RunRecord("RUN"), "test", "sandbox", "hmac:0", "sha256:0", "2026-01-02T12:00:00Z", operations
        )
        journal = Journal(log, header, now=lambda: "2026-01-02T12:00:00Z", requests=lambda: 0)
        following = Together(Stopping(stop, stop_after), journal)
        async with open_writer(account.served.endpoint()) as writer:
            applied = await apply_plan(plan, writer, account.run, stop=stop, observer=following)
        journal.close(stop_requested=stop.requested)
        return applied.receipt

    return asyncio.run(work())


def read(log: FakeLog) -> PastRun:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "RUN.jsonl"
        path.write_bytes(b"".join(log.lines))
        run = read_run(path)
    assert run is not None
    return run


@given(accounts(), RULES, st.integers(0, 2**16), st.sampled_from([1, 3, 10**9]))
def test_in_any_world_with_any_faults_the_journal_says_what_the_receipt_says(
    account: Account, rules: list[Rule], seed: int, stop_after: int
) -> None:
    plan = account.plan()
    account.served.app = create_app(account.served.store, account.settings, Faults(rules, seed=seed))
    log = FakeLog()
    receipt = journalled(account, plan, log, stop_after=stop_after)
    run = read(log)

    told = {(item.operation.type, item.operation.address): item.result for item in receipt.outcomes}
    assert {(step.type, step.address): step.result for step in run.steps} == told
    assert run.totals == receipt.totals
    assert (run.state == "complete") == receipt.is_complete
    assert (run.state == "interrupted") == receipt.interrupted
    assert run.needs_resolving == bool(receipt.totals["unknown"])
