"""Receipts and dry runs as text for a terminal or a log."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from reconciler.core.documents.receipt import DryRunDocument, OutcomeEntry, ReceiptDocument, RequestEntry, TotalsEntry
from reconciler.core.model.address import unit_of
from reconciler.core.model.text import visible
from reconciler.core.plan.receipt import HELD
from reconciler.render.output import Palette
from reconciler.render.words import advice, counted, detail_of, listed, rest_of, shards_sentence, who_ran, whole

_MOST_SINGLE = 5
"""If more operations than this ended alike, they are counted, and the first of them named."""
_MOST_NAMED = 3
_MOST_LINES = 60
_MOST_GROUPS = 15
"""The most lines of single operations, and the most groups, of two lines each, that are shown unless in full."""


def render_receipt_text(receipt: ReceiptDocument, palette: Palette, *, full: bool = False) -> str:
    """Return the receipt as text: the operations that were not done, then the totals and what to do next."""
    shards = [shards_sentence(receipt.shards)] if receipt.shards else []
    outcomes = _each(receipt, palette) if full else _outcomes(receipt, palette)
    lines = [*outcomes, _totals(receipt, palette), *_record(receipt), *shards, *_advice(receipt)]
    return "\n".join([*lines, ""])


def _each(receipt: ReceiptDocument, palette: Palette) -> Iterator[str]:
    """Yield a line for each operation that is not done."""
    for outcome in receipt.outcomes:
        if outcome.outcome not in HELD:
            yield f"{_mark(outcome.outcome, palette)} {_name(outcome)}: {visible(detail_of(outcome))}"


def _outcomes(receipt: ReceiptDocument, palette: Palette) -> Iterator[str]:
    """Yield a line for each operation that is not done, and two for many that ended alike; few lines in all."""
    alike: dict[tuple[str, str], list[OutcomeEntry]] = defaultdict(list)
    for outcome in receipt.outcomes:
        if outcome.outcome not in HELD:
            alike[outcome.outcome, _reason(outcome)].append(outcome)
    grouped = {key: several for key, several in alike.items() if len(several) > _MOST_SINGLE}
    groups = sorted(grouped.items(), key=lambda item: (item[0][0] == "skipped", -len(item[1])))
    single = [one for one in receipt.outcomes if one.outcome not in HELD and (one.outcome, _reason(one)) not in grouped]
    if len(single) > _MOST_LINES:
        single.sort(key=lambda one: one.outcome == "skipped")
    yield from _each(replace(receipt, outcomes=tuple(single[:_MOST_LINES])), palette)
    for (result, reason), several in groups[:_MOST_GROUPS]:
        yield f"{_mark(result, palette)} {counted(len(several), 'operation')}: {visible(reason)}"
        yield palette.faint(f"         {_names(several)}")
    if hidden := len(single[_MOST_LINES:]) + sum(len(several) for _, several in groups[_MOST_GROUPS:]):
        yield f"{counted(hidden, 'more operation')} not done."
    if groups or hidden:
        yield palette.faint("What ended alike is shown once; --full shows each of it.")


def _mark(result: str, palette: Palette) -> str:
    paint = palette.update if result == "skipped" else palette.failure
    return paint(f"{visible(result):8}")


def _reason(outcome: OutcomeEntry) -> str:
    """Return why an operation is not done, in words that are the same for all contacts."""
    unit, detail = unit_of(outcome.address), detail_of(outcome)
    return detail.replace(f"{unit} ", "the contact ") if unit.startswith("contacts.") else detail


def _names(several: Sequence[OutcomeEntry]) -> str:
    return listed([*map(_name, several[:_MOST_NAMED]), *rest_of(several, _MOST_NAMED)])


def _name(outcome: OutcomeEntry) -> str:
    return f"{visible(outcome.address)} ({visible(outcome.type)}, {visible(outcome.source.file)}:{outcome.source.line})"


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
