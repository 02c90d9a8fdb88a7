"""A plan that adds a key one typo away from a known one says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.desired import Desired, Fact
from reconciler.core.model.nearest import MOST_ALIKE, distinguished, is_typo, similar_keys, twins
from reconciler.core.model.observed import Absent, FoundContact, Observed, Present
from reconciler.core.model.selection import Chosen, Shard, select
from reconciler.core.plan.operations import Notice
from reconciler.core.plan.planner import build_plan
from reconciler.errors import Source
from tests.builders import HERE, ORIGIN, desired, memory, plan, plan_all


def near(notices: tuple[Notice, ...]) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.address, one.keys, one.live_keys) for one in notices if one.type == "near_duplicate"]


@pytest.mark.parametrize(
    ("key", "other"),
    [("favourite_color", "favorite_color"), ("Plan", "plan"), ("first-name", "first_name"), ("firstName", "first_name"),
     ("allergies", "alergies"), ("langauge", "language"), ("timezone", "timezome"), ("visits", "visit_s")],
)  # fmt: skip
def test_a_slip_is_another_case_another_separator_or_one_letter(key: str, other: str) -> None:
    assert is_typo(key, other)
    assert is_typo(other, key)


@pytest.mark.parametrize(
    ("key", "other"),
    [("address_1", "address_2"), ("address", "address2"), ("line_1_text", "line_2_text"), ("name", "game"),
     ("plan", "plant"), ("language", "languages2"), ("plan", "plan"), ("mother", "brother")],
)  # fmt: skip
def test_numbers_short_words_and_other_words_are_no_slips(key: str, other: str) -> None:
    assert not is_typo(key, other)


KEYS = st.sets(st.text("abA_1", min_size=1, max_size=8), max_size=MOST_ALIKE)


@given(KEYS, KEYS)
def test_near_keys_are_those_that_a_look_at_every_pair_finds(keys: set[str], known: set[str]) -> None:
    pairs = {key: frozenset(other for other in known if is_typo(key, other)) for key in keys}

    assert similar_keys(keys, known) == {key: others for key, others in pairs.items() if others}


def test_of_many_keys_that_differ_in_one_letter_few_are_told_from_one_another() -> None:
    keys = [f"plans{letter}" for letter in map(chr, range(0x4E00, 0x4E00 + 500))]

    found = similar_keys(keys, [*keys, "plan"])

    assert 0 < len(found) <= 2 * MOST_ALIKE
    assert similar_keys(keys[:8], keys[:8]) == {key: frozenset(keys[:8]) - {key} for key in keys[:8]}


def test_a_key_live_in_the_memory_is_named_as_a_live_one() -> None:
    made = plan(memory({"favourite_color": "red"}), Present("m", {"favorite_color": "red"}))

    assert near(made.notices) == [("contacts.sarah.scopes.support", ("favourite_color",), ("favorite_color",))]


def test_a_key_that_is_live_already_is_no_new_one() -> None:
    made = plan(memory({"Plan": 1}), Present("m", {"Plan": 2, "plan": 1}))

    assert near(made.notices) == []


def test_of_two_new_keys_the_rarer_one_is_doubted() -> None:
    made = plan_all(
        [(memory({key: 1}, contact=name), Absent()) for name, key in zip("abc", ("Plan", "plan", "plan"), strict=True)]
    )

    assert near(made.notices) == [("contacts.a.scopes.support", ("Plan", "plan"), ())]


def test_a_key_established_elsewhere_is_doubted_only_beside_its_twin() -> None:
    twin, other = memory({"colour": 1}, contact="a"), memory({"colour": 1}, contact="b")
    made = plan_all(
        [(twin, Present("m", {"color": 1})), (other, Absent()), (memory(contact="c"), Present("n", {"colour": 1}))]
    )

    assert near(made.notices) == [("contacts.a.scopes.support", ("colour",), ("color",))]


def test_a_key_is_doubted_once_at_each_place_that_declares_it() -> None:
    places = {"a": ("a.yaml", 3), "b": ("a.yaml", 3), "c": ("a.yaml", 4), "d": ("b.yaml", 4)}
    typos = [
        replace(memory(contact=name), facts=(Fact("Plan", 1, "enforce", Source(*place)),))
        for name, place in places.items()
    ]
    others = [memory({"plan": 1}, contact=name) for name in "efghi"]
    made = plan_all([(one, Absent()) for one in (*typos, *others)])

    assert [one.address.split(".")[1] for one in made.notices] == ["a", "c", "d"]


def test_with_a_catalogue_nothing_is_guessed() -> None:
    wanted = desired(memory({"Plan": 1}))
    catalogued = type(wanted)(
        wanted.scopes, wanted.contacts, wanted.contact_memories, (), {"Plan": FactKey("Plan", HERE)}
    )
    observed = Observed(
        {"contacts.sarah": FoundContact("c", {})},
        {"contacts.sarah.scopes.support": Present("m", {"plan": 1})},
        requests=1,
    )

    assert near(build_plan(catalogued, observed, origin=ORIGIN, left_out=0).notices) == []


@pytest.mark.parametrize(("targets", "shard"), [(["contacts.b"], None), ([], "b"), (["contacts.*"], "b")])
def test_a_key_is_doubted_in_view_of_what_targets_and_shards_leave_out(targets: list[str], shard: str | None) -> None:
    everything = desired(*(memory({"favorite_color": 1}, contact=name) for name in "acd"), TYPO)
    chosen = select(everything, Chosen(tuple(targets)), shard_of(everything, shard) if shard else None)
    observed = nothing_live(chosen.desired)

    made = build_plan(chosen.desired, observed, origin=ORIGIN, left_out=0, declared=everything)

    assert ("contacts.b.scopes.support", ("favourite_color", "favorite_color"), ()) in near(made.notices)


TYPO = memory({"favourite_color": 1}, contact="b")


def shard_of(everything: Desired, name: str) -> Shard:
    (contact,) = (one for one in everything.contacts if one.name == name)
    return next(shard for shard in (Shard(0, 2), Shard(1, 2)) if shard.holds(contact.identity.key))


def nothing_live(wanted: Desired) -> Observed:
    contacts = {one.address: FoundContact(f"id-of-{one.name}", {}) for one in wanted.contacts}
    return Observed(contacts, {one.address: Absent() for one in wanted.memories}, requests=1)


TWINS = [
    ("pr\u00e9nom", "pre\u0301nom"),
    ("plan", "pl\u0430n"),
    ("plan", "plan\u00ad"),
    ("ab", "a\u200bb"),
    ("tier", "tier\u200b"),
    ("tier", "\u202etier\u2066"),
    ("id", "\uff49\uff44"),
    ("id", "id\ufe0f"),
    ("Tel", "\u03a4el"),
    ("x", "\u0445"),
]


@pytest.mark.parametrize(("key", "other"), TWINS)
def test_keys_that_look_the_same_are_twins_at_any_length(key: str, other: str) -> None:
    assert is_typo(key, other)
    assert twins([key], [key, other]) == {key: {other}}
    assert all(told.isascii() for told in distinguished([key, other]))


@pytest.mark.parametrize(
    ("key", "other"), [("кот", "кит"), ("имя", "има"), ("naïve", "naive2"), ("名前", "名"), ("a", "b")]
)
def test_other_words_of_any_script_are_no_twins(key: str, other: str) -> None:
    assert not twins([key], [other])
    assert not is_typo(key, other)


@pytest.mark.parametrize(("key", "other"), TWINS)
def test_a_twin_is_told_whether_it_is_live_or_declared_and_with_a_catalogue(key: str, other: str) -> None:
    beside = plan(memory({key: 1}), Present("m", {other: 1}))
    declared = plan(memory({key: 1, other: 2}), Absent())
    catalogue = {one: FactKey(one, HERE) for one in (key, other)}
    wanted = desired(memory({key: 1, other: 2}))
    catalogued = type(wanted)(wanted.scopes, wanted.contacts, wanted.contact_memories, (), catalogue)
    listed = build_plan(catalogued, nothing_live(wanted), origin=ORIGIN, left_out=0)

    assert [len(near(one.notices)) for one in (beside, declared, listed)] == [1, 1, 1]
