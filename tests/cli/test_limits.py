"""Limits as the operator meets them: what a plan says they cost, and runs that end in good order before it is done."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

import pytest

from reconciler.api.pacer import Pacer
from reconciler.cli.terminal import Waits
from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import Called, Repository

PROJECT = """\
version: 1
environments:
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY, rate_limit: 3/15m}
"""

FIVE = "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(
    f"  c{n}: {{contact_id: id-{n}, scopes: {{s: {{facts: {{a: {n}}}}}}}}}\n" for n in range(5)
)
HINT = "hint: run it again to go on: what is done is not done twice\n"


@pytest.fixture(autouse=True)
def time_of_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass only where the tool waits, and there at once: the machine may be as slow as it likes."""
    now = [0.0]

    async def sleep(_stop: Stop, seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(Stop, "sleep", sleep)
    monkeypatch.setattr(Pacer, "now", property(lambda _pacer: now[0]))
    monkeypatch.setitem(Waits.__init__.__kwdefaults__ or {}, "clock", Clock(monotonic=lambda: now[0]))


@pytest.fixture
def five(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("TEST_KEY", "k")
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/support.yaml", FIVE)
    return repository


def account() -> Store:
    """Give an account that has the five contacts, and no memory."""
    store = Store()
    store.load({"contacts": [{"id": f"id-{n}", "identifiers": []} for n in range(5)]})
    return store


@contextmanager
def served(store: Store, settings: Settings | None = None) -> Iterator[str]:
    with running(create_app(store, settings or Settings())) as url:
        yield url


def apply(repository: Repository, url: str, *more: str) -> Called:
    return repository.run("apply", "--api-url", url, "--yes", *more)


def written(store: Store) -> int:
    memories = store.dump()["contact_memories"]
    assert isinstance(memories, list)
    return sum(bool(memory["facts"]) for memory in memories)


def test_a_plan_says_what_the_apply_costs_in_requests_and_in_time(five: Repository) -> None:
    with served(account()) as url:
        text = five.run("plan", "--api-url", url).out
        plan = json.loads(five.run("plan", "--api-url", url, "--format", "json").out)

    assert "Cost: 1 request to read, 10 to write, about 1 h at the rate limit.\n" in text
    assert plan["cost"] == {"requests_read": 1, "requests_to_write": 10, "seconds_at_rate_limit": 3600}


@pytest.mark.parametrize(("rate", "told"), [("3/15m", "15 min"), ("2/15m", "30 min"), ("5/15m", ""), ("", "")])
def test_how_long_reading_takes_is_told_before_where_the_rate_limit_makes_it_wait(
    five: Repository, rate: str, told: str
) -> None:
    five.write("reconciler.yaml", PROJECT.replace(", rate_limit: 3/15m", f", rate_limit: {rate}" if rate else ""))
    with served(Store(), Settings(seeds_only=True)) as url:
        called = five.run("plan", "--api-url", url, "--max-minutes", "1")

    notes = [line for line in called.err.splitlines() if line.startswith("note: reading")]
    assert notes == ([f"note: reading 5 memories takes about {told} at {rate}"] if told else [])
    assert called.code == (3 if told else 0)


def test_a_listing_and_remembered_users_cost_nothing_of_the_limit_and_users_that_are_read_do(five: Repository) -> None:
    five.write("specs/support.yaml", FIVE.replace("{facts", "{users: [{phone_number: +14155550192}], facts"))
    store = account()
    with served(store) as url:
        before = five.run("plan", "--api-url", url, "--max-minutes", "1")
        five.write("reconciler.yaml", PROJECT.replace("3/15m", "100/15m"))
        apply(five, url)
        five.write("reconciler.yaml", PROJECT)
        remembered = five.run("plan", "--api-url", url, "--max-minutes", "1")
        after = five.run("plan", "--api-url", url, "--max-minutes", "1", "--refresh")

    assert (before.code, before.err) == (0, "")
    assert (remembered.code, remembered.err) == (0, "")
    assert after.err.startswith("note: reading 5 memories takes about 15 min at 3/15m\n")


def test_a_wait_tells_how_far_the_run_is(five: Repository) -> None:
    five.write("reconciler.yaml", PROJECT.replace("3/15m", "3/1s"))
    with served(Store(), Settings(seeds_only=True)) as url:
        called = five.run("plan", "--api-url", url)

    assert called.code == 0
    assert (
        "note: reading 5 memories takes about 1 s at 3/1s\nwaiting 1 s: the rate limit of 3/1s (reading: 3 of 5)\n"
        in (called.err)
    )


def test_an_apply_counts_what_its_own_plan_used_of_the_window(five: Repository) -> None:
    five.write("specs/support.yaml", "".join(FIVE.splitlines(keepends=True)[:3]))  # one contact: one read, two writes
    with served(Store(), Settings(seeds_only=True)) as url:
        assert "2 to write." in apply(five, url).out

    five.write("specs/support.yaml", "".join(FIVE.splitlines(keepends=True)[:4]))  # two of them: two reads, four writes
    with served(Store(), Settings(seeds_only=True)) as url:
        assert "4 to write, about 15 min" in five.run("plan", "--api-url", url).out
        called = apply(five, url, "--max-minutes", "1")
    assert "4 to write, about 30 min" in called.out
    assert called.code == 3


def test_runs_with_few_requests_each_finish_the_work_together(five: Repository) -> None:
    five.write("reconciler.yaml", PROJECT.replace(", rate_limit: 3/15m", ""))
    store = account()
    with served(store) as url:
        first = apply(five, url, "--max-requests", "5")
        done = written(store)
        codes = [apply(five, url, "--max-requests", "5").code for _ in range(3)]

    assert first.code == 3
    assert first.err.endswith(HINT)
    assert "skipped  6 operations: not reached: the 5 of --max-requests are used up\n" in first.out
    assert done < 5
    assert codes[-1] == 0
    assert written(store) == 5


def test_a_wait_beyond_max_minutes_is_not_begun_and_the_next_run_goes_on(five: Repository) -> None:
    store = account()
    with served(store, Settings(rate_limit=(3, 900))) as url:
        first = apply(five, url, "--max-minutes", "2", "--receipt", "receipt.json")
    five.write("reconciler.yaml", PROJECT.replace("3/15m", "100/15m"))
    with served(store) as url:
        second = apply(five, url)

    receipt = json.loads((five.root / "receipt.json").read_text())
    assert (first.code, second.code) == (3, 0)
    assert first.err == HINT
    assert (receipt["totals"]["done"], receipt["totals"]["skipped"], receipt["interrupted"]) == (2, 8, False)
    assert "--max-minutes 2 are over, with 15 min to wait (the rate limit of 3/15m)" in first.out
    assert written(store) == 5


def test_a_limit_that_nobody_told_ends_a_run_in_good_order_too(five: Repository) -> None:
    five.write("reconciler.yaml", PROJECT.replace(", rate_limit: 3/15m", ""))
    with served(account(), Settings(rate_limit=(3, 900))) as url:
        called = apply(five, url, "--max-minutes", "2", "--concurrency", "2")

    assert called.code == 3
    assert called.err == HINT
    assert "to wait (the API asks to wait (429))" in called.out


@pytest.mark.parametrize("limit", [("--max-requests", "2"), ("--max-minutes", "10")])
@pytest.mark.parametrize(
    ("command", "ways"),
    [(("plan",), "--shard or --target"), (("apply", "--yes"), "--shard or --target"), (("pull", "--take"), "ADDRESS")],
)
def test_a_plan_that_the_budget_does_not_cover_is_no_plan(
    five: Repository, command: tuple[str, ...], ways: str, limit: tuple[str, str]
) -> None:
    specs = (five.root / "specs/support.yaml").read_text()
    with served(Store(), Settings(seeds_only=True)) as url:
        called = five.run(*command, "--api-url", url, *limit)

    why = {
        "--max-requests": "the 2 of --max-requests are used up",
        "--max-minutes": "--max-minutes 10 are over, with 15 min to wait (the rate limit of 3/15m)",
    }
    assert (called.code, called.out) == (3, "")
    assert f"error: not reached: {why[limit[0]]}\n" in called.err
    assert called.err.endswith(f"the next run reads from the start, so raise the limit, or choose fewer with {ways}\n")
    assert (five.root / "specs/support.yaml").read_text() == specs


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("pull", "--take")])
@pytest.mark.parametrize("limit", [("--max-requests", "1"), ("--max-minutes", "0.01")])
def test_no_limit_is_blamed_where_there_is_no_answer(
    five: Repository, command: tuple[str, ...], limit: tuple[str, str]
) -> None:
    with socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        called = five.run(*command, "--api-url", f"http://127.0.0.1:{bound.getsockname()[1]}", *limit)

    assert called.code == 3
    assert "connect" in called.err
    assert "raise the limit" not in called.err


@pytest.mark.parametrize("option", [("--max-requests", "0"), ("--max-minutes", "0"), ("--max-minutes", "soon")])
def test_a_budget_of_nothing_is_bad_usage(five: Repository, option: tuple[str, str]) -> None:
    assert five.run("apply", "--yes", *option).code == 1
