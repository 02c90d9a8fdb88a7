"""Live values that cannot be sent back as they came are known as such, and never sent otherwise."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.api.answers import body_of
from reconciler.api.requests import content, write_facts
from reconciler.core.model.observed import FoundContact, LiveUser, LiveUsers, Present
from reconciler.core.model.value import MOST_LIVE, InexactNumber, Json, TooDeep, comparable, live_number, unsendable
from reconciler.core.plan.diff import diff_facts, unsendable_facts
from reconciler.core.plan.operations import UpdateUser
from reconciler.core.plan.receipt import without
from reconciler.errors import ApiError
from tests.api.test_answers import answer
from tests.builders import declared_contact, memory, plan, user
from tests.execute.test_execute import results, run
from tests.fakes import FakeWriter


def nested(levels: int, inner: Json = 1) -> Json:
    for _ in range(levels):
        inner = {"d": inner}
    return inner


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1e-999", "0.12345678901234567891", "12345678901234567.5"])
def test_a_number_that_no_double_keeps_knows_how_it_was_written(text: str) -> None:
    number = live_number(text)

    assert isinstance(number, InexactNumber)
    assert number.text == text
    assert unsendable({"a": [number]})


@pytest.mark.parametrize("text", ["1.5", "3.10", "1e5", "1E+22", "5e-324", "0.30000000000000004"])
def test_other_numbers_are_doubles(text: str) -> None:
    assert type(live_number(text)) is float
    assert not unsendable(live_number(text))


def test_a_whole_number_of_5000_digits_does_not_spoil_the_answer_that_holds_it() -> None:
    body = body_of(answer(200, b'{"data": {"n": ' + b"9" * 5_000 + b', "m": 1}}'), hide="")

    assert isinstance(body["data"], dict)
    assert isinstance(body["data"]["n"], InexactNumber)
    assert body["data"]["m"] == 1


@pytest.mark.parametrize("levels", [1, MOST_LIVE, MOST_LIVE + 1, 900])
def test_what_is_nested_deeper_than_specs_may_be_has_a_stand_in(levels: int) -> None:
    found = comparable({"a": nested(levels), "b": 1})

    assert isinstance(found["a"], TooDeep) is (levels > MOST_LIVE)
    assert found["b"] == 1
    assert found == comparable({"a": nested(levels), "b": 1})
    assert found["a"] != comparable({"a": nested(levels, 2)})["a"]


LIVE = st.recursive(
    st.text(st.characters(exclude_categories=()), max_size=5) | st.sampled_from([InexactNumber("1e999"), 1.5, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=3), LIVE, max_size=3))
def test_a_live_part_goes_back_as_it_came_or_is_not_sent_and_said(beside: dict[str, Json]) -> None:
    live = {"x": {**beside, "a": "former"}}
    writes = diff_facts(memory({"x": {"a": 1}}).facts, live)
    request = write_facts("m", {write.key: write.value for write in writes})

    if unsendable_facts(writes):
        with pytest.raises(ApiError, match="nothing was sent"):
            content(request)
    else:
        body = content(request)
        assert body is not None
        assert body.isascii()
        assert json.loads(body) == {"facts": {"x": {**beside, "a": 1}}}


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        ({"b": InexactNumber("1e999")}, "a live number beside what is declared is one that JSON does not keep"),
        (TooDeep(nested(99)), "nested more than 64 levels deep"),
    ],
)
def test_what_cannot_go_back_fails_with_its_reason_and_the_other_facts_are_written(live: Json, reason: str) -> None:
    facts: Mapping[str, Any] = {"x": live, "plan": "trial"}
    writer = FakeWriter()
    writer.facts["mem"] = dict(facts)
    (outcome,) = run(plan(memory({"x": {"a": 1}, "plan": "premium"}), Present("mem", facts)), writer).outcomes

    assert outcome.result == "failed"
    assert outcome.detail.startswith('"x" was not sent: ')
    assert reason in outcome.detail
    assert writer.facts["mem"] == {"x": live, "plan": "premium"}


def test_a_defect_before_anything_is_sent_is_a_failure_and_after_that_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan(memory({"plan": 1}), Present("mem", {}))
    monkeypatch.setattr("reconciler.execute.memories.unsendable_facts", lambda _facts: 1 / 0)
    (outcome,) = run(made, writer := FakeWriter()).outcomes

    assert (outcome.result, outcome.detail) == (
        "failed",
        "a defect of reconciler (ZeroDivisionError); nothing was sent",
    )
    assert not writer.calls

    monkeypatch.undo()
    assert results(run(made, FakeWriter(defects_in=["mem"])).outcomes) == ["unknown"]


def test_of_a_value_that_is_merged_by_key_only_what_is_sent_has_to_be_kept() -> None:
    live: dict[str, Json] = {"metadata": {"score": InexactNumber("1e999"), "tier": "old", "in": TooDeep(nested(99))}}
    beside = diff_facts(memory({"metadata": {"tier": "new"}}).facts, live)
    within = diff_facts(memory({"metadata": {"in": {"a": 1}}}).facts, live)

    assert unsendable_facts(beside, by_key=True) == {}
    assert unsendable_facts(beside).keys() == {"metadata"}
    assert "64 levels" in unsendable_facts(within, by_key=True)["metadata"]


def test_what_a_contact_cannot_take_back_fails_with_its_reason_and_the_other_fields_are_written() -> None:
    live: dict[str, Json] = {"metadata": {"in": {"score": InexactNumber("1e999"), "tier": "old"}}, "name": "Old"}
    contact = declared_contact(profile={"metadata": {"in": {"tier": "new"}}, "name": "New"})
    writer = FakeWriter()
    writer.profiles["id-of-sarah"] = dict(live)
    made = plan(replace(memory(), contact=contact), Present("mem", {}), FoundContact("id-of-sarah", live))
    (outcome,) = run(made, writer).outcomes

    assert outcome.result == "failed"
    assert outcome.detail.startswith('"metadata" was not sent: ')
    assert writer.profiles["id-of-sarah"] == {**live, "name": "New"}


def test_a_user_is_left_out_only_where_every_text_was_of_no_use_before() -> None:
    live = LiveUsers({"+14155550192": LiveUser("old", "old")}, listed=True)
    made = plan(memory(users=[user(metadata="new", summary="new")]), Present("mem", {}, live))
    (operation,) = made.operations
    assert isinstance(operation, UpdateUser)
    first, second = operation.changes

    assert without(made, {operation.address: [first]}) == made
    assert without(made, {operation.address: [first, second]}).operations == ()


@pytest.mark.parametrize(("before", "now"), [(1, True), ([0], [False]), ({"a": 1}, {"a": True})])
def test_a_write_that_was_of_no_use_over_a_number_may_be_of_use_over_a_truth_value(before: Json, now: Json) -> None:
    of_no_use = diff_facts(memory({"vip": "no"}).facts, {"vip": before})
    made = plan(memory({"vip": "no"}), Present("mem", {"vip": now}))
    (operation,) = made.operations

    assert without(made, {operation.address: of_no_use}) == made
    assert without(plan(memory({"vip": "no"}), Present("mem", {"vip": before})), {operation.address: of_no_use}) != made
