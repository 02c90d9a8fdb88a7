"""Past runs → documents: the list of them, and the receipt of one as far as its journal knows it."""

from collections.abc import Iterable, Mapping

from reconciler.core.document import (
    FORMAT_VERSION,
    OutcomeEntry,
    PlaceEntry,
    ReceiptDocument,
    TotalsEntry,
)
from reconciler.core.past_run import PastRun, Step
from reconciler.core.receipt import Result
from reconciler.core.runs_document import RunEntry, RunsDocument

_DETAILS: Mapping[Result | None, str] = {
    None: "the run ended while it was under way",
    "already": "nothing was left to do",
    "done": "",
    "failed": "the reason is in the run's receipt alone",
    "skipped": "not tried",
    "unknown": "the answer was lost",
}
"""A journal holds no words of the API, since they may hold values."""


def describe_runs(runs: Iterable[PastRun]) -> RunsDocument:
    """Give the list of runs, the newest first."""
    newest_first = sorted(runs, key=lambda run: run.header.run, reverse=True)
    return RunsDocument(FORMAT_VERSION, "runs", tuple(map(_entry, newest_first)))


def describe_past_run(run: PastRun) -> ReceiptDocument:
    """Give the receipt of a run; where it has no end, the time of its last line stands for it."""
    return ReceiptDocument(
        format_version=FORMAT_VERSION,
        kind="receipt",
        environment=run.header.environment,
        api=run.header.api,
        specs_digest=run.header.specs_digest,
        started_at=run.header.started_at,
        finished_at=run.finished_at or run.last_seen_at,
        interrupted=run.interrupted or run.finished_at is None,
        totals=TotalsEntry(**run.totals),
        outcomes=tuple(map(_outcome, run.steps)),
    )


def _entry(run: PastRun) -> RunEntry:
    header = run.header
    return RunEntry(
        run=header.run,
        environment=header.environment,
        api=header.api,
        started_at=header.started_at,
        finished_at=run.finished_at,
        state=run.state,
        settled=run.settled,
        operations=header.planned,
        totals=TotalsEntry(**run.totals),
    )


def _outcome(step: Step) -> OutcomeEntry:
    place = PlaceEntry(step.source.file, step.source.line)
    return OutcomeEntry(step.type, step.address, step.result or "unknown", _DETAILS[step.result], place)
