"""One run of a program: how long it took, and what of CPU and memory it used."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_KIB = 1024
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of wall time and of CPU (user and system, children included), and peak memory in MiB."""

    wall: float
    cpu: float
    peak: float


class RunFailedError(Exception):
    """A program did not end as it should."""


def run(command: Sequence[str], *, folder: Path, variables: Mapping[str, str], good: Sequence[int] = (0,)) -> Usage:
    """Run a program to its end; raises `RunFailedError` with the end of what it said when its exit code is not good."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in good:
            output.seek(0)
            said = output.read().decode(errors="replace")[-_TAIL:]
            raise RunFailedError(f"{' '.join(command)[:200]} ended with {code}:\n{said}")
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / _KIB)
