"""What was measured of each goal, and whether the machine was quiet enough for its word."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.contest import Held, Result
from tests.benchmarks.contests import BARE
from tests.benchmarks.goals import GOALS, Goal, Key, Results

_MOST_UNREST = 1.5
_MOST_OF_LIMIT, _START_UP = 1.3, 0.4
BUSY = (
    f"A time is not judged where a contestant's longest run took more than {_MOST_UNREST:g} times its shortest "
    "(of five and more, the first and the last are left out), "
    f"or where the bare client took more than {_MOST_OF_LIMIT:g} times what it has to wait for: "
    f"the limit of the wire and {_START_UP:g} s for its start, or its own CPU seconds if they are more."
)
"""When the machine was too busy, said to whoever reads the figures."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and its figure; None where what it is about was not measured."""

    goal: Goal
    figure: float | None
    was_busy: bool = False

    @property
    def is_met(self) -> bool | None:
        """Say whether the figure is within the bound; None where that cannot be said."""
        return None if self.figure is None or self.was_busy else self.figure <= self.goal.bound


def judge(contests: Sequence[Held]) -> list[Verdict]:
    """Give every goal with its figure, as far as it was measured."""
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
