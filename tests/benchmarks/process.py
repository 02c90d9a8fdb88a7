"""One run of a program: its time, CPU, peak memory and output."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
_KIB, _MB = 1024, 1_000_000
_KEPT, _SHOWN = 200_000, 2000
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of wall time and of CPU (user and system, children included), and peak memory in MB (10⁶ bytes)."""

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Run:
    """The usage of a run, and the end of its output."""

    usage: Usage
    said: str


class RunFailedError(Exception):
    """A program did not end as expected, or with other output."""


def environment() -> dict[str, str]:
    """Return the variables of all programs: no proxy, no path of Python's, nothing that only some would use."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def run(command: Sequence[str], *, folder: Path, variables: Mapping[str, str], good: int = 0) -> Run:
    """
    Run a program to its end.

    Raises `RunFailedError`, with the end of its output, when its exit code is not the good one.
    """
    with tempfile.TemporaryFile() as output:
        usage, code = _measured(command, folder, {**environment(), **variables}, output)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _KEPT))
        said = output.read().decode(errors="replace")
    if code != good:
        raise RunFailedError(f"{' '.join(command)[:200]} ended with {code}:\n{said[-_SHOWN:]}")
    return Run(usage, said)


def _measured(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], output: IO[bytes]
) -> tuple[Usage, int]:
    started = time.perf_counter()
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
    try:
        process = subprocess.Popen(command, cwd=folder, env=variables, start_new_session=True, **streams)
    except OSError as error:
        raise RunFailedError(f"{command[0]} cannot be started: {error.strerror}") from error
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB / _MB), process.returncode
