"""Lists of runs, comparisons, advice, explanations, and problems as a table."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.comparison import ComparisonDocument, Difference, DifferenceCause
from reconciler.core.documents.explanation import ExplanationDocument, LintDocument
from reconciler.core.documents.plan import PlaceEntry
from reconciler.core.documents.receipt import TotalsEntry
from reconciler.core.documents.runs import PastRun, RunHeader, RunsDocument, Step
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import Cell, Problem, Source
from reconciler.render.output import COLOURED
from reconciler.render.problems_csv import render_problems_csv
from reconciler.render.tables import (
    render_comparison_markdown,
    render_comparison_text,
    render_earlier_run,
    render_lint_text,
    render_runs_text,
    render_why_text,
)
from tests.builders import filled


def past(*results: Any, finished_at: str | None = None) -> PastRun:
    header = RunHeader(RunRecord(id="run-1"), "e", "a", "sha256:0", "sha256:1", "2026-01-02T03:04:05Z", {})
    steps = tuple(Step("write_facts", f"a{at}", Source("f"), result) for at, result in enumerate(results))
    return PastRun(header, steps, "2026-01-02T03:04:05Z", finished_at, interrupted=False, resolved=False)


@pytest.mark.parametrize(
    ("run", "left"),
    [
        (
            past("done", None, "skipped"),
            "of 2 operations begun, 1 has a known outcome and 1 was under way",
        ),
        (past("done", "failed", None, "unknown"), "of 4 operations begun, 2 have a known outcome and 2 were under way"),
        (past(None), "ended without a receipt: of 1 operation begun, 0 have a known outcome and 1 was under way"),
        (past("done", "unknown", finished_at="2026-01-02T03:04:06Z"), "the run run-1 left 1 of 2 operations unknown"),
    ],
)
def test_an_earlier_run_says_what_it_left_open(run: PastRun, left: str) -> None:
    assert left in render_earlier_run(run, {})
    assert "of these" not in render_earlier_run(run, {})


@pytest.mark.parametrize(
    ("status", "one", "many"),
    [
        ("held", "1 is in the account", "2 are in the account"),
        ("planned", "1 is in this plan again", "2 are in this plan again"),
        ("unclear", "1 is not visible here, and is safe", "2 are not visible here, and are safe to repeat"),
        ("undeclared", "1 is no longer declared", "2 are no longer declared"),
        ("not_read", "1 is outside of what was chosen, and stays", "2 are outside of what was chosen, and stay open"),
    ],
)
def test_what_happened_to_open_operations_is_counted_by_status(status: Any, one: str, many: str) -> None:
    assert f"; of these, {one}" in render_earlier_run(past(None), {status: 1})
    assert render_earlier_run(past(None), {status: 2}).endswith(f"; of these, {many}")
    assert "of these" not in render_earlier_run(past(None), {status: 0})


def test_all_that_happened_is_listed() -> None:
    said = render_earlier_run(past(None), {"not_read": 1, "held": 1_000, "planned": 2})

    assert said.endswith(
        "; of these, 1,000 are in the account, 2 are in this plan again and 1 is outside of what was chosen, "
        "and stays open"
    )


def listed(**changes: Any) -> str:
    entry = replace(filled(RunsDocument, "").runs[0], **{"shard": None, **changes})
    return render_runs_text(RunsDocument("1.0", "runs", (entry,)), None, "folder")


def test_a_run_at_work_has_operations_left_and_none_that_is_unknown() -> None:
    totals = TotalsEntry(done=1, already=0, failed=0, unknown=2, skipped=3)

    assert "running  1 operation done, 5 left" in listed(state="running", resolved=False, totals=totals)
    assert "running  shard 1/9  1 operation" in listed(state="running", resolved=False, totals=totals, shard="1/9")
    ended = listed(state="killed", resolved=True, totals=totals)
    assert "killed (resolved)  1 operation done, 2 unknown and 3" in ended


def test_a_run_stands_with_its_time_its_page_and_seven_digits_of_its_commit() -> None:
    told = listed(
        run="r", environment="e", actor=None, commit="0123456789", dirty=True, ci_url="https://ci.example/1",
        started_at="2026-01-02T03:04:05Z", state="complete", resolved=False, totals=TotalsEntry(1, 0, 0, 0, 0),
    )  # fmt: skip

    assert told.splitlines() == [
        "RUN  ENVIRONMENT  BY  COMMIT",
        "r    e            -   0123456+",
        "  2026-01-02 03:04 UTC  complete  1 operation done",
        "  https://ci.example/1",
    ]
    assert len(listed(ci_url=None).splitlines()) < len(listed(ci_url="u").splitlines())


def test_no_run_is_told_with_where_it_was_looked_for() -> None:
    nothing = RunsDocument("1.0", "runs", ())

    assert render_runs_text(nothing, "e", "f") == "No runs of e in f: no apply has written anything yet.\n"
    assert render_runs_text(nothing, None, "f") == "No runs in f: no apply has written anything yet.\n"


def test_what_came_of_a_run_is_wrapped_at_eighty_columns_below_its_outcome() -> None:
    many = TotalsEntry(done=1_000_000, already=1_000_000, failed=1_000_000, unknown=1_000_000, skipped=1_000_000)
    lines = listed(state="killed", resolved=True, totals=many, ci_url=None).splitlines()[2:]

    assert max(map(len, lines)) <= 80
    assert len(lines) > 1
    assert all(line.startswith(" " * 24) and line[24] != " " for line in lines[1:])


def compared(*differences: Difference, live: bool = False) -> ComparisonDocument:
    return ComparisonDocument("1.0", "comparison", "one", "other", live, differences)


def test_a_comparison_counts_what_differs_and_what_one_side_has_alone() -> None:
    both, left, right = (Difference(only or "both", only, 1, 2) for only in (None, "left", "right"))
    text = render_comparison_text(compared(both, left, left, right, right, right))

    assert text.splitlines() == [
        "address  one  other",
        "both     1    2",
        "left     1    -",
        "left     1    -",
        "right    -    2",
        "right    -    2",
        "right    -    2",
        "",
        "1 value differs; 2 only in one, 3 only in other.",
    ]
    assert "2 values differ; 0 only" in render_comparison_text(compared(both, both))


@pytest.mark.parametrize(("live", "word"), [(True, "hold"), (False, "declare")])
def test_two_environments_that_are_the_same_are_one_sentence(word: str, *, live: bool) -> None:
    assert render_comparison_text(compared(live=live)) == f"one and other {word} the same.\n"
    same = f"<code>one</code> and <code>other</code> {word} the same.\n"
    assert render_comparison_markdown(compared(live=live)) == same


def test_causes_of_most_differences_come_first() -> None:
    region, plan = DifferenceCause("variable", "region"), DifferenceCause("overlay", "plan.yaml")
    rare = [Difference("a", None, 1, 2, (region, plan))]
    often = [Difference(f"b{number}", None, 1, 2, (plan,)) for number in range(7)]
    text = render_comparison_text(compared(*rare, *often, Difference("c", None, 1, 2)), COLOURED)

    headings = [line for line in text.splitlines() if "difference" in line and ":" in line]
    assert [line[4:-4] for line in headings] == [
        "overlay plan.yaml: 7 differences",
        "variable region and overlay plan.yaml: 1 difference",
    ]
    assert "\x1b[2mand 2 more\x1b[0m" in text
    assert "\x1b[2mMany differences of one cause are counted; --full shows each of them.\x1b[0m" in text
    assert "--full" not in render_comparison_text(compared(*rare, *often), full=True)


def test_of_many_causes_and_of_differences_without_one_the_first_are_shown() -> None:
    overlays = [DifferenceCause("overlay", f"{number}.yaml") for number in range(300)]
    of_many = Difference("z", None, 1, 2, tuple(overlays))
    caused = [Difference(f"a{number}", None, 1, 2, (overlay,)) for number, overlay in enumerate(overlays)]
    alone = [Difference(f"b{number}", None, 1, 2) for number in range(50)]
    document = compared(*caused, *alone, of_many)

    lines = render_comparison_text(document).splitlines()

    assert [line.partition(" ")[0] for line in lines[1:41]] == [f"b{number}" for number in range(40)]
    assert lines[41] == "and 10 more"
    assert lines[-5:-2] == ["294 more causes", "and 294 more", ""]
    assert len(lines) < 75
    assert len(render_comparison_text(document, full=True).splitlines()) == 1 + 50 + 301 * 3 + 2
    assert max(map(len, render_comparison_text(compared(of_many)).splitlines())) < 200


def test_a_comparison_in_a_comment_is_a_table_by_cause() -> None:
    plan = DifferenceCause("overlay", "a<b")
    page = render_comparison_markdown(
        compared(*[Difference("x", "left", 1, None, (plan,))] * 6, Difference("y", None, 1, 2))
    )

    row = "<tr><td><code>x</code></td><td><code>1</code></td><td><code>-</code></td></tr>\n"
    assert page == (
        "<table>\n<tr><th>address</th><th><code>one</code></th><th><code>other</code></th></tr>\n"
        '<tr><td colspan="3"><code>overlay a&#60;b: 6 differences</code></td></tr>\n'
        f'{row * 5}<tr><td colspan="3">and 1 more</td></tr>\n'
        "<tr><td><code>y</code></td><td><code>1</code></td><td><code>2</code></td></tr>\n"
        "</table>\n\n1 value differs; 6 only in <code>one</code>, 0 only in <code>other</code>.\n"
    )


def test_advice_is_counted() -> None:
    document = filled(LintDocument, "")

    assert render_lint_text(document).endswith("1 thing to look at in the specs of x.\n")
    assert render_lint_text(replace(document, advice=document.advice * 2)).endswith(
        "2 things to look at in the specs of x.\n"
    )
    assert render_lint_text(replace(document, advice=())) == "Nothing to look at in the specs of x.\n"


def test_of_much_advice_the_first_by_each_rule_is_shown_and_the_rest_is_counted() -> None:
    one = replace(filled(LintDocument, "").advice[0], cure="x" * 300_000)
    rare, common = (replace(one, rule=rule) for rule in ("unused_scope", "look_alike"))

    *lines, last = render_lint_text(replace(filled(LintDocument, ""), advice=(common,) * 250 + (rare,))).splitlines()

    assert [line.rpartition(" ")[2] for line in lines] == ["(look_alike)"] * 49 + ["(unused_scope)", "(look_alike)"]
    assert lines[-1] == "and 201 more (look_alike)"
    assert max(map(len, lines)) < 300
    assert last == "251 things to look at in the specs of x; --format json names more."
    assert render_lint_text(replace(filled(LintDocument, ""), advice=(common,) * 100)).count("(look_alike)") == 100


def test_a_value_is_explained_the_one_that_counts_first_and_others_as_overridden() -> None:
    value = filled(ExplanationDocument, "").values[0]
    committed = replace(value.given[0].variables[0], name="w", value=1, source=PlaceEntry("f", 2))
    variable = replace(committed, name="v", commit=None)
    given = replace(
        value.given[0],
        written="${v}",
        key="k",
        layer="base",
        source=PlaceEntry("a", 1),
        variables=(variable, committed),
    )
    lost = replace(given, overlay=False, counts=False, commit=None)
    won = replace(given, overlay=True, counts=True)
    document = ExplanationDocument(
        "1.0", "explanation", "e", (replace(value, address="m", value=1, given=(lost, won)),)
    )

    told = replace(document, values=(replace(document.values[0], memories=()),))
    assert render_why_text(told, COLOURED).splitlines() == [
        "\x1b[1mm\x1b[0m = 1",
        '  a:1  base, overlay, k: "${v}"  x x x',
        "    ${v} = 1  f:2",
        "    ${w} = 1  f:2  x x x",
        '\x1b[2m  a:1  base, k: "${v}"  (overridden)\x1b[0m',
        "  no memory gets it",
    ]
    assert "memory" not in render_why_text(replace(told, values=(replace(told.values[0], memories=None),)))


def test_problems_are_a_table_sorted_by_place_each_once() -> None:
    one, two = Problem("a.csv", 2, 3, "m", "bad", "cure"), Problem("a.csv", 10, 0, "", "worse")
    hidden = Problem("b.csv", 1, 1, "m", "bad", withheld=True)
    whole = Problem("c.yaml", 0, 0, "", "gone")
    cells = {Source("a.csv", 2, 3): Cell("plan", "gold"), Source("b.csv", 1, 1): Cell("plan", "secret")}

    assert render_problems_csv([two, whole, one, hidden, one], cells).splitlines() == [
        "file,row,column,value,problem,cure",
        "a.csv,2,plan,gold,m: bad,cure",
        "a.csv,10,,,worse,",
        "b.csv,1,plan,,m: bad,",
        "c.yaml,,,,gone,",
    ]
    assert ",7,,m: bad," in render_problems_csv([Problem("a.yaml", 1, 7, "m", "bad")], {})


@pytest.mark.parametrize("value", ["=1", "@a", "+a", "-1a", "+1+1"])
def test_what_a_spreadsheet_would_run_has_an_apostrophe_before_it(value: str) -> None:
    assert f",'{value}," in render_problems_csv([Problem("f", 1, 1, "", "m")], {Source("f", 1, 1): Cell("c", value)})


@pytest.mark.parametrize("value", ["+1 (415) 555-0100", "-1.5", "a=1", "1"])
def test_numbers_and_other_text_stand_as_they_are(value: str) -> None:
    assert f",{value}," in render_problems_csv([Problem("f", 1, 1, "", "m")], {Source("f", 1, 1): Cell("c", value)})
