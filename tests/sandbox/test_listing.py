"""A listing of contacts that misbehaves, as tests of the client script it."""

from typing import Literal

import pytest

from reconciler.sandbox.faults import Meanwhile, Rule
from reconciler.sandbox.settings import ListingQuirks

from .driver import Driver, Json, driver

WORLD: Json = {
    "contact_memories": [
        {"id": f"mem-{number}", "contact_id": f"c{number}", "persona_id": "p1", "facts": {"n": number}}
        for number in range(5)
    ]
}


def page(sandbox: Driver, *, offset: int = 0, limit: int = 2) -> Json:
    body: Json = sandbox.get("/v1/contacts", params={"limit": limit, "offset": offset}).json()
    return body


def ids(body: Json) -> list[str]:
    return [contact["id"] for contact in body["data"]]


def pages(sandbox: Driver) -> list[list[str]]:
    return [ids(page(sandbox, offset=offset)) for offset in (0, 2, 4)]


def quirky(quirks: ListingQuirks) -> Driver:
    return driver(world=WORLD, listing=quirks)


def moving(to: Literal["front", "back"], contact_id: str) -> Driver:
    moves = Meanwhile(lambda store: store.move_contact(contact_id, to=to))
    return driver(Rule(fault=moves, path="/v1/contacts", occurrences=frozenset({1}), when="after"), world=WORLD)


def test_a_listing_is_honest_unless_told_otherwise() -> None:
    assert pages(quirky(ListingQuirks())) == [["c0", "c1"], ["c2", "c3"], ["c4"]]


def test_a_contact_that_moves_to_the_front_is_missed_and_another_comes_twice() -> None:
    sandbox = moving("front", "c4")
    assert pages(sandbox) == [["c0", "c1"], ["c1", "c2"], ["c3"]]
    assert pages(sandbox) == [["c4", "c0"], ["c1", "c2"], ["c3"]]


def test_a_contact_that_moves_to_the_back_comes_twice_and_another_is_missed() -> None:
    assert pages(moving("back", "c0")) == [["c0", "c1"], ["c3", "c4"], ["c0"]]


def test_an_offset_that_is_ignored_repeats_the_first_page_for_ever() -> None:
    body = page(quirky(ListingQuirks(offset="ignored")), offset=4)
    assert ids(body) == ["c0", "c1"]
    assert body["pagination"] == {"total": 5, "limit": 2, "offset": 0, "has_more": True}


def test_an_offset_that_is_only_echoed_repeats_the_first_page_and_looks_right() -> None:
    body = page(quirky(ListingQuirks(offset="echoed")), offset=4)
    assert ids(body) == ["c0", "c1"]
    assert body["pagination"] == {"total": 5, "limit": 2, "offset": 4, "has_more": False}


@pytest.mark.parametrize(("off", "told"), [(3, 8), (-3, 2), (-9, 0)])
def test_a_total_that_lies_leaves_the_rest_as_it_is(off: int, told: int) -> None:
    sandbox = quirky(ListingQuirks(total_error=off))
    assert page(sandbox)["pagination"] == {"total": told, "limit": 2, "offset": 0, "has_more": True}
    assert page(sandbox, offset=4)["pagination"]["has_more"] is False


@pytest.mark.parametrize(
    ("has_more", "told"), [("honest", [True, False]), ("always", [True] * 2), ("never", [False] * 2)]
)
def test_whether_there_is_more_can_be_a_lie(has_more: Literal["honest", "always", "never"], told: list[bool]) -> None:
    sandbox = quirky(ListingQuirks(has_more=has_more))
    assert [page(sandbox, offset=offset)["pagination"]["has_more"] for offset in (0, 4)] == told


def test_a_listing_that_always_has_more_ends_with_an_empty_page() -> None:
    assert ids(page(quirky(ListingQuirks(has_more="always")), offset=6)) == []


def test_a_page_can_be_shorter_than_asked_for() -> None:
    body = page(quirky(ListingQuirks(largest_page=3)), limit=200)
    assert ids(body) == ["c0", "c1", "c2"]
    assert body["pagination"] == {"total": 5, "limit": 3, "offset": 0, "has_more": True}


@pytest.mark.parametrize(
    ("pattern", "without"), [("", []), ("c1", ["c1"]), ("c[03]", ["c0", "c3"]), ("*", ["c0", "c1", "c2", "c3", "c4"])]
)
def test_memories_can_be_absent_from_a_contact_in_the_listing(pattern: str, without: list[str]) -> None:
    sandbox = quirky(ListingQuirks(without_memories=pattern))
    listed = page(sandbox, limit=5)["data"]
    bare = [contact["id"] for contact in listed if "memories" not in contact]
    assert bare == without
    assert "memories" in sandbox.get("/v1/contacts/c1").json()["data"]


def test_two_memories_of_one_scope_are_both_listed_and_the_first_counts() -> None:
    sandbox = driver(world=WORLD)
    sandbox.store.load({"contact_memories": [{"id": "twin", "contact_id": "c0", "persona_id": "p1"}]})
    scope = {"contact_id": "c0", "persona_id": "p1"}
    assert [memory["id"] for memory in page(sandbox)["data"][0]["memories"]] == ["mem-0", "twin"]
    assert sandbox.remember(**scope) == "mem-0"
    assert sandbox.get("/v1/memory/context", params=scope).json()["data"]["contactFacts"] == {"n": 0}
    assert sandbox.facts("twin") == {}
