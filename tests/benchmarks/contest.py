"""Contests: who does the same work side by side, run in turns so that what else the machine does falls on all alike."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.process import ROOT, RunFailedError, Usage, run
from tests.benchmarks.results import Result, Skipped
from tests.benchmarks.server import Traffic
from tests.benchmarks.serving import Served


@dataclass(frozen=True, slots=True)
class Contestant:
    """
    A program that does the work of a contest.

    `limit` is the least time in seconds that the wire allows for its requests. It did the work if the server saw its
    `requests`, its exit code is `good`, and its output has the pattern `says`. The matches of `counts` in its output
    are a result. One that `is_slow` runs once; `version` is the name and version of a peer.
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


def hold(
    name: str, size: int, contestants: Iterable[Contestant], *, rounds: int, warms_up: bool = False
) -> Iterator[Result | Skipped]:
    """
    Let all contestants run in turns, each turn begun by the next of them; skip one that failed, with its output.

    With `warms_up`, one turn more comes first and is not counted; slow contestants do not take part in it.
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
        """Note the traffic and the output of a run; raises `RunFailedError` where they are not as expected."""
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
