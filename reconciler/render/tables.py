"""Lint advice, explanations, lists of runs and comparisons as text, and comparisons as Markdown."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from textwrap import wrap

from msgspec.structs import replace

from reconciler.core.documents.comparison import ComparisonDocument, Difference, DifferenceCause
from reconciler.core.documents.explanation import (
    CommitEntry,
    ExplainedEntry,
    ExplanationDocument,
    GivenEntry,
    LintDocument,
)
from reconciler.core.documents.runs import PastRun, RunEntry, RunsDocument, StepStatus
from reconciler.core.model.masking import line_of
from reconciler.core.model.text import shortened, visible
from reconciler.errors import Problem
from reconciler.render.markup import code
from reconciler.render.output import PLAIN, Palette
from reconciler.render.text import render_counts
from reconciler.render.words import columns_of, commit_text, counted, fitting, listed, padded, shown

_LONGEST_NAMES = 200
_MOST_LINES = 100
"""More lines of advice are shown in part, by each rule as many; the others are counted."""


def render_lint_text(document: LintDocument) -> str:
    """Return the advice as text; of very much advice, the first by each rule."""
    counts = Counter(one.rule for one in document.advice)
    total = counts.total()
    most = total if total <= _MOST_LINES else _MOST_LINES // len(counts) - 1
    shown: Counter[str] = Counter()
    lines = []
    for one in document.advice:
        shown[one.rule] += 1
        if shown[one.rule] <= most:
            problem = Problem(one.file, one.line, one.column, one.address, one.message, one.cure)
            lines.append(f"{line_of(problem)} ({one.rule})")
    lines += [f"and {count - most:,} more ({rule})" for rule, count in sorted(counts.items()) if count > most]
    end = f"{counted(total, 'thing')} to look at" if lines else "Nothing to look at"
    others = "; --format json names more" if total > _MOST_LINES else ""
    where = shortened(visible(document.environment), _LONGEST_NAMES)
    return "\n".join([*map(visible, lines), f"{end} in the specs of {where}{others}."]) + "\n"


_MOST_MEMORIES = 20


def render_why_text(document: ExplanationDocument, palette: Palette = PLAIN) -> str:
    """Return the explanation as text; of a very long one, the first lines."""
    lines = (line for value in document.values for line in ("", *_lines(value, palette)))
    shown = [*islice(lines, 1, _MOST_LINES + 1)]
    more = sum(1 for _ in lines)
    rest = [f"and {counted(more, 'more line')}; --format json shows all"] if more else []
    return "\n".join([*shown, *rest, ""])


def _lines(value: ExplainedEntry, palette: Palette) -> Iterator[str]:
    yield f"{palette.strong(visible(value.address))} = {shown(value.value)}"
    for given in reversed(value.given):
        line = f"  {_given(given)}"
        yield line if given.counts else palette.faint(f"{line}  (overridden)")
        if given.counts:
            for one in given.variables:
                place = f"{visible(one.source.file)}:{one.source.line}"
                yield f"    ${{{visible(one.name)}}} = {shown(one.value)}  {place}{_commit(one.commit)}"
    if value.memories is not None:
        yield from _memories(value.memories)


def _memories(addresses: Sequence[str]) -> Iterator[str]:
    """Yield the memories that get a value, only the first ones of many."""
    if not addresses:
        yield "  no memory gets it"
    for address in addresses[:_MOST_MEMORIES]:
        yield f"  in {visible(address)}"
    if (more := len(addresses) - _MOST_MEMORIES) > 0:
        yield f"  and in {counted(more, 'more memory', 'more memories')}"


def _given(given: GivenEntry) -> str:
    layer = f"{visible(given.layer)}, overlay" if given.overlay else visible(given.layer)
    place = f"{visible(given.source.file)}:{given.source.line}"
    return f"{place}  {layer}, {visible(given.key)}: {shown(given.written)}{_commit(given.commit)}"


def _commit(commit: CommitEntry | None) -> str:
    return visible(f"  {commit.id} {commit.date} {commit.author}") if commit else ""


_NOTHING = "-"
_HEADINGS = ("RUN", "ENVIRONMENT", "BY", "COMMIT")
_COLUMNS = 80
_MOST_OF_A_NAME = 17
_SHORT_COMMIT = 7
_UNDER_OUTCOME = " " * 24


def render_runs_text(document: RunsDocument, environment: str | None, folder: str) -> str:
    """Return the runs in columns, with what came of each below; of none, say whose were looked for, and where."""
    if not document.runs:
        whose = f" of {visible(environment)}" if environment else ""
        return f"No runs{whose} in {visible(folder)}: no apply has written anything yet.\n"
    rows = [_HEADINGS, *map(_row, document.runs)]
    widths = [max(columns_of(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    heading, *lines = (
        "  ".join([*(padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    )
    below = map(_below, document.runs)
    return "\n".join([heading, *(part for line, more in zip(lines, below, strict=True) for part in (line, *more)), ""])


def _row(run: RunEntry) -> tuple[str, str, str, str]:
    environment, actor = (fitting(visible(text or _NOTHING), _MOST_OF_A_NAME) for text in (run.environment, run.actor))
    return visible(run.run), environment, actor, commit_text(run.commit, dirty=run.dirty, digits=_SHORT_COMMIT)


def _below(run: RunEntry) -> Iterator[str]:
    """Yield when a run started and what came of it, and the page of its CI job."""
    started = f"{run.started_at[:10]} {run.started_at[11:16]} UTC"
    of_shard = f"  shard {run.shard}" if run.shard else ""
    outcome = f"{run.state}{' (resolved)' if run.resolved else ''}{of_shard}  {_counts(run)}"
    yield from wrap(f"  {visible(started)}  {outcome}", _COLUMNS, subsequent_indent=_UNDER_OUTCOME)
    if run.ci_url:
        yield f"  {visible(run.ci_url)}"


def _counts(run: RunEntry) -> str:
    """Return the totals in one line; what a run at work has not ended yet is left, and neither unknown nor skipped."""
    if run.state != "running":
        return render_counts(run.totals)
    left = run.totals.unknown + run.totals.skipped
    return f"{render_counts(replace(run.totals, unknown=0, skipped=0))}, {left:,} left"


def render_earlier_run(run: PastRun, statuses: Mapping[StepStatus, int]) -> str:
    """Return one line: what an earlier run left open, and what a new plan shows about that."""
    return f"{_what_was_left(run)}{_what_happened(statuses)}"


def _what_was_left(run: PastRun) -> str:
    begun = sum(step.result != "skipped" for step in run.steps)
    left = len(run.open_steps)
    if run.finished_at is not None:
        return f"the run {run.header.run.id} left {left:,} of {counted(begun, 'operation')} unknown"
    known = f"{begun - left:,} {'has' if begun - left == 1 else 'have'} a known outcome"
    under_way = f"{left:,} {'was' if left == 1 else 'were'} under way"
    operations = f"of {counted(begun, 'operation')} begun, {known} and {under_way}"
    return f"the run {run.header.run.id} ended without a receipt: {operations}"


def _what_happened(statuses: Mapping[StepStatus, int]) -> str:
    words: Mapping[StepStatus, tuple[str, str]] = {
        "held": ("is in the account", "are in the account"),
        "planned": ("is in this plan again", "are in this plan again"),
        "unclear": ("is not visible here, and is safe to repeat", "are not visible here, and are safe to repeat"),
        "undeclared": ("is no longer declared", "are no longer declared"),
        "not_read": (
            "is outside of what was chosen, and stays open",
            "are outside of what was chosen, and stay open",
        ),
    }
    found = [f"{statuses[name]:,} {words[name][statuses[name] != 1]}" for name in words if statuses.get(name)]
    return f"; of these, {listed(found)}" if found else ""


_LONGEST = 160
_MOST_OF_A_CAUSE = 5
_MOST_WITHOUT_A_CAUSE = 40
"""Differences of one cause, and without a known one, that are shown, unless all are wanted."""
_MOST_CAUSES = 8
_HINT = "Many differences of one cause are counted; --full shows each of them."


def render_comparison_text(document: ComparisonDocument, palette: Palette = PLAIN, *, full: bool = False) -> str:
    """Return the comparison as a table in columns, by cause."""
    if not document.differences:
        return f"{_summary(document, visible)}\n"
    groups = _by_cause(document, full=full)
    rows = [(visible(one.address), *_sides(one)) for _, first, _ in groups for one in first]
    head = ("address", visible(document.left), visible(document.right))
    widths = [max(columns_of(row[column]) for row in (head, *rows)) for column in (0, 1)]
    lines = [palette.strong(_row_text(head, widths))]
    for heading, first, rest in groups:
        lines += ["", palette.strong(visible(heading))] if heading else []
        lines += [_row_text((visible(one.address), *_sides(one)), widths) for one in first]
        lines += [palette.faint(f"and {rest:,} more")] if rest else []
    hint = [palette.faint(_HINT)] if any(rest for _, _, rest in groups) else []
    return "\n".join([*lines, "", *hint, _summary(document, visible)]) + "\n"


def _row_text(row: Sequence[str], widths: Sequence[int]) -> str:
    return f"{padded(row[0], widths[0])}  {padded(row[1], widths[1])}  {row[2]}"


def render_comparison_markdown(document: ComparisonDocument, *, full: bool = False) -> str:
    """Return the comparison as an HTML table, by cause, in which foreign text does nothing."""
    head = "".join(f"<th>{code(text, _LONGEST)}</th>" for text in (document.left, document.right))
    rows = "".join(f"{row}\n" for group in _by_cause(document, full=full) for row in _rows_of(*group))
    table = f"<table>\n<tr><th>address</th>{head}</tr>\n{rows}</table>\n\n" if rows else ""
    return f"{table}{_summary(document, lambda text: code(text, _LONGEST))}\n"


def _rows_of(heading: str, first: Sequence[Difference], rest: int) -> Iterator[str]:
    if heading:
        yield f'<tr><td colspan="3">{code(heading, _LONGEST)}</td></tr>'
    for one in first:
        yield f"<tr>{''.join(f'<td>{code(cell, _LONGEST)}</td>' for cell in (one.address, *_sides(one)))}</tr>"
    if rest:
        yield f'<tr><td colspan="3">and {rest:,} more</td></tr>'


def _by_cause(document: ComparisonDocument, *, full: bool) -> list[tuple[str, Sequence[Difference], int]]:
    """
    Return for each cause, those of most differences first, a heading, the differences to show and how many more.

    Unless in `full`, of many causes the last are one group, of which nothing is shown.
    """
    found: dict[tuple[DifferenceCause, ...], list[Difference]] = {}
    for one in document.differences:
        found.setdefault(one.causes, []).append(one)
    groups: list[tuple[str, Sequence[Difference], int]] = []
    for causes, alike in sorted(found.items(), key=lambda item: -len(item[1])):
        most = len(alike) if full else _MOST_OF_A_CAUSE if causes else _MOST_WITHOUT_A_CAUSE
        names = shortened(listed([f"{cause.kind} {cause.name}" for cause in causes]), _LONGEST) if causes else ""
        heading = f"{names}: {counted(len(alike), 'difference')}" if causes else ""
        groups.append((heading, alike[:most], max(0, len(alike) - most)))
    if full or len(groups) <= _MOST_CAUSES:
        return groups
    left = sum(len(first) + rest for _, first, rest in groups[_MOST_CAUSES:])
    return [*groups[:_MOST_CAUSES], (counted(len(groups) - _MOST_CAUSES, "more cause"), (), left)]


def _sides(one: Difference) -> tuple[str, str]:
    return (
        _NOTHING if one.only == "right" else shown(one.left),
        _NOTHING if one.only == "left" else shown(one.right),
    )


def _summary(document: ComparisonDocument, mark: Callable[[str], str]) -> str:
    left, right = mark(document.left), mark(document.right)
    what = "hold" if document.live else "declare"
    if not document.differences:
        return f"{left} and {right} {what} the same."
    alone = [sum(one.only == side for one in document.differences) for side in ("left", "right")]
    differing = len(document.differences) - sum(alone)
    return (
        f"{counted(differing, 'value differs', 'values differ')}; {alone[0]:,} only in {left}, "
        f"{alone[1]:,} only in {right}."
    )
