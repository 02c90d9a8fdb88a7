"""Progressive applies as the operator meets them: `--canary`, `--max-failures`, `--fail-fast`."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Rule, envelope_error
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import Called, Repository, journal_of

NUMBER = 8
SPEC = "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(
    f"  c{n}: {{contact_id: id-{n}, scopes: {{s: {{facts: {{a: {n}}}}}}}}}\n" for n in range(NUMBER)
)
PATCH = "/v1/memory/contact/*/facts"
REFUSED = envelope_error(400, "BAD_REQUEST", "no")


@pytest.fixture
def eight(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("TEST_KEY", "k")
    repository.write("specs/support.yaml", SPEC)
    return repository


@contextmanager
def account(*rules: Rule, settings: Settings | None = None) -> Iterator[tuple[str, deque[Logged]]]:
    """Serve an account with the eight contacts and a memory of each, which holds nothing."""
    store = Store()
    contacts = [{"id": f"id-{n}", "identifiers": []} for n in range(NUMBER)]
    memories = [{"id": f"mem-{n}", "contact_id": f"id-{n}", "persona_id": "p", "facts": {}} for n in range(NUMBER)]
    store.load({"contacts": contacts, "contact_memories": memories})
    app = create_app(store, settings or Settings(), Faults(rules))
    with running(app) as url:
        yield url, app.state.log


def applied(repository: Repository, url: str, *more: str) -> Called:
    options = ("--api-url", url, "--yes", "--receipt", "receipt.json")
    return repository.run("-e", "live", "apply", *options, *more)


def totals(repository: Repository) -> dict[str, int]:
    receipt: dict[str, Any] = json.loads((repository.root / "receipt.json").read_text())
    return {name: number for name, number in receipt["totals"].items() if number}


def patches(log: deque[Logged]) -> list[int]:
    return [place for place, entry in enumerate(log) if entry.method == "PATCH"]


def test_a_canary_that_is_well_lets_the_rest_follow(eight: Repository) -> None:
    with account() as (url, log):
        called = applied(eight, url, "--canary", "2")

    requests, first = list(log), patches(log)[:3]
    between = requests[first[1] + 1 : first[2]]
    assert called.code == 0
    assert totals(eight) == {"done": 8}
    assert {entry.path for entry in requests[: first[2]] if entry.method == "PATCH"} == {
        "/v1/memory/contact/mem-0/facts",
        "/v1/memory/contact/mem-1/facts",
    }
    assert between  # the two were read back
    assert not any(entry.mutates for entry in between)


def test_a_canary_with_the_seed_calls_alone_is_read_back_by_what_it_learned(eight: Repository) -> None:
    with account(settings=Settings(seeds_only=True)) as (url, log):
        called = applied(eight, url, "--canary", "1")

    assert called.code == 0
    assert ("GET", "/v1/memory/contact/mem-0") in {(entry.method, entry.path) for entry in log}


def test_a_canary_that_fails_stops_all_else(eight: Repository) -> None:
    with account(Rule(fault=REFUSED, method="PATCH", path=PATCH, occurrences=frozenset([2]))) as (url, log):
        called = applied(eight, url, "--canary", "2")

    run = journal_of(eight)
    assert called.code == 3
    assert totals(eight) == {"done": 1, "skipped": 6, "failed": 1} == {k: n for k, n in run.totals.items() if n}
    assert "skipped  6 operations: not tried: the canary failed (contacts.c" in called.out
    assert len(patches(log)) == 2


def test_a_canary_that_the_account_changes_behind_our_back_stops_all_else(eight: Repository) -> None:
    def overwrite(store: Store) -> None:
        store.memories.set_facts("mem-0", {"a": "the agent's"})

    meddling = Rule(fault=Meanwhile(overwrite), method="PATCH", path=PATCH, when="after")
    with account(meddling) as (url, log):
        called = applied(eight, url, "--canary", "1")

    assert called.code == 3
    assert totals(eight) == {"done": 1, "skipped": 7}
    assert "not tried: read back, the canary is not as declared: contacts.c0\n" in called.out
    assert len(patches(log)) == 1


def test_reading_a_canary_back_counts_for_max_requests(eight: Repository) -> None:
    with account() as (url, log):
        called = applied(eight, url, "--canary", "1", "--max-requests", "2")
        sent = len(log)
        assert applied(eight, url).code == 0

    assert called.code == 3
    assert sent == 2
    assert "not tried: the canary could not be read back" in called.out
    assert called.err.endswith("hint: run it again to go on: what is done is not done twice\n")


def test_a_canary_of_what_a_target_chose_is_read_back_within_it(eight: Repository) -> None:
    with account() as (url, log):
        called = applied(eight, url, "--target", "contacts.c1", "--target", "contacts.c2", "--canary", "1")

    assert called.code == 0
    assert len(patches(log)) == 2


def test_what_changed_since_the_review_is_no_fault_of_the_canary(eight: Repository) -> None:
    eight.write("specs/support.yaml", SPEC.replace("{a: 0}", "{a: 0}, users: [{phone_number: +14155550192}]"))
    with account() as (url, log):
        eight.run("-e", "live", "plan", "--api-url", url, "--out", "plan.json")
        learned, key = {"facts": {"a": "the agent's"}}, {"authorization": "k"}
        httpx.patch(f"{url}/v1/memory/contact/mem-0/facts", json=learned, headers=key)
        called = applied(eight, url, "plan.json", "--canary", "1")

    assert called.code == 3
    assert totals(eight) == {"done": 8, "skipped": 1}
    assert len(patches(log)) == 8  # the agent's, and those of the seven others


@pytest.mark.parametrize("limit", [("--fail-fast",), ("--max-failures", "1"), ("--max-failures", "12%")])
def test_nothing_is_begun_after_the_first_failure(eight: Repository, limit: tuple[str, ...]) -> None:
    with account(Rule(fault=REFUSED, method="PATCH", path=PATCH, occurrences=frozenset([3]))) as (url, log):
        called = applied(eight, url, "--concurrency", "1", *limit)

    assert called.code == 3
    assert totals(eight) == {"done": 2, "skipped": 5, "failed": 1}
    assert ": not tried: 1 operation failed (--max-failures " in called.out
    assert len(patches(log)) == 3
    assert journal_of(eight).totals["skipped"] == 5


def test_with_concurrency_what_is_in_flight_is_finished_and_the_rest_is_skipped(eight: Repository) -> None:
    with account(Rule(fault=REFUSED, method="PATCH", path=PATCH)) as (url, log):
        called = applied(eight, url, "--concurrency", "3", "--max-failures", "2")

    counts = totals(eight)
    assert called.code == 3
    assert 2 <= counts["failed"] <= 4  # the two, and what the other workers had begun
    assert counts["failed"] == len(patches(log))
    assert counts["failed"] + counts["skipped"] == 8


def test_the_next_run_goes_on_after_a_run_that_was_ended(eight: Repository) -> None:
    with account(Rule(fault=REFUSED, method="PATCH", path=PATCH, occurrences=frozenset([1]))) as (url, _):
        assert applied(eight, url, "--concurrency", "1", "--fail-fast").code == 3
        assert applied(eight, url, "--canary", "3").code == 0
        assert eight.run("-e", "live", "plan", "--api-url", url, "--detailed-exitcode").code == 0


@pytest.mark.parametrize("bad", [("--canary", "0"), ("--max-failures", "0"), ("--fail-fast", "--max-failures", "2")])
def test_what_cannot_be_meant_is_bad_usage(eight: Repository, bad: tuple[str, ...]) -> None:
    assert eight.run("-e", "live", "apply", "--yes", *bad).code == 1
