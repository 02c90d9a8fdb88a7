from msgspec.structs import replace

from reconciler.core.model.desired import Identifier, Memory
from reconciler.core.model.observed import FoundContact, LiveUsers, Observed, ObservedMemory, Present
from reconciler.core.plan.base import base_of
from reconciler.core.plan.notices import retained_notices
from tests.builders import declared_contact, desired, memory, user


def kept(
    before: Memory, now: Memory, seen: ObservedMemory, contact: FoundContact | None = None
) -> list[tuple[str, ...]]:
    """Give the keys that stay although the specs no longer name them."""
    was, wanted = desired(before), desired(now)
    live = {item.address: contact or FoundContact("c", {}) for item in wanted.contacts}
    observed = Observed(live, {item.address: seen for item in wanted.memories}, requests=0)
    return [notice.keys for notice in retained_notices(base_of(was, "main"), wanted, observed)]


def test_keys_inside_of_mappings_are_found_too() -> None:
    before, now = memory({"at": {"city": "Oslo", "floor": 3}}), memory({"at": {"city": "Oslo"}})

    assert kept(before, now, Present("m", {"at": {"city": "Oslo", "floor": 3}})) == [("facts.at.floor",)]
    assert kept(before, now, Present("m", {"at": {"city": "Oslo"}})) == []


def test_fields_of_a_contact_are_found_too() -> None:
    before = replace(memory({}), contact=declared_contact(profile={"name": "S", "metadata": {"old": 1, "new": 1}}))
    now = replace(memory({}), contact=declared_contact(profile={"metadata": {"new": 1}}))
    live = FoundContact("c", {"name": "S", "metadata": {"old": 1, "new": 1}})

    assert kept(before, now, Present("m", {}), live) == [("metadata.old", "name")]


def test_a_contact_that_is_declared_by_something_else_by_now_has_lost_nothing() -> None:
    before, now = memory({"a": 1}, identity=Identifier("external_id", "crm-1")), memory({"a": 1})

    assert kept(before, now, Present("m", {"a": 1})) == []


def test_what_a_target_left_out_is_not_gone_from_the_specs() -> None:
    before, now = memory({"a": 1, "b": 1}), replace(memory({"a": 1}), left_out=frozenset({"b"}))

    assert kept(before, now, Present("m", {"a": 1, "b": 1})) == []


def test_users_that_are_not_there_any_more_are_not_told() -> None:
    before, now = memory({}, users=[user()]), memory({})

    assert kept(before, now, Present("m", {}, LiveUsers({}, listed=True))) == []
    assert kept(before, now, Present("m", {})) == [('users["+14155550192"]',)]
