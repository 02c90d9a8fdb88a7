"""What contests measured, kept in a folder, so that a long run can be made in parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from tests.benchmarks.process import Usage
from tests.benchmarks.server import Traffic

US = "reconciler"
_FILE = "results.json"
_TRIMMED = 5


@dataclass(frozen=True, slots=True)
class Skipped:
    """A contestant that does not run here, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """
    A contestant's runs, one after the other.

    `traffic` is the most that the server saw in any of them; `counted` the matches of `counts` in its output.
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
        """Return the median of the seconds that it took."""
        return median(usage.wall for usage in self.usages)

    @property
    def spread(self) -> tuple[float, float]:
        return min(usage.wall for usage in self.usages), max(usage.wall for usage in self.usages)

    @property
    def unrest(self) -> float:
        """Return the longest time ÷ the shortest; of five runs and more the first and the last are left out."""
        walls = sorted(usage.wall for usage in self.usages)
        inner = walls[1:-1] if len(walls) >= _TRIMMED else walls
        return inner[-1] / inner[0]

    @property
    def cpu(self) -> float:
        return median(usage.cpu for usage in self.usages)

    @property
    def peak(self) -> float:
        """Return the highest peak of memory in MB."""
        return max(usage.peak for usage in self.usages)

    def against(self, other: "Result") -> float:
        """Return how many times as long as another it took: the median of the ratios turn by turn."""
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


class UnreadableResultsError(Exception):
    """The folder holds something else than results."""


def kept(folder: Path) -> list[Held]:
    """Return the contests in the folder, made if need be; raises `UnreadableResultsError` and `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / _FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[Held]) if file.exists() else []
    except msgspec.DecodeError as error:
        raise UnreadableResultsError(f"{file} cannot be read, or is of another form; remove it") from error


def merged(former: Iterable[Held], one: Held) -> list[Held]:
    """Return all contests with this one in its former place: whole, since its ratios are those of one run."""
    return list({(held.contest, held.size): held for held in (*former, one)}.values())


def keep(folder: Path, contests: Sequence[Held]) -> None:
    (folder / _FILE).write_bytes(msgspec.json.format(msgspec.json.encode(contests), indent=1) + b"\n")
