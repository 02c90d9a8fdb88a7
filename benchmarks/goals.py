"""The goals, each a ratio within one run or a count, and what was measured of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.contest import US, Result
from benchmarks.contests import APPLIED, CONCURRENCY, SMALL, VALIDATED

Results: TypeAlias = Mapping[tuple[str, int, str], Result]
_LARGE, _LARGEST = 10_000, 100_000
_PAIR = 2
_TIMES = "times"


@dataclass(frozen=True, slots=True)
class Goal:
    """What should be: a figure of the results, at most the bound."""

    name: str
    bound: float
    unit: str
    figure: Callable[[Results], float]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and its figure; None where what it is about was not measured."""

    goal: Goal
    figure: float | None

    @property
    def is_met(self) -> bool | None:
        """Say whether the figure is within the bound."""
        return None if self.figure is None else self.figure <= self.goal.bound


def _ratio(contest: str, size: int, ours: str, other: str) -> Callable[[Results], float]:
    return lambda results: results[contest, size, ours].against(results[contest, size, other])


def _memory_ratio(contest: str, size: int, ours: str, other: str) -> Callable[[Results], float]:
    return lambda results: results[contest, size, ours].peak / results[contest, size, other].peak


def _peak(contest: str, size: int, name: str = US) -> Callable[[Results], float]:
    return lambda results: results[contest, size, name].peak


def _to_limit(results: Results) -> float:
    ours = results["plan", _LARGE, US]
    return ours.wall / (ours.limit or 1)


def _growth(results: Results) -> float:
    return results["plan", _LARGEST, US].wall / results["plan", _LARGE, US].wall


def _count(contest: str, size: int, what: str) -> Callable[[Results], float]:
    def counted(results: Results) -> float:
        traffic = results[contest, size, US].traffic
        assert traffic is not None  # noqa: S101  ours are served
        number: int = getattr(traffic, what)
        return number

    return counted


def _writes_a_memory(results: Results) -> float:
    return _count("apply", APPLIED, "writes")(results) / APPLIED


_CHANGED = f"{US}, all changed"

GOALS: Sequence[Goal] = (
    Goal(
        "plan of 10,000 through `context`, time ÷ bare client", 1.25, _TIMES, _ratio("plan", _LARGE, US, "bare client")
    ),
    Goal("the same, time ÷ wire limit", 1.35, _TIMES, _to_limit),
    Goal("the same, peak memory", 130, "MiB", _peak("plan", _LARGE)),
    Goal("all 10,000 changed, time ÷ no-op plan", 1.5, _TIMES, _ratio("plan", _LARGE, _CHANGED, US)),
    Goal("the same, peak memory", 220, "MiB", _peak("plan", _LARGE, _CHANGED)),
    Goal(
        "no-op plan of 10,000 through `contacts`, time ÷ terraform",
        1 / 10,
        _TIMES,
        _ratio("listing", _LARGE, US, "terraform"),
    ),
    Goal("the same, memory ÷ terraform", 1 / 8, _TIMES, _memory_ratio("listing", _LARGE, US, "terraform")),
    Goal("the same, time ÷ octoDNS", 1 / 5, _TIMES, _ratio("listing", _LARGE, US, "octoDNS")),
    Goal("no-op plan of 100, time ÷ octoDNS", 1.0, _TIMES, _ratio("listing", SMALL, US, "octoDNS")),
    Goal("no-op plan of 100, time ÷ terraform", 1.5, _TIMES, _ratio("listing", SMALL, US, "terraform")),
    Goal("apply of 1,000 new memories, time ÷ bare client", 1.25, _TIMES, _ratio("apply", APPLIED, US, "bare client")),
    Goal("plan of 100,000, time ÷ plan of 10,000", 11, _TIMES, _growth),
    Goal("plan of 100,000, peak memory", 1024, "MiB", _peak("plan", _LARGEST)),
    Goal("`--help`, time ÷ `python -c pass`", 5, _TIMES, _ratio("start", 0, US, "python -c pass")),
    Goal(
        "validate of 10,000 in one file, time ÷ loading alone",
        2,
        _TIMES,
        _ratio("validate", VALIDATED, f"{US}, one file", "CSafeLoader, one file"),
    ),
    Goal(
        "validate of 10,000 in a file each, time ÷ loading alone",
        2,
        _TIMES,
        _ratio("validate", VALIDATED, f"{US}, a file each", "CSafeLoader, a file each"),
    ),
    Goal("requests of a plan of 10,000 through `contacts`", _LARGE / 200, "", _count("listing", _LARGE, "requests")),
    Goal("writes of an apply with nothing to do", 0, "", _count("again", APPLIED, "writes")),
    Goal("writes for each new memory with facts", _PAIR, "", _writes_a_memory),
    Goal("connections of a plan of 10,000", CONCURRENCY, "", _count("plan", _LARGE, "connections")),
)


def judge(results: Sequence[Result]) -> list[Verdict]:
    """Give every goal with its figure, as far as it was measured."""
    by_key = {(result.contest, result.size, result.name): result for result in results}
    return [Verdict(goal, _figure(goal, by_key)) for goal in GOALS]


def _figure(goal: Goal, results: Results) -> float | None:
    try:
        return goal.figure(results)
    except KeyError:
        return None
