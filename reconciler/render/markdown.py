"""
Plans and receipts as Markdown: comments on pull requests and step summaries, never larger than their budget.

The whole page is HTML blocks without a blank line, so no Markdown is parsed in text from specs and accounts (see
`markup`). If a page is too large, values are shortened first, then units are grouped by keys alone, then rows are left
out, the least risky first. Hidden changes are counted.
"""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.receipt import ReceiptDocument, TotalsEntry
from reconciler.core.model.text import shortened
from reconciler.render.changes import Line
from reconciler.render.markup import SourceLinks, code, is_page, marker, notes, refusal
from reconciler.render.sections import TOTALS_BY_RISK, Group, Section, grouped, plan_sections, receipt_sections
from reconciler.render.words import PlanWords, advice, counted, listed, memories, pending, who_ran, words_of

COMMENT_CHARACTERS = 65_000
SUMMARY_BYTES = 1_000_000

_OPEN_PARTS = 20
"""Parts of a section that are not folded."""
_LONG_PART = 8
"""Parts with more rows than this are folded, each by itself."""
_NAME = 80
_COMMAND = 400


class _Detail(Struct, frozen=True):
    """How much is shown: characters of a value, rows of a section, whether groups share values or only keys, links."""

    value: int
    rows: int
    with_values: bool
    links: SourceLinks | None = None


_LADDER = (
    _Detail(value=160, rows=1_000_000, with_values=True),
    _Detail(value=60, rows=1_000_000, with_values=True),
    *(
        _Detail(value=60, rows=rows, with_values=False)
        for rows in (1_000_000, 3_000, 1_500, 900, 600, 400, 250, 160, 100, 60, 40, 20, 10, 5, 2, 1, 0)
    ),
)


class _GroupExcerpt(Struct, frozen=True):
    """The part of a group that is shown: rows of its first unit, and names of the others."""

    group: Group
    rows: int
    names: int


def render_plan_markdown(
    plan: PlanDocument,
    *,
    characters: int = COMMENT_CHARACTERS,
    links: SourceLinks | None = None,
    project: str = "",
) -> str:
    """
    Return the comment for a pull request, in at most `characters` characters and bytes.

    `project` is what `--project` takes in a clone, where it needs that.
    """
    sections = plan_sections(plan)
    words = words_of(plan, lambda text: code(text, _NAME))
    mark = marker(plan.environment, suffix=":diff" if words.is_diff else "")
    head = [mark, *filter(None, [refusal(plan)]), _plan_headline(plan, words)]
    if not sections and not (words.is_diff and plan.notices):
        return _fitted(head, lambda _: [], characters)
    foot = _plan_foot(plan, words, project)
    return _fitted(head, lambda detail: chain(_sections(sections, detail), foot), characters, links)


def render_plan_summary(plan: PlanDocument, *, links: SourceLinks | None = None, project: str = "") -> str:
    """Return the step summary, in at most 1,000,000 bytes."""
    return render_plan_markdown(plan, characters=SUMMARY_BYTES, links=links, project=project)


def render_receipt_markdown(receipt: ReceiptDocument, *, characters: int = COMMENT_CHARACTERS) -> str:
    """Return a receipt as a comment, failures first, in at most `characters` characters and bytes."""
    sections = receipt_sections(receipt)
    head = [marker(receipt.environment, suffix=":receipt"), _receipt_headline(receipt)]
    foot = _receipt_foot(receipt)
    return _fitted(head, lambda detail: chain(_sections(sections, detail), foot), characters)


def render_receipt_summary(receipt: ReceiptDocument) -> str:
    """Return a receipt as a step summary, in at most 1,000,000 bytes."""
    return render_receipt_markdown(receipt, characters=SUMMARY_BYTES)


def _fitted(
    head: Sequence[str],
    body: Callable[[_Detail], Iterable[str]],
    budget: int,
    links: SourceLinks | None = None,
) -> str:
    """Return the most detailed text within the budget, with links where all fits; the marker is always there."""
    for detail in (*([replace(_LADDER[0], links=links)] if links else []), *_LADDER):
        if (text := _within(chain(head, body(detail)), budget)) is not None:
            return text
    return _within(head, budget) or f"{head[0]}\n"


def _within(lines: Iterable[str], budget: int) -> str | None:
    """Return the joined lines; None as soon as they exceed the budget of bytes."""
    taken: list[str] = []
    for line in lines:
        budget -= len(line.encode()) + 1
        if budget < 0:
            return None
        taken.append(f"{line}\n")
    return "".join(taken)


def _plan_headline(plan: PlanDocument, words: PlanWords) -> str:
    number = plan.summary.memories_unchanged
    unchanged = f"{memories(number)} unchanged" if number else ""
    if not plan.operations:
        return f"<p>{': '.join(filter(None, [words.nothing, unchanged]))}.</p>"
    totals = pending(plan.summary, TOTALS_BY_RISK)
    if plan.summary.uncertain:
        totals.append(f"{counted(plan.summary.uncertain, 'operation')} {words.doubt}")
    counts = listed(totals) if totals else "nothing counted"
    return f"<h3>{words.title}</h3>\n<p>{'; '.join(filter(None, [f'<strong>{counts}</strong>', unchanged]))}.</p>"


def _receipt_headline(receipt: ReceiptDocument) -> str:
    totals = receipt.totals
    word = "incomplete" if totals.failed or totals.unknown or totals.skipped else "complete"
    stopped = " It was interrupted." if receipt.interrupted else ""
    account = f"{code(receipt.environment, _NAME)} ({code(receipt.api, _NAME)})"
    return f"<h3>Apply {word} for {account}</h3>\n<p><strong>{_counts(totals)}</strong>.{stopped}</p>"


def _counts(totals: TotalsEntry) -> str:
    counts = [
        (totals.failed, "failed"),
        (totals.unknown, "unknown"),
        (totals.skipped, "skipped"),
        (totals.already, "already there"),
    ]
    return listed([*(f"{number:,} {word}" for number, word in counts if number), f"{totals.done:,} done"])


def _sections(sections: Sequence[Section], detail: _Detail) -> Iterator[str]:
    return chain.from_iterable(_section(section, detail) for section in sections)


def _section(section: Section, detail: _Detail) -> Iterator[str]:
    yield f"<h4>{section.title}</h4>"
    if section.note:
        yield f"<p>{section.note}</p>"
    groups = grouped(section.units, with_values=detail.with_values)
    parts = _chosen(groups, detail.rows)
    yield from _open(parts[:_OPEN_PARTS], detail)
    if folded := parts[_OPEN_PARTS:]:
        rows = sum(part.rows for part in folded)
        yield f"<details><summary>{counted(rows, 'more row')}</summary>"
        yield from _table(folded, detail)
        yield "</details>"
    if hidden := _hidden(groups, parts):
        yield f"<p>{counted(hidden, 'more change')} of this kind not shown.</p>"


def _chosen(groups: Sequence[Group], most: int) -> list[_GroupExcerpt]:
    """Return the parts to show: rows go to the first unit of each group first, then to the names of the others."""
    leads = []
    for group in groups:
        rows = min(len(group.first.lines), most)
        most -= rows
        if rows:
            leads.append((group, rows))
    parts = []
    for group, rows in leads:
        names = min(len(group.others), most)
        most -= names
        parts.append(_GroupExcerpt(group, rows, names))
    return parts


def _hidden(groups: Sequence[Group], parts: Sequence[_GroupExcerpt]) -> int:
    """Return how many changes have no row and are not counted with their group."""
    everything = sum(len(group.first.lines) * (1 + len(group.others)) for group in groups)
    return everything - sum(part.rows + len(part.group.first.lines) * len(part.group.others) for part in parts)


def _open(parts: Sequence[_GroupExcerpt], detail: _Detail) -> Iterator[str]:
    long = [part for part in parts if part.rows > _LONG_PART]
    if short := [part for part in parts if part not in long]:
        yield from _table(short, detail)
    for part in long:
        address = code(part.group.first.address, detail.value)
        yield f"<details><summary>{address}: {counted(part.rows, 'change')}</summary>"
        yield from _table([part], detail)
        yield "</details>"


def _table(parts: Sequence[_GroupExcerpt], detail: _Detail) -> Iterator[str]:
    yield "<table>"
    for part in parts:
        yield from _rows(part, detail)
    yield "</table>"


def _rows(part: _GroupExcerpt, detail: _Detail) -> Iterator[str]:
    first = part.group.first
    span = f' rowspan="{part.rows}"' if part.rows > 1 else ""
    address = f"<td{span}>{code(first.address, detail.value)}</td>"
    for line in first.lines[: part.rows]:
        yield f"<tr>{address}<td>{_change(line, detail)}</td><td>{_place(line, detail)}</td></tr>"
        address = ""
    if part.group.others:
        yield f'<tr><td colspan="3">{_others(part, detail)}</td></tr>'


def _change(line: Line, detail: _Detail) -> str:
    name = f"{line.sign} {code(line.name, detail.value)}".strip()
    values = line.between.join(code(value, detail.value) for value in line.values)
    return f"{name}: {values}" if values else name


def _place(line: Line, detail: _Detail) -> str:
    place = code(f"{shortened(line.place.file, detail.value)}:{line.place.line}", 2 * detail.value)
    if url := detail.links.url(line.place) if detail.links else "":
        place = f'<a href="{url}">{place}</a>'
    return f"{place}<br>{line.cause}" if line.cause else place


def _others(part: _GroupExcerpt, detail: _Detail) -> str:
    sentence = part.group.text_of_others
    if not part.names:
        return sentence
    names = [
        f"{code(unit.address, detail.value)} {_place(unit.lines[0], detail)}"
        for unit in part.group.others[: part.names]
    ]
    if rest := len(part.group.others) - part.names:
        names.append(f"and {rest:,} more")
    return f"<details><summary>{sentence}</summary>{'<br>'.join(names)}</details>"


def _plan_command(plan: PlanDocument, words: PlanWords, project: str) -> str:
    """Return the command that makes this plan, or this diff, in a clone."""
    which = [words.command, *([plan.base] if words.is_diff and plan.base else [])]
    line = ["reconciler", *(["--project", project] if project else []), "-e", plan.environment, *which]
    return code(shlex.join(line), _COMMAND)


def _plan_foot(plan: PlanDocument, words: PlanWords, project: str) -> list[str]:
    return [
        *notes(plan),
        *([f"<p>{words.cost}</p>"] if words.cost else []),
        f"<p>The whole {words.command}: run {_plan_command(plan, words, project)}</p>",
    ]


def _receipt_foot(receipt: ReceiptDocument) -> list[str]:
    return [*(f"<p>{sentence}</p>" for sentence in advice(receipt)), *_record(receipt)]


def _record(receipt: ReceiptDocument) -> Iterator[str]:
    """Yield who ran it from which commit, with a link to the CI job; the machine's name is not for comments."""
    if who := who_ran(receipt, lambda text: code(text, _NAME), with_host=False):
        url = (receipt.run and receipt.run.ci_url) or ""
        yield f'<p>{who}: <a href="{url}">this run</a></p>' if is_page(url) else f"<p>{who}.</p>"
