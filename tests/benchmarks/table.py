"""Contests as Markdown: a table of results, a table of goals, and why some of them are missed."""

from collections.abc import Iterable, Iterator, Sequence

from tests.benchmarks.contests import CONCURRENCY, LATENCY
from tests.benchmarks.goals import BUSY, Verdict, judge
from tests.benchmarks.results import US, Held, Result

_HEAD = (
    *("work", "memories", "who", "runs", "time, s", "from - to", "CPU, s", "peak, MB", "requests", "connections"),
    *("÷ limit", "÷ reconciler", "CPU ÷ reconciler"),
)
_TEXTS = 3


def render_report(contests: Sequence[Held]) -> str:
    """Return the report: conditions, machines, results, goals, and why some are missed."""
    verdicts = judge(contests)
    conditions = f"Loopback server, {LATENCY * 1000:g} ms a response, {CONCURRENCY} at once; medians."
    parts = (render_results(contests), render_goals(verdicts), render_missed(verdicts))
    return "\n".join([conditions, render_machines(contests), "", *filter(None, parts)])


def render_results(contests: Sequence[Held]) -> str:
    """Return a row a contestant, and below the table who was skipped and why."""
    rows = [_row(one, _ours(held)) for held in contests for one in held.results]
    notes = [
        f"- {_place(held)}: {one.name} skipped: {' '.join(one.reason.split())}"
        for held in contests
        for one in held.skipped
    ]
    return "\n".join([*_table(_HEAD, rows, texts=_TEXTS), *(["", *notes] if notes else []), ""])


def render_machines(contests: Sequence[Held]) -> str:
    """Return the machine of the results, or each machine with its contests, and the versions of peers."""
    by_machine: dict[str, list[str]] = {}
    for held in contests:
        by_machine.setdefault(held.machine, []).append(_place(held))
    peers = sorted({one.version for held in contests for one in held.results if one.version})
    parts = [f"- {'; '.join(places)}: {machine}" for machine, places in by_machine.items()]
    parts = list(by_machine) if len(by_machine) == 1 else ["", *parts, ""]
    return "\n".join([*parts, *([f"Peers: {', '.join(peers)}."] if peers else [])])


def render_goals(verdicts: Iterable[Verdict]) -> str:
    """Return a row a goal, whether it was measured or not."""
    rows = [(one.goal.name, _figure(one.goal.bound, one.goal.unit), _measured(one), _word(one)) for one in verdicts]
    return "\n".join([*_table(("goal", "at most", "measured", "met"), rows, texts=1), ""])


def render_missed(verdicts: Iterable[Verdict]) -> str:
    """Return by how much each missed goal is missed and why, and when a goal cannot be judged."""
    judged = list(verdicts)
    missed = [one for one in judged if one.is_met is False]
    lines = [f"- **Missed: {one.goal.name}{_excess(one)}.** {one.goal.missed}" for one in missed]
    busy = [BUSY] if any(one.was_busy for one in judged) else []
    return "\n\n".join(["\n".join(part) for part in (lines, busy) if part]) + ("\n" if lines or busy else "")


def _excess(one: Verdict) -> str:
    """Return by what share a goal is missed, where it can be told as one."""
    measured, bound = one.figure or 0, one.goal.bound
    return f", by {measured / bound - 1:.0%}" if bound else ""


def _ours(held: Held) -> Result | None:
    return next((one for one in held.results if one.name == US), None)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int) -> Iterator[str]:
    """Yield the lines of a Markdown table; the first columns hold texts, the others numbers."""
    yield _line(head)
    yield _line([" --- " if column < texts else " ---: " for column in range(len(head))], padding="")
    yield from map(_line, rows)


def _line(cells: Sequence[str], padding: str = " ") -> str:
    return "|" + "|".join(f"{padding}{cell}{padding}" for cell in cells) + "|"


def _row(one: Result, ours: Result | None) -> tuple[str, ...]:
    (shortest, longest), traffic = one.spread, one.traffic
    return (
        one.contest,
        f"{one.size:,}" if one.size else "",
        one.name,
        str(len(one.usages)),
        _seconds(one.wall),
        f"{_seconds(shortest)} - {_seconds(longest)}",
        _seconds(one.cpu),
        f"{one.peak:,.0f}",
        f"{traffic.requests:,}" if traffic else "",
        f"{traffic.connections:,}" if traffic else "",
        f"{one.wall / one.limit:.2f}" if one.limit else "",
        f"{one.against(ours):.2f}" if ours else "",
        f"{one.cpu / ours.cpu:.2f}" if ours else "",
    )


def _place(held: Held) -> str:
    return f"{held.contest}, {held.size:,}" if held.size else held.contest


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _figure(value: float, unit: str) -> str:
    return f"{value:,.3g} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()


def _measured(one: Verdict) -> str:
    return "not measured" if one.figure is None else _figure(one.figure, one.goal.unit)


def _word(one: Verdict) -> str:
    if one.was_busy:
        return "not judged (the machine was busy)"
    return {True: "yes", False: "**no**", None: ""}[one.is_met]
