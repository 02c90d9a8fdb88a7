"""Starting the server in a process of its own, and asking it for its counts."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from tests.benchmarks.process import ROOT, RunFailedError, environment
from tests.benchmarks.server import Traffic
from tests.benchmarks.world import World


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs; asking it for its traffic starts a new count."""

    url: str
    _stdin: IO[str]
    _stdout: IO[str]

    def traffic(self) -> Traffic:
        """Return the traffic since the last call; raises `RunFailedError` when the server is gone."""
        try:
            self._stdin.write("\n")
            self._stdin.flush()
            return Traffic(**json.loads(self._stdout.readline()))
        except (OSError, ValueError) as error:
            raise RunFailedError("the server is gone") from error


@contextmanager
def serving(world: World, *, latency: float, rate: tuple[int, float] | None = None) -> Iterator[Served]:
    """
    Serve a world with a latency (in seconds), and at a rate if any, for as long as the block lasts.

    The server is of a session of its own, so that an interrupt at the terminal is for the benchmark alone.
    """
    asked = json.dumps({"world": asdict(world), "latency": latency, "rate": rate})
    command = [sys.executable, "-m", "tests.benchmarks.server", asked]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment(), start_new_session=True, **pipes) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Served(process.stdout.readline().strip(), process.stdin, process.stdout)
        finally:
            process.kill()
