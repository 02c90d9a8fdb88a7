"""
Python programs forked from a process that has loaded the whole package: a start takes a moment, and not a second.

Whatever such a program starts is forked as well, where it is a Python program too. Where the interpreter's own start
is the subject (an encoding, closed streams), a test starts a process of its own.
"""

import os
import runpy
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

import reconciler

ROOT = str(Path(reconciler.__file__).parents[1])
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

    def __init__(self, line: Sequence[str], **options: Any) -> None:
        variables = options.get("env") or os.environ
        program = shutil.which(line[0], path=variables.get("PATH"))
        if program and Path(program).read_bytes().startswith(f"#!{sys.executable}\n".encode()):
            sys.stdout.flush()
            sys.stderr.flush()
            options["preexec_fn"] = partial(_replace, [program, *line[1:]], dict(variables))
        super().__init__(line, **options)


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
        runpy.run_path(line[0], run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  as the interpreter does
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
