"""Merges the receipts of attempts at one plan, killed ones included, into what they did together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.documents.runs import JOURNAL_DETAILS, PROVED
from reconciler.core.model.address import operation_key, unit_of
from reconciler.core.plan.receipt import HELD, totals_of

_CREATE = frozenset(("create_contact", "create_memory", "add_user"))
"""Operations that can happen once alone, since nothing is ever deleted: sent again, they find what they made."""

_Key: TypeAlias = tuple[str, str]


def merge_attempts(receipts: Sequence[ReceiptDocument]) -> ReceiptDocument:
    """
    Return what several attempts did together; a run may come twice, as its receipt and as its journal.

    What was done in one attempt and was there in the next counts once, as done. What was done and had to be sent again,
    since the account changed in between, counts as often as it was sent.
    """
    by_run: dict[object, list[ReceiptDocument]] = {}
    for number, receipt in enumerate(receipts):
        by_run.setdefault(receipt.run.id if receipt.run else number, []).append(receipt)
    runs = sorted(map(_one_run, by_run.values()), key=lambda receipt: receipt.started_at)
    tried: dict[_Key, tuple[OutcomeEntry, ...]] = {}
    for outcome in (outcome for receipt in runs for outcome in receipt.outcomes):
        key = operation_key(outcome)
        tried[key] = _after(tried[key], outcome) if key in tried else (outcome,)
    outcomes = [outcome for same in tried.values() for outcome in same]
    return with_runs(
        replace(
            runs[-1],
            started_at=runs[0].started_at,
            finished_at=max(receipt.finished_at for receipt in runs),
            totals=_totals(outcomes, not_named=_never_begun(runs, tried)),
            outcomes=tuple(sorted(outcomes, key=lambda outcome: unit_of(outcome.address))),
        ),
        runs,
    )


def with_runs(merged: ReceiptDocument, parts: Sequence[ReceiptDocument]) -> ReceiptDocument:
    """Return a merged receipt with the runs of its parts, the oldest first, and what these sent and were allowed."""
    records = sorted((record for part in parts for record in part.every_run), key=lambda record: record.id)
    requests = [part.requests for part in parts if part.requests is not None]
    return replace(
        merged,
        run=records[-1] if records else None,
        runs=tuple(records) if len(records) > 1 else (),
        requests=sum(requests) if requests else None,
        allowed=tuple(sorted({name for part in parts for name in part.allowed})),
    )


def _one_run(same: Sequence[ReceiptDocument]) -> ReceiptDocument:
    """Return the receipt of a run, with what its journal alone knows: a later run may have found what was lost."""
    if len(same) == 1:
        return same[0]
    outcomes: dict[_Key, OutcomeEntry] = {}
    for receipt in same:
        for key, outcome in _by_key(receipt).items():
            outcomes[key] = max(outcomes.get(key, outcome), outcome, key=_told)
    planned = max(receipt.totals.sum for receipt in same)
    return replace(
        same[0],
        totals=_totals(outcomes.values(), not_named=max(0, planned - len(outcomes))),
        outcomes=tuple(outcomes.values()),
        resolved=any(receipt.resolved for receipt in same),
        allowed=tuple({name for receipt in same for name in receipt.allowed}),
        requests=max((receipt.requests for receipt in same if receipt.requests is not None), default=None),
    )


def _told(outcome: OutcomeEntry) -> tuple[bool, bool, int]:
    """Return how much an outcome tells: a receipt has reasons and values, and a journal neither."""
    return outcome.outcome != "unknown", bool(outcome.altered), -(outcome.detail in JOURNAL_DETAILS)


def _by_key(receipt: ReceiptDocument) -> Mapping[_Key, OutcomeEntry]:
    return {operation_key(outcome): outcome for outcome in receipt.outcomes}


def _after(before: tuple[OutcomeEntry, ...], now: OutcomeEntry) -> tuple[OutcomeEntry, ...]:
    """Return what the attempts at one operation came to, after one more."""
    *earlier, last = before
    if now.outcome == "skipped" and last.outcome != "skipped":
        return before  # it was not tried again
    if now.type in _CREATE and (made := [one for one in before if one.outcome == "done"]):
        return (*made, now) if now.outcome == "failed" else tuple(made)
    if last.outcome == "done":
        return before if now.outcome == "already" else (*before, now)
    if last.outcome == "unknown" and now.outcome == "already":
        now = replace(now, outcome="done", detail=PROVED)
    return (*earlier, now)


def _totals(outcomes: Iterable[OutcomeEntry], *, not_named: int) -> TotalsEntry:
    return TotalsEntry(**totals_of((outcome.outcome for outcome in outcomes), not_named=not_named))


def _never_begun(runs: Sequence[ReceiptDocument], tried: Mapping[_Key, Sequence[OutcomeEntry]]) -> int:
    """
    Return how many operations no attempt began, which a journal counts without names.

    Attempts of one saved plan have the same operations. Without one, the last attempt planned what was left.
    """
    if len({run.run.plan_digest if run.run else None for run in runs}) == 1:
        return max(0, max(map(_planned, runs)) - len(tried))
    last = _by_key(runs[-1])
    planned_again = sum(same[-1].outcome not in HELD for key, same in tried.items() if key not in last)
    return max(0, _planned(runs[-1]) - len(last) - planned_again)


def _planned(receipt: ReceiptDocument) -> int:
    """Return how many operations a receipt is of; one that is merged may hold several outcomes of one."""
    return receipt.totals.sum - len(receipt.outcomes) + len(_by_key(receipt))
