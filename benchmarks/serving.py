"""Starting the server in a process of its own, and asking it what it counted."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from benchmarks.world import World

ROOT = Path(__file__).parents[1]


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


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs; asking it for its traffic starts a new count."""

    url: str
    _stdin: IO[str]
    _stdout: IO[str]

    def traffic(self) -> Traffic:
        """Give what came since the last call."""
        self._stdin.write("\n")
        self._stdin.flush()
        return Traffic(**json.loads(self._stdout.readline()))


@contextmanager
def serving(world: World, *, latency: float) -> Iterator[Served]:
    """Serve a world with a latency (in seconds) for as long as the block lasts."""
    asked = json.dumps({"world": asdict(world), "latency": latency})
    command = [sys.executable, "-m", "benchmarks.server", asked]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101  a pipe was asked for
        assert process.stdout is not None  # noqa: S101  the same
        yield Served(process.stdout.readline().strip(), process.stdin, process.stdout)
        process.stdin.close()
