"""What all formats say of a plan and of a diff: words, causes, signs and groups; each rule by itself."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_diff
from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.documents.plan import (
    CreateContactEntry,
    CreateMemoryEntry,
    NoticeEntry,
    PlaceEntry,
    PlanDocument,
    RuleEntry,
)
from reconciler.core.documents.receipt import ReceiptDocument
from reconciler.core.model.masking import Masked
from reconciler.core.model.observed import LiveUser, LiveUsers, Present
from reconciler.core.model.selection import Chosen, Shards
from reconciler.core.plan.receipt import RunRecord
from reconciler.render.changes import Line, cause_text, plan_lines
from reconciler.render.github import render_plan_github
from reconciler.render.html.html import render_plan_html
from reconciler.render.html.page import build_page
from reconciler.render.html.rows import VERBS, named
from reconciler.render.junit import render_plan_junit
from reconciler.render.markdown import render_plan_markdown, render_receipt_markdown
from reconciler.render.markup import SourceLinks, is_page, source_links
from reconciler.render.notices import view_sentences
from reconciler.render.notification import body_for
from reconciler.render.output import COLOURED, PLAIN
from reconciler.render.plan_text import render_plan_text
from reconciler.render.sandbox import render_sandbox
from reconciler.render.sarif import render_plan_sarif
from reconciler.render.sections import Unit, grouped, plan_sections, text_of_others
from reconciler.render.words import words_of
from tests.builders import MASKER, existing, filled, memory, plan, plan_all, user
from tests.render.test_links import GITHUB, GITLAB
from tests.render.test_markdown import described, read

PLACE = PlaceEntry("specs/a.yaml", 3)
MADE = plan(memory({"a": 1}), Present("m", {}))
ONE = described(MADE)
DIFF = describe_diff(MADE, "main", MASKER)
NONE = described(plan(memory({"a": 1}), Present("m", {"a": 1})))
NOTICE = NoticeEntry("unmanaged", "a", 1)


def line(**changes: Any) -> Line:
    return Line("write_facts", "contacts.a", "fact", "add", PLACE, **{"path": ("k",), "after": 1, **changes})


# Plans and diffs


def test_a_plan_and_a_diff_have_words_of_their_own() -> None:
    def marked(text: str) -> str:
        return f"<{text}>"

    made = replace(ONE, environment="e", api="a", base="main")
    assert words_of(made, marked).title == "Plan for <e> (<a>)"
    assert words_of(replace(made, api="e"), marked).nothing == "No changes for <e>"
    assert words_of(made, marked).base == "Causes are seen from the specs at <main>."
    diff = replace(made, kind="diff")
    assert words_of(diff, marked).title == "Diff of <e> since <main>"
    assert words_of(diff, marked).nothing == "No differences in <e> since <main>"
    assert words_of(replace(diff, notices=(NOTICE,))).nothing == "Nothing to add or update in e since main"
    assert [(words_of(one).is_diff, bool(words_of(one).cost)) for one in (made, diff)] == [(False, True), (True, False)]


def test_a_comment_names_the_command_that_makes_it_in_a_clone() -> None:
    assert "The whole plan: run reconciler -e sandbox plan" in read(render_plan_markdown(ONE))
    assert "-e sandbox plan" in read(render_plan_markdown(replace(ONE, base="main"))).splitlines()[-1]
    assert "plan main" not in read(render_plan_markdown(replace(ONE, base="main")))
    assert "The whole diff: run reconciler -e sandbox diff main" in read(render_plan_markdown(DIFF))
    assert render_plan_markdown(ONE).startswith("<!-- reconciler:sandbox -->\n")
    assert render_plan_markdown(DIFF).startswith("<!-- reconciler:sandbox:diff -->\n")


@pytest.mark.parametrize(
    ("made", "is_whole"),
    [
        (NONE, False),
        (replace(NONE, notices=(NOTICE,)), False),
        (replace(NONE, kind="diff", base="main"), False),
        (replace(NONE, kind="diff", base="main", notices=(NOTICE,)), True),
    ],
)
def test_without_changes_only_a_diff_with_notices_says_more_than_that(made: PlanDocument, *, is_whole: bool) -> None:
    assert ("The whole" in render_plan_markdown(made)) is is_whole


def test_what_overwrites_and_what_is_seeded_is_called_otherwise_in_a_diff() -> None:
    changed = plan(memory({"a": 2}), Present("m", {"a": 1}))
    titles = [
        [one.title for one in plan_sections(made)] for made in (described(changed), describe_diff(changed, "m", MASKER))
    ]

    assert titles == [["Overwrites live values"], ["Changes declared values"]]
    unsure = replace(ONE, operations=tuple(replace(one, certain=False) for one in ONE.operations))
    assert [one.title for one in plan_sections(unsure)] == ["Not certain"]
    assert [one.title for one in plan_sections(replace(unsure, kind="diff"))] == ["Changes seeded facts"]


def test_a_headline_counts_what_is_pending_unchanged_and_not_certain() -> None:
    def headlines(**summary: int) -> tuple[str, str]:
        made = replace(ONE, summary=replace(ONE.summary, **summary))
        return render_plan_markdown(made).splitlines()[2], render_plan_text(made, PLAIN)

    comment, text = headlines(memories_unchanged=0)
    assert comment == "<p><strong>1 fact to add</strong>.</p>"
    assert "Plan for sandbox: 1 fact to add.\n" in text
    comment, text = headlines(memories_unchanged=2, uncertain=1)
    assert comment == "<p><strong>1 fact to add and 1 operation not certain</strong>; 2 memories unchanged.</p>"
    assert "Plan for sandbox: 1 fact to add; 2 memories unchanged.\nNot certain (?): 1 operation. The account" in text
    comment, text = headlines(facts_to_add=0, memories_unchanged=0)
    assert comment == "<p><strong>nothing counted</strong>.</p>"
    assert "No changes for sandbox.\n" in text
    assert "No changes for sandbox: 1 memory unchanged.\n" in render_plan_text(NONE, PLAIN)


def test_each_kind_of_change_is_counted_and_in_a_report_the_riskiest_comes_first() -> None:
    numbers = {"facts_to_update": 1, "contacts_to_update": 2, "users_to_update": 3, "facts_to_add": 4}
    numbers |= {"contacts_to_create": 5, "memories_to_create": 6, "users_to_add": 7}
    made = replace(ONE, summary=replace(ONE.summary, memories_unchanged=0, **numbers))
    totals = [
        "1 fact to update",
        "2 contacts to update",
        "3 users to update",
        "4 facts to add",
        "5 contacts to create",
        "6 memories to create",
        "7 users to add",
    ]
    text = render_plan_text(made, PLAIN).splitlines()

    assert f"<strong>{', '.join(totals[:-1])} and {totals[-1]}</strong>" in render_plan_markdown(made)
    assert [f"{total.number} {total.label}" for total in build_page(made, most_rows=1).totals] == totals
    assert all(any(total in line for line in text) for total in totals)


def test_a_plan_says_of_which_part_it_is() -> None:
    made = replace(ONE, shards=Shards(9, (1,), 1), chosen=Chosen(targets=("a b",)))

    assert view_sentences(made, str.upper) == [
        "This is shard 1/9 alone.",
        "Only a part was chosen: --TARGET 'A B'.",
    ]


# Causes, signs and places


@pytest.mark.parametrize(
    ("cause", "of_creation", "of_change"),
    [
        (None, "", ""),
        ("specs", "new in the specs", "changed in the specs"),
        ("live", "missing live", "changed live"),
        ("both", "", "changed in the specs and live"),
    ],
)
def test_each_cause_has_its_words(cause: Any, of_creation: str, of_change: str) -> None:
    assert (cause_text(cause, creation=True), cause_text(cause)) == (of_creation, of_change)


def test_a_cause_stands_behind_its_change_in_each_format() -> None:
    (operation,) = ONE.operations
    changed: Any = replace(operation, facts=(replace(operation.facts[0], cause="live"),))  # type: ignore[union-attr]
    made = replace(ONE, operations=(changed,))

    assert "+ a: 1  specs/a.yaml:3, changed live\n" in render_plan_text(made, PLAIN)
    assert "<code>specs/a.yaml:3</code><br>changed live</td>" in render_plan_markdown(made)
    assert "+ a: 1 (changed live)\n" in render_plan_github(made)


def test_creations_show_each_declared_field_in_its_order() -> None:
    fields = {"external_id": "1", "phone_number": "2", "email": "3", "name": "4", "metadata": {}}
    nothing = dict.fromkeys(CreateContactEntry.__struct_fields__)
    told = {"type": "create_contact", "address": "contacts.a", "certain": True, "source": PLACE, "cause": "live"}
    contact = CreateContactEntry(**{**nothing, **told, **fields})  # type: ignore[arg-type]
    created = CreateMemoryEntry("create_memory", "contacts.a.scopes.b", False, None, None, None, PLACE)  # noqa: FBT003
    first, second = plan_lines(replace(ONE, operations=(contact, created)))

    assert first.values == ('external_id "1"', 'phone_number "2"', 'email "3"', 'name "4"', "metadata {}")
    assert (first.cause, first.sign, second.sign) == ("missing live", "+", "?")
    assert second.text == "memory, if there is none"


def test_only_like_values_look_alike_and_only_equal_ones_are_identical() -> None:
    one, other = (Masked(f"hmac:{digest}", "live", "text", "1-8") for digest in "ab")

    for value, like in (([one], [other]), ({"k": one}, {"k": other}), (one, other)):
        assert line(after=value).look == line(after=like).look
        assert line(after=value).identity != line(after=like).identity
        assert line(before=value).identity == line(before=like).identity
    assert line(after={"a": 1, "b": 2}).identity == line(after={"b": 2, "a": 1}).identity
    assert len({line(after=value).identity for value in ([1, 2], [12], [1, [2]], "1", 1, {"1": 2}, None)}) == 7
    assert line(cause="a").look != line(cause="b").look
    assert line(detail="a").identity != line(detail="b").identity
    assert line(after=Masked("h", "live", "text", "9-32")).look != line(after=one).look


@pytest.mark.parametrize(
    ("kind", "lines", "one", "many", "differ"),
    [
        ("create_contact", 1, "1 more contact alike", "2 more contacts alike", "2 more contacts, with other values"),
        ("create_memory", 1, "1 more memory alike", "2 more memories alike", "2 more memories, with other values"),
        ("add_user", 1, "1 more user alike", "2 more users alike", "2 more users, with other values"),
        ("outcome", 1, "1 more operation alike", "2 more operations alike", "2 more operations, with other values"),
        ("write_facts", 1, "1 more memory gets the same fact", "2 more memories get the same fact", ""),
        ("write_facts", 2, "1 more memory gets the same 2 facts", "2 more memories get the same 2 facts", ""),
        ("update_contact", 2, "1 more contact gets the same 2 fields", "2 more contacts get the same 2 fields", ""),
        ("update_user", 1, "1 more user gets the same field", "2 more users get the same field", ""),
        ("memory", 2, "1 more memory gets the same 2 changes", "2 more memories get the same 2 changes", ""),
    ],
)  # fmt: skip
def test_what_is_alike_is_counted_by_its_kind(kind: str, lines: int, one: str, many: str, differ: str) -> None:
    first = Unit("a", kind, (line(),) * lines)

    assert text_of_others(first, 1, differ=False) == one
    assert text_of_others(first, 2, differ=False) == many
    assert text_of_others(first, 2, differ=True) == (differ or f"{many}, with other values")


def test_one_of_others_with_another_value_is_enough_to_say_so() -> None:
    units = [Unit(name, "write_facts", (line(after=value),)) for name, value in (("a", 1), ("b", 1), ("c", 2))]
    (group,) = grouped(units, with_values=False)

    assert group.text_of_others == "2 more memories get the same fact, with other values"
    assert [len(one.others) for one in grouped(units, with_values=True)] == [1, 0]


def test_lines_that_are_all_long_stand_without_a_column() -> None:
    made = described(plan(memory({"k" * 80: 1}), Present("m", {})))

    assert f"  + {'k' * 80}: 1  specs/a.yaml:3\n" in render_plan_text(made, PLAIN)


def test_each_meaning_has_a_colour_of_its_own() -> None:
    assert [paint("x") for paint in COLOURED] == [f"\x1b[{code}mx\x1b[0m" for code in (32, 33, 36, 31, 2, 1)]
    assert {paint("x") for paint in PLAIN} == {"x"}
    unsure = replace(ONE, operations=tuple(replace(one, certain=False) for one in ONE.operations))
    assert "\x1b[36m? a: 1\x1b[0m" in render_plan_text(unsure, COLOURED)
    assert "\x1b[32m+ a: 1\x1b[0m" in render_plan_text(ONE, COLOURED)
    changed = described(plan(memory({"a": 2}), Present("m", {"a": 1})))
    assert "\x1b[33m~ a: " in render_plan_text(changed, COLOURED)


# Links


@pytest.mark.parametrize(
    "changed",
    [
        {"CI_PROJECT_URL": "http://gitlab.example/a"},
        {"CI_PROJECT_URL": "https://gitlab.example"},
        {"CI_PROJECT_URL": "https://gitlab.example/a b"},
        {"CI_PROJECT_URL": "https://gitlab.example/a\n"},
        {"CI_PROJECT_URL": "https://gitlab.example:123456/a"},
        {"CI_PROJECT_URL": 'https://gitlab.example/a"x'},
        {"CI_COMMIT_SHA": "0" * 39},
        {"CI_COMMIT_SHA": "0" * 41},
        {"CI_COMMIT_SHA": "0" * 63},
        {"CI_PROJECT_DIR": ""},
        {"CI_PROJECT_DIR": "/builds/mem"},
    ],
)
def test_without_a_project_that_is_known_there_are_no_links(changed: dict[str, str]) -> None:
    assert source_links({**GITLAB, **changed}, "/builds/memories") is None
    assert source_links({**GITLAB, "CI_COMMIT_SHA": "a" * 64}, "/builds/memories/") is not None


@pytest.mark.parametrize("name", sorted({*GITHUB, *GITLAB}))
def test_each_variable_is_needed_for_links(name: str) -> None:
    of_job, root = (GITHUB, GITHUB["GITHUB_WORKSPACE"]) if name in GITHUB else (GITLAB, GITLAB["CI_PROJECT_DIR"])

    assert source_links({key: value for key, value in of_job.items() if key != name}, root) is None
    assert source_links({**of_job, name: f"{of_job[name]}\n"}, root) is None
    both = source_links({**GITLAB, **GITHUB}, "/home/runner/work/memories/v")
    assert both is not None
    assert (both.folder, both.files) == ("v", f"https://github.com/hotel/memories/blob/{GITHUB['GITHUB_SHA']}")


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("https://ci.example/a", True),
        ("https://ci.example:8080/a/b-c_d.e", True),
        ("https://ci.example", False),
        ("http://ci.example/a", False),
        ("https://ci.example/a?b", False),
        ("https://ci.example/a\n", False),
        ("https://ci.example//a", False),
        ("xhttps://ci.example/a", False),
        ("", False),
    ],
)
def test_only_a_plain_page_of_https_stands_in_a_link(url: str, *, holds: bool) -> None:
    assert is_page(url) is holds
    run = RunRecord(id="1", actor="ana", host="pc", ci_url=url or None)
    page = render_receipt_markdown(replace(filled(ReceiptDocument, ""), run=run, runs=()))
    assert (f'<a href="{url}">this run</a>' in page) is holds
    assert ("<p>Run by <code>ana</code>.</p>" in page) is not holds
    assert "pc" not in read(page).split()


def test_runs_without_a_page_are_one_sentence() -> None:
    runs = (RunRecord(id="1", actor="ana"), RunRecord(id="2", actor="ben"))
    page = render_receipt_markdown(replace(filled(ReceiptDocument, ""), run=None, runs=runs))

    assert "<p>2 runs by <code>ana</code> and <code>ben</code>.</p>" in page


def test_places_are_links_in_a_comment_where_all_fits() -> None:
    links = SourceLinks("https://host/files")
    linked = render_plan_markdown(ONE, links=links)

    assert '<a href="https://host/files/specs/a.yaml#L3"><code>specs/a.yaml:3</code></a>' in linked
    assert "<a " not in render_plan_markdown(ONE, links=links, characters=len(linked.encode()) - 1)


# Formats of programs


def test_a_report_of_tests_says_beside_its_cases_what_is_about_the_whole_plan() -> None:
    broken = RuleEntry("r", "memory", "m", PLACE, 1, ())
    warned = NoticeEntry("rule", "a", 1, rule="w", message="n")
    text = render_plan_junit(replace(ONE, base="main", rules=(broken,), notices=(warned,)))
    suite = ET.fromstring(text).find("testsuite")  # noqa: S314  our own text

    assert suite is not None
    assert (suite.findtext("system-out") or "").splitlines() == [
        "Apply refuses this: the rule r (specs/a.yaml:3) is broken by the totals of this plan: m.",
        "The rule w warns in a: n.",
        "Causes are seen from the specs at main.",
    ]
    assert (suite.get("name"), suite.get("timestamp"), suite.get("time")) == ("plan for sandbox", ONE.created_at, "0")
    assert ET.fromstring(text).get("name") == "reconciler"  # noqa: S314
    assert "system-out" not in render_plan_junit(ONE)


def test_rules_are_annotated_with_their_level_and_escaped() -> None:
    broken = RuleEntry("r", "memory", "50%\n", PLACE, 1, ())
    warned = NoticeEntry("rule", "a", 1, rule="w", message="n")
    lines = render_plan_github(replace(ONE, rules=(broken,), notices=(warned,), operations=())).splitlines()

    assert lines == [
        (
            "::error title=sandbox::Apply refuses this: "
            r"the rule r (specs/a.yaml:3) is broken by the totals of this plan: 50%25\n."
        ),
        "::warning title=sandbox::The rule w warns in a: n.",
    ]


def test_code_scanning_gets_one_line_texts_and_a_place_only_where_there_is_one() -> None:
    made = replace(ONE, base="ma](in", notices=(NoticeEntry("unmanaged", "", 1, PLACE), NoticeEntry("x\n", "a", 1)))
    (run,) = json.loads(render_plan_sarif(made))["runs"]
    told = run["invocations"][0]["toolExecutionNotifications"]

    assert [("locations" in one, one["message"]["text"]) for one in told] == [
        (True, "a: 1 notice of this kind."),
        (False, "Causes are seen from the specs at ma]\\(in."),
    ]
    assert [one["id"] for one in run["tool"]["driver"]["rules"]] == ["unmanaged", "view", r"x\n"]
    assert [one["associatedRule"]["index"] for one in told] == [2, 1]
    assert "logicalLocations" not in run["results"][0]["locations"][0]
    assert render_plan_sarif(made) == json.dumps(json.loads(render_plan_sarif(made)), indent=2) + "\n"


@pytest.mark.parametrize(
    ("host", "is_slack"),
    [("hooks.slack.com", True), ("HOOKS.slack-gov.com", True), ("slack.com", False), ("hooks.example", False)],
)
def test_slack_gets_a_text_in_which_nothing_is_a_link(host: str, *, is_slack: bool) -> None:
    document = replace(filled(NotificationDocument, ""), text="a & <!channel>")
    body = json.loads(body_for(host, document))

    assert body["text"] == ("a &amp; &lt;!channel&gt;" if is_slack else "a & <!channel>")
    assert (list(body) == ["text"]) is is_slack


def test_a_contact_of_the_sandbox_without_memories_is_shown() -> None:
    contact = {"id": "c", "name": "", "identifiers": [], "metadata": {}}

    told = render_sandbox({"contacts": [contact], "contact_memories": [], "stores": []})
    assert told == "The sandbox holds 1 contact, 0 memories, 0 stores.\n\ncontact c\n"


# The report


def test_a_memory_by_its_id_is_a_card_of_its_own() -> None:
    live = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)
    by_id = (existing(user(metadata="new")), Present("m", {}, live))
    page = build_page(described(plan_all([by_id, (memory({"a": 1}), Present("m", {}))])), most_rows=9)

    assert sorted((card.name, card.parts[0].scope, card.parts[0].title) for card in page.cards) == [
        ("memories.vip-line", "", "memory by id"),
        ("sarah", "support", "the contact itself"),
    ]
    assert page.keys == ["a"]
    assert page.scopes == ["support"]
    assert page.tally == (("add", 1), ("user", 1))
    assert VERBS == ("update", "add", "create", "user", "stays")


def test_equal_notices_of_one_row_are_shown_there_and_nowhere_else() -> None:
    notice = NoticeEntry("unverifiable", "contacts.sarah.scopes.support", 1)
    at_row = NoticeEntry("near_duplicate", "contacts.sarah.scopes.support", 1, keys=("a", "b"))
    page = build_page(replace(ONE, notices=(at_row, at_row, notice, notice)), most_rows=9)

    (row,) = page.rows
    assert len(row.notes) == 2
    assert [len(note.places) for note in page.cards[0].parts[0].notes] == [2]
    assert page.notes == ()


def test_names_of_a_report_are_cut_and_print() -> None:
    assert named("\n" * 301) == named("\n" * 400)
    assert named("\n" * 151) == r"\n" * 149 + "\\…"
    assert named("\n" * 150) == r"\n" * 150


def test_the_source_of_a_report_has_no_line_of_a_tag_of_its_template_alone() -> None:
    lines = render_plan_html(ONE).split("\n")

    assert lines[-1] == ""
    assert lines[-2] == "</html>"
    assert not [one for one in lines if one and one.isspace()]
