"""Receipts and dry runs as text for a terminal or a log."""

from collections import Counter
from collections.abc import Iterator

from reconciler.core.documents.receipt import DryRunDocument, OutcomeEntry, ReceiptDocument, RequestEntry, TotalsEntry
from reconciler.core.model.text import visible
from reconciler.core.plan.receipt import HELD
from reconciler.render.output import Palette
from reconciler.render.words import advice, counted, detail_of, listed, shards_sentence, who_ran, whole

_MOST_SKIPPED = 5
"""If more operations than this were skipped for one reason, they are counted, not listed."""


def render_receipt_text(receipt: ReceiptDocument, palette: Palette) -> str:
    """Return the receipt as text: each operation that was not done, then the totals and what to do next."""
    shards = [shards_sentence(receipt.shards)] if receipt.shards else []
    lines = [*_outcomes(receipt, palette), _totals(receipt, palette), *_record(receipt), *shards, *_advice(receipt)]
    return "\n".join([*lines, ""])


def _outcomes(receipt: ReceiptDocument, palette: Palette) -> Iterator[str]:
    """Yield a line for each operation that is not done, and one for many that were skipped for the same reason."""
    skipped = Counter(item.detail for item in receipt.outcomes if item.outcome == "skipped")
    for outcome in receipt.outcomes:
        if outcome.outcome in HELD or skipped[outcome.detail] > _MOST_SKIPPED:
            continue
        paint = palette.failure if outcome.outcome in {"failed", "unknown"} else palette.update
        yield f"{paint(f'{visible(outcome.outcome):8}')} {_outcome(outcome)}"
    for detail, count in sorted(skipped.items()):
        if count > _MOST_SKIPPED:
            yield f"{palette.update('skipped ')} {counted(count, 'operation')}: {visible(detail)}"


def _outcome(outcome: OutcomeEntry) -> str:
    place = f"{visible(outcome.source.file)}:{outcome.source.line}"
    return f"{visible(outcome.address)} ({visible(outcome.type)}, {place}): {visible(detail_of(outcome))}"


def _totals(receipt: ReceiptDocument, palette: Palette) -> str:
    totals = receipt.totals
    is_complete = not (totals.skipped or totals.failed or totals.unknown)
    paint, word = (palette.add, "complete") if is_complete else (palette.failure, "incomplete")
    return paint(f"Apply {word}: {render_counts(totals)}.")


def _record(receipt: ReceiptDocument) -> Iterator[str]:
    if who := who_ran(receipt, with_host=True):
        url = receipt.run and receipt.run.ci_url
        yield f"{who}: {visible(url)}" if url else f"{who}."


def render_counts(totals: TotalsEntry) -> str:
    """Return the totals in one line; it leaves out those that are 0, except the operations done."""
    parts = [
        counted(totals.done, "operation") + " done",
        f"{totals.already:,} already there" if totals.already else "",
        f"{totals.failed:,} failed" if totals.failed else "",
        f"{totals.unknown:,} unknown" if totals.unknown else "",
        f"{totals.skipped:,} skipped" if totals.skipped else "",
    ]
    return listed([part for part in parts if part])


def _advice(receipt: ReceiptDocument) -> Iterator[str]:
    already = {outcome.detail for outcome in receipt.outcomes if outcome.outcome == "already"}
    yield from (f"Already there: {visible(detail)}." for detail in sorted(already))
    if receipt.totals.unknown and not receipt.resolved:
        why = "the answer was lost or about something else"
        yield f"Unknown: {why}, so it may have been done or not; the next plan looks again."
    yield from advice(receipt)


def render_dry_run_text(dry_run: DryRunDocument) -> str:
    """Return the requests as text, each with its body."""
    requests = [line for request in dry_run.requests for line in _request(request)]
    return "\n".join([*requests, f"Dry run: {counted(len(dry_run.requests), 'request')}, none sent.", ""])


def _request(request: RequestEntry) -> Iterator[str]:
    yield f"{visible(request.method)} {visible(request.path)}"
    yield f"    {whole(request.body)}"
