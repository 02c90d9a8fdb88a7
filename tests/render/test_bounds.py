"""Lists and texts are shown whole up to their bound; one more, and the rest is counted or cut."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.campaign import CampaignDocument, CampaignPartEntry
from reconciler.core.documents.comparison import ComparisonDocument, Difference
from reconciler.core.documents.explanation import ExplanationDocument
from reconciler.core.documents.plan import NoticeEntry, PlaceEntry, PlanDocument, RuleEntry, RulePlaceEntry
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument
from reconciler.core.documents.runs import RunsDocument
from reconciler.core.model.observed import Present
from reconciler.core.model.selection import Chosen, Shards
from reconciler.core.model.settings import ExceededGuard
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import Problem
from reconciler.render import sarif
from reconciler.render.campaign import render_campaign_markdown, render_campaign_text
from reconciler.render.changes import Line
from reconciler.render.github import render_plan_github, render_receipt_github
from reconciler.render.html.rows import named
from reconciler.render.junit import render_plan_junit, render_receipt_junit
from reconciler.render.markdown import COMMENT_CHARACTERS, SUMMARY_BYTES, render_plan_markdown
from reconciler.render.markup import marker
from reconciler.render.notices import guard_sentence, keys_of, refusal_sentences, rule_sentence
from reconciler.render.notification import shortened_errors
from reconciler.render.output import PLAIN
from reconciler.render.plan_text import render_plan_text
from reconciler.render.sarif import MOST_RESULTS, render_problems_sarif
from reconciler.render.tables import (
    render_comparison_markdown,
    render_comparison_text,
    render_runs_text,
    render_why_text,
)
from reconciler.render.text import render_receipt_text
from reconciler.render.words import chosen_sentence, columns_of, fitting, shards_sentence, shown, shown_change, who_ran
from reconciler.watching.report import error_lines
from tests.builders import filled, memory, plan, plan_all
from tests.render.test_markdown import described
from tests.watching.reports import report

PLACE = PlaceEntry("a.yaml", 1)


def items(number: int) -> tuple[str, ...]:
    return tuple(f"item-{index:05}" for index in range(number))


def changing(**changes: Any) -> PlanDocument:
    """Return a plan of one change."""
    return replace(described(plan(memory({"a": 1}), Present("m", {}))), **changes)


def with_notices(number: int, *, with_keys: bool) -> PlanDocument:
    named = items(number)
    if with_keys:
        return changing(notices=tuple(NoticeEntry("near_duplicate", name, 1, keys=("k",)) for name in named))
    return changing(notices=tuple(NoticeEntry(name, "a", 1) for name in named))


def runs(number: int) -> ReceiptDocument:
    return replace(
        filled(ReceiptDocument, ""), runs=tuple(RunRecord(id=name, actor=name) for name in items(number)), run=None
    )


def rule(number: int) -> RuleEntry:
    return RuleEntry("r", "memory", "m", PLACE, number, tuple(RulePlaceEntry(name, None) for name in items(number)))


def why(number: int) -> str:
    document = filled(ExplanationDocument, "")
    return render_why_text(replace(document, values=(replace(document.values[0], memories=items(number)),)))


def compared(number: int) -> ComparisonDocument:
    document = filled(ComparisonDocument, "")
    causes = document.differences[0].causes
    return replace(document, differences=tuple(Difference(name, None, 1, 2, causes) for name in items(number)))


def entry(index: int, result: str, why: str) -> OutcomeEntry:
    return OutcomeEntry("write_facts", f"contacts.item-{index}", result, why, PLACE)


def rendered_receipt(outcomes: Iterable[OutcomeEntry], *, full: bool = False) -> str:
    return render_receipt_text(replace(filled(ReceiptDocument, ""), outcomes=tuple(outcomes)), PLAIN, full=full)


def undone(number: int, result: str, why: str | Callable[[int], str] = "why", *, full: bool = False) -> str:
    def reason(index: int) -> str:
        return why.format(f"item-{index}") if isinstance(why, str) else why(index)

    return rendered_receipt((entry(index, result, reason(index)) for index in range(number)), full=full)


def campaign(number: int, state: Any = "incomplete", step: int = 1) -> CampaignDocument:
    parts = tuple(
        CampaignPartEntry(f"{index * step}/900", state, 1, 1, 0, 0, run=name)
        for index, name in enumerate(items(number))
    )
    return replace(filled(CampaignDocument, ""), parts=parts, shards=900, not_begun=())


def alike(number: int) -> PlanDocument:
    return described(plan_all([(memory({"k": 1}, contact=name), Present("m", {})) for name in items(number)]))


def keys(number: int) -> PlanDocument:
    return described(plan(memory(dict.fromkeys(items(number), 1)), Present("m", {})))


Text = Callable[[int], str]
LISTS: dict[str, tuple[int, Text]] = {
    "runs by several people": (3, lambda n: who_ran(runs(n), with_host=False)),
    "options": (10, lambda n: chosen_sentence(Chosen(targets=items(n)), str)),
    "keys of a notice": (20, lambda n: keys_of(NoticeEntry("unmanaged", "a", n, keys=items(n)))),
    "new keys of a guard": (20, lambda n: guard_sentence(ExceededGuard("max_new_keys", 0, n, items(n)))),
    "places that break a rule": (3, lambda n: rule_sentence(rule(n))),
    "memories that get a value": (20, why),
    "places with keys in text": (20, lambda n: render_plan_text(with_notices(n, with_keys=True), PLAIN)),
    "places with keys in a comment": (10, lambda n: render_plan_markdown(with_notices(n, with_keys=True))),
    "kinds of notes in a comment": (12, lambda n: render_plan_markdown(with_notices(n, with_keys=False))),
    "memories that are alike": (1 + 3, lambda n: render_plan_text(alike(n), PLAIN)),
    "changes of a case": (20, lambda n: render_plan_junit(keys(n))),
    "rows of a campaign in a comment": (200, lambda n: render_campaign_markdown(campaign(n), full=True)),
}  # fmt: skip


@pytest.mark.parametrize(("most", "text"), LISTS.values(), ids=LISTS)
def test_a_list_names_all_up_to_its_bound_and_counts_what_is_beyond(most: int, text: Text) -> None:
    whole, longer, much_longer = (text(most + beyond) for beyond in (0, 1, 2))

    assert set(re.findall(r"item-\d+", whole)) == {*items(most)}
    assert not re.search(r"\d more(?! memories get)", whole)
    assert set(re.findall(r"item-\d+", longer)) == {*items(most)}
    assert re.search(r"\b1 more(?! memories get)", longer)
    assert re.search(r"\b2 more", much_longer)


def test_shards_are_named_up_to_twenty() -> None:
    assert "18/90 and 19/90;" in shards_sentence(Shards(90, tuple(range(20)), 1))
    assert "18/90, 19/90 and 1 more;" in shards_sentence(Shards(90, tuple(range(21)), 1))


@pytest.mark.parametrize("render", [render_comparison_text, render_comparison_markdown])
def test_differences_of_one_cause_are_counted_beyond_five_unless_all_are_wanted(
    render: Callable[..., str],
) -> None:
    shown_of = {
        (number, full): len(set(re.findall(r"item-\d+", render(compared(number), full=full))))
        for number in (5, 6)
        for full in (False, True)
    }

    assert shown_of == {(5, False): 5, (5, True): 5, (6, False): 5, (6, True): 6}
    assert "more" not in render(compared(5))
    assert "and 1 more" in render(compared(6))


@pytest.mark.parametrize("result", ["failed", "unknown", "skipped"])
def test_operations_that_ended_alike_are_counted_beyond_five(result: str) -> None:
    assert [len(re.findall(r"item-\d+", undone(number, result))) for number in (5, 6)] == [5, 3]
    assert f"{result:8} 6 operations: why\n" in undone(6, result)
    assert ", contacts.item-2 (write_facts, a.yaml:1) and 3 more\n" in undone(6, result)
    assert "--full" in undone(6, result)
    assert undone(6, result, full=True).count(": why") == 6
    assert "--full" not in undone(6, result, full=True)


def test_what_names_the_own_contact_alone_is_alike_and_what_names_another_is_not() -> None:
    text = undone(6, "skipped", "not tried: contacts.{} does not exist yet")

    assert "6 operations: not tried: the contact does not exist yet" in text
    assert undone(6, "skipped", "contacts.{}0: failed").count("skipped  ") == 6


@pytest.mark.parametrize("result", ["failed", "unknown", "skipped"])
def test_a_receipt_of_many_reasons_has_at_most_a_hundred_lines(result: str) -> None:
    single = undone(2_000, result, "why {}")
    groups = undone(2_000, result, lambda index: f"why {index % 300}")

    assert single.count(f"{result:8} ") == 60
    assert "1,940 more operations not done." in single
    assert groups.count(f"{result:8} ") == 15
    assert max(len(text.splitlines()) for text in (single, groups)) <= 100
    assert undone(2_000, result, "why {}", full=True).count("why item-") == 2_000


@pytest.mark.parametrize(("skipped", "first"), [(59, "skipped"), (60, "failed")])
def test_what_failed_is_shown_before_what_was_skipped_where_not_all_is_shown(skipped: int, first: str) -> None:
    text = rendered_receipt(
        entry(index, "failed" if index == skipped else "skipped", f"why {index}") for index in range(skipped + 1)
    )

    assert text.startswith(f"{first:8} contacts.item-")
    assert f"failed   contacts.item-{skipped} " in text


def test_groups_of_what_failed_are_shown_before_those_of_what_was_skipped_and_the_largest_first() -> None:
    skipped = [entry(index, "skipped", f"why {index % 15}") for index in range(15 * 7)]
    failed = [entry(index, "failed", "that" if index % 3 else "this") for index in range(18)]
    text = rendered_receipt([*skipped, *failed])

    assert re.findall(r"^failed   (.*)$", text, re.MULTILINE) == ["12 operations: that", "6 operations: this"]
    assert text.startswith("failed ")
    assert "14 more operations not done." in text


def test_complete_shards_have_rows_up_to_twenty() -> None:
    shown_of = [
        len(re.findall(r"item-\d+", render_campaign_text(campaign(number, "complete"), full=full)))
        for number, full in ((20, False), (21, False), (21, True))
    ]

    assert shown_of == [20, 0, 21]


def test_twelve_ranges_of_shards_are_named() -> None:
    twelve, thirteen = (render_campaign_text(campaign(number, step=2)) for number in (12, 13))

    assert "20 and 22 of 900" in twelve
    assert "20, 22 and 1 more of 900" in thirteen


def test_errors_are_told_up_to_their_bounds() -> None:
    assert [len(shortened_errors(items(number))) for number in (5, 6)] == [5, 5]
    assert [len(error_lines(report("invalid", errors=items(number)))) for number in (20, 21)] == [20, 21]
    assert error_lines(report("invalid", errors=items(21)))[-1].startswith("error: and 1 more;")


def test_two_hundred_lines_are_shown_by_their_looks_and_more_by_their_keys() -> None:
    def of(number: int) -> str:
        wanted = [(memory({"k": f"v{index}"}, contact=f"c{index}"), Present("m", {})) for index in range(number)]
        return render_plan_text(described(plan_all(wanted)), PLAIN)

    assert len(re.findall(r'"v\d+"', of(200))) == 200
    assert len(re.findall(r'"v\d+"', of(201))) == 1
    assert "200 more memories get the same fact, with other values" in of(201)


def rule_saying(text: str) -> str:
    return render_plan_markdown(changing(rules=(RuleEntry("r", "memory", text, PLACE, 1, ()),)))


def notices_at(address: str) -> str:
    return render_plan_markdown(changing(notices=(NoticeEntry("near_duplicate", address, 1, keys=("k",)),) * 2))


def run_by(actor: str) -> str:
    document = filled(RunsDocument, "")
    return render_runs_text(replace(document, runs=(replace(document.runs[0], actor=actor),)), None, "f")


def compared_to(name: str) -> str:
    return render_comparison_markdown(replace(filled(ComparisonDocument, ""), left=name))


def with_line(**changes: Any) -> PlanDocument:
    """Return a plan of one fact, whose line is changed."""
    made = changing()
    return replace(made, operations=(replace(made.operations[0], **changes),))


def in_environment(name: str, **changes: Any) -> PlanDocument:
    return changing(environment=name, api="a", operations=(), **changes)


def failed_at(file: str, detail: str = "why") -> ReceiptDocument:
    outcome = OutcomeEntry("write_facts", "a", "failed", detail, PlaceEntry(file, 1))
    return replace(filled(ReceiptDocument, ""), outcomes=(outcome,))


TEXTS: dict[str, tuple[int, Callable[[str], str]]] = {
    "a message of a problem for code scanning": (1_000, lambda t: render_problems_sarif([Problem("f", 1, 1, "", t)])),
    "the file of an annotation": (4_096, lambda t: render_receipt_github(failed_at(t))),
    "the address of an annotation": (400, lambda t: render_plan_github(with_line(address=t))),
    "the environment of a rule's annotation": (
        200,
        lambda t: render_plan_github(changing(environment=t, operations=(), rules=(rule(1),))),
    ),
    "an outcome of a test report": (1_000, lambda t: render_receipt_junit(failed_at("f", t))),
    "a name of a campaign": (160, lambda t: render_campaign_markdown(replace(campaign(1), environment=t))),
    "an environment in a comment": (
        80,
        lambda t: render_plan_markdown(changing(environment=t, api="a")).split("<h3>")[1].split("</h3>")[0],
    ),
    "an address in a comment": (160, lambda t: render_plan_markdown(with_line(address=t))),
    "a name in the report": (300, named),
    "a key of a notice": (80, lambda text: keys_of(NoticeEntry("unmanaged", "a", 1, keys=(text,)))),
    "an error of a notification": (300, lambda text: shortened_errors((text,))[0]),
    "the message of a rule in a comment": (300, rule_saying),
    "an address beside keys in a comment": (80, notices_at),
    "an actor": (17, run_by),
    "a name of a comparison": (160, compared_to),
}


@pytest.mark.parametrize(("most", "show"), TEXTS.values(), ids=TEXTS)
def test_a_text_stands_whole_up_to_its_bound_and_one_longer_is_cut(most: int, show: Callable[[str], str]) -> None:
    assert re.search(rf"(?<!y)y{{{most}}}(?![y…])", show("y" * most))
    assert re.search(rf"(?<!y)y{{{most - 1}}}…", show("y" * (most + 1)))


def test_a_value_ends_at_its_bound_wherever_it_is_cut() -> None:
    assert shown("y" * 158) == f'"{"y" * 158}"'
    assert shown("y" * 159) == f'"{"y" * 158}…'
    assert shown("y" * 400) == f'"{"y" * 158}…'
    assert shown({"k": "y" * 400})[-1] == "…"
    before, after = shown_change("y" * 111 + "a", "y" * 111 + "b")
    assert (before, after) == (f'"{"y" * 111}a"', f'"{"y" * 111}b"')
    before, _ = shown_change("y" * 112 + "a", "y" * 112 + "b")
    assert before == f'…{"y" * 24}a"'


def test_a_marker_holds_two_hundred_letters_of_a_name() -> None:
    assert marker("y" * 200) == f"<!-- reconciler:{'y' * 200} -->"
    assert marker("y" * 201) == marker("y" * 200)
    assert marker("y" * 199) != marker("y" * 200)
    assert marker("a/b--c", suffix=":diff") == "<!-- reconciler:a%2Fb-%2Dc:diff -->"


def columns(text: str) -> Sequence[int]:
    return [line.index("specs/") for line in text.splitlines() if "specs/" in line]


def test_sources_stand_in_one_column_unless_a_line_is_longer_than_seventy_two() -> None:
    def of(width: int) -> Sequence[int]:
        key = "k" * (width - len(": 1"))
        return columns(render_plan_text(described(plan(memory({"a": 1, key: 1}), Present("m", {}))), PLAIN))

    assert len(set(of(72))) == 1
    assert len(set(of(73))) == 2


WIDE = "名"
"""Two columns on a terminal."""


@pytest.mark.parametrize(
    ("name", "cut_to"),
    [(WIDE * 8, WIDE * 8), (WIDE * 9, f"{WIDE * 8}…"), ("é" * 17, "é" * 17), ("é" * 18, f"{'é' * 16}…")],
)
def test_a_name_in_a_column_is_cut_by_its_columns(name: str, cut_to: str) -> None:
    assert fitting(name, 17) == cut_to


@pytest.mark.parametrize("name", ["run", WIDE * 3, f"{WIDE}-x", "é"])
def test_columns_stand_below_their_headings_however_wide_their_letters_are(name: str) -> None:
    def starts(text: str, *of: str) -> set[int]:
        return {columns_of(line.partition(one)[0]) for line in text.splitlines()[:3] for one in of if one in line}

    entry = replace(filled(RunsDocument, "").runs[0], run=name, environment="ENV", actor="BY", commit="COMMIT")
    text = render_runs_text(RunsDocument("1.0", "runs", (entry,)), None, "f")
    assert len(starts(text, "ENV")) == len(starts(text, "COMMIT")) == 1

    document = replace(filled(ComparisonDocument, ""), left=name, right="RIGHT")
    rows = tuple(Difference(address, None, name, "RIGHT") for address in ("a", WIDE))
    assert len(starts(render_comparison_text(replace(document, differences=rows)), "RIGHT", '"RIGHT"')) <= 2

    part = replace(filled(CampaignDocument, "").parts[0], shard=None, run="RUN")
    assert len(starts(render_campaign_text(replace(filled(CampaignDocument, ""), parts=(part, part))), "RUN")) == 1


def test_the_keys_of_a_notice_take_four_hundred_characters_of_a_comment() -> None:
    def of(last: int) -> str:
        keys = tuple("y" * length for length in (80, 80, 80, 80, last))
        return render_plan_markdown(changing(notices=(NoticeEntry("x", "a", 1, keys=keys),)))

    assert f"and {'y' * 69}</code>" in of(69)
    assert f"and {'y' * 68}…</code>" in of(70)


def test_a_key_is_named_by_five_hundred_characters() -> None:
    line = Line("write_facts", "a", "fact", "add", PLACE, path=("-" * 500,), after=1)

    assert line.name == f'"{"-" * 500}"'
    assert replace(line, path=("-" * 501,)).name == line.name
    assert replace(line, path=("-" * 499,)).name != line.name


@pytest.mark.parametrize(("number", "left_out"), [(MOST_RESULTS - 1, 0), (MOST_RESULTS, 0), (MOST_RESULTS + 1, 1)])
def test_code_scanning_gets_as_many_results_as_it_takes(
    monkeypatch: pytest.MonkeyPatch, number: int, left_out: int
) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)  # the real one takes long
    problems = [Problem("f", line, 1, "", "m") for line in range(1, 4 + number - MOST_RESULTS)]
    (run,) = json.loads(render_problems_sarif(problems))["runs"]

    assert len(run["results"]) == len(problems) - left_out
    said = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert said == (["1 more result left out: a run holds 3."] if left_out else [])


def test_a_refusal_is_annotated_up_to_six_hundred_characters() -> None:
    def of(length: int) -> str:
        said = RuleEntry("r", "memory", "y" * length, PLACE, 1, ())
        return render_plan_github(changing(rules=(said,), operations=()))

    around = len(refusal_sentences(changing(rules=(RuleEntry("r", "memory", "", PLACE, 1, ()),)))[0])
    assert of(600 - around).endswith("y.\n")
    assert of(601 - around).endswith("y…\n")


def test_a_sentence_about_the_whole_plan_is_annotated_up_to_two_hundred_characters() -> None:
    def of(length: int) -> str:
        return render_plan_github(changing(base="y" * length, operations=()))

    around = len("Causes are seen from the specs at .")
    assert of(200 - around).endswith("y.\n")
    assert of(201 - around).endswith("y…\n")


def test_the_command_of_a_comment_is_cut_at_four_hundred_characters() -> None:
    around = len("reconciler --project  -e sandbox plan")
    of = [render_plan_markdown(changing(), project="y" * (length - around)) for length in (400, 401)]

    assert "y -e sandbox plan</code>" in of[0]
    assert "y -e sandbox pl…</code>" in of[1] or "y -e sandbox pla…</code>" in of[1]


def distinct(number: int) -> PlanDocument:
    """Return a plan in which each memory gets a key of its own, so that none is like another."""
    return described(plan_all([(memory({name: 1}, contact=name), Present("m", {})) for name in items(number)]))


def rows_of(made: PlanDocument) -> list[int]:
    """Return how many rows a comment shows of a plan, as its budget shrinks."""
    found: list[int] = []
    budget = 1_000_000
    while not found or found[-1]:
        text = render_plan_markdown(made, characters=budget)
        found.append(text.count("<tr>"))
        budget = len(text.encode()) - 1
    return found


def test_a_comment_shows_fewer_rows_step_by_step_until_it_fits() -> None:
    assert rows_of(distinct(401)) == [401, 400, 250, 160, 100, 60, 40, 20, 10, 5, 2, 1, 0]


def test_values_are_cut_at_sixty_characters_before_rows_are_left_out() -> None:
    made = described(plan_all([(memory({name: "y" * 200}, contact=name), Present("m", {})) for name in items(3)]))
    whole = render_plan_markdown(made)
    cut = render_plan_markdown(made, characters=len(whole.encode()) - 1)

    assert (
        whole.count("y" * 158 + "…")
        == cut.count("<code>&quot;" + "y" * 58 + "…") + cut.count('"' + "y" * 58 + "…")
        == 3
    )
    assert cut.count("<tr>") == 3


def test_twenty_parts_of_a_section_stand_open() -> None:
    assert "more row" not in render_plan_markdown(distinct(20))
    assert "<summary>1 more row</summary>" in render_plan_markdown(distinct(21))


def test_a_comment_may_fill_its_budget_to_the_last_byte() -> None:
    whole = render_plan_markdown(changing())
    size = len(whole.encode())

    assert render_plan_markdown(changing(), characters=size) == whole
    assert render_plan_markdown(changing(), characters=size - 1) != whole
    assert (COMMENT_CHARACTERS, SUMMARY_BYTES) == (65_000, 1_000_000)


@pytest.mark.parametrize("number", [1, 9, 30])
def test_each_element_of_a_comment_is_closed(number: int) -> None:
    facts = described(plan(memory(dict.fromkeys(items(number), 1)), Present("m", {})))
    for made in (facts, alike(number), distinct(number), with_notices(number, with_keys=True)):
        text = render_plan_markdown(made)
        for element in ("table", "tr", "td", "details", "summary", "p", "h3", "h4", "ul", "li", "code", "strong"):
            assert len(re.findall(rf"<{element}[ >]", text)) == text.count(f"</{element}>"), element
        assert "<table>" in text
