"""Lists and single sentences: of runs, comparisons, advice, explanations, campaigns, problems and notifications."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.campaign import CampaignDocument, CampaignPartEntry, EstimateEntry
from reconciler.core.documents.comparison import ComparisonDocument, Difference, DifferenceCause
from reconciler.core.documents.explanation import ExplanationDocument, LintDocument
from reconciler.core.documents.plan import CostEntry, PlaceEntry
from reconciler.core.documents.receipt import AlteredEntry, OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.documents.runs import PastRun, RunHeader, RunsDocument, Step
from reconciler.core.model.observed import Present
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import Cell, Problem, Source
from reconciler.render.campaign import render_campaign_markdown, render_campaign_text
from reconciler.render.formats import (
    campaign_formats,
    dry_run_formats,
    plan_formats,
    receipt_formats,
    render_saved,
)
from reconciler.render.json import render_json
from reconciler.render.markup import SourceLinks
from reconciler.render.notification import first_of, outcome_counts, ran_by, sentence_of, with_details
from reconciler.render.output import COLOURED, PLAIN
from reconciler.render.problems_csv import render_problems_csv
from reconciler.render.tables import (
    render_comparison_markdown,
    render_comparison_text,
    render_earlier_run,
    render_lint_text,
    render_runs_text,
    render_why_text,
)
from reconciler.render.text import render_counts, render_receipt_text
from reconciler.render.words import advice, age, commit_text, detail_of, waits, who_ran
from tests.builders import filled, memory, plan, plan_all
from tests.render.test_markdown import described

# Runs


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


# Comparisons


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


# Advice and explanations


def test_advice_is_counted() -> None:
    document = filled(LintDocument, "")

    assert render_lint_text(document).endswith("1 thing to look at in the specs of x.\n")
    assert render_lint_text(replace(document, advice=document.advice * 2)).endswith(
        "2 things to look at in the specs of x.\n"
    )
    assert render_lint_text(replace(document, advice=())) == "Nothing to look at in the specs of x.\n"


def test_a_value_is_explained_the_one_that_counts_first_and_others_as_overridden() -> None:
    value = filled(ExplanationDocument, "").values[0]
    variable = replace(value.given[0].variables[0], name="v", value=1, source=PlaceEntry("f", 2), commit=None)
    given = replace(
        value.given[0], written="${v}", key="k", layer="base", source=PlaceEntry("a", 1), variables=(variable,)
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
        '\x1b[2m  a:1  base, k: "${v}"  (overridden)\x1b[0m',
        "  no memory gets it",
    ]
    assert "memory" not in render_why_text(replace(told, values=(replace(told.values[0], memories=None),)))


# Campaigns


def part(shard: str | None, state: Any, **more: Any) -> CampaignPartEntry:
    return CampaignPartEntry(shard, state, **{"attempts": 1, "done": 1, "left": 0, "failed": 0, "run": "r", **more})


def campaign(*parts: CampaignPartEntry, **more: Any) -> CampaignDocument:
    told = {"environment": "e", "api": "a", "started_at": "2026-01-02T03:04:05Z", "shards": 9, "not_begun": (), **more}
    empty = {"chosen": (), "estimate": None, "no_estimate": "", "commit": None, "dirty": None, "failed": 0}
    return replace(filled(CampaignDocument, ""), parts=parts, **{**empty, **told})


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ({}, "Apply in 9 shards for e (a), since 2026-01-02 03:04 UTC."),
        ({"shards": None}, "Apply for e (a), since 2026-01-02 03:04 UTC."),
        ({"commit": "0123456789ab", "dirty": True}, "Apply in 9 shards for e (a) at 0123456789+, since"),
        ({"chosen": (("--target", "a b"),)}, "Apply in 9 shards for e (a), of --target 'a b', since"),
    ],
)
def test_a_campaign_begins_with_what_it_applies(told: dict[str, Any], title: str) -> None:
    assert render_campaign_text(campaign(part("0/9", "complete"), **told)).startswith(title)


def test_a_campaign_is_a_table_with_numbers_to_the_right() -> None:
    made = campaign(
        part("0/9", "incomplete", attempts=12, done=1_000, left=2, failed=1), part("1/9", "reading", run=None)
    )

    assert render_campaign_text(made, COLOURED).splitlines()[1:4] == [
        "\x1b[1mSHARD  STATE       ATTEMPTS   DONE  LEFT  FAILED  RUN\x1b[0m",
        "0/9    incomplete        12  1,000     2       1  r",
        "1/9    reading            1      1     0       0  -",
    ]
    assert "<tr><th>shard</th><th>state</th><th>attempts</th>" in render_campaign_markdown(made)
    assert "<td><code>1,000</code></td><td><code>2</code></td>" in render_campaign_markdown(made)
    assert "SHARD" not in render_campaign_text(campaign())
    assert "<table>" not in render_campaign_markdown(campaign())
    assert "all " in render_campaign_text(campaign(part(None, "complete"), shards=None))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (campaign(done=1, left=0), "1 operation done, 0 left."),
        (campaign(done=2, left=3, failed=1), "2 operations done, 3 left, 1 of them failed."),
        (campaign(not_begun=(3,)), "; 1 shard not counted, since no plan of it is known."),
        (campaign(part("0/9", "reading", run=None), not_begun=(3,)), "; 2 shards not counted, since no plan of them"),
        (campaign(not_begun=(3,)), "No run yet: shard 3 of 9."),
        (campaign(not_begun=(1, 2, 3, 5)), "No run yet: shards 1-3 and 5 of 9."),
        (campaign(part("4/9", "killed")), "Run shard 4 of 9 again: what is done is not done twice."),
        (campaign(part("4/9", "interrupted"), part("2/9", "incomplete")), "Run shards 2 and 4 of 9 again"),
        (campaign(part(None, "killed"), shards=None), "Run the apply again"),
        (campaign(part("4/9", "refused", refused_by=("r", "s"))), "shard 4 of 9: refused by r and s. Look at the plan"),
        (campaign(part(None, "refused", refused_by=("r",)), shards=None), "\nrefused by r. Look at the plan"),
        (campaign(no_estimate="why"), "No estimate of the time: why."),
        (campaign(estimate=EstimateEntry("1/s", 0, 0, 0)), "takes no requests that count under 1/s, as far as"),
        (campaign(estimate=EstimateEntry("1/s", 1, 0, 0)), "less than a window of the rate limit, for 1 request at"),
        (campaign(estimate=EstimateEntry("1/s", 9, 2, 120)), "Time left: about 2 min, for 9 requests at 1/s."),
        (campaign(estimate=EstimateEntry("1/s", 9, 2, 120)), "2 of these are for shards without a run"),
    ],
)  # fmt: skip
def test_a_campaign_says_what_is_left_and_what_to_do(made: CampaignDocument, said: str) -> None:
    assert said in render_campaign_text(made)
    assert f"<p>{said[:6]}" in render_campaign_markdown(made) or said[0] in "\n;tl"


@pytest.mark.parametrize(
    ("made", "is_said"),
    [
        (campaign(part("0/9", "complete")), False),
        (campaign(part("0/9", "complete"), not_begun=(1,)), True),
        (campaign(part("0/9", "killed")), True),
        (campaign(part("0/9", "killed"), part("1/9", "running")), False),
        (campaign(part("0/9", "killed"), part("1/9", "reading")), False),
    ],
)
def test_a_campaign_that_stands_still_says_so(made: CampaignDocument, *, is_said: bool) -> None:
    assert ("No apply is at work." in render_campaign_text(made)) is is_said
    assert ("again: what is done" in render_campaign_text(made)) is any(one.state == "killed" for one in made.parts)
    assert "No estimate" not in render_campaign_text(made)
    assert "not counted" not in render_campaign_text(campaign(part("0/9", "complete")))


def test_shards_that_are_folded_are_named() -> None:
    parts = [part(f"{number}/30", "complete") for number in range(20)]
    made = campaign(*parts, part("25/30", "killed"), shards=30)

    assert "Complete: shards 0-19 of 30; --full shows their rows." in render_campaign_text(made)
    assert "--full" not in render_campaign_text(made, full=True)
    assert "<td><code>25/30</code></td>" in render_campaign_markdown(made)
    assert "<td><code>0/30</code></td>" not in render_campaign_markdown(made)
    assert "<td><code>0/30</code></td>" in render_campaign_markdown(made, full=True)


# Problems as a table


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


# Notifications


def test_a_notification_is_a_sentence_with_details_and_who_ran_it() -> None:
    assert with_details("Drift in e", "", "") == "Drift in e"
    assert with_details("Drift in e", "1 fact", "") == "Drift in e: 1 fact"
    assert with_details("Drift in e", "", "by ana") == "Drift in e (by ana)"
    assert with_details("Drift in e", "1 fact", "by ana") == "Drift in e: 1 fact (by ana)"


def test_the_first_error_stands_for_all() -> None:
    assert first_of([], 0) == ""
    assert first_of(["refused: a"], 1) == "a"
    assert first_of(["a", "b"], 2) == "a (and 1 more)"
    assert first_of(["a"], 1_001) == "a (and 1,000 more)"


@pytest.mark.parametrize(
    ("actor", "commit", "url", "told"),
    [
        (None, None, None, ""),
        ("ana", None, None, "by ana"),
        (None, "0123456789ab", None, "at 0123456789"),
        ("ana\n", "0123456789ab", "https://ci", r"by ana\n at 0123456789, https://ci"),
        (None, None, "https://ci", "https://ci"),
    ],
)
def test_who_ran_it_is_told_as_far_as_it_is_known(
    actor: str | None, commit: str | None, url: str | None, told: str
) -> None:
    assert ran_by(actor, commit, url) == told


@pytest.mark.parametrize(
    ("event", "is_over", "sentence"),
    [
        ("drift", False, "Drift in e"),
        ("drift", True, "No drift in e any more"),
        ("applied", False, "Applied to e"),
        ("refused", False, "Plan refused in e"),
        ("failed", False, "Plan failed in e"),
        ("refused", True, "Plan of e is in order again"),
        ("failed", True, "Plan of e is in order again"),
    ],
)
def test_each_event_has_its_sentence(event: Any, sentence: str, *, is_over: bool) -> None:
    assert sentence_of(event, is_over=is_over, command="plan", environment="e") == sentence


def test_outcomes_that_are_none_are_not_counted() -> None:
    assert outcome_counts({"done": 1_000, "failed": 0, "skipped": 1}) == ["1,000 done", "1 skipped"]


# Receipts


def outcome(result: str, **more: Any) -> OutcomeEntry:
    return OutcomeEntry("write_facts", "a", result, "why", PlaceEntry("f", 1), **more)


def receipt(*outcomes: OutcomeEntry, **more: Any) -> ReceiptDocument:
    counts = {name: sum(one.outcome == name for one in outcomes) for name in TotalsEntry.__struct_fields__}
    told = {"totals": TotalsEntry(**counts), "run": None, "runs": (), "allowed": (), "refused_by": (), **more}
    return replace(filled(ReceiptDocument, ""), outcomes=outcomes, **{"resolved": False, "shards": None, **told})


AGAIN = "Run apply again to finish: what is done is not done twice."
ALTERED = (AlteredEntry("k", missing=True, came_back=None), AlteredEntry("l", missing=False, came_back=2))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (receipt(outcome("done")), []),
        (receipt(outcome("failed")), [AGAIN]),
        (receipt(outcome("unknown")), [AGAIN]),
        (receipt(outcome("skipped")), [AGAIN]),
        (
            receipt(outcome("skipped", changed_since_plan=True)),
            ["What changed since the plan needs a new plan: make one, and review it."],
        ),
        (
            receipt(outcome("failed", altered=ALTERED)),
            [
                ("The account changes what it is sent: declare it as the account keeps it, since another run will not "
                "help.")
            ],
        ),
        (
            receipt(outcome("unknown"), resolved=True),
            ["Resolved: a later run looked at what this one left open; what it found in the account counts as done."],
        ),
        (receipt(outcome("done"), allowed=("r",)), ["Broken, and allowed for this run: r."]),
        (
            receipt(refused_by=("r",)),
            [
                "Refused by r: nothing was written.",
                "Look at the plan; where it is right, raise what refuses it for one run.",
            ],
        ),
    ],
)  # fmt: skip
def test_a_receipt_advises_what_to_do_next(made: ReceiptDocument, said: list[str]) -> None:
    assert advice(made) == said


def test_one_more_that_failed_for_another_reason_is_worth_another_run() -> None:
    assert AGAIN in advice(receipt(outcome("failed", altered=ALTERED), outcome("failed")))
    assert AGAIN in advice(receipt(outcome("skipped", changed_since_plan=True), outcome("skipped")))
    assert "Runs refused by r wrote nothing." in advice(receipt(refused_by=("r",), runs=(RunRecord(id="a"),) * 2))


def test_an_outcome_says_which_values_came_back_otherwise() -> None:
    assert detail_of(outcome("failed", altered=ALTERED)) == 'why: "k" did not come back, "l" came back as 2'
    assert detail_of(outcome("failed")) == "why"


def test_a_receipt_as_text_lists_what_is_not_done_in_the_colours_of_its_outcome() -> None:
    made = receipt(*map(outcome, ("done", "already", "failed", "unknown", "skipped")))

    assert render_receipt_text(made, COLOURED).splitlines() == [
        "\x1b[31mfailed  \x1b[0m a (write_facts, f:1): why",
        "\x1b[31munknown \x1b[0m a (write_facts, f:1): why",
        "\x1b[33mskipped \x1b[0m a (write_facts, f:1): why",
        "\x1b[31mApply incomplete: 1 operation done, 1 already there, 1 failed, 1 unknown and 1 skipped.\x1b[0m",
        "Already there: why.",
        ("Unknown: the answer was lost or about something else, so it may have been done or not; the next plan looks "
        "again."),
        AGAIN,
    ]  # fmt: skip
    assert "\x1b[32mApply complete: 1 operation done.\x1b[0m" in render_receipt_text(receipt(outcome("done")), COLOURED)
    assert "Unknown:" not in render_receipt_text(receipt(outcome("unknown"), resolved=True), PLAIN)
    assert render_counts(TotalsEntry(0, 0, 0, 0, 0)) == "0 operations done"


# Words


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 seconds"), (0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (119, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"), (86_399, "23 hours"), (86_400, "1 day"), (172_800, "2 days"),
    ],
)  # fmt: skip
def test_an_age_is_told_in_the_largest_unit_that_it_fills(seconds: int, told: str) -> None:
    day, rest = divmod(seconds, 86_400)
    now = f"2026-01-{11 + day:02}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}+00:00"

    assert age("2026-01-11T00:00:00+00:00", now) == f" ({told} before)"
    assert age("then", now) == age("2026-01-11T00:00:00", now) == ""


def test_a_wait_at_the_rate_limit_is_told_where_there_is_one() -> None:
    cost = filled(CostEntry, "")

    assert waits(replace(cost, seconds_at_rate_limit=0)) == ""
    alone, shared = (replace(cost, seconds_at_rate_limit=120, is_rate_shared=shared) for shared in (False, True))
    assert waits(alone) == ", about 2 min at the rate limit"
    assert waits(shared) == ", at least 2 min at the rate limit, which other runs share"


def test_a_commit_is_ten_digits_and_marked_where_the_specs_had_changes() -> None:
    assert commit_text("0123456789ab", dirty=False) == "0123456789"
    assert commit_text("0123456789ab", dirty=True, digits=7) == "0123456+"
    assert commit_text(None, dirty=True) == "-"


def test_who_ran_it_names_each_once_and_the_machine_only_where_it_is_no_job() -> None:
    ana = RunRecord(id="1", actor="ana", host="pc", commit="0123456789ab", dirty=False)
    job = replace(ana, host="runner", ci_url="https://ci")

    assert who_ran(receipt(run=ana), with_host=True) == "Run by ana on pc at 0123456789"
    assert who_ran(receipt(run=ana), with_host=False) == "Run by ana at 0123456789"
    assert who_ran(receipt(run=job), with_host=True) == "Run by ana at 0123456789"
    assert who_ran(receipt(run=None, runs=(ana, job)), with_host=True) == "2 runs by ana on pc at 0123456789"
    assert who_ran(receipt(run=RunRecord(id="1")), with_host=True) == ""


def test_each_document_has_its_formats() -> None:
    of_plans = {"text", "json", "markdown", "summary", "github", "gitlab", "junit", "sarif", "html"}

    assert set(plan_formats()) == of_plans
    assert set(receipt_formats()) == {"text", "json", "markdown", "summary", "github", "junit"}
    assert set(campaign_formats()) == {"text", "json", "markdown", "summary"}
    assert set(dry_run_formats()) == {"text", "json"}


def test_what_a_format_is_asked_for_reaches_its_renderer() -> None:
    wanted = [memory({"k": "v"}, contact=name) for name in ("a", "b")]
    made = described(plan_all([(one, Present("m", {})) for one in wanted]))
    links = SourceLinks("https://host/files")
    formats = plan_formats(COLOURED, full=True, links=links, project="folder")

    assert formats["text"](made).count("+ k:") == 2
    assert plan_formats()["text"](made).count("+ k:") == 1
    assert "\x1b[" in formats["text"](made)
    assert "\x1b[" not in plan_formats()["text"](made)
    for name in ("markdown", "summary", "html"):
        assert 'href="https://host/files/specs/a.yaml#L3"' in formats[name](made)
        assert "https://host" not in plan_formats()[name](made)
    for name in ("markdown", "summary"):
        assert "--project folder -e" in formats[name](made)
        assert "--project" not in plan_formats()[name](made)
    assert "\x1b[" in receipt_formats(COLOURED)["text"](receipt(outcome("done")))
    assert "\x1b[" not in receipt_formats()["text"](receipt(outcome("done")))


@pytest.mark.parametrize(
    ("document", "name", "beginning"),
    [
        (described(plan(memory({"k": 1}), Present("m", {}))), "text", "contacts.sarah"),
        (described(plan(memory({"k": 1}), Present("m", {}))), "gitlab", '{"create": 1'),
        (receipt(outcome("done")), "text", "Apply complete"),
        (receipt(outcome("done")), "junit", "<?xml"),
        (campaign(part("0/9", "complete")), "text", "Apply in 9"),
        (campaign(part("0/9", "complete")), "json", "{\n"),
        (campaign(part("0/9", "complete")), "summary", "<!-- reconciler:e:campaign -->"),
        (campaign(part("0/9", "complete")), "markdown", "<!-- reconciler:e:campaign -->"),
    ],
)
def test_a_saved_document_is_shown_in_the_formats_of_its_kind(document: Any, name: str, beginning: str) -> None:
    told = render_saved(document, name)

    assert told is not None
    assert told.startswith(beginning)
    assert render_saved(document, "gif") is None


def test_what_was_saved_is_shown_in_colour_and_in_full_where_that_is_wanted() -> None:
    parts = [part(f"{number}/30", "complete") for number in range(21)]
    made = campaign(*parts, shards=30)

    for name in ("text", "markdown", "summary"):
        assert "20/30" in (render_saved(made, name, full=True) or "")
        assert "20/30" not in (render_saved(made, name) or "")
    for document in (made, receipt(outcome("done")), described(plan(memory({"k": 1}), Present("m", {})))):
        assert "\x1b[" in (render_saved(document, "text", COLOURED) or "")
        assert "\x1b[" not in (render_saved(document, "text") or "")
    both = [(memory({"k": 1}, contact=name), Present("m", {})) for name in ("a", "b")]
    assert (render_saved(described(plan_all(both)), "text", full=True) or "").count("+ k:") == 2


# JSON

RUN = replace(filled(RunsDocument, "").runs[0], totals=TotalsEntry(0, 0, 0, 0, 0))


def test_json_is_indented_by_two_and_holds_no_default() -> None:
    advice_of_two = filled(LintDocument, "").advice * 2
    text = render_json(replace(filled(LintDocument, ""), advice=advice_of_two))

    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert len(json.loads(text)["advice"]) == 2
    entry = json.loads(render_json(replace(filled(RunsDocument, ""), runs=(replace(RUN, commit=None),))))["runs"][0]
    assert "commit" not in entry
    assert entry["totals"] == {"done": 0, "already": 0, "failed": 0, "unknown": 0, "skipped": 0}
