"""The cost that a plan foresees, held against what the real client then sends and waits for."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.api.client import open_writer
from reconciler.concurrency import Stop
from reconciler.core.model.desired import Identifier
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, MissingContact, Present
from reconciler.core.model.settings import Rate
from reconciler.core.plan.measures import Allowance, Foreseen, foresee
from reconciler.core.plan.operations import Plan
from reconciler.execute import Together, execute
from reconciler.sandbox.settings import Settings
from tests.api.support import World
from tests.builders import memory, plan_all, user

OLD = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)


def updates(count: int) -> Plan:
    """Plan an update of one fact for each of so many memories."""
    return plan_all([(memory({"a": 1}, contact=f"c{n:03}"), Present(f"mem-{n}", {"a": 0})) for n in range(count)])


def creations(count: int) -> Plan:
    return plan_all([(memory({"a": 1}, contact=f"c{n:03}"), Absent()) for n in range(count)])


@pytest.mark.parametrize(
    ("made", "allowance", "foreseen"),
    [
        (updates(100), Allowance(), Foreseen(0, 0)),
        (updates(100), Allowance(is_stale=True), Foreseen(100, 0)),
        (updates(100), Allowance(lasts=60), Foreseen(40, 0)),
        (updates(100), Allowance(Rate(1000, 900), lasts=60), Foreseen(40, 0)),
        (updates(100), Allowance(Rate(100, 900)), Foreseen(0, 0)),
        (updates(100), Allowance(Rate(100, 900), used=90), Foreseen(90, 2 * 900)),
        (updates(3), Allowance(Rate(1, 900)), Foreseen(2, 4 * 900)),
        (creations(150), Allowance(Rate(100, 900)), Foreseen(0, 2 * 900)),
        (creations(5), Allowance(Rate(3, 900)), Foreseen(0, 4 * 900)),
        (plan_all([(memory(users=[user(metadata="n")]), Present("m", {}, OLD))]), Allowance(), Foreseen(0, 0)),
        (
            plan_all([(memory(users=[user(metadata="n")]), Present("m", {}, OLD))]),
            Allowance(is_stale=True),
            Foreseen(1, 0),
        ),
        (
            plan_all([(memory(seeds={"a": 1}), Present("m", {}))]),
            Allowance(is_stale=True),
            Foreseen(0, 0),
        ),
    ],
)
def test_what_waits_is_looked_at_again_and_pairs_stay_in_one_window(
    made: Plan, allowance: Allowance, foreseen: Foreseen
) -> None:
    assert foresee(made, allowance) == foreseen


@pytest.mark.parametrize("requests", [1, 2, 3, 20])
@pytest.mark.parametrize("make", [updates, creations])
def test_the_foreseen_cost_is_what_an_apply_then_takes(make: Callable[[int], Plan], requests: int) -> None:
    rate, made = Rate(requests, 900), make(15)
    world = World(Settings(rate_limit=(requests, 900)), rate=rate, concurrency=1)
    if make is updates:
        world.store.load({"contact_memories": [remembered(n) for n in range(15)]})
    foreseen = foresee(made, Allowance(rate))

    async def run() -> None:
        async with open_writer(world.endpoint()) as writer:
            done = await execute(made, writer, concurrency=1, stop=Stop(), observer=Together())
        assert {outcome.result for outcome in done.outcomes} == {"done"}

    asyncio.run(run())

    assert len(world.requests) == replace(made, looks=foreseen.looks).requests_to_write
    assert world.waits.now == foreseen.seconds


def test_a_created_contact_is_looked_at_as_the_plan_counts() -> None:
    wanted, world = memory({"a": 1}, identity=Identifier("external_id", "crm-1")), World()
    made = plan_all([(wanted, Absent())], contact=MissingContact())

    async def run() -> None:
        async with open_writer(world.endpoint()) as writer:
            await execute(made, writer, concurrency=1, stop=Stop(), observer=Together())

    asyncio.run(run())

    assert len(world.requests) == made.requests_to_write == 4


def test_what_is_written_after_a_minute_is_looked_at_as_the_plan_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    made, world = updates(100), World(concurrency=1)
    world.store.load({"contact_memories": [remembered(n) for n in range(100)]})
    monkeypatch.setattr(world.waits, "clock", lambda: float(len(world.requests)))  # a request takes a second
    foreseen = []

    async def run() -> None:
        endpoint = world.endpoint()
        foreseen.append(foresee(made, endpoint.pacer.allowance()))
        async with open_writer(endpoint) as writer:
            await execute(made, writer, concurrency=1, stop=Stop(), observer=Together())

    asyncio.run(run())

    assert foreseen == [Foreseen(40, 0)]
    assert abs(len(world.requests) - replace(made, looks=40).requests_to_write) <= 1


def remembered(number: int) -> dict[str, Any]:
    return {
        "id": f"mem-{number}",
        "contact_id": f"id-of-c{number:03}",
        "persona_id": "persona-support",
        "facts": {"a": 0},
    }
