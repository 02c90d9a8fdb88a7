"""One run of the program in a process of its own: its exit code, what it printed, its time and its peak memory."""

import os
import resource
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import MappingProxyType

import pytest

from reconciler.api.client.endpoint import Endpoint
from reconciler.cli.main import main
from reconciler.cli.terminal import Waits
from tests import warm

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


def run(  # noqa: PLR0913  one parameter a condition of the run
    folder: Path,
    call: Sequence[str] | Callable[[], int],
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    limits: Mapping[int, int] = MappingProxyType({}),
    answer: float = 60.0,
    until: str = "",
) -> Ended:
    """
    Run the program, or what calls it, to its end in a process forked from a warm one, whose memory counts as well.

    One that takes more seconds of CPU than allowed is ended by the system. Waits end at once; `answer` is how many
    seconds an answer may take as a whole. Once it has said `until`, it is asked to end.
    """
    limited = {resource.RLIMIT_CPU: MOST_SECONDS, **limits}
    process = warm.forked(_run, folder, call, dict(variables), limited, answer)
    if until:
        _wait(process, folder / ".err", until)
    process.join(_PATIENCE)
    process.kill()  # one that only waits
    process.join()
    assert process.exitcode is not None
    cost = folder / ".cost"
    seconds, peak = map(float, cost.read_text().split()) if cost.exists() else (float("inf"), float("inf"))
    return Ended(process.exitcode, _text(folder / ".out"), _text(folder / ".err"), seconds, peak)


def _wait(process: BaseProcess, log: Path, text: str) -> None:
    """Ask a process to end once its log holds a text; one that ended before is left."""
    while process.is_alive():
        if log.exists() and text in _text(log):
            os.kill(process.pid or 0, signal.SIGTERM)
            return
        process.join(0.05)


def _run(
    folder: Path,
    call: Sequence[str] | Callable[[], int],
    variables: Mapping[str, str],
    limits: Mapping[int, int],
    answer: float,
) -> None:
    os.chdir(folder)
    os.environ.update(variables)
    (folder / ".cost").unlink(missing_ok=True)
    for stream, name in ((1, ".out"), (2, ".err")):
        with Path(name).open("w", encoding="utf-8") as sink:
            os.dup2(sink.fileno(), stream)
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))
    _hurry(answer)
    code = call() if callable(call) else main(call)
    used = resource.getrusage(resource.RUSAGE_SELF)
    (folder / ".cost").write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss * _KIB / _MB}")
    os._exit(code)


def _hurry(answer: float) -> None:
    """Set the time for an answer, and let all waits end, in this process."""
    patch = pytest.MonkeyPatch()
    wait = Waits.__call__

    async def shortly(waits: Waits, seconds: float, why: str) -> None:
        await wait(waits, min(seconds, 0.001), why)

    patch.setattr(Waits, "__call__", shortly)
    patch.setattr(Endpoint, "seconds_for_an_answer", answer)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_KEPT).decode(errors="replace")
