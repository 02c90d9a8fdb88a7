"""The goals, each a ratio within one run or a count, and the verdicts: whether each is met, and why not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.benchmarks.contests import (
    APPLIED,
    BARE,
    CHANGED,
    CONCURRENCY,
    CSV,
    FIRST,
    IMPORTS,
    IN_E164,
    JOBS,
    LIBRARIES,
    LIMITED,
    NATIONAL,
    NOTHING,
    ROWS,
    RULED,
    SHARD,
    SHARDED,
    SINCE,
    SMALL,
    TEN_RULES,
    TOGETHER,
    VALIDATED,
    WHOLE,
)
from tests.benchmarks.peers import OCTODNS, TERRAFORM
from tests.benchmarks.results import US, Held, Result

Key: TypeAlias = tuple[str, int, str]
Results: TypeAlias = Mapping[Key, Result]
Figure: TypeAlias = Callable[[Results], float]
LARGE, LARGEST = 10_000, 100_000
_TIMES = "times"
_SERVED = ("plan", "listing", "apply", "again")

_MOST_UNREST = 1.5
_MOST_OF_LIMIT, _START_UP = 1.3, 0.4
BUSY = (
    f"A time is not judged where a contestant's longest run took more than {_MOST_UNREST:g} times its shortest. "
    "Of five runs and more, the first and the last are left out. "
    f"Nor is it where the bare client took more than {_MOST_OF_LIMIT:g} times what it has to wait for: "
    f"the limit of the wire and {_START_UP:g} s for its start, or its own CPU seconds if they are more."
)
"""When the machine was too busy, for readers of the figures."""

_PLANNING = "Reading specs and showing the plan come on top of the requests. A leaner client than aiohttp would help."
_WIRE = "Each request costs CPU in the client, the bare one included. A leaner client than aiohttp would help."
_MEMORY = "Specs, answers and the plan are in memory at once. Writing the plan while it is made would help."
_CHANGES = "Each difference is found, planned and shown. A cheaper form of a change in the plan would help."
_PARSING = "Imports and reading YAML with places take half of it. A parser that makes fewer objects would help."
_LIBRARIES = "Importing pydantic, asyncio and httpcore takes half of it. Libraries that import faster would help."
_APPLYING = (
    "Imports, specs, the shown plan and a record of each write come on top of the requests. "
    "Doing less of that in Python would help."
)
_GROWTH = "Python's collector of cycles walks more objects. Fewer objects that live as long as the plan would help."
_CLICK = "A click group with one command takes five times as long as `pass`. Another library would help."
_CHECKS = "Python code notes the place of each value and checks it. A reader in a compiled language would help."
_REVISIONS = "Git writes all files of the other revision. Asking it for those that differ would help."
_NUMBERS = "Each national number is parsed by the rules of its country. A compiled library for that would help."
_ROWS = "An identifier and a name are made for each row. A compiled reader of rows would help."
_RULES = "What rules read is converted for their library. Fewer conversions would help."
_JOBS = "Each job starts by itself, and keeps a few requests in reserve. One queue for all jobs would help."
_COUNT = "A count does not depend on the machine, so this is a mistake to mend."


@dataclass(frozen=True, slots=True)
class Goal:
    """
    A figure of the results, which should be at most the bound; `missed` explains why it is more, where it is.

    `timed` are the results whose times make the figure: none for a count or an amount of memory.
    """

    name: str
    bound: float
    unit: str
    figure: Figure
    missed: str
    timed: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and its figure; None where its contest was not measured."""

    goal: Goal
    figure: float | None
    was_busy: bool = False

    @property
    def is_met(self) -> bool | None:
        """Return whether the figure is within the bound; None where that cannot be judged."""
        return None if self.figure is None or self.was_busy else self.figure <= self.goal.bound


def judge(contests: Sequence[Held]) -> list[Verdict]:
    """Return every goal with its figure, as far as it was measured."""
    results = {(one.contest, one.size, one.name): one for held in contests for one in held.results}
    return [_judged(goal, results) for goal in GOALS]


def _judged(goal: Goal, results: Results) -> Verdict:
    try:
        return Verdict(goal, goal.figure(results), any(_was_busy(key, results) for key in goal.timed))
    except KeyError:
        return Verdict(goal, None)


def _was_busy(key: Key, results: Results) -> bool:
    contest, size, _ = key
    bare = results.get((contest, size, BARE))
    return results[key].unrest > _MOST_UNREST or (bare is not None and _is_held_up(bare))


def _is_held_up(bare: Result) -> bool:
    return bare.limit is not None and bare.wall > _MOST_OF_LIMIT * max(bare.limit + _START_UP, bare.cpu)


def _times(name: str, bound: float, ours: Key, other: Key, missed: str) -> Goal:
    return Goal(name, bound, _TIMES, lambda results: results[ours].against(results[other]), missed, timed=(ours, other))


def _ratio(name: str, bound: float, figure: Figure, missed: str, *timed: Key) -> Goal:
    return Goal(name, bound, _TIMES, figure, missed, timed)


def _peak(name: str, megabytes: float, ours: Key) -> Goal:
    return Goal(f"{name}, peak memory", megabytes, "MB", lambda results: results[ours].peak, _MEMORY)


def _count(name: str, bound: float, figure: Figure) -> Goal:
    return Goal(name, bound, "", figure, _COUNT)


def _validate(files: str) -> Goal:
    ours, loader = (("validate", VALIDATED, f"{name}, {files}") for name in (US, "CSafeLoader"))
    return _times(f"validate of 10,000 in {files}, time ÷ loading alone", 1.6, ours, loader, _CHECKS)


def _since(files: str) -> Goal:
    ours, validate = (("since", APPLIED, f"{name}, {files}") for name in (SINCE, f"{US}, validate"))

    def figure(results: Results) -> float:
        return results[ours].cpu / results[validate].cpu

    name = f"plan of 3 changed of 1,000 in {files}, CPU ÷ validate"
    return Goal(name, 1.5, _TIMES, figure, _REVISIONS, timed=(ours, validate))


def _traffic(contest: str, size: int, what: str, *, share: int = 1, who: str = US) -> Figure:
    return lambda results: float(getattr(results[contest, size, who].traffic, what)) / share


def _to_limit(results: Results) -> float:
    return results[_PLAN].wall / (results[_PLAN].limit or 1)


def _growth(results: Results) -> float:
    return results[_HUGE].wall / results[_PLAN].wall


def _memory_to_terraform(results: Results) -> float:
    return results[_LISTING].peak / results["listing", LARGE, TERRAFORM].peak


def _memory_to_e164(results: Results) -> float:
    return results[_NATIONAL].peak / results[_IN_E164].peak


def _memory_to_whole(results: Results) -> float:
    return results[_SHARD].peak / results[_WHOLE].peak


def _imports(results: Results) -> float:
    return results["start", 0, IMPORTS].counted or 0


def _connections(results: Results) -> float:
    """Return the most that any of our runs opened; raises `KeyError` where there was none."""
    ours = [one for (contest, _, name), one in results.items() if contest in _SERVED and name in {US, CHANGED}]
    opened = [one.traffic.connections for one in ours if one.traffic]
    if not opened:
        raise KeyError
    return max(opened)


_PLAN, _LISTING, _LITTLE = ("plan", LARGE, US), ("listing", LARGE, US), ("listing", SMALL, US)
_ALL, _HUGE, _NEW = ("plan", LARGE, CHANGED), ("plan", LARGEST, US), ("apply", APPLIED, US)
_TOGETHER = ("jobs", LIMITED, TOGETHER)
_SHARD, _WHOLE = ("shard", SHARDED, SHARD), ("shard", SHARDED, WHOLE)
_NATIONAL, _IN_E164 = ("numbers", ROWS, NATIONAL), ("numbers", ROWS, IN_E164)
_THROUGH, _LISTED = "plan of 10,000 through `context`", "no-op plan of 10,000 through `contacts`"
_HEAVY = "`--help`, imports of httpx, aiohttp, pydantic, deepdiff and starlette"

GOALS: Sequence[Goal] = (
    _times(f"{_THROUGH}, time ÷ bare client", 1.15, _PLAN, ("plan", LARGE, BARE), _PLANNING),
    _ratio(f"{_THROUGH}, time ÷ wire limit", 1.35, _to_limit, _WIRE, _PLAN),
    _peak(_THROUGH, 130, _PLAN),
    _times("all 10,000 changed, time ÷ no-op plan", 1.5, _ALL, _PLAN, _CHANGES),
    _peak("all 10,000 changed", 220, _ALL),
    _times(f"{_LISTED}, time ÷ terraform", 0.07, _LISTING, ("listing", LARGE, TERRAFORM), _PARSING),
    _ratio(f"{_LISTED}, memory ÷ terraform", 0.08, _memory_to_terraform, _MEMORY),
    _times(f"{_LISTED}, time ÷ octoDNS", 1 / 5, _LISTING, ("listing", LARGE, OCTODNS), _PARSING),
    _times("no-op plan of 100, time ÷ octoDNS", 1.25, _LITTLE, ("listing", SMALL, OCTODNS), _LIBRARIES),
    _times("no-op plan of 100, time ÷ terraform", 1.25, _LITTLE, ("listing", SMALL, TERRAFORM), _LIBRARIES),
    _times(
        "plan of 657 changes, ten rules, time ÷ without",
        1.2,
        ("rules", RULED, TEN_RULES),
        ("rules", RULED, US),
        _RULES,
    ),
    _times("apply of 1,000 new memories, time ÷ bare client", 1.2, _NEW, ("apply", APPLIED, BARE), _APPLYING),
    _ratio("plan of 100,000, time ÷ plan of 10,000", 11, _growth, _GROWTH, _PLAN, _HUGE),
    _peak("plan of 100,000", 1000, _HUGE),
    _times("`--help`, time ÷ `python -c pass`", 4, ("start", 0, US), ("start", 0, "python -c pass"), _CLICK),
    _count(_HEAVY, 0, _imports),
    _times(
        f'plan with nothing declared, time ÷ `python -c "{LIBRARIES}"`',
        1.75,
        ("start", 0, NOTHING),
        ("start", 0, f"python -c {LIBRARIES!r}"),
        _LIBRARIES,
    ),
    _validate("one file"),
    _validate("a file each"),
    _since("one file"),
    _since("a file each"),
    _times("validate of 100,000 rows, national numbers, time ÷ the same in E.164", 2, _NATIONAL, _IN_E164, _NUMBERS),
    _ratio("validate of 100,000 rows, national numbers, memory ÷ the same in E.164", 1.1, _memory_to_e164, _MEMORY),
    _peak("plan of 200,000 new memories", 1200, ("first", FIRST, US)),
    _times("a shard of 100 of 1,000,000 rows, time ÷ all rows", 1 / 10, _SHARD, _WHOLE, _ROWS),
    _ratio("a shard of 100 of 1,000,000 rows, memory ÷ all rows", 1 / 10, _memory_to_whole, _MEMORY),
    _times("a shard of 100 of 1,000,000 rows, time ÷ csv.reader", 20, _SHARD, ("shard", SHARDED, CSV), _ROWS),
    _times("eight jobs at once at 60/10s, time ÷ one process", 1.2, _TOGETHER, ("jobs", LIMITED, US), _JOBS),
    _count("refusals of eight jobs at once at 60/10s", JOBS, _traffic("jobs", LIMITED, "refused", who=TOGETHER)),
    _count(f"requests of a {_THROUGH}", LARGE, _traffic("plan", LARGE, "requests")),
    _count("requests of a plan of 10,000 through `contacts`", LARGE / 200, _traffic("listing", LARGE, "requests")),
    _count("writes of an apply with nothing to do", 0, _traffic("again", APPLIED, "writes")),
    _count("writes for each new memory with facts", 2, _traffic("apply", APPLIED, "writes", share=APPLIED)),
    _count("connections, the most that a plan or an apply opened", CONCURRENCY, _connections),
)
