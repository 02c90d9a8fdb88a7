"""
Python programs forked from a process that has loaded the whole package: a start takes a moment, and not a second.

Whatever such a program starts is forked as well, where it is a Python program too, and one that says that it ends at
once runs within. Where the interpreter's own start is the subject (an encoding, closed streams), a test starts a
process of its own.
"""

import io
import os
import runpy
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import pytest

import reconciler

ROOT = str(Path(reconciler.__file__).parents[1])
AT_ONCE = "# ends at once\n"
_START = get_context("forkserver")
_START.set_forkserver_preload(["tests.warm", "tests.warmed"])


def forked(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a function in a process of its own."""
    process = _START.Process(target=target, args=arguments)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ROOT)
        process.start()
    return process


def run(program: Path, *arguments: str, folder: Path, variables: Mapping[str, str], output: Path) -> int:
    """Run a Python program and return its exit code; its streams go to the files `out` and `err` in a folder."""
    process = forked(_run, (str(program), *arguments), folder, dict(variables), output)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _run(line: Sequence[str], folder: Path, variables: Mapping[str, str], output: Path) -> None:
    os.chdir(folder)
    for stream, name in ((1, "out"), (2, "err")):
        with (output / name).open("w", encoding="utf-8") as sink:
            os.dup2(sink.fileno(), stream)
    subprocess.Popen = Forked  # type: ignore[misc, assignment]  # in this process, which ends with the program
    os._exit(_become(line, variables))


class Forked(subprocess.Popen[Any]):
    """A program that is forked from this process where it is a Python program."""

    def __new__(cls, line: Sequence[str], **options: Any) -> Self:
        program = _program(line[0], options)
        kind: Any = Within if program and program[1].startswith(AT_ONCE.encode()) else cls
        made: Self = super().__new__(kind)
        return made

    def __init__(self, line: Sequence[str], **options: Any) -> None:
        if program := _program(line[0], options):
            sys.stdout.flush()
            sys.stderr.flush()
            options["preexec_fn"] = partial(_replace, [program[0], *line[1:]], dict(options.get("env") or os.environ))
        super().__init__(line, **options)


class Within(Forked):
    """A program that runs in this process, as soon as it is waited for."""

    def __init__(self, line: Sequence[str], **options: Any) -> None:
        self.args = line
        self.returncode = None
        self._line = [shutil.which(line[0]) or "", *line[1:]]
        self._is_kept = [options.get(name) == subprocess.PIPE for name in ("stdout", "stderr")]
        assert not options.get("env")

    def communicate(
        self,
        input: str | None = None,  # noqa: A002
        timeout: float | None = None,
    ) -> tuple[str | None, str | None]:
        """Run it, and return what it writes to the streams that are kept."""
        assert timeout is None
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.StringIO(input))
            patch.setattr(sys, "argv", self._line)
            self.returncode = _exit_code(self._line[0])
        said, told = (text.getvalue() if kept else None for text, kept in zip((out, err), self._is_kept, strict=True))
        return said, told

    def poll(self) -> int | None:
        """Return its exit code once it ran."""
        return self.returncode

    def __exit__(self, *_raised: object) -> None:
        pass


def _program(name: str, options: Mapping[str, Any]) -> tuple[str, bytes] | None:
    """Return where a Python program is, and what follows its first line."""
    path = shutil.which(name, path=(options.get("env") or os.environ).get("PATH"))
    first, _, rest = Path(path).read_bytes().partition(b"\n") if path else (b"", b"", b"")
    return (path, rest) if path and first == f"#!{sys.executable}".encode() else None


def _replace(line: Sequence[str], variables: Mapping[str, str]) -> None:
    """Be the program that would be started here; the caller waits until all but the standard streams is closed."""
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os._exit(_become(line, variables))


def _become(line: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a Python program in this process and return its exit code."""
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = list(line)
    sys.path.insert(0, str(Path(line[0]).parent))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  the streams of the interpreter
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115
    try:
        return _exit_code(line[0])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _exit_code(program: str) -> int:
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  as the interpreter does
        traceback.print_exc()
        return 1
    return 0
