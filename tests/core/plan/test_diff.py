import sys

import pytest

from reconciler.core.model.value import Json
from reconciler.core.plan.diff import Added, Change, Updated, diff_facts
from tests.builders import fact


def changes(declared: Json, live: Json) -> tuple[Change, ...]:
    return diff_facts([fact("k", declared)], {"k": live})[0].changes


def test_a_missing_fact_is_added() -> None:
    (write,) = diff_facts([fact("plan", "premium")], {})

    assert write.changes == (Added(("plan",), "premium"),)
    assert write.value == "premium"


def test_a_different_fact_is_updated() -> None:
    (write,) = diff_facts([fact("plan", "premium")], {"plan": "trial"})

    assert write.changes == (Updated(("plan",), "trial", "premium"),)


def test_an_equal_fact_is_not_written() -> None:
    assert diff_facts([fact("plan", "premium")], {"plan": "premium", "other": 1}) == ()


def test_a_seed_fact_is_added_when_missing() -> None:
    assert diff_facts([fact("timezone", "UTC", "seed")], {})[0].changes == (Added(("timezone",), "UTC"),)


def test_a_seed_fact_is_never_overwritten() -> None:
    assert diff_facts([fact("timezone", "UTC", "seed")], {"timezone": "CET"}) == ()


def test_nested_changes_have_paths_and_what_only_live_has_is_sent_back() -> None:
    declared, live = {"a": {"x": 1, "y": 2}}, {"a": {"x": 0, "z": 3}}
    (write,) = diff_facts([fact("k", declared)], {"k": live})

    assert write.changes == (Updated(("k", "a", "x"), 0, 1), Added(("k", "a", "y"), 2))
    assert write.value == {"a": {"x": 1, "y": 2, "z": 3}}


def test_lists_are_one_value() -> None:
    assert changes([1, {"a": 2}], [1, {"a": 3}]) == (Updated(("k",), [1, {"a": 3}], [1, {"a": 2}]),)


@pytest.mark.parametrize(
    ("declared", "live"),
    [(True, 1), ([True], [1]), ([1], "[1]"), ({}, []), ("", None), ("1", 1), ({"a": 1}, "a"), ("a\nb", "a\nc")],
)
def test_values_of_other_kinds_are_updates_of_the_whole(declared: Json, live: Json) -> None:
    assert changes(declared, live) == (Updated(("k",), live, declared),)


@pytest.mark.parametrize("key", ["__private", "a.b", "it's", 'say "x"', "root['a']", "", "0", "a[0]"])
def test_any_key_can_stand_in_a_path(key: str) -> None:
    assert changes({key: 1}, {key: 2}) == (Updated(("k", key), 2, 1),)


def test_numbers_that_json_takes_for_the_same_are_no_change_beside_one_that_is() -> None:
    assert changes({"a": 1, "b": [2], "c": "x"}, {"a": 1.0, "b": [2.0], "c": "y"}) == (Updated(("k", "c"), "y", "x"),)


def test_deepdiff_is_not_asked_where_nothing_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepdiff", None)  # an import of it would fail

    assert diff_facts([fact("a", {"b": 1})], {"a": {"b": 1, "c": 2}}) == ()
    assert len(diff_facts([fact("new", 1)], {"a": 1})) == 1


def test_what_only_the_live_side_has_is_in_no_change_however_little_both_have_in_common() -> None:
    declared: Json = dict.fromkeys("bcdefgh", 1)

    assert changes(declared, {"theirs": 2}) == tuple(Added(("k", key), 1) for key in "bcdefgh")


def test_facts_of_all_kinds_differ_in_one_way_in_the_order_of_their_declaration() -> None:
    facts = [fact("z", 1), fact("new", [1]), fact("m", {"a": 1, "b": 2}), fact("same", 1)]
    writes = diff_facts(facts, {"z": 2, "m": {"a": 0, "b": 2, "c": 3}, "same": 1, "other": 5})

    assert [(write.key, write.changes) for write in writes] == [
        ("z", (Updated(("z",), 2, 1),)),
        ("new", (Added(("new",), [1]),)),
        ("m", (Updated(("m", "a"), 0, 1),)),
    ]
