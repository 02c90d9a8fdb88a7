"""Conditions on labels, and what they leave of the declarations."""

import pytest
from msgspec.structs import replace

from reconciler.core.model.labels import parse_label, unmatched_label
from reconciler.core.model.selection import Chosen, Selection, select
from tests.builders import desired, existing, memory

LABELS = {"ann": {"region": "us", "tier": "gold"}, "ben": {"region": "eu"}, "cat": {}}
_PLAIN = desired(*(memory({"plan": 1, "name": 2}, contact=name) for name in LABELS), existing())
EVERYTHING = replace(
    _PLAIN,
    contacts=tuple(replace(one, labels=LABELS[one.name]) for one in _PLAIN.contacts),
    contact_memories=tuple(
        replace(one, contact=replace(one.contact, labels=LABELS[one.contact.name])) for one in _PLAIN.contact_memories
    ),
)


def chosen(*labels: str, excludes: tuple[str, ...] = (), targets: tuple[str, ...] = ()) -> Selection:
    return select(EVERYTHING, Chosen(targets, labels, excludes))


def names(selection: Selection) -> list[str]:
    existing_memories = [one.name for one in selection.desired.existing_memories]
    return [*(one.name for one in selection.desired.contacts), *existing_memories]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["region=us"], ["ann"]),
        (["region"], ["ann", "ben"]),
        (["region!=us"], ["ben", "cat", "vip-line"]),
        (["region", "tier!=gold"], ["ben"]),
        (["region=us", "region=eu"], []),
    ],
)
def test_all_conditions_must_hold_and_what_has_no_label_has_another_one(labels: list[str], expected: list[str]) -> None:
    selection = chosen(*labels)

    assert names(selection) == expected
    assert selection.left_out == 4 - len(expected)
    assert selection.unmatched == ()


@pytest.mark.parametrize("text", ["", "=us", "a b=c", "!=x", "-a"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^" + text):
        parse_label(text)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("regoin", '; did you mean "region"?'),
        ("regoin=us", '; did you mean "region=us"?'),
        ("tier=glod", '; did you mean "tier=gold"?'),
        ("regoin!=us", '; did you mean "region!=us"?'),
        ("region=asia", "; known here: eu, us"),
        ("owner=ann", "; known here: region, tier"),
    ],
)
def test_a_label_that_no_contact_has_is_told_with_the_nearest(text: str, cure: str) -> None:
    assert chosen(text).unmatched == (("--label", text),)
    assert unmatched_label(text, EVERYTHING.contacts) == f"--label {text} names a label that no contact has{cure}"


def test_another_value_than_one_that_nobody_has_leaves_out_nothing() -> None:
    selection = chosen("region!=asia")

    assert (selection.left_out, selection.unmatched) == (0, ())


def test_what_is_excluded_is_left_out_whatever_else_chose_it() -> None:
    assert names(chosen("region", excludes=("ann",))) == ["ben"]
    assert names(chosen(targets=("contacts.*",), excludes=("contacts.b*", "vip-line"))) == ["ann", "cat"]
    assert chosen(excludes=("benn",)).unmatched == (("--exclude", "benn"),)


def test_a_contact_whose_only_chosen_memory_is_excluded_need_not_exist() -> None:
    support = "contacts.ann.scopes.support"

    assert names(chosen(targets=(support,), excludes=(support,))) == []
    assert names(chosen(targets=("ann",), excludes=(support,))) == ["ann"], "the contact itself was chosen"


def test_an_excluded_fact_is_declared_and_not_unmanaged() -> None:
    (one,) = chosen(targets=("ann",), excludes=("*.scopes.*.facts.plan",)).desired.contact_memories

    assert ([fact.key for fact in one.facts], one.left_out) == (["name"], frozenset({"plan"}))
