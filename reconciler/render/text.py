"""A plan as text for a terminal or a log."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.core.documents.plan import NoticeEntry, PlanDocument
from reconciler.core.documents.receipt import DryRunDocument, OutcomeEntry, ReceiptDocument, RequestEntry, TotalsEntry
from reconciler.core.model.text import visible
from reconciler.render.changes import Line, plan_lines
from reconciler.render.notices import by_kind, keys_of, notice_sentence, view_sentences
from reconciler.render.output import Palette
from reconciler.render.words import advice, cost, counted, detail_of, listed, memories, pending, shards_sentence, whole

_MOST_SKIPPED = 5
"""More operations than this that were skipped for one reason are counted, not listed."""


def render_receipt_text(receipt: ReceiptDocument, palette: Palette) -> str:
    """Return the receipt as text: each operation that is not simply done, then the totals and what to do next."""
    shards = [shards_sentence(receipt.shards)] if receipt.shards else []
    lines = [*_outcomes(receipt, palette), _totals(receipt, palette), *shards, *_advice(receipt)]
    return "\n".join([*lines, ""])


def _outcomes(receipt: ReceiptDocument, palette: Palette) -> Iterator[str]:
    """Return a line for each operation that is not done, and one for many that were skipped for the same reason."""
    skipped = Counter(item.detail for item in receipt.outcomes if item.outcome == "skipped")
    for outcome in receipt.outcomes:
        if outcome.outcome in {"done", "already"} or skipped[outcome.detail] > _MOST_SKIPPED:
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


def render_counts(totals: TotalsEntry) -> str:
    """Return the totals in a line; those that are 0 are left out, but for what is done."""
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
    if receipt.totals.unknown:
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


_TOTALS = (
    "contacts_to_create",
    "contacts_to_update",
    "memories_to_create",
    "facts_to_add",
    "facts_to_update",
    "users_to_add",
    "users_to_update",
)
_WIDEST = 72
"""Sources stand in one column; a longer line pushes its own source to the right."""
_MOST_TOLD = 20
"""Places whose keys are listed below a note."""


def render_plan_text(plan: PlanDocument, palette: Palette) -> str:
    """Return the plan as text: what changes memory by memory, then totals, what cannot be known, notices and cost."""
    return "\n".join([*_changes(plan, palette), *_conclusion(plan, palette), ""])


def _changes(plan: PlanDocument, palette: Palette) -> Iterator[str]:
    for address, lines in groupby(plan_lines(plan), key=lambda line: line.memory):
        yield palette.strong(visible(address))
        yield from _aligned(list(lines), palette)
        yield ""


def _aligned(lines: Sequence[Line], palette: Palette) -> Iterator[str]:
    """Yield each line with its place, the places in one column."""
    paints = {"+": palette.add, "~": palette.update, "?": palette.uncertain}
    texts = [line.text for line in lines]
    width = max((len(text) for text in texts if len(text) <= _WIDEST), default=0)
    for line, text in zip(lines, texts, strict=True):
        padding = " " * (width - len(text))
        yield f"  {paints[line.sign](f'{line.sign} {text}')}{padding}  {palette.faint(line.origin)}"


def _conclusion(plan: PlanDocument, palette: Palette) -> Iterator[str]:
    yield palette.strong(_headline(plan))
    if plan.summary.uncertain:
        yield palette.uncertain(
            f"Not certain (?): {counted(plan.summary.uncertain, 'operation')}. This account gives no way to see "
            "whether they are needed; apply does them, and they change nothing where they are not."
        )
    for kind, notices in by_kind(plan.notices).items():
        yield from _notes(kind, notices)
    yield from view_sentences(plan)
    yield palette.faint(f"Cost: {cost(plan.cost)}.")


def _headline(plan: PlanDocument) -> str:
    name = visible(plan.environment)
    account = name if plan.environment == plan.api else f"{name} ({visible(plan.api)})"
    summary = plan.summary
    changes = pending(summary, _TOTALS)
    unchanged = f"{memories(summary.memories_unchanged)} unchanged" if summary.memories_unchanged else ""
    if changes:
        return "; ".join(filter(None, [f"Plan for {account}: {listed(changes)}", unchanged])) + "."
    return ": ".join(filter(None, [f"No changes for {account}", unchanged])) + "."


def _notes(kind: str, notices: Sequence[NoticeEntry]) -> Iterator[str]:
    """Return a sentence for all notices of a kind, and below it the keys of the first of them."""
    count = sum(notice.count for notice in notices)
    where = visible(notices[0].address) if len(notices) == 1 else counted(len(notices), "place")
    yield f"Note: {notice_sentence(kind, count, where)} ({visible(kind)})."
    told = [notice for notice in notices if notice.keys]
    yield from (f"  {visible(notice.address)}: {keys_of(notice)}" for notice in told[:_MOST_TOLD])
    if rest := told[_MOST_TOLD:]:
        yield f"  and {counted(len(rest), 'more place')}"
