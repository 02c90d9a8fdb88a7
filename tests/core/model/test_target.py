import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.selection import Chosen, select
from tests.builders import desired, existing, memory, user

EVERYTHING = desired(
    memory({"plan": 1, "a.b": 2}, users=[user()], contact="sarah", scope="support"),
    memory({"plan": 1}, contact="sarah", scope="support-2"),
    memory({"plan": 1}, contact="sarah-chen", scope="support"),
    existing(user("+12345678900")),
)


def chosen(*patterns: str) -> list[str]:
    return [item.address for item in select(EVERYTHING, Chosen(patterns)).desired.memories]


def test_no_pattern_chooses_everything() -> None:
    assert len(chosen()) == 4


def test_a_contact_names_all_its_memories_and_no_contact_that_begins_alike() -> None:
    assert chosen("contacts.sarah") == ["contacts.sarah.scopes.support", "contacts.sarah.scopes.support-2"]


def test_a_star_stands_for_any_part_of_one_name() -> None:
    assert chosen("contacts.*.scopes.support") == [
        "contacts.sarah.scopes.support",
        "contacts.sarah-chen.scopes.support",
    ]
    assert chosen("contacts.sarah-*") == ["contacts.sarah-chen.scopes.support"]
    assert chosen("memories.*") == ["memories.vip-line"]


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("contacts.sarah.scopes.support.facts.plan", ["plan"]),
        ('contacts.sarah.scopes.support.facts["a.b"]', ["a.b"]),
        ("contacts.sarah.scopes.support.facts", ["plan", "a.b"]),
        ('contacts.sarah.scopes.support.users["+14155550192"]', []),
    ],
)
def test_facts_and_users_can_be_chosen_one_by_one(pattern: str, keys: list[str]) -> None:
    (chosen_memory,) = select(EVERYTHING, Chosen((pattern,))).desired.contact_memories

    assert {fact.key for fact in chosen_memory.facts} == set(keys)


def test_what_was_left_out_is_counted() -> None:
    assert select(EVERYTHING, Chosen(("memories.vip-line",))).left_out == 3


def test_a_pattern_that_names_nothing_is_told() -> None:
    assert select(EVERYTHING, Chosen(("contacts.sarah", "contacts.nobody", "contacts.sar"))).unmatched == (
        ("--target", "contacts.nobody"),
        ("--target", "contacts.sar"),
    )


@given(st.text("ab.*", min_size=1, max_size=9), st.text("ab", min_size=1, max_size=9))
def test_stars_match_wherever_the_rest_of_the_pattern_leaves_them(pattern: str, name: str) -> None:
    address = f"contacts.{name}.scopes.a"
    any_part = re.escape(pattern).replace(r"\*", '[^.\\["]*')
    is_meant = any(re.match(rf"{any_part}(?=$|[.\[])", text) for text in (address, f"{name}.scopes.a"))

    found = select(desired(memory({}, contact=name, scope="a")), Chosen((pattern,))).desired.memories

    assert bool(found) == is_meant


def test_many_stars_cost_no_more_than_one() -> None:
    many = desired(memory({}, contact="a" * 60, scope="a"))

    assert not select(many, Chosen((f"contacts.{'*a' * 30}*b",))).desired.memories
    assert select(many, Chosen((f"contacts.{'*a' * 30}*",))).desired.memories
