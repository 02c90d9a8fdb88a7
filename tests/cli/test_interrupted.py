import json
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Rule, hang
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.api.support import HEAD
from tests.cli.child import forked, spawned
from tests.cli.conftest import Repository, journal_of
from tests.cli.test_apply import facts_in
from tests.cli.watched import many
from tests.hostile.answers import playing

PATIENCE = 120
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


class Noting(Faults):
    """Tells when the first request comes that a rule is about."""

    def __init__(self, rule: Rule) -> None:
        super().__init__([rule])
        self.seen = threading.Event()

    def draw(self, *, method: str, path: str) -> Rule | None:
        drawn = super().draw(method=method, path=path)
        if drawn is not None:
            self.seen.set()
        return drawn


@contextmanager
def at_work(
    repository: Repository, rule: Rule, *more: str, stdin: int = subprocess.DEVNULL
) -> Iterator[tuple["subprocess.Popen[str]", str, Store, threading.Event]]:
    """Start an apply of forty contacts; the event tells that it has met the rule."""
    contacts = "".join(
        f"  c{n:02}: {{contact_id: id-{n:02}, scopes: {{s: {{facts: {{a: {n}}}}}}}}}\n" for n in range(40)
    )
    repository.write("specs/support.yaml", f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{contacts}")
    store, noting = Store(), Noting(rule)
    with running(create_app(store, faults=noting)) as url:
        arguments = ("-e", "live", "apply", "--api-url", url, "--concurrency", "2", "--receipt", "receipt.json", *more)
        with spawned(*arguments, stdin=stdin) as process:
            yield process, url, store, noting.seen


def receipt_of(repository: Repository) -> dict[str, object]:
    receipt: dict[str, object] = json.loads((repository.root / "receipt.json").read_text())
    return receipt


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_finishes_what_is_in_flight_and_says_what_was_not_reached(
    repository: Repository, number: signal.Signals, code: int
) -> None:
    may_answer = threading.Event()
    rule = Rule(fault=Meanwhile(lambda _store: may_answer.wait(PATIENCE)), method="PATCH")
    with at_work(repository, rule, "--yes") as (process, _, store, is_writing):
        assert is_writing.wait(PATIENCE)
        process.send_signal(number)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("stopping: what is in flight is finished first")
        may_answer.set()
        out, _ = process.communicate(timeout=PATIENCE)
        written = sum(bool(facts) for facts in facts_in(store))

    receipt, run = receipt_of(repository), journal_of(repository)
    assert process.returncode == code
    assert "operations: not reached: the apply was stopped\n" in out
    assert receipt["interrupted"]
    assert receipt["totals"] == run.totals
    assert (run.state, run.totals["unknown"], run.totals["failed"]) == ("interrupted", 0, 0)
    assert sum((step.type, step.result) == ("write_facts", "done") for step in run.steps) == written > 0


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_second_signal_stops_at_once_and_the_journal_is_true(
    repository: Repository, number: signal.Signals, code: int
) -> None:
    with at_work(repository, Rule(fault=hang(), method="PATCH"), "--yes") as (process, _, store, is_writing):
        assert is_writing.wait(PATIENCE)
        process.send_signal(number)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline()
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        created = len(facts_in(store))

    receipt, run = receipt_of(repository), journal_of(repository)
    assert process.returncode == code
    assert receipt["totals"] == run.totals
    assert run.state == "interrupted"
    assert {step.type for step in run.open_steps} >= {"write_facts"}
    assert created <= sum(step.type == "create_memory" and step.result in {"done", "unknown"} for step in run.steps)


def test_sigterm_while_planning_ends_without_a_traceback(repository: Repository) -> None:
    with at_work(repository, Rule(fault=hang()), "--yes") as (process, _, store, is_reading):
        assert is_reading.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)

        assert facts_in(store) == []

    assert (process.returncode, err.strip()) == (143, "interrupted")
    assert not (repository.root / ".reconciler/journal").exists()
    assert list((repository.root / ".reconciler/leases").glob("*.json")) == []


@pytest.mark.parametrize(
    ("number", "call"),
    [
        (signal.SIGTERM, ("plan",)),
        (signal.SIGHUP, ("apply", "--yes")),
        (signal.SIGTERM, ("apply", "--yes")),
        (signal.SIGHUP, ("snapshot", "--out", "s.json")),
        (signal.SIGTERM, ("pull", "--take")),
        (signal.SIGHUP, ("export", "--out", "specs/live")),
    ],
)
def test_a_signal_while_an_answer_drips_ends_a_command_at_once(
    repository: Repository, call: tuple[str, ...], number: signal.Signals
) -> None:
    repository.write("specs/support.yaml", many(2, identified="external_id"))
    is_dripping = threading.Event()

    def dripping(_path: str) -> Iterator[bytes]:
        yield HEAD + b"\r\n{"
        is_dripping.set()
        yield b""

    with playing(dripping) as port:
        child = forked("-e", "live", "--api-url", f"http://127.0.0.1:{port}", *call)
        assert child.pid is not None
        assert is_dripping.wait(PATIENCE)
        os.kill(child.pid, number)
        child.join(PATIENCE)

    assert child.exitcode == 128 + number
    assert (repository.root / "child.txt").read_text().splitlines()[-1] == "interrupted"
    assert not (repository.root / ".reconciler/journal").exists()
    assert list((repository.root / ".reconciler").glob("leases/*.json")) == []


def test_sigterm_while_asking_ends_without_a_traceback(repository: Repository) -> None:
    ours, theirs = pty.openpty()
    with at_work(repository, Rule(fault=hang(), path="/nowhere"), stdin=theirs) as (process, _, store, _):
        assert process.stderr is not None
        asked = ""
        while not asked.endswith("[y/N]: "):
            asked += process.stderr.read(1)
        err = terminated(process)

        assert facts_in(store) == []

    os.close(ours)
    os.close(theirs)
    assert process.returncode == 143
    assert err.strip() == "interrupted"


def terminated(process: "subprocess.Popen[str]") -> str:
    """Send SIGTERM until it ends: Python's `input` drops a signal that comes in the moment in which it prompts."""
    for _ in range(PATIENCE):
        process.send_signal(signal.SIGTERM)
        try:
            return process.communicate(timeout=1)[1]
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError


def test_of_two_applies_at_once_the_second_is_refused_and_a_killed_one_holds_nobody_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    hanging = Rule(fault=hang(), method="PATCH", occurrences=frozenset({1, 2}))
    with at_work(repository, hanging, "--yes") as (process, url, _, is_writing):
        assert is_writing.wait(PATIENCE)
        second = ("-e", "live", "apply", "--yes", "--api-url", url)
        refused, listed = repository.run(*second), repository.run("runs")
        process.kill()
        process.wait()
        allowed = repository.run(*second)

    assert (refused.code, refused.out) == (4, "")
    assert refused.err.startswith(f"error: another apply (process {process.pid} on ")
    assert f"nothing was written: wait for it to end, or stop it with `kill {process.pid}`\n" in refused.err
    assert re.search(r"  running  \d+ operations? done, \d+ left\n", listed.out)
    assert allowed.code == 0
    assert "ended without a receipt" in allowed.err


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 64 KiB, where this machine lets one be mounted."""
    folder = tmp_path / ".reconciler"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603  nothing of it comes from outside
        ["/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["/bin/umount", str(folder)], check=True)  # noqa: S603  the same


def test_a_disk_that_really_is_full_stops_an_apply_before_its_first_write(repository: Repository, tiny: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (tiny / "filling").write_bytes(b"x" * 2**17)
    with at_work(repository, Rule(fault=hang(), path="/nowhere"), "--yes") as (process, _, store, _):
        _, err = process.communicate(timeout=PATIENCE)

        assert facts_in(store) == []

    assert process.returncode == 1
    assert "No space left on device" in err


def test_a_disk_that_really_fills_in_the_middle_stops_an_apply_with_a_receipt(
    repository: Repository, tiny: Path
) -> None:
    (tiny / "filling").write_bytes(b"x" * 44 * 1024)
    with at_work(repository, Rule(fault=hang(), path="/nowhere"), "--yes") as (process, _, store, _):
        _, err = process.communicate(timeout=PATIENCE)
        created = len(facts_in(store))

    run = journal_of(repository)
    assert process.returncode == 3
    assert "the journal cannot be written: No space left on device" in err
    assert receipt_of(repository)["totals"] != run.totals
    assert 0 < created <= sum(step.type == "create_memory" for step in run.steps) < 40
