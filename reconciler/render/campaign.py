"""A campaign as text and as Markdown: a row for each shard, what is left of all, and how long that takes."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from reconciler.core.documents.campaign import CampaignDocument, CampaignPartEntry
from reconciler.core.model.text import duration, visible
from reconciler.render.markup import code, marker
from reconciler.render.output import PLAIN, Palette
from reconciler.render.words import columns_of, commit_text, counted, listed, padded, rest_of

_HEADINGS = ("SHARD", "STATE", "ATTEMPTS", "DONE", "LEFT", "FAILED", "RUN")
_MOST_ROWS = 20
"""With more shards than that, the complete ones have no rows, unless all are wanted."""
_MOST_MARKDOWN_ROWS = 200
_MOST_RANGES = 12
_LONGEST = 160
_FIRST_NUMBER = 2


def render_campaign_text(document: CampaignDocument, palette: Palette = PLAIN, *, full: bool = False) -> str:
    """Return the campaign in columns; of many shards, those that are complete are only named."""
    rows = [_HEADINGS, *map(_row, _shown(document, full=full))]
    widths = [max(columns_of(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    table = [_line(row, widths) for row in rows] if len(rows) > 1 else []
    head = [palette.strong(line) for line in (_title(document, visible), *table[:1])]
    return "\n".join([*head, *table[1:], *_sentences(document, visible, full=full), ""])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        f"{cell:>{width}}" if column >= _FIRST_NUMBER else padded(cell, width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=False))
    ]
    return "  ".join([*cells, row[-1]])


def render_campaign_markdown(document: CampaignDocument, *, full: bool = False) -> str:
    """Return the campaign as an HTML table, in which foreign text does nothing."""
    shown = _shown(document, full=full)
    head = "".join(f"<th>{name.lower()}</th>" for name in _HEADINGS)
    rows = [f"<tr>{''.join(f'<td>{_code(cell)}</td>' for cell in _row(part))}</tr>" for part in shown]
    more = [f'<tr><td colspan="{len(_HEADINGS)}">{text}</td></tr>' for text in rest_of(rows, _MOST_MARKDOWN_ROWS)]
    table = ["<table>", f"<tr>{head}</tr>", *rows[:_MOST_MARKDOWN_ROWS], *more, "</table>"] if rows else []
    notes = [f"<p>{sentence}</p>" for sentence in _sentences(document, _code, full=full)]
    mark = marker(document.environment, suffix=":campaign")
    return "\n".join([mark, f"<h3>{_title(document, _code)}</h3>", *table, *notes, ""])


def _code(text: str) -> str:
    return code(text, _LONGEST)


def _title(document: CampaignDocument, mark: Callable[[str], str]) -> str:
    what = f"Apply in {counted(document.shards, 'shard')}" if document.shards else "Apply"
    commit = f" at {mark(commit_text(document.commit, dirty=document.dirty))}" if document.commit else ""
    since = f"{document.started_at[:10]} {document.started_at[11:16]} UTC"
    options = " ".join(f"{option} {shlex.quote(text)}" for option, text in document.chosen)
    chosen = f", of {mark(options)}" if options else ""
    return f"{what} for {mark(document.environment)} ({mark(document.api)}){commit}{chosen}, since {mark(since)}."


def _shown(document: CampaignDocument, *, full: bool) -> list[CampaignPartEntry]:
    folds = len(document.parts) > _MOST_ROWS and not full
    return [part for part in document.parts if not (folds and part.state == "complete")]


def _row(part: CampaignPartEntry) -> tuple[str, ...]:
    numbers = (part.attempts, part.done, part.left, part.failed)
    return part.shard or "all", part.state, *(f"{number:,}" for number in numbers), visible(part.run or "-")


def _sentences(document: CampaignDocument, mark: Callable[[str], str], *, full: bool) -> Iterator[str]:
    """Yield what the rows do not say: other shards, totals, the time that is left, and what to do."""
    folded = len(document.parts) - len(_shown(document, full=full))
    if folded:
        complete = [_index(part) for part in document.parts if part.state == "complete"]
        yield f"Complete: {_ranges(complete, document)}; --full shows their rows."
    if document.not_begun:
        yield f"No run yet: {_ranges(document.not_begun, document)}."
    failed = f", {document.failed:,} of them failed" if document.failed else ""
    yield f"{counted(document.done, 'operation')} done, {document.left:,} left{failed}{_uncounted(document)}."
    yield from _time(document, mark)
    yield from _advice(document, mark)


def _uncounted(document: CampaignDocument) -> str:
    unseen = len(document.not_begun) + sum(part.run is None for part in document.parts)
    whose = "it" if unseen == 1 else "them"
    return f"; {counted(unseen, 'shard')} not counted, since no plan of {whose} is known" if unseen else ""


def _time(document: CampaignDocument, mark: Callable[[str], str]) -> Iterator[str]:
    found = document.estimate
    if found is None:
        if document.no_estimate:
            yield f"No estimate of the time: {mark(document.no_estimate)}."
        return
    if not found.requests:
        yield f"What is left takes no requests that count under {mark(found.rate_limit)}, as far as is known."
        return
    takes = f"about {duration(found.seconds)}" if found.seconds else "less than a window of the rate limit"
    yield f"Time left: {takes}, for {counted(found.requests, 'request')} at {mark(found.rate_limit)}."
    if unseen := found.requests_not_begun:
        yield f"{unseen:,} of these are for shards without a run, which count as the mean of the others."


def _advice(document: CampaignDocument, mark: Callable[[str], str]) -> Iterator[str]:
    by_reason: dict[tuple[str, ...], list[int]] = {}
    for part in document.parts:
        if part.state == "refused":
            by_reason.setdefault(part.refused_by, []).append(_index(part))
    for names, indexes in by_reason.items():
        which = f"{_ranges(indexes, document)}: " if document.shards else ""
        yield f"{which}refused by {listed([*map(mark, names)])}. Look at the plan; if it is right, raise that once."
    again = [_index(part) for part in document.parts if part.state in {"killed", "interrupted", "incomplete"}]
    if again:
        which = _ranges(again, document) if document.shards else "the apply"
        yield f"Run {which} again: what is done is not done twice."
    if not (document.is_complete or any(part.is_at_work for part in document.parts)):
        yield "No apply is at work."


def _index(part: CampaignPartEntry) -> int:
    return int(part.shard.partition("/")[0]) if part.shard else 0


def _ranges(indexes: Sequence[int], document: CampaignDocument) -> str:
    """Return `shards 0, 3-7 and 12 of 100`."""
    by_gap = groupby(enumerate(sorted(indexes)), lambda one: one[1] - one[0])
    rows = [[index for _, index in same] for _, same in by_gap]
    names = [f"{row[0]}" if len(row) == 1 else f"{row[0]}-{row[-1]}" for row in rows]
    shown = listed([*names[:_MOST_RANGES], *rest_of(names, _MOST_RANGES)])
    return f"shard{'' if len(indexes) == 1 else 's'} {shown} of {document.shards or 1}"
