from dataclasses import replace

import pytest

from reconciler.core.describe import describe_plan, describe_receipt
from reconciler.core.fingerprint import specs_digest
from reconciler.core.observed import FoundContact, LiveUser, LiveUsers, Present, UnreadableContact
from reconciler.core.plan import Plan
from reconciler.core.receipt import Outcome, Receipt
from reconciler.core.redaction import Masker
from reconciler.render.json import render_json
from reconciler.render.paint import PLAIN
from reconciler.render.plan_text import render_plan_text
from reconciler.render.receipt_text import render_receipt_text
from reconciler.render.words import listed, shown, shown_change
from tests.builders import ORIGIN, declared_contact, desired, existing, fact, memory, plan, user

REVEALING = Masker(b"key", reveal=True)


def lines(made: Plan) -> list[str]:
    text = render_plan_text(describe_plan(made, REVEALING), PLAIN)
    return [line.split("  specs/")[0].strip() for line in text.splitlines() if line.startswith("  ")]


def test_changes_of_a_contact_are_shown_under_its_address() -> None:
    contact = declared_contact(profile={"name": "Sarah", "metadata": {"tier": 1}})
    wanted = replace(memory(), contact=contact)

    assert lines(plan(wanted, Present("m", {}), FoundContact("c", {"name": "S."}))) == [
        '+ metadata: {"tier": 1}',
        '~ name: "S." → "Sarah"',
    ]
    assert lines(plan(wanted, Present("m", {}), FoundContact("c", None))) == [
        '? metadata: {"tier": 1}',
        '? name: "Sarah"',
    ]


def test_changes_of_a_user_name_the_user() -> None:
    live = LiveUsers({"+14155550192": LiveUser("old", "grown")}, listed=True)

    assert lines(plan(existing(user(metadata="new")), Present("m", {}, live))) == [
        '~ user +14155550192 metadata: "old" → "new"'
    ]


def test_keys_that_are_not_one_word_stand_in_quotes() -> None:
    assert lines(plan(memory({"a b": {"c": 1}}), Present("m", {"a b": {"c": 0}}))) == ['~ "a b".c: 0 → 1']


def test_text_that_would_move_the_cursor_is_escaped() -> None:
    made = plan(memory({"a": "\x1b[2J\u202e\n"}), Present("m", {}))

    assert all(line.isprintable() for line in render_plan_text(describe_plan(made, REVEALING), PLAIN).splitlines())


def test_a_long_value_is_cut_and_a_change_far_inside_of_it_is_still_seen() -> None:
    before, after = shown_change("x" * 500 + "A", "x" * 500 + "B")

    assert len(shown("x" * 500)) <= 160
    assert before.endswith('xA"')
    assert after.endswith('xB"')
    assert before.startswith("…")


def test_short_values_and_early_changes_are_shown_from_their_start() -> None:
    assert shown_change("a", "b") == ('"a"', '"b"')
    assert shown_change("A" + "x" * 500, "B")[0].startswith('"Ax')


def test_parts_are_listed_in_words() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_json_is_the_same_for_the_same_plan() -> None:
    made = plan(memory({"b": {"z": 1, "a": 2}}), Present("m", {}))
    document = describe_plan(made, Masker(b"key", reveal=False))

    assert render_json(document) == render_json(document)
    assert render_json(document).index('"a": 2') < render_json(document).index('"z": 1')


def test_many_operations_skipped_for_one_reason_are_one_line() -> None:
    made = plan(memory({"a": 1}, users=[user(f"+1415555{n:04}") for n in range(9)]), Present("m", {}))
    outcomes = tuple(Outcome(operation, "skipped", "not reached") for operation in made.operations)
    receipt = Receipt(ORIGIN, "", "", stop_requested=True, outcomes=outcomes)
    text = render_receipt_text(describe_receipt(receipt), PLAIN)

    assert "skipped  10 operations: not reached\n" in text
    assert text.count("not reached") == 1


def test_an_apply_stopped_after_its_last_operation_was_not_interrupted() -> None:
    made = plan(memory({"a": 1}), Present("m", {}))
    outcomes = tuple(Outcome(operation, "done") for operation in made.operations)

    assert not Receipt(ORIGIN, "", "", stop_requested=True, outcomes=outcomes).interrupted


# the digest of the specs


BASE = memory({"a": 1}, users=[user(metadata="m")])


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, facts=(fact("a", 2),)),
        replace(BASE, facts=(fact("a", 1, "seed"),)),
        replace(BASE, facts=(fact("b", 1),)),
        replace(BASE, users=(user(metadata="n"),)),
        replace(BASE, users=(user(metadata="m", summary="s"),)),
        replace(BASE, contact=declared_contact(profile={"name": "S"})),
    ],
)
def test_whatever_is_declared_otherwise_gives_another_digest(other: object) -> None:
    assert specs_digest(desired(other)) != specs_digest(desired(BASE))  # type: ignore[arg-type]  # a memory


def test_places_do_not_count_for_the_digest() -> None:
    moved = replace(BASE, source=replace(BASE.source, line=99))

    assert specs_digest(desired(moved)) == specs_digest(desired(BASE))


def test_a_contact_that_cannot_be_looked_up_is_told_in_the_document() -> None:
    made = plan(memory(), Present("m", {}), UnreadableContact())

    assert [notice.type for notice in describe_plan(made, REVEALING).notices] == ["unverifiable"]
