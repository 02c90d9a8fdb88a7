import signal
import subprocess
import threading
from urllib.request import urlopen

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Rule, hang
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.storage.journal import JournalFolder
from tests.cli.child import spawned
from tests.cli.conftest import Repository
from tests.cli.watched import live_facts, many

PATIENCE = 120


def lines_until(process: "subprocess.Popen[str]", part: str) -> str:
    """Read the log as far as the line that holds this."""
    assert process.stderr is not None
    told = ""
    while part not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    return told


def started(url: str, *more: str) -> tuple[str, ...]:
    return ("-e", "live", "watch", "--api-url", url, "--listen", "127.0.0.1:0", "--interval", "1h", *more)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_between_runs_ends_the_watch_with_0(repository: Repository, number: signal.Signals) -> None:
    del repository
    with running(create_app(Store())) as url, spawned(*started(url, "--apply")) as process:
        told = lines_until(process, "next in")
        served = next(part for part in told.split() if part.startswith("http")).removesuffix("/metrics,")
        with urlopen(f"{served}/metrics", timeout=PATIENCE) as answer:  # noqa: S310  loopback
            text = answer.read().decode()
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert 'reconciler_runs_total{environment="live",result="ok"} 1.0' in text
    assert (out, "stopped" in err, "Traceback" in err) == ("", True, False)


def test_a_signal_while_writing_finishes_what_is_in_flight_and_the_next_watch_goes_on(
    repository: Repository,
) -> None:
    repository.write("specs/support.yaml", many(17, identified="external_id"))
    store = Store()
    may_answer = threading.Event()
    slow = Noting([Rule(fault=Meanwhile(lambda _store: may_answer.wait(PATIENCE)), method="PATCH")])
    with (
        running(create_app(store, faults=slow)) as url,
        spawned(*started(url, "--apply", "--concurrency", "2")) as process,
    ):
        assert slow.seen.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        lines_until(process, "stopping")
        may_answer.set()
        _, err = process.communicate(timeout=PATIENCE)
    (run,) = JournalFolder(repository.root / ".reconciler/journal").runs()

    assert process.returncode == 0
    assert " live: stopped, planned " in err
    assert (run.state, run.totals["unknown"], run.totals["failed"]) == ("interrupted", 0, 0)

    with running(create_app(store)) as url, spawned(*started(url, "--apply")) as process:
        told = lines_until(process, "next in")
    assert " live: ok, " in told
    assert sorted(facts["a"] for facts in live_facts(store)) == list(range(17))


@pytest.mark.parametrize(
    ("fault", "more"),
    [(Rule(fault=hang()), ()), (Rule(fault=hang(), method="PATCH"), ("--apply",))],
    ids=["read", "write"],
)
def test_a_second_signal_stops_at_once(repository: Repository, fault: Rule, more: tuple[str, ...]) -> None:
    faults = Noting([fault])
    with running(create_app(Store(), faults=faults)) as url, spawned(*started(url, *more)) as process:
        assert faults.seen.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        lines_until(process, "stopping")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == 143
    assert "Traceback" not in err
    assert list((repository.root / ".reconciler/leases").glob("*.json")) == []
    runs = [*JournalFolder(repository.root / ".reconciler/journal").runs()]
    assert [(run.state, run.totals["unknown"]) for run in runs] == [("interrupted", 1)] * len(more)


def test_a_second_signal_stops_at_once_also_after_an_apply(repository: Repository) -> None:
    del repository
    faults = Noting([])
    with (
        running(create_app(Store(), faults=faults)) as url,
        spawned(*started(url, "--apply", "--interval", "1s")) as process,
    ):
        told = lines_until(process, "next in")
        faults.follow(Rule(fault=hang()))
        assert faults.seen.wait(PATIENCE)
        process.send_signal(signal.SIGTERM)
        lines_until(process, "stopping")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)

    assert "live: ok, planned " in told
    assert process.returncode == 143


class Noting(Faults):
    """Tells when its first fault happens."""

    def __init__(self, rules: list[Rule]) -> None:
        super().__init__(rules)
        self.seen = threading.Event()

    def follow(self, rule: Rule) -> None:
        """Follow one rule from now on."""
        super().__init__([rule])

    def draw(self, *, method: str, path: str) -> Rule | None:
        rule = super().draw(method=method, path=path)
        if rule is not None:
            self.seen.set()
        return rule
