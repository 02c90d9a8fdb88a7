"""Shards: which part of what is declared belongs to which run."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.desired import Identifier
from reconciler.core.model.selection import Chosen, Shard, Shards, parse_shard, part_of, select
from tests.builders import declared_contact, desired, existing, memory, user

EVERYTHING = desired(
    *(memory({"plan": 1}, contact=f"guest-{at}") for at in range(20)),
    *(memory({"plan": 1}, contact=f"guest-{at}", scope="sales") for at in range(20)),
    existing(user()),
)


@pytest.mark.parametrize("text", ["4/4", "-1/4", "1", "1/0", "0/01", "a/b", "1/2/3", "²/4"])
def test_what_is_no_part_of_a_whole_is_no_shard(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_shard(text)


def test_a_key_belongs_to_the_same_shard_on_every_machine() -> None:
    keys = [("external_id", "crm-1"), ("phone_number", "+14155550192"), ("email", "a@b"), ("memory_id", "m-1")]

    assert [[index for index in range(4) if Shard(index, 4).holds(key)] for key in keys] == [[2], [0], [1], [0]]


@given(st.integers(0, 11), st.integers(1, 12), st.integers(0, 11), st.integers(1, 12))
def test_parts_overlap_where_a_number_can_fall_into_both(i: int, n: int, j: int, m: int) -> None:
    one, other = Shard(i % n, n), Shard(j % m, m)

    assert one.overlaps(other) == any(at % n == one.index and at % m == other.index for at in range(n * m))


def test_emails_that_differ_in_case_are_one_key() -> None:
    keys = [Identifier("email", text).key for text in ("Ana@b.com", "ana@B.com")]

    assert [Shard(0, 2).holds(key) for key in keys] in ([True, True], [False, False])


def test_a_contact_comes_with_all_its_memories_and_shards_make_up_the_whole() -> None:
    parts = [part_of(EVERYTHING, Shard(index, 3)) for index in range(3)]

    names = [{contact.name for contact in part.contacts} for part in parts]
    assert sorted(name for some in names for name in some) == [contact.name for contact in EVERYTHING.contacts]
    assert all(len(some) > 1 for some in names)
    assert [len(part.contact_memories) for part in parts] == [2 * len(some) for some in names]
    assert sum(len(part.existing_memories) for part in parts) == 1


def test_a_target_that_names_something_in_another_shard_is_no_mistake() -> None:
    chosen = [select(EVERYTHING, Chosen(("contacts.guest-3",)), Shard(index, 4)) for index in range(4)]

    assert [one.unmatched for one in chosen] == [()] * 4
    assert sum(len(one.desired.memories) for one in chosen) == 2
    assert [one.left_out + one.elsewhere + len(one.desired.memories) for one in chosen] == [41] * 4


def test_no_shard_is_the_whole() -> None:
    assert part_of(EVERYTHING, None) is EVERYTHING
    assert Shards(4, (0, 2), 5).missing == (1, 3)
    assert str(Shard(1, 4)) == "1/4"
    assert declared_contact().identity.key[0] == "contact_id"


@pytest.mark.parametrize(
    ("count", "present"),
    [(0, ()), (3, ()), (-1, (0,)), (3, (0, 7)), (3, (-1,)), (3, (0, 0)), (2, (0, 1)), (10**12, (0,))],
)
def test_parts_that_there_cannot_be_are_told_from_others(count: int, present: tuple[int, ...]) -> None:
    assert not Shards(count, present, 1).is_possible


def test_a_part_of_one_or_of_many_is_possible() -> None:
    assert all(shards.is_possible for shards in (Shards(1, (0,), 0), Shards(3, (2,), 1), Shards(3, (0, 2), 1)))
    assert not Shards(3, (0,), -1).is_possible
