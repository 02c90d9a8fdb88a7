"""Users that the account showed as declared are not read again, until something says that they may have changed."""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.answers import Answer
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Reply, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.child import forked
from tests.cli.conftest import PROJECT, Called, Repository

NO_ROUTE = Reply(Answer(status=404, body=b"<html>"))
NO_LISTING = Rule(fault=NO_ROUTE, method="GET", path="/v1/memory/mem-*")
NO_MEMORY = Reply(
    Answer(status=404, body=b'{"data": null, "errors": [{"error": "NOT_FOUND", "message": "no memory"}]}')
)


class ChangingFaults(Faults):
    """Faults that a test may replace."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.now = Faults(rules)

    def draw(self, *, method: str, path: str) -> Rule | None:
        return self.now.draw(method=method, path=path)


@dataclass
class World:
    """A repository, and an account on a port with what it was asked since the last look."""

    repository: Repository
    store: Store
    app: Any
    faults: ChangingFaults
    url: str

    def run(self, command: str, *more: str) -> Called:
        yes = ("--yes",) if command == "apply" else ()
        return self.repository.run("-e", "live", command, "--api-url", self.url, *yes, *more)

    def reads_of(self, command: str, *more: str) -> int:
        """Run a command, and return how many requests it sent to read users."""
        self.app.state.log.clear()
        assert self.run(command, *more).code == 0
        return sum(is_about_users(entry.method, entry.path) for entry in self.app.state.log)

    def declare(self, users: int, metadata: str = "known", *, memories: int = 1) -> None:
        numbers = [f'{{phone_number: "+1415555{n:04}", metadata: {metadata}}}' for n in range(users)]
        contacts = "".join(
            f"  c{n}: {{external_id: crm-{n}, scopes: {{s: {{users: [{', '.join(numbers[n::memories])}]}}}}}}\n"
            for n in range(memories)
        )
        self.repository.write("specs/support.yaml", f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{contacts}")

    def change_elsewhere(self, metadata: str) -> None:
        """Let somebody else write another text of the first user."""
        first = min(self.store.users.everything(), key=lambda user: str(user["phone_number"]))
        self.store.users.update(str(first["id"]), metadata=metadata, summary=None)

    @property
    def texts(self) -> list[str]:
        account: Any = self.store.dump()
        users = [user for memory in account["contact_memories"] for user in memory["users"]]
        return [user["metadata"] for user in sorted(users, key=lambda user: user["phone_number"])]


def is_about_users(method: str, path: str) -> bool:
    is_listing = method == "GET" and path.startswith("/v1/memory/") and path.count("/") == 3
    return is_listing or (method == "POST" and path.endswith("/user"))


@pytest.fixture
def world(repository: Repository, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[World]:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    store = Store()
    faults = ChangingFaults(getattr(request, "param", ()))
    app = create_app(store, faults=faults)
    with running(app) as url:
        yield World(repository, store, app, faults, url)


@pytest.mark.parametrize(("world", "memories"), [((), 202), ((NO_LISTING,), 1)], indirect=["world"])
def test_of_202_unchanged_users_a_second_plan_reads_none_and_refresh_reads_all(world: World, memories: int) -> None:
    world.declare(202, memories=memories)
    world.run("apply")

    assert world.reads_of("plan") == 0
    assert world.reads_of("apply") == 0
    assert world.reads_of("plan", "--refresh") == 202 + (memories == 1)


def test_what_a_plan_read_need_not_be_read_again(world: World) -> None:
    world.declare(5, memories=5)
    world.run("apply")
    (world.repository.root / ".reconciler/ids.json").unlink()

    assert [world.reads_of("plan"), world.reads_of("plan")] == [5, 0]


def test_the_plan_says_how_many_users_it_did_not_read_and_how_to_read_them(world: World) -> None:
    world.declare(3)
    world.run("apply")
    called = world.run("plan", "--write", "json=plan.json")
    (notice,) = json.loads((world.repository.root / "plan.json").read_text())["notices"]

    assert "Note: 3 users not read again: the account showed them as declared on 20" in called.out
    assert "--refresh reads them (remembered)." in called.out
    assert (notice["type"], notice["count"], notice["since"][-1]) == ("remembered", 3, "Z")


@pytest.mark.parametrize("world", [(NO_LISTING,)], indirect=True)
def test_only_the_user_that_is_declared_otherwise_is_read(world: World) -> None:
    world.declare(5)
    world.run("apply")
    specs = world.repository.root / "specs/support.yaml"
    specs.write_text(specs.read_text().replace("known", "changed", 1))

    assert world.reads_of("plan") == 2  # the listing that there is not, and the one user
    assert world.run("plan").out.count("~ user") == 1


def test_what_changed_elsewhere_shows_with_refresh_and_is_forgotten(world: World) -> None:
    world.declare(2)
    world.run("apply")
    world.change_elsewhere("of somebody else")

    assert world.run("plan").out.startswith("No changes")
    anew = world.run("plan", "--refresh")
    assert "~ user +14155550000" in anew.out
    assert "note: 1 remembered user is not as the account showed them on 20" in anew.err
    assert "~ user +14155550000" in world.run("plan").out
    world.run("apply")
    assert world.texts == ["known", "known"]


def test_an_apply_writes_nothing_for_a_remembered_user(world: World) -> None:
    world.declare(2)
    world.run("apply")
    world.change_elsewhere("of somebody else")
    world.run("apply")

    assert world.texts == ["of somebody else", "known"]


def test_users_of_a_memory_that_an_apply_finds_gone_are_read_again(world: World) -> None:
    world.declare(2, memories=2)
    world.run("apply")
    specs = world.repository.root / "specs/support.yaml"
    specs.write_text(specs.read_text().replace("{users", "{facts: {plan: new}, users", 1))
    world.faults.now = Faults([Rule(fault=NO_MEMORY, method="PATCH")])
    failed = world.run("apply")

    assert failed.code == 3
    assert "note: 1 remembered user is not as the account showed them on 20" in failed.err
    assert world.reads_of("plan") == 1


def test_users_of_a_memory_that_another_one_replaced_are_read_and_forgotten(world: World) -> None:
    world.declare(2)
    world.run("apply")
    account: Any = world.store.dump()
    (memory,) = account["contact_memories"]
    memory |= {"id": "mem-of-somebody-else", "users": []}
    world.store.reset()
    world.store.load(account)
    called = world.run("plan")

    assert called.out.count("+ user") == 2
    assert "note: 2 remembered users are not as the account showed them on 20" in called.err
    assert "note:" not in world.run("plan").err


def test_killed_between_a_write_and_its_record_the_next_plan_reads(world: World) -> None:
    world.declare(1)
    world.run("apply")
    world.declare(1, "other")
    kill_an_apply(world)
    world.declare(1)

    assert world.texts == ["other"]
    assert world.reads_of("plan") == 1
    assert "~ user" in world.run("plan").out


def test_after_a_killed_apply_plans_keep_what_they_read_once_an_apply_has_run(world: World) -> None:
    world.declare(1)
    world.run("apply")
    world.declare(1, "other")
    kill_an_apply(world)

    assert [world.reads_of("plan"), world.reads_of("plan")] == [1, 1]
    assert [world.reads_of("apply"), world.reads_of("plan")] == [1, 0]


def kill_an_apply(world: World) -> None:
    """Kill an apply once its first write of a user is done."""
    is_started = threading.Event()
    victim: list[int] = []

    def strike(_store: Any) -> None:
        assert is_started.wait(60)
        os.kill(victim[0], signal.SIGKILL)

    rule = Rule(fault=Meanwhile(strike), method="POST", path="*/user/update", when="after")
    world.faults.now = Faults([rule])
    child = forked("-e", "live", "apply", "--yes", "--api-url", world.url)
    assert child.pid is not None
    victim.append(child.pid)
    is_started.set()
    child.join(120)
    world.faults.now = Faults()
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("option", ["--base", "--changed-since"])
def test_users_that_an_earlier_revision_declares_otherwise_are_read(world: World, option: str) -> None:
    """The cache of a preview may be older than what an apply elsewhere wrote since."""
    world.declare(2)
    world.run("apply")
    cached = (world.repository.root / ".reconciler/ids.json").read_text()
    world.declare(2, "merged")
    commit(world.repository.root)
    world.run("apply")
    (world.repository.root / ".reconciler/ids.json").write_text(cached)
    world.declare(2)

    assert world.run("plan", option, "HEAD").out.count("~ user") == 2


def test_a_user_that_an_earlier_revision_alone_declares_is_looked_for(world: World) -> None:
    world.declare(3)
    commit(world.repository.root)
    world.declare(2)
    world.run("apply")

    assert "they stay live" not in world.run("plan", "--base", "HEAD").out, "it was never added"


def commit(folder: Path) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@x"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "m"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)  # noqa: S603, S607  a repository of the test


def test_a_saved_plan_is_applied_on_a_view_of_its_own(world: World) -> None:
    world.declare(2)
    world.run("apply")
    remembered = (world.repository.root / ".reconciler/ids.json").read_text()
    world.change_elsewhere("of somebody else")
    world.run("plan", "--refresh", "--out", "plan.json")
    (world.repository.root / ".reconciler/ids.json").write_text(remembered)

    assert "1 operation done" in world.run("apply", "plan.json").out
    assert world.texts == ["known", "known"]


def test_the_file_names_no_person(world: World) -> None:
    world.declare(2, "metadata-of-a-person")
    world.run("apply")
    text = (world.repository.root / ".reconciler/ids.json").read_text()

    assert "1415555" not in text
    assert "metadata-of-a-person" not in text


def test_a_key_for_digests_makes_no_difference(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run without it writes must not stay remembered by those that have it."""
    world.declare(2)
    world.run("apply")
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "a-key-for-digests-alone")
    assert world.reads_of("plan") == 0

    world.declare(2, "other")
    world.run("apply")
    monkeypatch.delenv("RECONCILER_DIGEST_KEY")
    world.declare(2)
    assert world.run("plan").out.count("~ user") == 2


def test_what_was_written_with_another_api_key_is_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.declare(2)
    world.run("apply")
    monkeypatch.setenv("TEST_KEY", "sk-another-key-of-the-account")
    world.declare(2, "other")
    world.run("apply")
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    world.declare(2)

    assert world.run("plan").out.count("~ user") == 2


def test_an_undo_reads_and_is_remembered_as_what_it_wrote(world: World) -> None:
    world.declare(1)
    world.run("apply")
    world.declare(1, "other")
    world.run("apply", "--save-undo", "undo.yaml")
    undone = world.repository.run("-e", "live", "undo", "undo.yaml", "--yes", "--api-url", world.url)

    assert undone.code == 0
    assert world.texts == ["known"]
    assert "~ user" in world.run("plan").out


def test_where_nothing_can_be_kept_a_plan_says_so_and_goes_on(world: World) -> None:
    world.declare(1)
    world.run("apply")
    lock = world.repository.root / ".reconciler/ids.json.lock"
    lock.unlink()
    lock.symlink_to(world.repository.root / "elsewhere")
    called = world.run("plan", "--refresh")

    assert called.code == 0
    assert "warning: users are not remembered: " in called.err
    assert not (world.repository.root / "elsewhere").exists()


def test_users_that_were_read_before_the_budget_was_spent_are_not_read_again(world: World) -> None:
    world.declare(20, memories=20)
    world.run("apply")
    (world.repository.root / ".reconciler/ids.json").unlink()
    world.run("plan", "--max-requests", "12", "--concurrency", "1")

    assert world.reads_of("plan") == 20 - 11


def test_a_secret_of_a_user_is_remembered_as_a_digest_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARD", "4000 1234 5678 9010")
    world.declare(1, '"${env:CARD}"')
    world.run("apply")

    assert "4000 1234" not in (world.repository.root / ".reconciler/ids.json").read_text()
    assert world.reads_of("plan") == 0
    monkeypatch.setenv("CARD", "4000 1234 5678 9011")
    assert world.reads_of("plan") == 1


@pytest.fixture
def ahead(world: World) -> World:
    """Give an account with users that a machine remembered whose clock is years ahead."""
    world.declare(2)
    world.run("apply")
    ids = world.repository.root / ".reconciler/ids.json"
    ids.write_text(re.sub(r"20\d\d-", "2099-", ids.read_text()))
    return world


def test_refresh_reads_also_what_was_seen_in_the_future(ahead: World) -> None:
    assert [ahead.reads_of("plan"), ahead.reads_of("plan", "--refresh")] == [0, 1]


def test_what_was_seen_in_the_future_is_outlived_by_what_is_written_now(ahead: World) -> None:
    ahead.declare(2, "other")
    assert ahead.run("apply").code == 0
    ahead.declare(2)

    assert ahead.run("plan").out.count("~ user") == 2


def test_what_another_environment_of_the_account_wrote_is_not_what_was_remembered(world: World) -> None:
    live = next(line for line in PROJECT.splitlines(keepends=True) if line.startswith("  live:"))
    world.repository.write("reconciler.yaml", PROJECT.replace(live, live + live.replace("live", "second")))
    world.declare(2)
    world.run("apply")
    world.declare(2, "other")
    assert world.repository.run("-e", "second", "apply", "--api-url", world.url, "--yes").code == 0
    world.declare(2)

    assert world.run("plan").out.count("~ user") == 2
