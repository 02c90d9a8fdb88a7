from xml.etree import ElementTree as ET

import pytest
from msgspec import structs
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import PlaceEntry
from reconciler.core.documents.receipt import ReceiptDocument, describe_receipt
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, FoundContact, LiveUser, LiveUsers, MissingContact, Present, Unseen
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.receipt import Outcome, Receipt, Result
from reconciler.render.junit import render_plan_junit, render_receipt_junit
from tests.builders import MASKER, ORIGIN, declared_contact, existing, memory, plan, plan_all, user

MASKING = Masker(b"key", reveal=False)


def cases(text: str) -> list[ET.Element]:
    return ET.fromstring(text).findall("testsuite/testcase")  # noqa: S314  our own text


def plan_case(made: Plan) -> ET.Element:
    (case,) = cases(render_plan_junit(describe_plan(made, MASKING)))
    return case


def said(case: ET.Element, tag: str) -> list[str]:
    return (case.findtext(tag) or "").splitlines()


def totals(text: str) -> dict[str, str]:
    suites = ET.fromstring(text)  # noqa: S314  our own text
    suite = suites.find("testsuite")
    assert suite is not None
    names = ("tests", "failures", "errors", "skipped")
    assert [suites.get(name) for name in names] == [suite.get(name) for name in names]
    return {name: suite.get(name, "") for name in names}


def receipt(*results: Result, detail: str = "no") -> ReceiptDocument:
    made = plan(memory(users=[user(f"+1415555010{number}") for number, _ in enumerate(results)]), Present("m", {}))
    outcomes = tuple(Outcome(*pair, detail) for pair in zip(made.operations, results, strict=True))
    return describe_receipt(
        Receipt(ORIGIN, "2026-01-02T03:04:05Z", "", stop_requested=False, outcomes=outcomes), MASKER
    )


def test_pending_changes_of_a_memory_fail_its_case() -> None:
    case = plan_case(plan(memory({"a": "new", "b c": 1}), Present("m", {"a": "old"})))

    assert case.attrib == {
        "classname": "plan.sandbox",
        "name": "contacts.sarah.scopes.support",
        "time": "0",
        "file": "specs/a.yaml",
        "line": "3",
    }
    assert said(case, "failure") == [
        "2 changes pending",
        '~ a: (live text, 1-8 characters) → "new"  specs/a.yaml:3',
        '+ "b c": 1  specs/a.yaml:3',
    ]


def test_changes_of_users_belong_to_the_case_of_their_memory() -> None:
    live = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)
    wanted = existing(user(metadata="new"), user("+14155550193"))

    assert said(plan_case(plan(wanted, Present("m", {}, live))), "failure")[1:] == [
        '~ user +14155550192 metadata: (live text, 1-8 characters) → "new"  specs/a.yaml:3',
        "+ user +14155550193  specs/a.yaml:3",
    ]


def test_a_contact_and_its_memory_are_two_cases() -> None:
    made = plan(memory(), Absent(), MissingContact())
    found = cases(render_plan_junit(describe_plan(made, MASKING)))

    assert [case.get("name") for case in found] == ["contacts.sarah", "contacts.sarah.scopes.support"]
    assert [said(case, "failure")[1] for case in found] == ["+ contact  specs/a.yaml:3", "+ memory  specs/a.yaml:3"]


def test_changes_of_a_contact_are_shown() -> None:
    wanted = structs.replace(memory(), contact=declared_contact(profile={"name": "Sarah"}))

    assert said(plan_case(plan(wanted, Present("m", {}), FoundContact("c", {}))), "failure")[1:] == [
        '+ name: "Sarah"  specs/a.yaml:3'
    ]


def test_a_case_is_skipped_where_nothing_is_certain_to_be_needed() -> None:
    case = plan_case(plan(existing(user()), Unseen()))

    assert said(case, "skipped") == [
        "1 change not certain to be needed",
        "? user +14155550192, if not there  specs/a.yaml:3",
    ]


def test_what_is_not_certain_is_told_apart_from_what_is_pending() -> None:
    case = plan_case(plan(memory({"a": 1}), Unseen()))

    assert said(case, "failure") == [
        "1 change pending, 1 change not certain to be needed",
        "? memory, if there is none  specs/a.yaml:3",
        "+ a: 1  specs/a.yaml:3",
    ]


def test_many_changes_of_one_memory_are_counted() -> None:
    case = plan_case(plan(memory({f"k{number}": 1 for number in range(30)}), Present("m", {})))

    assert len(said(case, "failure")) == 22
    assert said(case, "failure")[-1] == "and 10 more changes"


def test_totals_of_a_plan_count_what_its_cases_say() -> None:
    made = plan_all([(memory({"a": 1}), Present("m", {})), (existing(user()), Unseen())])

    assert totals(render_plan_junit(describe_plan(made, MASKING))) == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }


def test_a_plan_without_changes_is_one_case_that_passes() -> None:
    case = plan_case(plan(memory(), Present("m", {})))

    assert case.get("name") == "no changes"
    assert [*case] == []


def test_a_line_that_is_not_known_is_not_shown() -> None:
    made = describe_plan(plan(memory({"a": 1}), Present("m", {})), MASKING)
    moved = replace(made.operations[0], source=PlaceEntry("specs/a.yaml", 0))
    (case,) = cases(render_plan_junit(replace(made, operations=(moved,))))

    assert case.get("file") == "specs/a.yaml"
    assert case.get("line") is None


@pytest.mark.parametrize(("result", "tag"), [("failed", "failure"), ("unknown", "error"), ("skipped", "skipped")])
def test_operations_that_are_not_done_say_why(result: Result, tag: str) -> None:
    (case,) = cases(render_receipt_junit(receipt(result, detail="the key is refused")))
    (verdict,) = case

    assert (verdict.tag, verdict.get("message"), verdict.get("type")) == (tag, "the key is refused", result)
    assert said(case, tag) == [
        "the key is refused",
        'add_user contacts.sarah.scopes.support.users["+14155550100"]  specs/a.yaml:3',
    ]


def test_operations_that_are_done_or_were_already_there_pass() -> None:
    found = cases(render_receipt_junit(receipt("done", "already")))

    assert [[*case] for case in found] == [[], []]
    assert {case.get("classname") for case in found} == {"apply.sandbox.add_user"}


def test_totals_of_a_receipt_count_its_outcomes() -> None:
    text = render_receipt_junit(receipt("done", "already", "failed", "failed", "unknown", "skipped"))

    assert totals(text) == {"tests": "6", "failures": "2", "errors": "1", "skipped": "1"}


def test_an_outcome_of_another_version_is_an_error() -> None:
    document = receipt("done")
    strange = replace(document.outcomes[0], outcome="postponed")

    assert totals(render_receipt_junit(replace(document, outcomes=(strange,))))["errors"] == "1"


def test_a_receipt_without_operations_is_one_case_that_passes() -> None:
    (case,) = cases(render_receipt_junit(receipt()))

    assert (case.get("name"), [*case]) == ("no operations", [])


def test_characters_that_xml_forbids_are_shown_as_escapes() -> None:
    (case,) = cases(render_receipt_junit(receipt("failed", detail="\x00\x1b[2J\ud800\ufffe]]>&<b>")))

    assert said(case, "failure")[0] == r"\x00\x1b[2J\ud800\ufffe]]>&<b>"
