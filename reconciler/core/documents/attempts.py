"""Merges the receipts of attempts at one plan, killed ones included, into what they did together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, get_args

from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.documents.runs import JOURNAL_DETAILS
from reconciler.core.model.address import operation_key, unit_of
from reconciler.core.plan.receipt import Result, RunRecord

PROVED = "the answer was lost; a later run found it in the account"
_HELD = frozenset(("done", "already"))
_Key: TypeAlias = tuple[str, str]


def merge_attempts(receipts: Sequence[ReceiptDocument]) -> ReceiptDocument:
    """
    Return what several attempts did together; a run may come twice, as its receipt and as its journal.

    What was done in one attempt and was there in the next counts once, as done.
    """
    by_run: dict[object, list[ReceiptDocument]] = {}
    for number, receipt in enumerate(receipts):
        by_run.setdefault(receipt.run.id if receipt.run else number, []).append(receipt)
    runs = sorted(map(_one_run, by_run.values()), key=lambda receipt: receipt.started_at)
    outcomes: dict[_Key, OutcomeEntry] = {}
    for receipt in runs:
        for key, outcome in _by_key(receipt).items():
            outcomes[key] = _after(outcomes[key], outcome) if key in outcomes else outcome
    return with_runs(
        replace(
            runs[-1],
            started_at=runs[0].started_at,
            finished_at=max(receipt.finished_at for receipt in runs),
            totals=_totals(outcomes, not_named=_never_begun(runs, outcomes)),
            outcomes=tuple(sorted(outcomes.values(), key=lambda outcome: unit_of(outcome.address))),
        ),
        runs,
    )


def with_runs(merged: ReceiptDocument, parts: Sequence[ReceiptDocument]) -> ReceiptDocument:
    """Return a merged receipt with the runs of its parts, the oldest first, and what these sent and were allowed."""
    records = sorted((record for part in parts for record in part.runs or _record(part)), key=lambda record: record.id)
    requests = [part.requests for part in parts if part.requests is not None]
    return replace(
        merged,
        run=records[-1] if records else None,
        runs=tuple(records) if len(records) > 1 else (),
        requests=sum(requests) if requests else None,
        allowed=tuple(sorted({name for part in parts for name in part.allowed})),
    )


def _record(receipt: ReceiptDocument) -> tuple[RunRecord, ...]:
    return (receipt.run,) if receipt.run else ()


def _one_run(same: Sequence[ReceiptDocument]) -> ReceiptDocument:
    """Return the receipt of a run, with what its journal alone knows: a later run may have found what was lost."""
    outcomes: dict[_Key, OutcomeEntry] = {}
    for receipt in same:
        for key, outcome in _by_key(receipt).items():
            outcomes[key] = max(outcomes.get(key, outcome), outcome, key=_told)
    planned = max(receipt.totals.sum for receipt in same)
    return replace(
        same[0],
        totals=_totals(outcomes, not_named=max(0, planned - len(outcomes))),
        outcomes=tuple(outcomes.values()),
        allowed=tuple({name for receipt in same for name in receipt.allowed}),
        requests=max((receipt.requests for receipt in same if receipt.requests is not None), default=None),
    )


def _told(outcome: OutcomeEntry) -> tuple[bool, bool, int]:
    """Return how much an outcome tells: a receipt has reasons and values, and a journal neither."""
    return outcome.outcome != "unknown", bool(outcome.altered), -(outcome.detail in JOURNAL_DETAILS)


def _by_key(receipt: ReceiptDocument) -> Mapping[_Key, OutcomeEntry]:
    return {operation_key(outcome): outcome for outcome in receipt.outcomes}


def _after(before: OutcomeEntry, now: OutcomeEntry) -> OutcomeEntry:
    """Return what two attempts at one operation came to."""
    if now.outcome == "skipped" and before.outcome != "skipped":
        return before  # it was not tried again
    if before.outcome == "done" and now.outcome == "already":
        return before
    if before.outcome == "unknown" and now.outcome == "already":
        return replace(now, outcome="done", detail=PROVED)
    return now


def _totals(outcomes: Mapping[_Key, OutcomeEntry], *, not_named: int) -> TotalsEntry:
    counted = Counter(outcome.outcome for outcome in outcomes.values())
    counted["skipped"] += not_named
    return TotalsEntry(**{result: counted[result] for result in get_args(Result)})


def _never_begun(runs: Sequence[ReceiptDocument], outcomes: Mapping[_Key, OutcomeEntry]) -> int:
    """
    Return how many operations no attempt began, which a journal counts without names.

    Attempts of one saved plan have the same operations. Without one, the last attempt planned what was left.
    """
    if len({run.run.plan_digest if run.run else None for run in runs}) == 1:
        return max(0, max(run.totals.sum for run in runs) - len(outcomes))
    last = _by_key(runs[-1])
    planned_again = sum(outcome.outcome not in _HELD for key, outcome in outcomes.items() if key not in last)
    return max(0, runs[-1].totals.sum - len(last) - planned_again)
