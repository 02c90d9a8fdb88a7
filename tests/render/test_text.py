import pytest
from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.receipt import ReceiptDocument, describe_receipt
from reconciler.core.documents.runs import RunEntry, RunsDocument
from reconciler.core.model.desired import specs_digest
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import FoundContact, LiveUser, LiveUsers, Present, UnreadableContact
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Outcome, Receipt, RunRecord
from reconciler.render.json import plain, render_json
from reconciler.render.output import PLAIN
from reconciler.render.plan_text import render_plan_text
from reconciler.render.tables import render_runs_text
from reconciler.render.text import render_receipt_text
from reconciler.render.words import listed, shown, shown_change
from tests.builders import MASKER, ORIGIN, declared_contact, desired, existing, fact, filled, memory, plan, user

REVEALING = Masker(b"key", reveal=True)


class _Inside(Struct, frozen=True):
    """A value that is no document."""


@pytest.mark.parametrize("value", [_Inside(), {"a": [_Inside()]}, {1, 2}])
def test_what_is_no_part_of_a_document_is_named_where_it_is_met(value: object) -> None:
    with pytest.raises(TypeError, match=r"^(_Inside|set) is no part of a document$"):
        plain(value)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", "(live text, empty)"),
        ("12345678", "(live text, 1-8 characters)"),
        ([], "(live list, empty)"),
        ([1], "(live list, 1-8 entries)"),
        ({"a": 1}, "(live mapping, 1-8 entries)"),
        (7, "(live number)"),
        (None, "(live null)"),
    ],
)
def test_of_a_masked_value_its_kind_and_about_its_length_are_told(value: Json, told: str) -> None:
    masked = MASKER.mask(value, "live")

    assert shown(masked) == told
    assert shown(masked, digests=True) == f"{told[:-1]}, {masked.masked})"


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
    document = describe_plan(made, MASKER)

    assert render_json(document) == render_json(document)
    assert render_json(document).index('"a": 2') < render_json(document).index('"z": 1')


def test_many_operations_skipped_for_one_reason_are_one_line() -> None:
    made = plan(memory({"a": 1}, users=[user(f"+1415555{n:04}") for n in range(9)]), Present("m", {}))
    outcomes = tuple(Outcome(operation, "skipped", "not reached") for operation in made.operations)
    receipt = Receipt(ORIGIN, "", "", stop_requested=True, outcomes=outcomes)
    text = render_receipt_text(describe_receipt(receipt, MASKER), PLAIN)

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
    assert specs_digest(desired(other), MASKER.digest) != specs_digest(desired(BASE), MASKER.digest)  # type: ignore[arg-type]  # a memory


def test_places_do_not_count_for_the_digest() -> None:
    moved = replace(BASE, source=replace(BASE.source, line=99))

    assert specs_digest(desired(moved), MASKER.digest) == specs_digest(desired(BASE), MASKER.digest)


def test_a_contact_that_cannot_be_looked_up_is_told_in_the_document() -> None:
    made = plan(memory(), Present("m", {}), UnreadableContact())

    assert [notice.type for notice in describe_plan(made, REVEALING).notices] == ["unverifiable"]


def test_a_secret_enters_the_digest_keyed_so_that_it_cannot_be_guessed() -> None:
    def digest(value: str, key: bytes) -> str:
        return specs_digest(desired(memory({"token": value})), Masker(key, reveal=False).digest)

    assert digest("1234", b"key") == digest("1234", b"other")
    assert digest(Secret("1234"), b"key") not in {digest(Secret("1234"), b"other"), digest("1234", b"key")}
    assert digest(Secret("1234"), b"key") != digest(Secret("1235"), b"key")
    assert digest(Secret("1234"), b"key") == digest(Secret("1234"), b"key")


def test_a_secret_is_masked_on_the_operators_terminal_too_and_so_is_what_it_replaces() -> None:
    wanted = memory({"token": Secret("new hush"), "at": {"pin": Secret("4321"), "city": "Oslo"}})
    made = plan(wanted, Present("m", {"token": "old hush"}))
    text = render_plan_text(describe_plan(made, REVEALING), PLAIN)

    assert "hush" not in text
    assert "4321" not in text
    assert "token: (secret text, 1-8 characters)" in text
    assert 'at: {"city": "Oslo", "pin": (secret text, 1-8 characters)' in text


def test_an_equal_secret_is_no_change() -> None:
    wanted = memory({"token": Secret("hush"), "at": {"pin": Secret("4321"), "city": "Oslo"}})
    made = plan(wanted, Present("m", {"token": "hush", "at": {"pin": "4321", "city": "Rome"}}))

    assert [change.path for item in made.operations for fact in item.facts for change in fact.changes] == [  # type: ignore[union-attr]  # one write
        ("at", "city")
    ]


def test_the_page_of_a_job_stands_below_its_run() -> None:
    document = filled(RunsDocument, "")
    run = replace(document.runs[0], ci_url="https://ci.example/7")

    def shown_of(one: RunEntry) -> str:
        return render_runs_text(replace(document, runs=(one,)), None, "f")

    assert shown_of(run).endswith("\n  https://ci.example/7\n")
    assert shown_of(replace(run, ci_url=None)) == shown_of(run).removesuffix("  https://ci.example/7\n")


def test_who_ran_an_apply_ends_the_sentence_where_no_job_has_a_page() -> None:
    receipt = replace(filled(ReceiptDocument, ""), run=RunRecord(id="1", actor="ana"), runs=())
    on_ci = replace(receipt, run=RunRecord(id="1", actor="ana", ci_url="https://ci.example/7"))

    assert "\nRun by ana.\n" in render_receipt_text(receipt, PLAIN)
    assert "\nRun by ana: https://ci.example/7\n" in render_receipt_text(on_ci, PLAIN)
