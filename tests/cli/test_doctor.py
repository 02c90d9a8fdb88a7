"""`doctor` names what would stop a plan, with the cure, and writes nothing."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from reconciler.sandbox import faults
from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import Called, Repository

KEY = "sk-live-of-the-doctor"


@contextmanager
def served(
    repository: Repository, settings: Settings, more: str = "", faulty: Faults | None = None
) -> Iterator[list[Logged]]:
    """Serve an account as the environment `live`; yield the requests that it got."""
    app = create_app(Store(), settings, faulty)
    with running(app) as url:
        live = f'{{api: "{url}", api_key_env: TEST_KEY{more}}}'
        repository.write("reconciler.yaml", f"version: 1\nenvironments:\n  live: {live}\n")
        yield app.state.log


def checks(called: Called) -> Mapping[str, str]:
    """Return the status of each check by its name."""
    lines = (line.split() for line in called.out.splitlines() if not line.startswith(" "))
    return {words[1]: words[0] for words in lines}


def test_a_repository_on_the_sandbox_is_in_order(repository: Repository) -> None:
    called = repository.run("doctor")

    assert called.code == 0
    assert set(checks(called).values()) == {"ok"}
    assert list(checks(called)) == [
        "version",
        "project",
        "state",
        "specs",
        "key",
        "account",
        "expected",
        "role",
        "limit",
    ]


@pytest.mark.parametrize(
    "command",
    [("plan",), ("apply", "--yes"), ("runs",), ("sandbox", "show"), ("sandbox", "reset", "--yes")],
)
def test_a_folder_that_holds_specs_keeps_no_state_and_is_left_as_it_is(
    repository: Repository, command: tuple[str, ...]
) -> None:
    called = repository.run("--state", "specs", *command)

    assert called.code in {1, 4}
    assert "/specs holds other files, such as support.yaml; name a folder for the state alone" in called.err
    assert [path.name for path in (repository.root / "specs").iterdir()] == ["support.yaml"]
    assert "/specs holds other files" in repository.run("--state", "specs", "doctor").out


def test_on_a_live_account_it_reads_and_writes_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with served(repository, Settings(key=KEY)) as log:
        called = repository.run("doctor")

    assert called.code == 0
    assert checks(called)["account"] == "ok"
    assert checks(called)["expected"] == checks(called)["role"] == checks(called)["limit"] == "note"
    assert [entry.method for entry in log] == ["GET"]
    assert KEY not in called.out + called.err


def test_an_account_without_contacts_calls_is_reached_by_another_read(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with served(repository, Settings(seeds_only=True)) as log:
        called = repository.run("doctor")

    assert checks(called)["account"] == "ok"
    assert "offers no contacts calls" in called.out
    assert {entry.method for entry in log} == {"GET"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (faults.too_many_requests(retry_after="600"), "its rate limit let no request through within 1 s (429)"),
        (faults.status_error(503, "Busy"), "answers only that it cannot answer now (503), within 1 s"),
    ],
)
def test_an_account_that_asks_to_wait_is_told_as_that_and_no_option_is_named(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, fault: faults.Reply, told: str
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr("reconciler.workflow.doctor._MOST_MINUTES", 1 / 60)
    with served(repository, Settings(), faulty=Faults([Rule(fault=fault)])):
        called = repository.run("doctor")

    (line, *rest) = called.out.partition("fail  account")[2].splitlines()
    assert called.code == 1
    assert told in line
    assert "again" in rest[0]
    assert "--max-minutes" not in called.out
    assert "URL" not in rest[0]


def test_a_key_that_is_not_accepted_fails_with_the_variable_to_set(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-another-key-entirely")
    with served(repository, Settings(key=KEY)):
        called = repository.run("doctor")

    assert called.code == 1
    assert checks(called)["account"] == "fail"
    assert "the key in TEST_KEY is not accepted" in called.out
    assert "sk-another-key-entirely" not in called.out + called.err


def test_a_missing_key_fails_and_the_account_is_not_asked(repository: Repository) -> None:
    with served(repository, Settings()) as log:
        called = repository.run("doctor")

    assert called.code == 1
    assert "TEST_KEY" in called.out
    assert not log


def test_another_account_than_the_expected_one_fails(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with served(repository, Settings(), more=", expect_account: {digest: another}") as log:
        called = repository.run("doctor")

    assert called.code == 1
    assert checks(called)["account"] == "fail"
    assert not log


def test_broken_specs_fail_and_the_account_is_looked_at_anyway(repository: Repository) -> None:
    repository.write("specs/broken.yaml", "contacts: {ann: {fact: {a: 1}}}\n")
    called = repository.run("doctor")

    assert called.code == 1
    assert checks(called)["specs"] == "fail"
    assert checks(called)["account"] == "ok"


def test_without_a_project_that_is_the_last_line(repository: Repository) -> None:
    called = repository.run("doctor", "-e", "nope")

    assert called.code == 1
    assert checks(called)["project"] == "fail"
    assert list(checks(called)) == ["version", "project"]


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write anywhere")
def test_a_state_folder_that_cannot_be_written_fails(repository: Repository) -> None:
    (repository.root / ".reconciler").mkdir(mode=0o500)
    called = repository.run("doctor")

    assert checks(called)["state"] == "fail"


def test_a_state_folder_may_be_made_at_any_depth(repository: Repository) -> None:
    called = repository.run("doctor", "--state", "state/below/that")

    assert checks(called)["state"] == "ok"


def test_a_state_folder_that_is_a_file_fails(repository: Repository) -> None:
    repository.write("state", json.dumps({}))
    called = repository.run("doctor", "--state", "state/below")

    assert called.code == 1
    assert checks(called)["state"] == "fail"
