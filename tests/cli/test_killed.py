import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from reconciler.core.documents.runs import PastRun
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Rule, When
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.storage.journal import JournalFolder
from tests.cli.child import forked
from tests.cli.conftest import Repository

WRITES = (
    ("create_memory", "POST", "/v1/memory/contact"),
    ("write_facts", "PATCH", "/v1/memory/contact/*/facts"),
    ("add_user", "POST", "/v1/memory/*/add-user"),
)
CONTACTS = 6
WRITE_COUNT = CONTACTS * len(WRITES) - 1
"""All but the last, after which a later run has nothing to do."""
_AT_ONCE = 4
SIDES: tuple[When, When] = ("before", "after")


class KillAt(Faults):
    """Calls `kill` at one write, the `number`-th of all."""

    def __init__(self, number: int, when: When, kill: Callable[[], None]) -> None:
        super().__init__()
        self._left = number
        self._rule = Rule(fault=Meanwhile(lambda _store: kill()), when=when)

    def draw(self, *, method: str, path: str) -> Rule | None:
        self._left -= write_type(method, path) is not None
        return self._rule if self._left == 0 and write_type(method, path) else None


def write_type(method: str, path: str) -> str | None:
    return next((name for name, verb, pattern in WRITES if verb == method and fnmatchcase(path, pattern)), None)


def specs() -> str:
    contacts = "".join(
        f"  c{n:02}: {{contact_id: id-{n:02}, scopes: {{s: {{facts: {{a: {n}}}, "
        f'users: [{{phone_number: "+141555501{n:02}"}}]}}}}}}\n'
        for n in range(CONTACTS)
    )
    return f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{contacts}"


def committed(app: Any, store: Store) -> Iterator[tuple[str, str]]:
    """Give every write that the sandbox did, by type and address."""
    memories: Any = store.dump()["contact_memories"]
    owners = {memory["id"]: memory["contact_id"] for memory in memories}
    for entry in app.state.log:
        kind = write_type(entry.method, entry.path)
        if entry.committed and kind is not None:
            contact_id = entry.body["contact_id"] if kind == "create_memory" else owners[entry.path.split("/")[-2]]
            address = f"contacts.c{contact_id.removeprefix('id-')}.scopes.s"
            yield kind, f'{address}.users["{entry.body["phone_number"]}"]' if kind == "add_user" else address


@pytest.mark.parametrize("number", range(1, WRITE_COUNT + 2 - _AT_ONCE))  # those beside it may be the last ones
@pytest.mark.parametrize("when", SIDES)
def test_killed_at_any_write_the_next_apply_completes_and_the_journals_account_for_all(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, number: int, when: When
) -> None:
    repository.write("specs/support.yaml", specs())
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    is_started = threading.Event()
    victim: list[int] = []

    def kill() -> None:
        assert is_started.wait(60)
        os.kill(victim[0], signal.SIGKILL)

    store = Store()
    app = create_app(store, faults=KillAt(number, when, kill))
    with running(app) as url:
        arguments = ("-e", "live", "apply", "--yes", "--api-url", url, "--concurrency", str(_AT_ONCE))
        child = forked(*arguments)
        assert child.pid is not None
        victim.append(child.pid)
        is_started.set()
        child.join(120)
        assert child.exitcode == -signal.SIGKILL
        again = repository.run(*arguments)
        writes = Counter(committed(app, store))

    first, second = JournalFolder(repository.root / ".reconciler/journal").runs()
    assert again.code == 0
    assert (first.state, first.resolved, second.state) == ("killed", True, "complete")
    assert f"the run {first.header.run.id} ended without a receipt" in again.err
    assert holds_all(store)
    announced = Counter((step.type, step.address) for run in (first, second) for step in run.steps)
    assert writes <= announced
    assert set(known_as_done(first)) <= set(writes)


def known_as_done(run: PastRun) -> list[tuple[str, str]]:
    return [(step.type, step.address) for step in run.steps if step.result == "done"]


def holds_all(store: Store) -> bool:
    memories: Any = store.dump()["contact_memories"]
    held = sorted((memory["contact_id"], memory["facts"]["a"], len(memory["users"])) for memory in memories)
    return held == [(f"id-{n:02}", n, 1) for n in range(CONTACTS)]
