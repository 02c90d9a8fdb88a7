import pytest

from reconciler.core.model.value import Json, canonical, covers, lay_over, same


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 1.0), (0.0, -0.0), ({"a": [1]}, {"a": [1.0]}), ("x", "x"), (None, None), ({"a": 1, "b": 2}, {"b": 2, "a": 1})],
)
def test_values_that_are_the_same_json_are_the_same(left: Json, right: Json) -> None:
    assert same(left, right)
    assert canonical(left) == canonical(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        ("1", 1),
        ([1], 1),
        ([1, 2], [2, 1]),
        ({}, []),
        ({"a": True}, {"a": 1}),
        (None, ""),
        ("", {}),
    ],
)
def test_values_that_are_not_the_same_json_are_not_the_same(left: Json, right: Json) -> None:
    assert not same(left, right)
    assert not same(right, left)
    assert canonical(left) != canonical(right)


def test_a_live_mapping_covers_a_smaller_declared_one() -> None:
    assert covers({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}})


def test_a_live_mapping_does_not_cover_what_it_lacks() -> None:
    assert not covers({"a": {"b": 1}}, {"a": {"c": 1}})
    assert not covers("text", {"a": 1})


def test_a_longer_live_list_does_not_cover_a_shorter_one() -> None:
    assert not covers([1, 2], [1])


def test_laying_over_keeps_what_only_live_has_at_every_depth() -> None:
    live: Json = {"address": {"city": "Lima", "zip": "1"}, "other": 1}

    assert lay_over(live, {"address": {"city": "Quito"}}) == {"address": {"city": "Quito", "zip": "1"}, "other": 1}


def test_laying_over_replaces_lists_and_scalars_whole() -> None:
    assert lay_over([1, 2], [3]) == [3]
    assert lay_over("text", {"a": 1}) == {"a": 1}
