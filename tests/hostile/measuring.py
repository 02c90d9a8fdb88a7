"""One run of the program in a process of its own: its exit code, what it printed, its time and its peak memory."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.warm import ROOT

MOST_SECONDS, MOST_MB, MOST_LINES, MOST_BYTES = 60, 500, 105, 100_000
"""What hostile input may cost at most: seconds of CPU, 10⁶ bytes of memory, and lines and bytes of output."""

_KEPT = 1 << 20
_PATIENCE = 300.0
_KIB, _MB = 1024, 1_000_000


@dataclass(frozen=True)
class Ended:
    """How a run ended, and what it cost."""

    code: int
    out: str
    err: str
    seconds: float
    peak: float


def run(
    folder: Path,
    call: Sequence[str],
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    limits: Mapping[int, int] = MappingProxyType({}),
) -> Ended:
    """Run the program to its end; one that takes more seconds of CPU than allowed is ended by the system."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        for kind, value in limits.items():
            resource.setrlimit(kind, (value, value))

    with (folder / ".out").open("wb+") as out, (folder / ".err").open("wb+") as err:
        process = subprocess.Popen(  # noqa: S603  this program
            [sys.executable, "-m", "reconciler", *call],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=limit,  # noqa: PLW1509  one thread starts it
        )
        killer = threading.Timer(_PATIENCE, process.kill)  # of a run that only waits
        killer.start()
        _, status, used = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB / _MB
    return Ended(process.returncode, _text(folder / ".out"), _text(folder / ".err"), seconds, peak)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_KEPT).decode(errors="replace")
