"""The goals, each a ratio within one run or a count, with why it is missed where it is, and what would be needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.benchmarks import reasons
from tests.benchmarks.contest import US, Result
from tests.benchmarks.contests import APPLIED, BARE, CHANGED, CONCURRENCY, IMPORTS, SMALL, VALIDATED

Key: TypeAlias = tuple[str, int, str]
Results: TypeAlias = Mapping[Key, Result]
Figure: TypeAlias = Callable[[Results], float]
LARGE, LARGEST = 10_000, 100_000
_PAIR = 2
_TIMES = "times"
_SERVED = ("plan", "listing", "apply", "again")


@dataclass(frozen=True, slots=True)
class Goal:
    """
    What should be: a figure of the results, at most the bound.

    `missed` says why it is more, where it is, and what would be needed. `timed` are the results whose times make the
    figure: none for a count or an amount of memory, which do not depend on what else the machine does.
    """

    name: str
    bound: float
    unit: str
    figure: Figure
    missed: str
    timed: tuple[Key, ...] = ()


def _times(name: str, bound: float, ours: Key, other: Key, missed: str) -> Goal:
    return Goal(name, bound, _TIMES, lambda results: results[ours].against(results[other]), missed, timed=(ours, other))


def _peak(name: str, megabytes: float, ours: Key, missed: str) -> Goal:
    return Goal(name, megabytes, "MB", lambda results: results[ours].peak, missed)


def _count(name: str, bound: float, figure: Figure) -> Goal:
    return Goal(name, bound, "", figure, reasons.COUNT)


def _traffic(contest: str, size: int, what: str) -> Figure:
    def counted(results: Results) -> float:
        traffic = results[contest, size, US].traffic
        assert traffic is not None
        number: int = getattr(traffic, what)
        return number

    return counted


def _to_limit(results: Results) -> float:
    return results[_PLAN].wall / (results[_PLAN].limit or 1)


def _growth(results: Results) -> float:
    return results["plan", LARGEST, US].wall / results[_PLAN].wall


def _memory_to_terraform(results: Results) -> float:
    return results[_LISTING].peak / results[_TERRAFORM].peak


def _imports(results: Results) -> float:
    return results["start", 0, IMPORTS].counted or 0


def _writes_a_memory(results: Results) -> float:
    return _traffic("apply", APPLIED, "writes")(results) / APPLIED


def _connections(results: Results) -> float:
    """Give the most that any of our runs opened; raises `KeyError` where there was none."""
    ours = [one for (contest, _, name), one in results.items() if contest in _SERVED and name in {US, CHANGED}]
    opened = [one.traffic.connections for one in ours if one.traffic]
    if not opened:
        raise KeyError
    return max(opened)


_PLAN, _LISTING, _TERRAFORM = ("plan", LARGE, US), ("listing", LARGE, US), ("listing", LARGE, "terraform")
_ALL_CHANGED = ("plan", LARGE, CHANGED)
_ONE = ("validate", VALIDATED, f"{US}, one file"), ("validate", VALIDATED, "CSafeLoader, one file")
_MANY = ("validate", VALIDATED, f"{US}, a file each"), ("validate", VALIDATED, "CSafeLoader, a file each")
_LITTLE = ("listing", SMALL, US)

GOALS: Sequence[Goal] = (
    _times("plan of 10,000 through `context`, time ÷ bare client", 1.25, _PLAN, ("plan", LARGE, BARE), reasons.PLAN),
    Goal("plan of 10,000 through `context`, time ÷ wire limit", 1.35, _TIMES, _to_limit, reasons.WIRE, timed=(_PLAN,)),
    _peak("plan of 10,000 through `context`, peak memory", 130, _PLAN, reasons.MEMORY),
    _times("all 10,000 changed, time ÷ no-op plan", 1.5, _ALL_CHANGED, _PLAN, reasons.CHANGED),
    _peak("all 10,000 changed, peak memory", 220, _ALL_CHANGED, reasons.MEMORY),
    _times("no-op plan of 10,000 through `contacts`, time ÷ terraform", 1 / 10, _LISTING, _TERRAFORM, reasons.LISTING),
    Goal(
        "no-op plan of 10,000 through `contacts`, memory ÷ terraform",
        1 / 8,
        _TIMES,
        _memory_to_terraform,
        reasons.MEMORY,
    ),
    _times(
        "no-op plan of 10,000 through `contacts`, time ÷ octoDNS",
        1 / 5,
        _LISTING,
        ("listing", LARGE, "octoDNS"),
        reasons.LISTING,
    ),
    _times("no-op plan of 100, time ÷ octoDNS", 1, _LITTLE, ("listing", SMALL, "octoDNS"), reasons.IMPORTS),
    _times("no-op plan of 100, time ÷ terraform", 1.5, _LITTLE, ("listing", SMALL, "terraform"), reasons.IMPORTS),
    _times(
        "apply of 1,000 new memories, time ÷ bare client",
        1.25,
        ("apply", APPLIED, US),
        ("apply", APPLIED, BARE),
        reasons.APPLY,
    ),
    Goal(
        "plan of 100,000, time ÷ plan of 10,000",
        11,
        _TIMES,
        _growth,
        reasons.GROWTH,
        timed=(_PLAN, ("plan", LARGEST, US)),
    ),
    _peak("plan of 100,000, peak memory", 1000, ("plan", LARGEST, US), reasons.MEMORY),
    _times("`--help`, time ÷ `python -c pass`", 5, ("start", 0, US), ("start", 0, "python -c pass"), reasons.HELP),
    _count("`--help`, imports of httpx, aiohttp, pydantic, deepdiff and starlette", 0, _imports),
    _times("validate of 10,000 in one file, time ÷ loading alone", 2, *_ONE, reasons.VALIDATE),
    _times("validate of 10,000 in a file each, time ÷ loading alone", 2, *_MANY, reasons.VALIDATE),
    _count("requests of a plan of 10,000 through `context`", LARGE, _traffic("plan", LARGE, "requests")),
    _count("requests of a plan of 10,000 through `contacts`", LARGE / 200, _traffic("listing", LARGE, "requests")),
    _count("writes of an apply with nothing to do", 0, _traffic("again", APPLIED, "writes")),
    _count("writes for each new memory with facts", _PAIR, _writes_a_memory),
    _count("connections, the most that a plan or an apply opened", CONCURRENCY, _connections),
)
