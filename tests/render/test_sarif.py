import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import NoticeEntry, PlaceEntry, PlanDocument, RuleEntry, RulePlaceEntry
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Present
from reconciler.errors import Problem
from reconciler.render import sarif
from reconciler.render.sarif import MOST_RESULTS, render_plan_sarif, render_problems_sarif
from tests.builders import memory, plan, user

PLACE = PlaceEntry("specs/a.yaml", 3)
MEMORY = "contacts.sarah.scopes.support"


def run_of(text: str) -> Any:
    log = json.loads(text)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["tool"]["driver"]["name"] == "reconciler"
    return run


def notifications(text: str) -> list[str]:
    (invocation,) = run_of(text)["invocations"]
    return [notification["message"]["text"] for notification in invocation["toolExecutionNotifications"]]


def results(text: str) -> list[Any]:
    found: list[Any] = run_of(text)["results"]
    return found


def place(problem: Problem) -> Any:
    (result,) = results(render_problems_sarif([problem]))
    return result["locations"][0]["physicalLocation"]


def noticed(*notices: NoticeEntry) -> PlanDocument:
    made = plan(memory({"a": 1}, users=[user()]), Present("m", {"b": 1}))
    return replace(describe_plan(made, Masker(b"key", reveal=False)), notices=notices)


def test_a_problem_is_a_result_at_its_place() -> None:
    text = render_problems_sarif([Problem("specs/a.yaml", 4, 1, "contcts", "unknown key", "say contacts")])

    assert run_of(text)["tool"]["driver"]["rules"][0]["id"] == "invalid_spec"
    assert results(text) == [
        {
            "ruleId": "invalid_spec",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "contcts: unknown key; say contacts"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "specs/a.yaml", "uriBaseId": "%SRCROOT%"},
                        "region": {"startLine": 4, "startColumn": 1},
                    },
                    "logicalLocations": [{"fullyQualifiedName": "contcts"}],
                }
            ],
        }
    ]


def test_problems_are_sorted_and_told_once() -> None:
    later, sooner = Problem("b.yaml", 1, 1, "", "later"), Problem("a.yaml", 2, 1, "", "sooner")

    text = render_problems_sarif([later, sooner, later])

    assert [result["message"]["text"] for result in results(text)] == ["sooner", "later"]
    assert text == render_problems_sarif([sooner, later])


def test_a_place_that_is_not_known_is_left_out() -> None:
    assert place(Problem("a.yaml", 3, 0, "", "m"))["region"] == {"startLine": 3}
    assert "region" not in place(Problem("a.yaml", 0, 0, "", "m"))


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("spécs/a b#1%.yaml", "sp%C3%A9cs/a%20b%231%25.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("/tmp/a.yaml", "file:///tmp/a.yaml"),  # noqa: S108  nothing is written there
        ("//host/a.yaml", "file:////host/a.yaml"),
        ("a\udcff.yaml", "a%5Cudcff.yaml"),
    ],
)
def test_file_names_are_given_as_uris(file: str, uri: str) -> None:
    assert place(Problem(file, 1, 1, "", "m"))["artifactLocation"]["uri"] == uri


def test_a_problem_of_no_file_is_a_notification() -> None:
    text = render_problems_sarif([Problem("", 0, 0, "", "no specs")])

    assert results(text) == []
    assert notifications(text) == ["no specs"]


def test_a_message_makes_no_link_and_moves_no_cursor() -> None:
    (result,) = results(render_problems_sarif([Problem("a", 1, 1, "", "[x](https://example.com)\x1b\n")]))

    assert result["message"]["text"] == r"[x]\(https://example.com)\x1b\n"


def test_a_notice_stands_where_its_memory_or_contact_is_declared() -> None:
    unmanaged = NoticeEntry("unmanaged", MEMORY, 3, PLACE)
    text = render_plan_sarif(noticed(unmanaged, NoticeEntry("unverifiable", MEMORY, 1, PLACE)))

    assert [result["message"]["text"] for result in results(text)] == [
        f"{MEMORY}: no spec names 3 live facts: left alone.",
        f"{MEMORY}: 1 contact or user cannot be looked up.",
    ]
    assert results(text)[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert run_of(text)["automationDetails"] == {"id": "reconciler/plan/sandbox/"}


def test_notices_without_a_place_are_notifications() -> None:
    text = render_plan_sarif(
        noticed(
            NoticeEntry("ambiguous_memory", "contacts.jo.scopes.a", 2),
            NoticeEntry("not_read", "", 1_200),
            NoticeEntry("remembered", "", 1_200, since="2026-01-02T12:00:00.000Z"),
            NoticeEntry("unknown_contact", "contacts.jo", 1),
            NoticeEntry("new\n", "contacts.jo", 5),
        )
    )

    assert results(text) == []
    assert notifications(text) == [
        "contacts.jo.scopes.a: the account holds 2 memories for one contact and scope: nothing is planned for them.",
        "1,200 memories not chosen, so not read.",
        "1,200 users not read again: the account showed them as declared on 2026-01-02 or later; --refresh reads them.",
        "contacts.jo: the account does not show the contact of 1 memory; the API decides.",
        "contacts.jo: 5 notices of this kind.",
    ]


def test_keys_that_the_specs_no_longer_name_are_told() -> None:
    keys = ("tier", 'users["+14155550192"]')
    text = render_plan_sarif(noticed(NoticeEntry("retained", MEMORY, 2, PLACE, keys)))

    assert [result["message"]["text"] for result in results(text)] == [
        f'{MEMORY}: the specs no longer name 2 keys or users: they stay live: tier and users["+14155550192"]'
    ]


def test_rules_are_those_of_the_results() -> None:
    text = render_plan_sarif(noticed(NoticeEntry("unmanaged", MEMORY, 1, PLACE), NoticeEntry("not_read", "", 1)))
    rules = run_of(text)["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == ["not_read", "unmanaged"]
    assert rules[results(text)[0]["ruleIndex"]]["defaultConfiguration"] == {"level": "note"}


def test_a_broken_rule_that_is_not_allowed_is_a_result_at_each_place_and_says_why() -> None:
    places = (RulePlaceEntry(MEMORY, PLACE), RulePlaceEntry("contacts.jo", None, "a key is missing"))
    some = RuleEntry(name="kept", kind="memory", message="why", source=PLACE, count=2, places=places, allowed=False)
    allowed = replace(some, name="raised", allowed=True)

    text = render_plan_sarif(replace(noticed(), rules=(allowed, some)))
    told = [result["message"]["text"] for result in results(text)] + notifications(text)
    assert [one for one in told if "this breaks" in one] == [
        f"{MEMORY}: this breaks the rule kept: why",
        "contacts.jo: this breaks the rule kept: why (a key is missing)",
    ]


def test_what_a_run_cannot_hold_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    problems: Sequence[Problem] = [Problem("a.yaml", line, 1, "", "m") for line in range(1, 6)]

    assert len(results(render_problems_sarif(problems))) == 3
    assert notifications(render_problems_sarif(problems)) == ["2 more results left out: a run holds 3."]
    assert MOST_RESULTS == 25_000
