"""The pace of the real client, with the sandbox's own limiter as the witness."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.api.client import Endpoint, open_writer
from reconciler.api.pacer import Budget, Pacer, Waiting
from reconciler.concurrency import Stop, for_each
from reconciler.core.model.observed import Absent, Present
from reconciler.core.model.settings import Rate
from reconciler.errors import ApiUnavailableError
from reconciler.execute import Execution, Together, execute
from reconciler.sandbox import faults
from reconciler.sandbox.answers import Answer
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.api.support import World, call
from tests.api.test_client import PERSONA, create, error_of
from tests.builders import memory, plan_all

DOCUMENTED = Rate(100, 900)
CONCURRENCY = 10


def limited(rate: Rate, *, told: bool, **settings: Any) -> World:
    """Give a sandbox with a limit; `told` says whether the client knows it."""
    return World(
        Settings(rate_limit=(rate.requests, rate.seconds), **settings),
        rate=rate if told else None,
        concurrency=CONCURRENCY,
    )


def statuses(world: World) -> Counter[int]:
    return Counter(entry.status for entry in world.app.state.log)


async def create_many(remote: Any, count: int, *, first: int = 0) -> None:
    async def one(number: int) -> None:
        await remote.create_memory(f"c-{number}", PERSONA)

    await for_each(range(first, first + count), one, concurrency=CONCURRENCY)


def applied(world: World, contacts: int, *, endpoint: Endpoint | None = None) -> Execution:
    """Apply a plan of one memory with a fact for each contact: two requests each."""
    plan = plan_all([(memory({"a": n}, contact=f"c{n:03}"), Absent()) for n in range(contacts)])

    async def run() -> Execution:
        async with open_writer(endpoint or world.endpoint()) as writer:
            return await execute(plan, writer, concurrency=CONCURRENCY, stop=Stop(), observer=Together())

    return asyncio.run(run())


def test_150_creations_take_two_windows_and_no_refusal_where_the_limit_is_known() -> None:
    world = limited(DOCUMENTED, told=True)
    world.call(lambda remote: create_many(remote, 150))

    assert statuses(world) == {200: 150}
    assert world.waits.now == 900


@pytest.mark.parametrize("body", ["text", "envelope", "status"])
@pytest.mark.parametrize("retry_after", ["seconds", "date"])
def test_150_creations_take_two_windows_and_a_burst_of_refusals_where_it_is_not(body: str, retry_after: str) -> None:
    world = limited(DOCUMENTED, told=False, limit_body=body, retry_after=retry_after)
    world.call(lambda remote: create_many(remote, 150))

    assert statuses(world)[200] == 150
    assert statuses(world)[429] <= CONCURRENCY
    assert 900 <= world.waits.now < 902


def test_without_retry_after_the_end_of_the_window_is_found_by_single_probes() -> None:
    world = limited(DOCUMENTED, told=False, retry_after="none")
    world.call(lambda remote: create_many(remote, 150))

    assert statuses(world)[200] == 150
    assert statuses(world)[429] <= CONCURRENCY + 20
    assert 900 <= world.waits.now <= 960


@pytest.mark.parametrize("told", [True, False])
def test_an_apply_of_150_memories_with_facts_takes_three_windows(told: bool) -> None:  # noqa: FBT001
    world = limited(DOCUMENTED, told=told)
    execution = applied(world, 150 if told else 140)  # what the limit parts from its look is looked at again

    assert {outcome.result for outcome in execution.outcomes} == {"done"}
    assert world.waits.now == 1800
    assert statuses(world)[429] <= (0 if told else CONCURRENCY + 1)


def test_what_another_run_used_of_the_window_costs_one_burst_of_refusals() -> None:
    world = limited(DOCUMENTED, told=True)
    world.call(lambda remote: create_many(remote, 60))
    world.call(lambda remote: create_many(remote, 150, first=60))

    assert statuses(world)[200] == 210
    assert statuses(world)[429] <= CONCURRENCY
    assert world.waits.now == 1800


def test_reading_and_writing_in_one_run_share_the_window() -> None:
    world = limited(DOCUMENTED, told=True)
    endpoint = world.endpoint()
    for first in (0, 75):
        call(endpoint, lambda remote, first=first: create_many(remote, 75, first=first))  # type: ignore[misc]

    assert statuses(world) == {200: 150}
    assert world.waits.now == 900


def test_contacts_do_not_count() -> None:
    world = limited(Rate(1, 900), told=True)

    async def list_twice(remote: Any) -> None:
        for _ in range(3):
            await remote.list_contacts(0)
        await create(remote)

    world.call(list_twice)
    assert world.waits.seconds == []


def test_100_in_5_seconds_by_the_clock_on_the_wall() -> None:
    """The one test that waits for real: a fake clock cannot show that real ones agree."""
    rate, store = Rate(100, 5), Store()
    app = create_app(store, Settings(rate_limit=(rate.requests, rate.seconds)))
    with running(app) as url:
        endpoint = World(concurrency=CONCURRENCY).endpoint(url, in_process=False)
        waits: list[float] = []

        async def wait(seconds: float, _why: str) -> None:
            waits.append(seconds)
            await asyncio.sleep(seconds)

        endpoint = replace(endpoint, pacer=Pacer(concurrency=CONCURRENCY, rate=rate, waiting=Waiting(wait=wait)))
        began = time.monotonic()
        call(endpoint, lambda remote: create_many(remote, 150))
        took = time.monotonic() - began

    answered = Counter(entry.status for entry in app.state.log)
    assert answered[200] == 150
    assert answered[429] <= CONCURRENCY
    assert took >= 5
    assert sum(waits) < 6  # one window


BODIES = [
    b"Too many requests, please try again later.",
    b"",
    b'{"status": "error", "message": "Rate limit exceeded"}',
    b'{"status": "error", "message": "Rate limit exceeded", "errors": ["slow down"]}',
    b'{"error": "Rate limit exceeded"}',
    b'{"data": null, "errors": [{"error": "TOO_MANY_REQUESTS", "message": "slow down"}]}',
    b'{"status": "error", "data": null, "errors": [{"error": "Rate Limit Exceeded", "message": ""}]}',
]


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        (None, 5, 5),
        ("7", 7, 7),
        ("2.5", 2.5, 2.5),
        ("0", 1, 1),
        ("86400", 900, 900),
        ("soon", 5, 5),
        ("-5", 5, 5),
        ("", 5, 5),
        ("in 60 seconds", 58, 61),
        ("in -60 seconds", 1, 1),
    ],
)
def test_every_shape_of_a_429_is_waited_for(body: bytes, retry_after: str | None, least: float, most: float) -> None:
    if retry_after and retry_after.startswith("in "):
        retry_after = in_seconds(float(retry_after.split()[1]))
    headers = () if retry_after is None else (("retry-after", retry_after),)
    reply = faults.Reply(Answer(status=429, body=body, content_type="application/json", headers=headers))
    world = World(rules=(Rule(fault=reply, occurrences=frozenset({1})),))
    world.call(create)

    assert len(world.requests) == 2
    assert least <= sum(world.waits.seconds) <= most


def busy(retry_after: str) -> faults.Fault:
    return faults.Reply(Answer(status=503, body=b"<html>", headers=(("retry-after", retry_after),)))


def test_a_busy_server_is_waited_for_as_told_and_by_all() -> None:
    world = World(rules=(Rule(fault=busy("20"), occurrences=frozenset({1, 2, 3})),))
    execution = applied(world, 30)

    assert {outcome.result for outcome in execution.outcomes} == {"done"}
    assert world.waits.seconds[0] == 20
    assert set(world.waits.reasons) == {"the API asks to wait (503)"}
    assert len(world.requests) < 2 * 30 + 10


def test_a_write_that_a_busy_server_may_have_done_is_unknown_to_the_end() -> None:
    world = World(rules=(Rule(fault=busy("20")),))

    with pytest.raises(ApiUnavailableError, match="let no request through for 20 min") as caught:
        world.call(create)

    assert caught.value.may_have_happened


def test_an_api_that_lets_nothing_through_ends_the_apply_with_a_clear_reason() -> None:
    world = World(rules=(Rule(fault=faults.too_many_requests()),))
    execution = applied(world, 30)

    assert {outcome.result for outcome in execution.outcomes} == {"skipped"}
    assert {outcome.detail for outcome in execution.outcomes} == {
        "the API let no request through for 20 min; try later (the API asks to wait (429))"
    }
    assert len(world.requests) < 60
    assert "let no request through" in str(error_of(world, create))


def test_what_a_budget_leaves_undone_is_skipped_for_that_reason_and_done_by_the_next_run() -> None:
    world = World(budget=Budget(requests=7), concurrency=3)
    first = applied(world, 10)
    world.budget = None
    second = applied(world, 10)

    assert len(world.requests) == 7 + 17
    assert Counter(item.result for item in first.outcomes) == {"done": 7, "skipped": 13}
    assert {item.detail for item in first.outcomes if item.result == "skipped"} == {
        "not reached: the 7 of --max-requests are used up"
    }
    assert {item.result for item in second.outcomes} <= {"done", "already"}


def test_a_lost_answer_stays_unknown_when_the_budget_ends() -> None:
    lost = Rule(fault=faults.bad_gateway(), when="after", occurrences=frozenset({2}))
    world = World(rules=(lost,), budget=Budget(requests=2))

    assert [item.result for item in applied(world, 1).outcomes] == ["done", "unknown"]


def test_a_limit_that_lets_no_look_and_write_through_together_ends_in_words() -> None:
    world = limited(Rate(1, 60), told=False)
    world.store.load(
        {"contact_memories": [{"id": "m", "contact_id": "id-of-a", "persona_id": "persona-support", "facts": {}}]}
    )
    made = plan_all([(memory(seeds={"tz": "UTC"}, contact="a"), Present("m", {}))])

    async def run() -> Execution:
        async with open_writer(world.endpoint()) as writer:
            return await execute(made, writer, concurrency=CONCURRENCY, stop=Stop(), observer=Together())

    (outcome,) = asyncio.run(run()).outcomes

    assert outcome.result == "failed"
    assert outcome.detail == (
        "again and again there was no room to look and to write at once (the API asks to wait (429))"
    )
    assert len(world.requests) < 60
