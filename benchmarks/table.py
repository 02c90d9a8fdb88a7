"""Results as Markdown tables."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.contest import US, Result, Skipped
from benchmarks.goals import Verdict

_HEAD = (
    "work",
    "memories",
    "who",
    "runs",
    "time, s",
    "from - to",
    "CPU, s",
    "peak, MiB",
    "requests",
    "connections",
    "÷ limit",
    "÷ reconciler",
    "CPU ÷ reconciler",
)
_TEXTS = 3


def render_results(results: Sequence[Result], skipped: Iterable[tuple[str, int, Skipped]] = ()) -> str:
    """Give a row a contestant, and below the table who was skipped and why."""
    ours = {(one.contest, one.size): one for one in results if one.name == US}
    rows = [_row(one, ours.get((one.contest, one.size))) for one in results]
    notes = [f"- {contest}, {size:,}: {one.name} skipped: {one.reason}" for contest, size, one in skipped]
    return "\n".join([*table(_HEAD, rows, texts=_TEXTS), *(["", *notes] if notes else []), ""])


def render_goals(verdicts: Iterable[Verdict]) -> str:
    """Give a row a goal; those that were not measured say so."""
    rows = [
        (one.goal.name, _figure(one.goal.bound, one.goal.unit), _measured(one), _word(one.is_met)) for one in verdicts
    ]
    return "\n".join([*table(("goal", "at most", "measured", "met"), rows, texts=1), ""])


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


def seconds(value: float) -> str:
    """Give seconds with as many decimals as mean something."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004


def _figure(value: float, unit: str) -> str:
    return f"{value:,.3g} {unit}".strip() if value < 1000 else f"{value:,.0f} {unit}".strip()  # noqa: PLR2004


def _measured(one: Verdict) -> str:
    return "not measured" if one.figure is None else _figure(one.figure, one.goal.unit)


def _word(is_met: bool | None) -> str:  # noqa: FBT001  a verdict
    return {True: "yes", False: "**no**", None: ""}[is_met]
