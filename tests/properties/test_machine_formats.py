"""Whatever text stands in keys, values, addresses and file names, the outputs for other programs keep their form."""

import json
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import (
    AddUserEntry,
    CreateContactEntry,
    CreateMemoryEntry,
    FactAdded,
    FactUpdated,
    NoticeEntry,
    PlaceEntry,
    PlanDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.model.masking import Masked, Masker
from reconciler.core.model.observed import Present
from reconciler.core.model.text import json_text, visible
from reconciler.core.model.value import InexactNumber
from reconciler.errors import Problem
from reconciler.render.json import json_parts, plain, render_json, render_plan_gitlab
from reconciler.render.junit import render_plan_junit, render_receipt_junit
from reconciler.render.sarif import render_plan_sarif, render_problems_sarif
from tests.builders import memory, plan, plan_all

MASKING = Masker(b"key", reveal=False)
LIVE = "live-and-private"
NASTY = st.sampled_from(
    ["", "]]>", "<!-- -->", "<failure/>", "&amp;&#0;", "\x00\x1b[2J", "\u202e\u2028\ufffe\uffff", "\ud800", "`|@x #1",
     "[x](1)", "{0}", "a.users[b", "::set-output", "\r\n\t", "../%2e", "x" * 10_000]
)  # fmt: skip
TEXT = NASTY | st.text(st.characters(exclude_categories=()), max_size=8)
VALUE = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers() | st.sampled_from([InexactNumber("1e999"), 0.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
MAYBE = st.none() | TEXT
PLACE = st.builds(PlaceEntry, TEXT, st.integers(0, 10**6))
PATH = st.lists(TEXT, min_size=1, max_size=2).map(tuple)
MASKED = st.builds(
    Masked,
    st.just("hmac:0123456789abcdef"),
    st.sampled_from(["live", "secret"]),
    st.sampled_from(["text", "number", "boolean", "list", "mapping", "null"]),
    st.sampled_from([None, "empty", "1-8", ">1024"]),
)
ADDED = st.builds(FactAdded, TEXT, st.just("add"), PATH, VALUE, PLACE)
UPDATED = st.builds(FactUpdated, TEXT, st.just("update"), PATH, MASKED, VALUE | MASKED, PLACE)
CHANGES = st.lists(ADDED | UPDATED, min_size=1, max_size=3).map(tuple)
YES = st.booleans()
OPERATION = st.one_of(
    st.builds(CreateContactEntry, st.just("create_contact"), TEXT, YES, PLACE, MAYBE, MAYBE, MAYBE, VALUE, VALUE),
    st.builds(UpdateContactEntry, st.just("update_contact"), TEXT, YES, MAYBE, PLACE, CHANGES),
    st.builds(CreateMemoryEntry, st.just("create_memory"), TEXT, YES, MAYBE, MAYBE, MAYBE, PLACE),
    st.builds(WriteFactsEntry, st.just("write_facts"), TEXT, YES, MAYBE, PLACE, CHANGES),
    st.builds(AddUserEntry, st.just("add_user"), TEXT, YES, MAYBE, PLACE, TEXT, MAYBE, MAYBE, MAYBE),
    st.builds(UpdateUserEntry, st.just("update_user"), TEXT, YES, MAYBE, PLACE, TEXT, CHANGES),
)  # fmt: skip
KINDS = st.sampled_from(["unmanaged", "unverifiable", "unknown_contact", "ambiguous_memory", "not_read"])
NOTICE = st.builds(NoticeEntry, KINDS | TEXT, TEXT, st.integers(0, 10**6))
EMPTY = describe_plan(plan(memory(), Present("m", {})), MASKING)
PLAN = st.builds(
    lambda environment, operations, notices: replace(
        EMPTY, environment=environment, operations=tuple(operations), notices=tuple(notices)
    ),
    TEXT,
    st.lists(OPERATION, max_size=4),
    st.lists(NOTICE, max_size=4),
)
OUTCOME = st.builds(
    OutcomeEntry, TEXT, TEXT, st.sampled_from(["done", "already", "skipped", "failed", "unknown"]), TEXT, PLACE
)
PROBLEM = st.builds(Problem, TEXT, st.integers(0, 9), st.integers(0, 9), TEXT, TEXT, TEXT)


def receipt(environment: str, outcomes: list[OutcomeEntry]) -> ReceiptDocument:
    none = TotalsEntry(done=0, already=0, skipped=0, failed=0, unknown=0)
    return ReceiptDocument(
        "1.0", "receipt", environment, "", "", "", "", interrupted=False, totals=none, outcomes=tuple(outcomes)
    )


def check_junit(text: str) -> list[ET.Element]:
    """Parse a report, and check that its totals are those of its cases."""
    suites = ET.fromstring(text)  # noqa: S314  our own text
    (suite,) = suites
    cases = [*suite]
    assert {case.tag for case in cases} == {"testcase"}
    verdicts = [verdict.tag for case in cases for verdict in case]
    counts = [len(cases), *(verdicts.count(tag) for tag in ("failure", "error", "skipped"))]
    for element in (suites, suite):
        assert [element.get(name) for name in ("tests", "failures", "errors", "skipped")] == [*map(str, counts)]
    return cases


def check_sarif(text: str) -> tuple[list[Any], list[Any]]:
    """Parse a log, check each result as code scanning does, and give results and notifications."""
    (run,) = json.loads(text)["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"].isprintable()
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].isascii()
        assert all(number >= 1 for number in location["physicalLocation"].get("region", {}).values())
    return run["results"], run["invocations"][0]["toolExecutionNotifications"]


@given(PLAN)
def test_a_plan_is_a_report_with_a_case_for_each_address(document: PlanDocument) -> None:
    addresses = dict.fromkeys(entry.address.partition(".users[")[0] for entry in document.operations)

    names = [case.get("name") for case in check_junit(render_plan_junit(document))]

    assert names == ([*map(visible, addresses)] or ["no changes"])


@given(TEXT, st.lists(OUTCOME, max_size=4))
def test_a_receipt_is_a_report_with_a_case_for_each_operation(environment: str, outcomes: list[OutcomeEntry]) -> None:
    names = [case.get("name") for case in check_junit(render_receipt_junit(receipt(environment, outcomes)))]

    assert names == ([visible(outcome.address) for outcome in outcomes] or ["no operations"])


@given(PLAN)
def test_a_plan_is_json_for_every_reader_whatever_is_live(document: PlanDocument) -> None:
    text = render_json(document)

    assert text.encode()
    assert json.loads(text, parse_constant=pytest.fail)["kind"] == "plan"


@given(PLAN)
def test_a_plan_is_the_same_json_whether_it_is_made_part_by_part_or_as_a_whole(document: PlanDocument) -> None:
    assert "".join(json_parts(document)) == json_text(plain(document), indent=2) + "\n"


@given(PLAN)
def test_a_plan_is_three_numbers_for_gitlab(document: PlanDocument) -> None:
    assert json.loads(render_plan_gitlab(document)).keys() == {"create", "update", "delete"}


@given(PLAN)
def test_every_notice_of_a_plan_is_in_the_log(document: PlanDocument) -> None:
    results, notifications = check_sarif(render_plan_sarif(document))

    assert len(results) == sum(notice.source is not None for notice in document.notices)
    assert len(results) + len(notifications) == len(document.notices)


@given(st.lists(PROBLEM, max_size=4))
def test_every_problem_is_in_the_log_with_its_file(problems: list[Problem]) -> None:
    results, notifications = check_sarif(render_problems_sarif(problems))
    files = [problem.file for problem in sorted(set(problems)) if problem.file]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]

    assert [unquote(uri.removeprefix("file://")) for uri in uris] == [
        file.encode(errors="backslashreplace").decode() for file in files
    ]
    assert len(results) + len(notifications) == len(set(problems))


@given(st.dictionaries(TEXT, VALUE, max_size=3), st.dictionaries(TEXT, VALUE, max_size=3))
def test_no_live_value_is_shown(declared: dict[str, Any], live: dict[str, Any]) -> None:
    seen = {key: [LIVE, live.get(key)] for key in declared} | {key: LIVE for key in live if key not in declared}
    document = describe_plan(plan(memory(declared), Present("m", seen)), MASKING)
    texts = [render(document) for render in (render_plan_gitlab, render_plan_junit, render_plan_sarif)]

    check_junit(texts[1])
    check_sarif(texts[2])
    assert not [text for text in texts if LIVE in text]


def test_three_thousand_memories_with_nasty_values_take_little_room() -> None:
    facts: dict[str, Any] = {f"<&\x00{number}": "]]>\x1b|`@everyone" * 1_000 for number in range(4)}
    wanted = [memory(facts, contact=f"c{number}") for number in range(3_000)]
    document = describe_plan(plan_all([(item, Present("m", {"other": 1})) for item in wanted]), MASKING)

    texts = [render(document) for render in (render_plan_gitlab, render_plan_junit, render_plan_sarif)]

    assert max(map(len, texts)) < 10_000_000
    assert len(check_junit(texts[1])) == 3_000
    assert len(check_sarif(texts[2])[0]) == 3_000
