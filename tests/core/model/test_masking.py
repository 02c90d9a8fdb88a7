import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.masking import (
    Masked,
    Masker,
    compose,
    first_of_each,
    named,
    quote,
    shown,
    without_secrets,
    worded,
    worded_error,
)
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from reconciler.errors import InputError, Problem

MASKER = Masker(b"key", reveal=False)


def test_equal_values_have_equal_digests() -> None:
    assert MASKER.live({"a": 1, "b": [2]}) == MASKER.live({"b": [2.0], "a": 1.0})
    assert MASKER.live("1") != MASKER.live(1)


def test_another_key_gives_another_digest() -> None:
    assert MASKER.live("x") != Masker(b"other", reveal=False).live("x")


def test_the_key_is_not_in_the_repr() -> None:
    assert "key'" not in repr(MASKER)


def test_on_the_operators_terminal_live_values_are_shown() -> None:
    assert Masker(b"key", reveal=True).live("x") == "x"


def test_of_a_value_that_is_sent_only_what_live_had_is_masked() -> None:
    shown = MASKER.sent({"a": 1, "b": {"c": 2, "live": 3}, "live": 4}, {"a": 1, "b": {"c": 2}})

    assert shown == {"a": 1, "b": {"c": 2, "live": MASKER.live(3)}, "live": MASKER.live(4)}
    assert isinstance(MASKER.live(3), Masked)


@pytest.mark.parametrize(
    ("value", "kind", "length"),
    [
        ("", "text", "empty"),
        ("x" * 8, "text", "1-8"),
        ("x" * 9, "text", "9-32"),
        ("x" * 33, "text", "33-128"),
        ("x" * 1024, "text", "129-1024"),
        ("x" * 1025, "text", ">1024"),
        (12345, "number", None),
        (True, "boolean", None),
        (None, "null", None),
        ([1, 2], "list", "1-8"),
        ({}, "mapping", "empty"),
    ],
)
def test_a_masked_value_tells_its_kind_and_about_how_long_it_is(value: Json, kind: str, length: str | None) -> None:
    masked = MASKER.live(value)

    assert isinstance(masked, Masked)
    assert (masked.origin, masked.kind, masked.length) == ("live", kind, length)


def test_a_secret_is_masked_wherever_it_stands_in_a_declared_value_on_a_terminal_too() -> None:
    shown = Masker(b"key", reveal=True, revealed=("*",)).declared({"a": [Secret("hush"), 1], "b": "open"})

    assert shown == {"a": [Masked(MASKER.digest("hush"), "secret", "text", "1-8"), 1], "b": "open"}


def test_what_a_secret_replaces_is_not_shown_even_on_a_terminal() -> None:
    former = Masker(b"key", reveal=True).former("old hush", Secret("hush"), ("token",))

    assert former == Masked(MASKER.digest("old hush"), "secret", "text", "1-8")


def test_single_keys_can_be_revealed_by_name_and_by_path() -> None:
    masker = Masker(b"key", reveal=False, revealed=("plan*", "address.city"))

    assert masker.live("gold", ("plan_name",)) == "gold"
    assert masker.live("gold", ("plan", "tier")) == "gold"
    assert masker.live("Oslo", ("address", "city")) == "Oslo"
    assert isinstance(masker.live("x", ("address", "street")), Masked)
    assert isinstance(masker.live("x"), Masked)


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("k", {("k",), ("k", "x"), ("k", "x", "y")}),
        ("k.x", {("k", "x"), ("k.x",)}),
        ("k.*", {("k", "x"), ("k", "x", "y"), ("k.x",)}),
        ("x", set()),
        ("K", set()),
    ],
)
def test_a_key_is_revealed_with_all_below_it_and_a_path_alone(pattern: str, paths: set[tuple[str, ...]]) -> None:
    masker = Masker(b"key", reveal=False, revealed=(pattern,))
    every = [(), ("k",), ("k", "x"), ("k", "x", "y"), ("k.x",), ("kx",), ("other", "k")]

    assert {path for path in every if masker.live("gold", path) == "gold"} == paths


def test_a_secret_is_its_text_where_it_is_sent_or_compared_and_nowhere_else() -> None:
    secret = Secret("hush")

    assert secret == "hush"  # noqa: S105  a made-up one
    assert json.dumps({"token": secret}) == '{"token": "hush"}'
    assert f"{secret} {secret!r} {secret:>9}" == "(secret) (secret)  (secret)"
    assert type(secret.plain) is str


SENSITIVE = Masker(b"key", reveal=False, revealed=("*",), sensitive=frozenset({"pin"}))


def test_a_sensitive_fact_is_masked_for_others_whoever_says_it_and_whatever_is_revealed() -> None:
    shown = [
        SENSITIVE.declared(1234, ("pin",)),
        SENSITIVE.declared("1234", ("pin", "inner")),
        SENSITIVE.live([1], ("pin",)),
        SENSITIVE.former(1, 2, ("pin",)),
        SENSITIVE.sent({"a": 1}, {"a": 1}, ("pin",)),
    ]

    assert [one.origin for one in shown if isinstance(one, Masked)] == ["sensitive"] * 5


def test_a_secret_in_a_sensitive_fact_stays_a_secret() -> None:
    assert SENSITIVE.declared(Secret("hush"), ("pin",)) == SENSITIVE.mask("hush", "secret")
    assert isinstance(SENSITIVE.declared([Secret("hush"), 1], ("pin",)), Masked)


def test_the_operators_own_terminal_shows_sensitive_facts() -> None:
    own = Masker(b"key", reveal=True, sensitive=frozenset({"pin"}))

    assert (own.declared(1234, ("pin",)), own.live(1234, ("pin",))) == (1234, 1234)


def test_other_facts_and_what_is_no_fact_are_shown_as_ever() -> None:
    assert SENSITIVE.declared(1234, ("plan",)) == 1234
    assert SENSITIVE.without_sensitive_keys.declared(1234, ("pin",)) == 1234


def test_a_declared_text_that_came_from_an_account_is_shown_on_the_operators_terminal_alone() -> None:
    assert Masker(b"key", reveal=True, declared_live=True).text("held") == "held"
    assert isinstance(Masker(b"key", reveal=False, declared_live=True).text("held"), Masked)


def test_in_any_error_the_start_of_a_very_long_word_is_shown_and_a_path_is_whole() -> None:
    path = "/folder" * 140

    said = worded_error(InputError(f"cannot read {path}: no {'x' * 5000} there"), reveal=False)

    assert said == f"cannot read {path}: no {'x' * 199}… there"


def test_a_sentence_keeps_its_values_apart_from_what_anybody_may_read() -> None:
    sentence = compose("{} is expected, not {}", "a list", named("hush"))

    assert (str(sentence), f"{sentence}!") == ("a list is expected, not a text", "a list is expected, not a text!")
    assert shown(sentence) == 'a list is expected, not the text "hush"'
    assert shown(compose("{} (again)", sentence)) == 'a list is expected, not the text "hush" (again)'
    assert sentence != compose("{} is expected, not {}", "a list", named("other"))


@pytest.mark.parametrize(
    ("withheld", "reveal", "quotes"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_a_withheld_problem_quotes_its_values_for_the_operator_alone(
    *, withheld: bool, reveal: bool, quotes: bool
) -> None:
    problem = Problem("a.yaml", 1, 1, 'x.users["+1415"]', compose("not {}", quote("hush")), withheld=withheld)

    said = str(worded(problem, reveal=reveal))
    assert ("hush" in said, "+1415" in said) == (quotes, quotes)


@pytest.mark.parametrize(
    "form", ['sk-"a\nb&c', 'sk-\\"a\\nb&c', "sk-%22a%0Ab%26c", "sk-&quot;a\nb&amp;c", "c2stImEKYiZj"]
)
def test_the_last_door_knows_a_secret_however_it_is_written(form: str) -> None:
    assert without_secrets(f"<{form}>", {'sk-"a\nb&c', "short"}) == "<***>"
    assert without_secrets("a short word", {"short"}) == "a short word"


@given(st.lists(st.recursive(st.none() | st.integers() | st.sampled_from([0.5, 1.0]) | st.text(), st.lists)))
def test_a_list_has_one_digest_whether_it_is_held_or_comes_one_by_one(values: list[Json]) -> None:
    assert MASKER.digest_of_list(iter(values)) == MASKER.digest(values)


def test_of_many_problems_some_of_each_kind_come_before_others_of_the_most_frequent() -> None:
    many = [Problem("a.yaml", at, 1, "x", compose("{} is no plan", quote(f"p{at}")), "write one") for at in range(90)]
    few = [Problem("a.yaml", at, 1, "x", "unknown key", f'did you mean "{key}"?') for at, key in ((95, "a"), (96, "b"))]

    assert [one.line for one in first_of_each([*many, *few], 5)] == [0, 1, 2, 95, 96]
    assert first_of_each(many, 90) == tuple(many)
