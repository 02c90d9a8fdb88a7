"""`show` of the attempts of one plan: its total is what was really sent."""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Drop, Faults, Meanwhile, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.child import forked
from tests.cli.conftest import Repository
from tests.cli.test_killed import SIDES, WRITE_COUNT, committed, holds_all, specs, write_type
from tests.cli.test_runs import journals, two_tries

__all__ = ["two_tries"]


class KillOften(Faults):
    """Calls `kill` at some of the writes, which are counted over all runs, before or after they are committed."""

    def __init__(self, at: dict[int, Any], kill: Callable[[], None]) -> None:
        super().__init__()
        self._count = 0
        self._at = at
        self._fault = Meanwhile(lambda _store: kill())

    def draw(self, *, method: str, path: str) -> Rule | None:
        if write_type(method, path) is None:
            return None
        self._count += 1
        when = self._at.get(self._count)
        return Rule(fault=self._fault, when=when) if when else None


class Victim:
    """Runs the program in a process of its own until a signal kills it."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._process: Any = None

    def kill(self) -> None:
        assert self._started.wait(60)
        os.kill(self._process.pid, signal.SIGKILL)

    def dies(self, *arguments: str) -> None:
        self._started.clear()
        self._process = forked(*arguments)
        self._started.set()
        self._process.join(120)
        assert self._process.exitcode == -signal.SIGKILL


def moments(seed: int) -> dict[int, Any]:
    """Choose two writes at which a run is killed, and on which side of each."""
    chance = Random(seed)  # noqa: S311  no secret
    first, second = sorted(chance.sample(range(1, WRITE_COUNT - 5), 2))
    return {first: chance.choice(SIDES), second + 5: chance.choice(SIDES)}  # requests in flight are sent once more


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("plan", [(), ("plan.json",)], ids=["apply", "apply PLAN"])
def test_killed_twice_and_finished_all_attempts_together_are_what_the_sandbox_did(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, seed: int, plan: tuple[str, ...]
) -> None:
    repository.write("specs/support.yaml", specs())
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    victim, store = Victim(), Store()
    app = create_app(store, faults=KillOften(moments(seed), victim.kill))
    with running(app) as url:
        live = ("-e", "live", "--api-url", url, "--concurrency", "4")
        if plan:
            assert repository.run(*live, "plan", "--out", *plan).code == 0
        for _ in range(2):
            victim.dies(*live, "apply", *plan, "--yes")
        assert repository.run(*live, "apply", *plan, "--yes", "--receipt", "receipt.json").code == 0
        sent = Counter(committed(app, store))
    names = [path.stem for path in journals(repository)]
    shown = repository.run("show", "receipt.json", *reversed(names), "--format", "json")
    merged = json.loads(shown.out)

    assert (shown.code, shown.err) == (0, "")
    assert Counter((one["type"], one["address"]) for one in merged["outcomes"] if one["outcome"] == "done") == sent
    assert merged["totals"] == {"done": WRITE_COUNT + 1, "already": 0, "skipped": 0, "failed": 0, "unknown": 0}
    assert [run["id"] for run in merged["runs"]] == names
    assert holds_all(store)


class Silent(Faults):
    """Commits the first user and answers nothing more, until `is_back`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_gone = self.is_back = False

    def draw(self, *, method: str, path: str) -> Rule | None:
        if self.is_back:
            return None
        is_first = not self.is_gone and write_type(method, path) == "add_user"
        self.is_gone |= is_first
        return Rule(fault=Drop(), when="after" if is_first else "before") if self.is_gone else None


@pytest.mark.usefixtures("two_tries", "short_waits")
@pytest.mark.parametrize("plan", [(), ("plan.json",)], ids=["apply", "apply PLAN"])
def test_what_was_lost_is_done_once_a_later_run_finds_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, plan: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    silent = Silent()
    with running(create_app(Store(), faults=silent)) as url:
        live = ("-e", "live", "--api-url", url)
        repository.run(*live, "plan", "--out", "plan.json")
        codes = [repository.run(*live, "apply", *plan, "--yes", "--receipt", "first.json").code]
        silent.is_back = True
        codes.append(repository.run(*live, "apply", *plan, "--yes", "--receipt", "second.json").code)
    journal = str(journals(repository)[0])

    assert codes == [3, 0]
    assert "1 unknown" in repository.run("show", "first.json").out
    for attempts in (
        ("first.json", journal, "second.json"),
        (journal,),
        *([("first.json", "second.json")] if plan else []),
    ):
        assert repository.run("show", *attempts).out.startswith("Apply complete: 4 operations done.\n")
