"""
Which functions each test calls, and how long it takes: one run without a defect says what is worth running for each.

This is a plugin of pytest that notes them, or runs the tests that were chosen. Programs that a test forks, or starts
with the interpreter's `sitecustomize` of the copy, note their calls, too; so PYTEST_DONT_REWRITE what they have loaded.
"""

import faulthandler
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_FILES, _LOG, _CHOSEN = "PLANTED_FILES", "PLANTED_LOG", "PLANTED_CHOSEN"
SITE = "from tests.planted.calls import note_calls\nnote_calls()\n"
"""What a `sitecustomize.py` says, so that each interpreter notes its calls."""


@dataclass
class Seen:
    """What a run of one test showed: the calls are files with the first lines of functions."""

    seconds: float = 0.0
    has_failed: bool = False
    calls: set[tuple[str, int]] = field(default_factory=set)


class _Notes:
    """The file to which this process, and all that it starts, add what they see."""

    def __init__(self, log: str, files: Sequence[str]) -> None:
        self.log = log
        self._files = files
        self._known: dict[str, str] = {}
        self._seen: set[CodeType] = set()

    def add(self, line: str) -> None:
        with open(self.log, "a", encoding="utf-8") as file:  # noqa: PTH123  this runs within any other call
            file.write(f"{line}\n")

    def begin(self, test: str) -> None:
        self._seen.clear()
        self.add(f"test {test}")

    def see(self, frame: FrameType, _event: str, _argument: object) -> None:
        code = frame.f_code
        name = code.co_filename
        if name not in self._known:
            self._known[name] = next((file for file in self._files if name.endswith(f"/{file}")), "")
        if (file := self._known[name]) and code not in self._seen:
            self._seen.add(code)
            self.add(f"call {code.co_firstlineno} {file}")


_notes: _Notes | None = None


def note_calls() -> None:
    """Begin to note the calls of this process, where one that runs tests has started it, and given it its log."""
    global _notes  # noqa: PLW0603  an interpreter has one trace, too
    if _notes is None and (log := os.environ.get(_LOG)) and not Path(log).is_dir():
        _notes = _Notes(log, os.environ[_FILES].split(os.pathsep))
        threading.settrace(_notes.see)
        sys.settrace(_notes.see)


_COLLECTION = 600.0
_limits: dict[str, float] = {}
"""The seconds that each chosen test may take, and all that comes before them: what hangs fails."""


def _end_after(seconds: float) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True, file=2)


def pytest_configure(config: Any) -> None:
    """Give each process that runs tests a log of its own."""
    if _CHOSEN in os.environ:
        _end_after(_COLLECTION)
    if (log := os.environ.get(_LOG)) and Path(log).is_dir() and not getattr(config.option, "numprocesses", None):
        os.environ[_LOG] = str(Path(log, str(os.getpid())))
        note_calls()


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Leave out the tests that were not chosen, and put the others in the order of the list."""
    if chosen := os.environ.get(_CHOSEN):
        lines = (line.partition(" ") for line in Path(chosen).read_text("utf-8").splitlines())
        _limits.update({name: float(seconds) for seconds, _, name in lines})
        place = {name: at for at, name in enumerate(_limits)}
        items[:] = sorted((item for item in items if item.nodeid in place), key=lambda item: place[item.nodeid])


def pytest_runtest_logstart(nodeid: str) -> None:
    """Note which test the calls that follow belong to, and end the run where a chosen one takes too long."""
    if nodeid in _limits:
        _end_after(_limits[nodeid])
    if _notes:
        _notes.begin(nodeid)


def pytest_runtest_logreport(report: Any) -> None:
    """Note how long a test took, and that it failed."""
    if _notes:
        _notes.add(f"took {report.duration}")
        if report.failed:
            _notes.add("failed")


def noting(folder: Path, files: Iterable[Path]) -> Mapping[str, str]:
    """Return the variables that make a run note the calls of files in a folder."""
    folder.mkdir()
    return {_LOG: str(folder), _FILES: os.pathsep.join(map(str, files))}


def choosing(file: Path, tests: Mapping[str, float]) -> Mapping[str, str]:
    """Return the variables that make a run choose tests, the first one first, each with the seconds it may take."""
    file.write_text("".join(f"{seconds} {name}\n" for name, seconds in tests.items()), "utf-8")
    return {_CHOSEN: str(file)}


def noted(folder: Path) -> dict[str, Seen]:
    """Return what a run noted about each test."""
    found: dict[str, Seen] = {}
    for log in sorted(folder.iterdir()):
        test = Seen()  # what is called before the first one, as while modules are imported, is of no test
        for line in log.read_text("utf-8").splitlines():
            what, _, told = line.partition(" ")
            match what:
                case "test":
                    test = found[told] = Seen()
                case "took":
                    test.seconds += float(told)
                case "failed":
                    test.has_failed = True
                case _:
                    first, _, file = told.partition(" ")
                    test.calls.add((file, int(first)))
    return found
