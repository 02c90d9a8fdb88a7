"""Standard error without a reader: an apply goes on, and its journal and receipt are true."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

import reconciler
from reconciler.cli.main import main
from reconciler.cli.streams import ErrorLine
from reconciler.cli.terminal import Progress, Waits, remark
from reconciler.clock import Clock
from reconciler.sandbox.faults import Rule, Wait
from tests.cli.conftest import Repository, journal_of
from tests.cli.test_interrupted import PATIENCE, at_work, receipt_of
from tests.cli.test_terminal import Still


class Broken(io.StringIO):
    """A stream that nobody reads any more."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def tell_progress() -> None:
    times = count(0.0, 10.0)
    progress = Progress("applying", clock=Clock(monotonic=lambda: next(times)))
    progress(1, 2)
    progress(2, 2)


def tell_of_a_wait() -> None:
    stop = Still()
    asyncio.run(Waits(stop, clock=stop.clock)(5.0, "429"))


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("tell", [tell_progress, tell_of_a_wait, lambda: remark("a line")])
def test_what_is_told_on_the_way_never_fails(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[], None], *, is_terminal: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(is_terminal=is_terminal))
    try:
        tell()
    finally:
        ErrorLine.is_open = False


def test_an_error_that_nobody_reads_has_its_exit_code(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.run("plan", "--out", "plan.json")
    repository.write("specs/more.yaml", "contacts: {bob: {contact_id: id-bob}}")
    monkeypatch.setattr(sys, "stderr", Broken(is_terminal=False))

    assert main(["apply", "plan.json", "--yes"]) == 4
    assert main(["apply", "--no-such-option"]) == 1


def test_an_apply_whose_standard_error_is_closed_in_the_middle_is_completed(repository: Repository) -> None:
    rule = Rule(fault=Wait(0.05), method="PATCH")
    with at_work(repository, rule, "--yes", "--debug") as (process, _, _, is_writing):
        assert process.stderr is not None
        assert is_writing.wait(PATIENCE)
        process.stderr.close()
        process.stderr = None
        process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert journal_of(repository).state == "complete"
    assert journal_of(repository).totals == receipt_of(repository)["totals"]


@pytest.mark.parametrize("streams", ["2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"])
def test_an_apply_that_is_started_without_standard_streams_is_completed(repository: Repository, streams: str) -> None:
    command = f'exec "$0" -m reconciler apply --yes --format json --receipt receipt.json {streams}'
    environment = {"PYTHONPATH": str(Path(reconciler.__file__).parents[1])}
    done = subprocess.run(  # noqa: S603  this program
        ["/bin/sh", "-c", command, sys.executable], env=environment, stdout=subprocess.PIPE, check=False
    )

    assert done.returncode == 0
    assert journal_of(repository).state == "complete"
    assert receipt_of(repository)["totals"] == journal_of(repository).totals
    assert done.stdout == b"" or json.loads(done.stdout)["kind"] == "receipt"
