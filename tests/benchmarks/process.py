"""One run of a program: how long it took, what of CPU and memory it used, and what it said."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
    """What a run used, and the end of what it said."""

    usage: Usage
    said: str


class RunFailedError(Exception):
    """A program did not end as it should, or not with what it should."""


def environment() -> dict[str, str]:
    """Give the variables that all programs get: no proxy, no path of Python's, nothing that some would heed alone."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def run(command: Sequence[str], *, folder: Path, variables: Mapping[str, str], good: int = 0) -> Run:
    """
    Run a program to its end.

    Raises `RunFailedError`, with the end of what it said, when its exit code is not the good one.
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
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
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
