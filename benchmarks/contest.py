"""Contests: who does the same work side by side, run in turns so that what else the machine does falls on all alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.process import RunFailedError, Usage, run
from benchmarks.serving import ROOT, Served, Traffic

US = "reconciler"


@dataclass(frozen=True, slots=True)
class Contestant:
    """
    A program that does the work of a contest.

    `limit` is the least time in seconds that the wire allows for its requests; `is_slow` when one run must do.
    """

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    variables: Mapping[str, str] = field(default_factory=dict)
    served: Served | None = None
    limit: float | None = None
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A contestant that does not run here, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a contestant's runs, one after the other; `traffic` is that of the last."""

    contest: str
    size: int
    name: str
    usages: tuple[Usage, ...]
    traffic: Traffic | None
    limit: float | None

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
    def cpu(self) -> float:
        """Give the median of the CPU seconds."""
        return median(usage.cpu for usage in self.usages)

    @property
    def peak(self) -> float:
        """Give the highest peak of memory in MiB."""
        return max(usage.peak for usage in self.usages)

    def against(self, other: "Result") -> float:
        """Give how many times as long as another it took: the median of the ratios turn by turn."""
        pairs = zip(self.usages, other.usages, strict=False)
        return median(mine.wall / theirs.wall for mine, theirs in pairs)


def hold(name: str, size: int, contestants: Iterable[Contestant], *, rounds: int) -> Iterator[Result | Skipped]:
    """Let all contestants run in turns; one that fails is out, with what it said."""
    runs = [_Runs(contestant) for contestant in contestants]
    for turn in range(rounds):
        for one in runs:
            one.take(turn)
    yield from (one.result(name, size) for one in runs)


class _Runs:
    """The runs of one contestant so far."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant
        self._usages: list[Usage] = []
        self._traffic: Traffic | None = None
        self._failure = ""

    def take(self, turn: int) -> None:
        """Run once more, unless one run must do or the last one failed."""
        one = self._contestant
        if self._failure or (turn and one.is_slow):
            return
        try:
            self._usages.append(run(one.command, folder=one.folder, variables=one.variables))
        except RunFailedError as error:
            self._failure = str(error)
        self._traffic = one.served.traffic() if one.served else None

    def result(self, contest: str, size: int) -> Result | Skipped:
        one = self._contestant
        if self._failure:
            return Skipped(one.name, f"failed: {self._failure}")
        return Result(contest, size, one.name, tuple(self._usages), self._traffic, one.limit)
