"""What each kind of notice says of one thing and of two, at a place, and which rule of code scanning it has."""

import json
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from reconciler.core.documents.explanation import LintDocument, LintRule
from reconciler.core.documents.plan import NoticeEntry, PlaceEntry, PlanDocument, RuleEntry, RulePlaceEntry
from reconciler.core.model.masking import Masked
from reconciler.core.model.selection import Chosen
from reconciler.core.model.settings import ExceededGuard
from reconciler.render.notices import (
    guard_sentence,
    keys_of,
    notice_groups,
    notice_sentence,
    refusal_sentences,
    rule_sentence,
    view_sentences,
    warning_sentences,
)
from reconciler.render.sarif import render_lint_sarif, render_plan_sarif
from reconciler.render.words import words_of
from tests.builders import filled

SENTENCES = {
    "unmanaged": ("no spec names 1 live fact", "no spec names 2 live facts in X: left alone"),
    "retained": ("the specs no longer name 1 key", "the specs no longer name 2 keys or users in X: they stay live"),
    "unverifiable": ("1 contact or user cannot be", "2 contacts or users in X cannot be looked up"),
    "unknown_contact": (
        "the account does not show the contact of 1 memory;",
        "the account does not show the contact of 2 memories in X; the API decides",
    ),
    "ambiguous_contact": (
        "the account holds 1 contact alike",
        "the account holds 2 contacts alike, of which one is declared in X: none is taken for it, and none is added",
    ),
    "ambiguous_user": (
        "the account holds 1 user alike",
        "the account holds 2 users alike, of which one is declared in X: none is taken for it, and none is added",
    ),
    "ambiguous_memory": (
        "the account holds 1 memory for",
        "the account holds 2 memories for one contact and scope in X: nothing is planned for them",
    ),
    "near_duplicate": (
        "check 1 new key:",
        "check 2 new keys in X: one typo away from a known one, and a key once written stays",
    ),
    "unconfirmed_key": (
        "the account does not show the declared external_memory_key of 1 user:",
        "the account does not show the declared external_memory_key of 2 users in X: only adding a user sets it",
    ),
    "undeclared": (
        "the specs no longer declare 1 contact or memory:",
        "the specs no longer declare 2 contacts or memories in X: nothing is deleted",
    ),
    "now_enforced": (
        "1 fact changed from seeded",
        "2 facts in X changed from seeded to enforced: other live values will be overwritten",
    ),
    "now_seeded": ("1 fact changed from e", "2 facts in X changed from enforced to seeded: live values will stay"),
    "key_changed": (
        "another external_memory_key is declared for 1 user:",
        "another external_memory_key is declared for 2 users in X: only adding a user sets it",
    ),
    "remembered": (
        "1 user not read again",
        "2 users not read again: the account showed them as declared; --refresh reads them",
    ),
    "not_read": ("1 memory not chosen", "2 memories not chosen, so not read"),
    "other_shard": (
        "1 memory in other shards",
        ("2 memories in other shards neither read nor checked, because of --shard; "
        "`reconciler validate` checks all specs"),
    ),
    "of-tomorrow": ("1 notice of this kind", "2 notices of this kind in X"),
}  # fmt: skip
PLACE = PlaceEntry("specs/a.yaml", 3)


@pytest.mark.parametrize("kind", SENTENCES)
def test_each_kind_of_notice_has_a_sentence_for_one_and_for_several(kind: str) -> None:
    one, several = SENTENCES[kind]

    assert notice_sentence(NoticeEntry(kind, "a", 1), 1).startswith(one)
    assert notice_sentence(NoticeEntry(kind, "a", 2), 2, "X") == several


def test_a_contact_without_a_memory_is_unknown_too() -> None:
    none = NoticeEntry("unknown_contact", "a", 0)

    assert notice_sentence(none, 0, "X") == "the account does not show the contact in X; the API decides"
    assert notice_sentence(NoticeEntry("unmanaged", "a", 0), 0).startswith("no spec names 0 live facts")


def test_users_are_remembered_since_a_day() -> None:
    told = NoticeEntry("remembered", "", 2, since="2026-01-02T12:00:00.000Z")

    assert "as declared on 2026-01-02 or later; --refresh" in notice_sentence(told, 2)


@pytest.mark.parametrize(
    ("kind", "where", "said"),
    [
        ("rule", "X", "the rule <r> warns in X: <m>"),
        ("rule", "", "the rule <r> warns: <m>"),
        ("rule_not_judged", "X", "the rule <r> is not judged in X: it reads a secret, or a value that only its digest"),
    ],
)  # fmt: skip
def test_a_rule_is_named_with_what_it_says(kind: str, where: str, said: str) -> None:
    def marked(text: str) -> str:
        return f"<{text}>"

    assert notice_sentence(NoticeEntry(kind, "a", 1, rule="r", message="m"), 1, where, marked).startswith(said)


def test_notices_of_a_kind_are_one_group_at_a_place_or_at_several() -> None:
    one, two = NoticeEntry("unmanaged", "a", 3), NoticeEntry("unmanaged", "b", 4)
    other = NoticeEntry("not_read", "", 1)
    groups = notice_groups([one, other, two])

    assert [(group.kind, group.heading) for group in groups] == [
        ("unmanaged", "No spec names 7 live facts in 2 places: left alone"),
        ("not_read", "1 memory not chosen, so not read"),
    ]
    assert notice_groups([one])[0].sentence == "no spec names 3 live facts in a: left alone"
    assert notice_groups([one, two], None)[0].sentence == "no spec names 7 live facts: left alone"
    assert [group.notices for group in groups] == [(one, two), (other,)]
    assert notice_groups([one, replace(two, keys=("k",))])[0].with_keys == [replace(two, keys=("k",))]


def test_rules_are_groups_of_their_own_and_count_each_place() -> None:
    def rule(name: str, message: str, count: int = 1) -> NoticeEntry:
        return NoticeEntry("rule", "a", count, rule=name, message=message)

    groups = notice_groups([rule("r", "m"), rule("r", "n"), rule("s", "m"), rule("r", "m", 2)])
    assert [group.sentence for group in groups] == [
        "the rule r warns in 3 places: m",
        "the rule r warns in a: n",
        "the rule s warns in a: m",
    ]
    assert warning_sentences(replace(filled(PlanDocument, ""), notices=(rule("r", "m"), NoticeEntry("x", "a", 1)))) == [
        "The rule r warns in a: m."
    ]


def test_keys_are_listed_and_a_new_one_stands_beside_those_it_is_like() -> None:
    def of(kind: str, *keys: Any) -> str:
        return keys_of(NoticeEntry(kind, "a", 1, keys=keys))

    assert of("unmanaged") == of("near_duplicate") == ""
    assert of("unmanaged", "a", "b c", "d,e", "", "\x1b") == r'a, "b c", "d,e", "" and "\u001b"'
    assert of("near_duplicate", "plam", "plan") == "plam beside plan"
    assert of("near_duplicate", "plam", "plan", "plum") == "plam beside plan and plum"
    assert of("near_duplicate", "plam") == "plam"
    assert of("near_duplicate", "pl\u0430n", "plan") == r"pl\u0430n beside plan"


def test_only_where_digests_are_wanted_a_masked_key_has_its_own() -> None:
    key = Masked("hmac:1", "live", "text", "9-32")
    notice = NoticeEntry("unmanaged", "a", 1, keys=(key,))

    assert keys_of(notice) == "(live text, 9-32 characters)"
    assert keys_of(notice, digests=True) == "(live text, 9-32 characters, hmac:1)"


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        (ExceededGuard("max_changes", 1_000, 1_001.0), "1,001 changes, and max_changes is 1,000"),
        (ExceededGuard("max_changes", 0, 1.0), "1 change, and max_changes is 0"),
        (
            ExceededGuard("max_update_share", 12.5, 0.25),
            "25 % of the live enforced facts would be overwritten, and max_update_share is 12.5",
        ),
        (ExceededGuard("max_new_keys", 0, 1.0), "1 key that no memory has, and max_new_keys is 0"),
        (ExceededGuard("max_new_keys", 1, 2.0, ("a", "b")), "2 keys that no memory has (a and b), and max_new_keys"),
    ],
)  # fmt: skip
def test_each_guard_says_how_it_is_exceeded(guard: ExceededGuard, said: str) -> None:
    assert guard_sentence(guard).startswith(said)


def rule(**changes: Any) -> RuleEntry:
    return replace(RuleEntry("r", "memory", "m", PLACE, 2, ()), **changes)


def test_a_broken_rule_says_by_what_and_where() -> None:
    places = (RulePlaceEntry("a", PLACE, "why"), RulePlaceEntry("b", None))
    start = "the rule r (specs/a.yaml:3) is broken by"

    assert rule_sentence(rule()) == f"{start} the totals of this plan: m"
    assert rule_sentence(rule(places=places)) == f"{start} 2 memories: m; a at specs/a.yaml:3 (why) and b"
    assert f"{start} 1 change: m" in rule_sentence(rule(kind="change", count=1, places=places[1:]))
    assert f"{start} 3 contacts: m; b and 2 more" in rule_sentence(rule(kind="contact", count=3, places=places[1:]))


def test_a_plan_says_what_refuses_it_and_what_was_allowed() -> None:
    guard = ExceededGuard("max_changes", 0, 1.0)
    made = replace(filled(PlanDocument, ""), guards=(guard,), rules=(rule(), rule(name="s", allowed=True)))

    assert refusal_sentences(made) == [
        "Apply refuses this: 1 change, and max_changes is 0.",
        "Apply refuses this: the rule r (specs/a.yaml:3) is broken by the totals of this plan: m.",
    ]
    assert [one for one in view_sentences(made) if "Allowed" in one] == [
        "Allowed for this run: the rule s (specs/a.yaml:3) is broken by the totals of this plan: m."
    ]


def test_a_plan_says_what_it_was_made_from_as_far_as_that_is_not_the_whole_account() -> None:
    made = replace(
        filled(PlanDocument, ""), snapshot_taken_at=None, base=None, shards=None, chosen=None, rules=(), kind="plan"
    )
    taken = replace(made, snapshot_taken_at="2026-01-02T03:00:00Z", created_at="2026-01-02T04:00:00Z")

    assert view_sentences(made) == []
    assert view_sentences(replace(made, base="main")) == ["Causes are seen from the specs at main."]
    assert view_sentences(taken) == [
        "Read from a snapshot of 2026-01-02T03:00:00Z (1 hour before), not from the account."
    ]


def marked(text: str) -> str:
    return f"<{text}>"


def test_each_name_in_a_sentence_is_written_as_the_format_marks_it() -> None:
    notice = NoticeEntry("rule", "a", 1, rule="r", message="m")
    places = (RulePlaceEntry("a", PLACE, "why"), RulePlaceEntry("b", None))
    guard = ExceededGuard("max_new_keys", 1, 2.0, ("a", "b"))
    made = replace(filled(PlanDocument, ""), shards=None, rules=(), snapshot_taken_at="then", kind="plan", base="main")

    assert rule_sentence(rule(places=places), marked) == (
        "the rule <r> (<specs/a.yaml:3>) is broken by 2 memories: <m>; <a> at <specs/a.yaml:3> (<why>) and <b>"
    )
    assert "2 keys that no memory has (<a> and <b>)" in guard_sentence(guard, marked)
    assert [group.sentence for group in notice_groups([notice], marked)] == ["the rule <r> warns in <a>: <m>"]
    assert view_sentences(replace(made, chosen=Chosen(targets=("a b",))), marked) == [
        "Read from a snapshot of <then>, not from the account.",
        "Causes are seen from the specs at <main>.",
        "Only a part was chosen: <--target 'a b'>.",
    ]


@pytest.mark.parametrize(
    ("kind", "title", "nothing"),
    [
        ("plan", "Plan for <live> (<sandbox>)", "No changes for <live> (<sandbox>)"),
        ("diff", "Diff of <live> since <main>", "No differences in <live> since <main>"),
    ],
)
def test_what_a_document_is_called_marks_its_names(kind: Any, title: str, nothing: str) -> None:
    made = replace(filled(PlanDocument, ""), kind=kind, environment="live", api="sandbox", base="main", notices=())
    words = words_of(made, marked)

    assert (words.title, words.nothing) == (title, nothing)


LEVELS = {
    "invalid_spec": "error",
    "rule_refuses": "error",
    **dict.fromkeys(("ambiguous_contact", "ambiguous_user", "ambiguous_memory", "near_duplicate"), "warning"),
    **dict.fromkeys(("now_enforced", "unknown_contact", "rule"), "warning"),
    **dict.fromkeys(("not_read", "other_shard", "remembered", "undeclared", "now_seeded", "key_changed"), "note"),
    **dict.fromkeys(("unconfirmed_key", "rule_not_judged", "retained", "unmanaged", "unverifiable"), "note"),
    "of-tomorrow": "note",
}


@pytest.mark.parametrize("kind", sorted({*SENTENCES, "rule", "rule_not_judged"}))
def test_each_kind_of_notice_has_a_rule_of_its_own_in_code_scanning(kind: str) -> None:
    made = replace(filled(PlanDocument, ""), notices=(NoticeEntry(kind, "a", 1, PLACE),), rules=(), guards=())
    (run,) = json.loads(render_plan_sarif(made))["runs"]
    (found,) = [one for one in run["tool"]["driver"]["rules"] if one["id"] == kind]

    own = "Other" if kind == "of-tomorrow" else kind.replace("_", " ").title().replace(" ", "")
    assert (found["name"], found["defaultConfiguration"]["level"]) == (own, LEVELS[kind])
    assert [result["level"] for result in run["results"]] == [LEVELS[kind]]
    assert found["shortDescription"] == found["fullDescription"] == found["help"]


@pytest.mark.parametrize("kind", get_args(LintRule))
def test_each_rule_of_lint_has_one_too(kind: LintRule) -> None:
    document = filled(LintDocument, "")
    told = replace(document, environment="e\n", advice=(replace(document.advice[0], rule=kind, column=5),))
    (run,) = json.loads(render_lint_sarif(told))["runs"]
    (found,) = run["tool"]["driver"]["rules"]

    assert found["name"].lower() == kind.replace("_", "")
    assert found["defaultConfiguration"] == {"level": run["results"][0]["level"]}
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 5}
    assert run["automationDetails"] == {"id": r"reconciler/lint/e\n/"}
