"""Starting the server in a process of its own, and asking it what it counted."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TypeAlias

from tests.benchmarks.process import RunFailedError, environment
from tests.benchmarks.world import World

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the server saw since it was last asked."""

    reads: int
    writes: int
    connections: int
    by_call: Mapping[str, int]

    @property
    def requests(self) -> int:
        """Count all requests."""
        return self.reads + self.writes

    def most(self, other: "Traffic") -> "Traffic":
        """Give the greater of each count."""
        calls = {**self.by_call, **other.by_call}
        return Traffic(
            max(self.reads, other.reads),
            max(self.writes, other.writes),
            max(self.connections, other.connections),
            {call: max(self.by_call.get(call, 0), other.by_call.get(call, 0)) for call in calls},
        )


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs; asking it for its traffic starts a new count."""

    url: str
    _stdin: IO[str]
    _stdout: IO[str]

    def traffic(self) -> Traffic:
        """Give what came since the last call; raises `RunFailedError` when the server is gone."""
        try:
            self._stdin.write("\n")
            self._stdin.flush()
            return Traffic(**json.loads(self._stdout.readline()))
        except (OSError, ValueError) as error:
            raise RunFailedError("the server is gone") from error


Serve: TypeAlias = Callable[[World], Served]


@contextmanager
def serving(world: World, *, latency: float) -> Iterator[Served]:
    """
    Serve a world with a latency (in seconds) for as long as the block lasts.

    The server is of a session of its own, so that an interrupt at the terminal is for the benchmark alone.
    """
    asked = json.dumps({"world": asdict(world), "latency": latency})
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.server", asked],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Served(process.stdout.readline().strip(), process.stdin, process.stdout)
        finally:
            process.kill()
