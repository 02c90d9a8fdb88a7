"""Plans, receipts and dry runs as text for a terminal or a log."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.receipt import DryRunDocument, OutcomeEntry, ReceiptDocument, RequestEntry, TotalsEntry
from reconciler.core.model.text import visible
from reconciler.render.changes import Line, plan_lines
from reconciler.render.notices import NoticeGroup, keys_of, notice_groups, view_sentences
from reconciler.render.output import Palette
from reconciler.render.words import advice, cost, counted, detail_of, listed, memories, pending, shards_sentence, whole

_MOST_SKIPPED = 5
"""If more operations than this were skipped for one reason, they are counted, not listed."""


def render_receipt_text(receipt: ReceiptDocument, palette: Palette) -> str:
    """Return the receipt as text: each operation that was not done, then the totals and what to do next."""
    shards = [shards_sentence(receipt.shards)] if receipt.shards else []
    lines = [*_outcomes(receipt, palette), _totals(receipt, palette), *shards, *_advice(receipt)]
    return "\n".join([*lines, ""])


def _outcomes(receipt: ReceiptDocument, palette: Palette) -> Iterator[str]:
    """Yield a line for each operation that is not done, and one for many that were skipped for the same reason."""
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
_MOST_PLACES = 20
"""Places whose keys are listed below a note."""


def render_plan_text(plan: PlanDocument, palette: Palette) -> str:
    """Return the plan as text: changes memory by memory, then totals, doubts, notices and cost."""
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
    for group in notice_groups(plan.notices):
        yield from _notes(group)
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


def _notes(group: NoticeGroup) -> Iterator[str]:
    """Yield a sentence for all notices of a kind, and below it the keys of the first ones."""
    yield f"Note: {group.sentence} ({visible(group.kind)})."
    listed_first = group.with_keys[:_MOST_PLACES]
    yield from (f"  {visible(notice.address)}: {keys_of(notice)}" for notice in listed_first)
    if rest := len(group.with_keys) - len(listed_first):
        yield f"  and {counted(rest, 'more place')}"
