"""Contests: who does the same work side by side, run in turns so that what else the machine does falls on all alike."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.process import RunFailedError, Usage, run
from tests.benchmarks.serving import ROOT, Served, Traffic

US = "reconciler"
_TRIMMED = 5


@dataclass(frozen=True, slots=True)
class Contestant:
    """
    A program that does the work of a contest.

    `limit` is the least time in seconds that the wire allows for its requests. What shows that it did the work: the
    number of `requests` that the server saw, its exit code (`good`), and a pattern in what it `says`.
    With `counts` the places in which that pattern stands in what it says are a result.
    It `is_slow` when one run must do; `version` is the name and version of a peer, empty where it is not known.
    """

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    served: Served | None = None
    limit: float | None = None
    requests: int | None = None
    good: int = 0
    says: str = ""
    counts: str = ""
    is_slow: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A contestant that does not run here, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """
    What came of a contestant's runs, one after the other.

    `traffic` is the most that the server saw in any of them; `counted` is how often it said what was to be counted.
    """

    contest: str
    size: int
    name: str
    usages: tuple[Usage, ...]
    traffic: Traffic | None
    limit: float | None
    counted: int | None = None
    version: str = ""

    @property
    def wall(self) -> float:
        """Give the median of the seconds that it took."""
        return median(usage.wall for usage in self.usages)

    @property
    def spread(self) -> tuple[float, float]:
        """Give the shortest and the longest time."""
        walls = [usage.wall for usage in self.usages]
        return min(walls), max(walls)

    @property
    def unrest(self) -> float:
        """Give the longest time ÷ the shortest; of five runs and more the first and the last are left out."""
        walls = sorted(usage.wall for usage in self.usages)
        inner = walls[1:-1] if len(walls) >= _TRIMMED else walls
        return inner[-1] / inner[0]

    @property
    def cpu(self) -> float:
        """Give the median of the CPU seconds."""
        return median(usage.cpu for usage in self.usages)

    @property
    def peak(self) -> float:
        """Give the highest peak of memory in MB."""
        return max(usage.peak for usage in self.usages)

    def against(self, other: "Result") -> float:
        """Give how many times as long as another it took: the median of the ratios turn by turn."""
        pairs = zip(self.usages, other.usages, strict=False)
        return median(mine.wall / theirs.wall for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Held:
    """A contest that took place at a number of memories: in one run, on one machine."""

    contest: str
    size: int
    machine: str
    results: tuple[Result, ...]
    skipped: tuple[Skipped, ...]


def hold(
    name: str, size: int, contestants: Iterable[Contestant], *, rounds: int, warms_up: bool = False
) -> Iterator[Result | Skipped]:
    """
    Let all contestants run in turns, each turn begun by the next of them; one that fails is out, with what it said.

    A turn to warm up, which none of the slow ones takes, is not counted.
    """
    runs = [_Runs(contestant) for contestant in contestants]
    if warms_up:
        for one in runs:
            one.warm_up()
    for turn in range(rounds):
        first = turn % max(len(runs), 1)
        for one in runs[first:] + runs[:first]:
            one.take(turn)
    yield from (one.result(name, size) for one in runs)


class _Runs:
    """The runs of one contestant so far."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant
        self._usages: list[Usage] = []
        self._traffic: Traffic | None = None
        self._counted: int | None = None
        self._failure = ""

    def warm_up(self) -> None:
        """Run once for nothing, which fills the caches of files and of compiled modules."""
        if not self._contestant.is_slow:
            self._run()

    def take(self, turn: int) -> None:
        """Run once more, unless one run must do or one failed."""
        if self._failure or (turn and self._contestant.is_slow):
            return
        usage = self._run()
        if usage is not None:
            self._usages.append(usage)

    def _run(self) -> Usage | None:
        one = self._contestant
        try:
            done = run(one.command, folder=one.folder, variables=one.variables, good=one.good)
            self._note(one.served.traffic() if one.served else None, done.said)
        except RunFailedError as error:
            self._failure = str(error)
            return None
        return done.usage

    def _note(self, traffic: Traffic | None, said: str) -> None:
        """Note what a run did; raises `RunFailedError` where it is not what it was to do."""
        one = self._contestant
        if traffic is not None:
            if one.requests is not None and traffic.requests != one.requests:
                raise RunFailedError(f"it sent {traffic.requests:,} requests, not {one.requests:,}")
            self._traffic = traffic.most(self._traffic) if self._traffic else traffic
        if one.says and not re.search(one.says, said):
            raise RunFailedError(f"it did not say {one.says!r}")
        if one.counts:
            self._counted = len(re.findall(one.counts, said, re.MULTILINE))

    def result(self, contest: str, size: int) -> Result | Skipped:
        one = self._contestant
        if self._failure:
            return Skipped(one.name, f"failed: {self._failure}")
        return Result(
            contest, size, one.name, tuple(self._usages), self._traffic, one.limit, self._counted, one.version
        )
