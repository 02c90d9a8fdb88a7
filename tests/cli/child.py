"""The program in a process of its own, so that it can be killed and signalled."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import MappingProxyType

from reconciler.cli.main import main
from tests import warm
from tests.warm import ROOT

KEY = "sk-live-key"
_NOTHING: Mapping[str, str] = MappingProxyType({})


def forked(*arguments: str, folder: Path | None = None, environ: Mapping[str, str] = _NOTHING) -> BaseProcess:
    """Start the program in a folder: in a process forked from one that is warm, so without delay."""
    return warm.forked(_call, arguments, str(folder or Path.cwd()), {"TEST_KEY": KEY, **environ})


def _call(arguments: tuple[str, ...], folder: str, environ: Mapping[str, str]) -> None:
    os.chdir(folder)
    os.environ.update(environ)
    with Path("child.txt").open("w", encoding="utf-8") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    os._exit(main(arguments))


@contextmanager
def spawned(*arguments: str, stdin: int = subprocess.DEVNULL) -> Iterator["subprocess.Popen[str]"]:
    """Start the program as a user does, in the current folder; a session of its own takes no signal meant for tests."""
    process = subprocess.Popen(  # noqa: S603  this program
        [sys.executable, "-m", "reconciler", *arguments],
        env=os.environ | {"TEST_KEY": KEY, "PYTHONPATH": ROOT},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
