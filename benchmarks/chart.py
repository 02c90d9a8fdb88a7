"""Results as a picture: time against the number of memories, both in steps of ten, readable in light and dark."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log10

from benchmarks.contest import US, Result

_WIDTH, _HEIGHT = 760, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 210, 20, 48
_LEAST_GAP = 15
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .axis { stroke: #8c959f; } .grid { stroke: #d0d7de; stroke-width: .5; }
  path { fill: none; stroke-width: 2; } .limit { stroke-dasharray: 5 4; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .grid { stroke: #30363d; } .axis { stroke: #6e7681; } }
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of the picture: a name, a colour that shows on light and dark, and points (memories, seconds)."""

    name: str
    colour: str
    points: tuple[tuple[int, float], ...]
    is_limit: bool = False


_LINES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("plan", "ansible uri loop"): ("ansible, a GET each", "#a371f7"),
    ("plan", "requests script"): ("requests, a GET each", "#db61a2"),
    ("plan", "bare client"): ("bare client, a GET each", "#8b949e"),
    ("plan", US): ("reconciler, a GET each", "#2da44e"),
    ("listing", US): ("reconciler, by listing", "#1f6feb"),
    ("listing", "octoDNS"): ("octoDNS, no network", "#d29922"),
    ("listing", "terraform"): ("terraform, no network", "#f85149"),
}


def series_of(results: Sequence[Result]) -> list[Series]:
    """Give the lines of the picture, those without a point left out."""
    lines = [
        Series(name, colour, tuple((one.size, one.wall) for one in _sorted(results, *key)))
        for key, (name, colour) in _LINES.items()
    ]
    limits = tuple((one.size, one.limit) for one in _sorted(results, "plan", US) if one.limit)
    lines.append(Series("limit of the wire", "#2da44e", limits, is_limit=True))
    return [line for line in lines if line.points]


def _sorted(results: Sequence[Result], contest: str, name: str) -> list[Result]:
    return sorted((one for one in results if (one.contest, one.name) == (contest, name)), key=lambda one: one.size)


def render_chart(lines: Sequence[Series]) -> str:
    """Give the picture as SVG."""
    scale = _Scale.of(lines)
    body = [*_grid(scale), *(_path(line, scale) for line in lines), *_labels(lines, scale)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-label="Seconds of a no-op plan against the number of memories">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """The powers of ten between which the axes run."""

    columns: tuple[int, int]
    rows: tuple[int, int]

    @classmethod
    def of(cls, lines: Sequence[Series]) -> "_Scale":
        sizes = [log10(size) for line in lines for size, _ in line.points]
        times = [log10(time) for line in lines for _, time in line.points]
        return cls(_powers(sizes), _powers(times))

    def x(self, size: float) -> float:
        first, last = self.columns
        return _LEFT + (log10(size) - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, time: float) -> float:
        first, last = self.rows
        return _HEIGHT - _BOTTOM - (log10(time) - first) / (last - first) * (_HEIGHT - _TOP - _BOTTOM)


def _powers(values: Sequence[float]) -> tuple[int, int]:
    first, last = int(min(values) // 1), int(-(-max(values) // 1))
    return first, max(last, first + 1)


def _grid(scale: _Scale) -> Iterator[str]:
    right, low = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for power in range(scale.rows[0], scale.rows[1] + 1):
        y = scale.y(10**power)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g} s</text>'
    for power in range(scale.columns[0], scale.columns[1] + 1):
        x = scale.x(10**power)
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{low}"/>'
        yield f'<text x="{x:.1f}" y="{low + 18}" text-anchor="middle">{10**power:,}</text>'
    yield f'<line class="axis" x1="{_LEFT}" y1="{low}" x2="{right}" y2="{low}"/>'
    yield f'<text x="{(_LEFT + right) / 2}" y="{low + 38}" text-anchor="middle">memories</text>'


def _path(line: Series, scale: _Scale) -> str:
    points = [(scale.x(size), scale.y(time)) for size, time in line.points]
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>' for x, y in points)
    kind = ' class="limit"' if line.is_limit else ""
    return f'<path{kind} stroke="{line.colour}" d="M{steps}"/>' + ("" if line.is_limit else dots)


def _labels(lines: Sequence[Series], scale: _Scale) -> Iterator[str]:
    """Name each line in its colour, right of the picture at the height of its end, none over another."""
    ends = sorted((scale.y(line.points[-1][1]), line.name, line) for line in lines)
    lowest, x = 0.0, _WIDTH - _RIGHT + 12
    for y, name, line in ends:
        lowest = max(y, lowest + _LEAST_GAP)
        kind = ' class="limit"' if line.is_limit else ""
        yield f'<path{kind} stroke="{line.colour}" d="M{x} {lowest:.1f} h16"/>'
        yield f'<text x="{x + 22}" y="{lowest + 4:.1f}">{name}</text>'
