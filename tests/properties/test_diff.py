"""The laws of `diff`: nothing differs from itself, and an account that is as the revision needs what the diff shows."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.documents.describe import describe_diff, describe_plan
from reconciler.core.model.desired import Desired
from reconciler.core.plan.operations import Plan, PlanOrigin, WriteFacts
from reconciler.core.plan.revision import compare_revisions
from reconciler.render.json import plain
from reconciler.sandbox.settings import Settings
from tests.builders import MASKER
from tests.properties.test_laws import Account
from tests.properties.worlds import IDENTITIES, NAMES, SCOPES, Layer, World, worlds

ORIGIN = PlanOrigin("test", "sandbox", "sha256:0", "2026-01-01T00:00:00Z")


def difference(before: Desired, now: Desired) -> Plan:
    return compare_revisions(before, now, ref="main", origin=ORIGIN, left_out=0, elsewhere=0, declared=now)


@given(worlds(), st.integers(0, 9))
def test_a_revision_does_not_differ_from_itself(world: World, seed: int) -> None:
    account = Account(world, Settings(), "auto")
    found = difference(account.desired(0), account.desired(seed))

    assert found.operations == ()
    assert {notice.type for notice in found.notices} <= {"near_duplicate"}


@st.composite
def revisions(draw: st.DrawFn) -> tuple[World, World]:
    """Two worlds with one account, in which nothing is live that the first does not declare."""
    identities = {name: draw(IDENTITIES.filter(lambda kind: kind != "contact_id")) for name in NAMES}
    first, second = (replace(draw(worlds()), identities=identities, live={}) for _ in range(2))
    mixed = {**first.memories, **second.memories} if draw(st.booleans()) else second.memories
    scopes = first.scopes if draw(st.booleans()) else second.scopes
    return (
        replace(first, profiles=declared_alone(first)),
        replace(second, memories=mixed, scopes=scopes, profiles=declared_alone(second)),
    )


def declared_alone(world: World) -> Any:
    return {name: (declared, {}) for name, (declared, _) in world.profiles.items()}


@given(revisions())
def test_an_account_that_was_applied_at_the_revision_needs_what_the_diff_shows(pair: tuple[World, World]) -> None:
    first, second = pair
    account = Account(first, Settings(), "contacts")
    before = account.desired()
    assert account.apply(account.plan()).receipt.is_complete
    account.world = second
    now = account.desired()

    assert without_ids(describe_diff(difference(before, now), "main", MASKER)) == without_ids(
        describe_plan(account.plan(), MASKER)
    )


@given(revisions())
def test_what_is_not_certain_is_the_value_of_a_seeded_fact(pair: tuple[World, World]) -> None:
    before, now = (Account(world, Settings(), "auto").desired() for world in pair)

    for operation in difference(before, now).operations:
        if not operation.certain:
            assert isinstance(operation, WriteFacts)
            seeds = {fact.key for fact in operation.memory.facts if fact.policy == "seed"}
            assert {fact.key for fact in operation.facts} <= seeds


def test_a_seed_of_a_memory_that_had_another_value_is_not_certain() -> None:
    nothing, pair = Layer({}, {}), ("ana", "support")
    before = World(
        scopes=dict.fromkeys(SCOPES, nothing),
        contacts=dict.fromkeys(NAMES, nothing),
        identities=dict.fromkeys(NAMES, "external_id"),
        profiles={name: ({}, {}) for name in NAMES},
        memories={pair: (Layer({}, {"plan": "trial"}), {})},
        live={},
    )
    now = replace(before, memories={pair: (Layer({}, {"plan": "gold"}), {})})
    (operation,) = difference(*(Account(one, Settings(), "auto").desired() for one in (before, now))).operations

    assert isinstance(operation, WriteFacts)
    assert ([fact.key for fact in operation.facts], operation.certain) == (["plan"], False)


def without_ids(document: Any) -> Any:
    certain: list[Any] = [plain(entry) for entry in document.operations if entry.certain]
    ids = {"contact_id", "memory_id"}
    return [{key: value for key, value in entry.items() if key not in ids} for entry in certain]
