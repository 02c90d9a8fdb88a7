"""Contests as Markdown: a table of results, a table of goals, and why some of them are missed."""

from collections.abc import Iterable, Iterator, Sequence

from tests.benchmarks.contest import US, Held, Result
from tests.benchmarks.contests import CONCURRENCY, LATENCY
from tests.benchmarks.verdicts import BUSY, Verdict, judge

_HEAD = (
    "work",
    "memories",
    "who",
    "runs",
    "time, s",
    "from - to",
    "CPU, s",
    "peak, MB",
    "requests",
    "connections",
    "÷ limit",
    "÷ reconciler",
    "CPU ÷ reconciler",
)
_TEXTS = 3


def render_report(contests: Sequence[Held]) -> str:
    """Return all that is told of contests: conditions, machines, results, goals, and why some are missed."""
    verdicts = judge(contests)
    conditions = f"Loopback server, {LATENCY * 1000:g} ms a response, {CONCURRENCY} at once; medians."
    parts = (render_results(contests), render_goals(verdicts), render_missed(verdicts))
    return "\n".join([conditions, render_machines(contests), "", *filter(None, parts)])


def render_results(contests: Sequence[Held]) -> str:
    """Give a row a contestant, and below the table who was skipped and why."""
    rows = [_row(one, ours_of(held)) for held in contests for one in held.results]
    notes = [
        f"- {_place(held)}: {one.name} skipped: {' '.join(one.reason.split())}"
        for held in contests
        for one in held.skipped
    ]
    return "\n".join([*table(_HEAD, rows, texts=_TEXTS), *(["", *notes] if notes else []), ""])


def render_machines(contests: Sequence[Held]) -> str:
    """Say where it was measured; where not all was measured alike, what where."""
    by_machine: dict[str, list[str]] = {}
    for held in contests:
        by_machine.setdefault(held.machine, []).append(_place(held))
    peers = sorted({one.version for held in contests for one in held.results if one.version})
    parts = [f"- {'; '.join(places)}: {machine}" for machine, places in by_machine.items()]
    parts = list(by_machine) if len(by_machine) == 1 else ["", *parts, ""]
    return "\n".join([*parts, *([f"Peers: {', '.join(peers)}."] if peers else [])])


def render_goals(verdicts: Iterable[Verdict]) -> str:
    """Give a row a goal; those that were not measured, or cannot be judged, say so."""
    rows = [(one.goal.name, figure(one.goal.bound, one.goal.unit), _measured(one), _word(one)) for one in verdicts]
    return "\n".join([*table(("goal", "at most", "measured", "met"), rows, texts=1), ""])


def render_missed(verdicts: Iterable[Verdict]) -> str:
    """Say of each goal that is missed by how much, why, and what would be needed, and when none can be judged."""
    told = list(verdicts)
    lines = [f"- **Missed: {one.goal.name}: {_excess(one)}.** {one.goal.missed}" for one in told if one.is_met is False]
    busy = [BUSY] if any(one.was_busy for one in told) else []
    return "\n\n".join(["\n".join(part) for part in (lines, busy) if part]) + ("\n" if lines or busy else "")


def _excess(one: Verdict) -> str:
    measured, bound = one.figure or 0, one.goal.bound
    told = f"{figure(measured, one.goal.unit)} where {figure(bound, one.goal.unit)} is the goal"
    return f"{told}: {measured / bound - 1:.0%} too much" if bound else told


def ours_of(held: Held) -> Result | None:
    """Give the result that the others of a contest are compared with."""
    return next((one for one in held.results if one.name == US), None)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int) -> Iterator[str]:
    """Give the lines of a Markdown table; the first columns hold texts, the others numbers."""
    yield _line(head)
    yield _line([" --- " if column < texts else " ---: " for column in range(len(head))], padding="")
    yield from map(_line, rows)


def _line(cells: Sequence[str], padding: str = " ") -> str:
    return "|" + "|".join(f"{padding}{cell}{padding}" for cell in cells) + "|"


def _row(one: Result, ours: Result | None) -> tuple[str, ...]:
    shortest, longest = one.spread
    traffic = one.traffic
    return (
        one.contest,
        f"{one.size:,}" if one.size else "",
        one.name,
        str(len(one.usages)),
        seconds(one.wall),
        f"{seconds(shortest)} - {seconds(longest)}",
        seconds(one.cpu),
        f"{one.peak:,.0f}",
        f"{traffic.requests:,}" if traffic else "",
        f"{traffic.connections:,}" if traffic else "",
        f"{one.wall / one.limit:.2f}" if one.limit else "",
        f"{one.against(ours):.2f}" if ours else "",
        f"{one.cpu / ours.cpu:.2f}" if ours else "",
    )


def _place(held: Held) -> str:
    return f"{held.contest}, {held.size:,}" if held.size else held.contest


def seconds(value: float) -> str:
    """Give seconds with as many decimals as mean something."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def figure(value: float, unit: str) -> str:
    """Give a figure with its unit."""
    return f"{value:,.3g} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()


def _measured(one: Verdict) -> str:
    return "not measured" if one.figure is None else figure(one.figure, one.goal.unit)


def _word(one: Verdict) -> str:
    if one.was_busy:
        return "not judged (the machine was busy)"
    return {True: "yes", False: "**no**", None: ""}[one.is_met]
