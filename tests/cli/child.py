"""The program in a process of its own, so that it can be killed and signalled."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

import reconciler
from reconciler.cli.main import main

_START = get_context("forkserver")
_START.set_forkserver_preload(["reconciler.workflow.applying", "tests.cli.child"])
KEY = "sk-live-key"
ROOT = str(Path(reconciler.__file__).parents[1])


def forked(*arguments: str) -> BaseProcess:
    """Start the program in the current folder: in a process forked from one that is warm, so without delay."""
    process = _START.Process(target=_call, args=(arguments, str(Path.cwd())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ROOT)
        process.start()
    return process


def _call(arguments: tuple[str, ...], folder: str) -> None:
    os.chdir(folder)
    os.environ["TEST_KEY"] = KEY
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
