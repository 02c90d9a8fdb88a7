"""What a receipt and a notification say: outcomes, advice, who ran it, and how long ago."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.plan import CostEntry, PlaceEntry
from reconciler.core.documents.receipt import AlteredEntry, OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import WEAK_KEY, WRONG_KEY
from reconciler.render.notification import first_of, outcome_counts, ran_by, sentence_of, with_details
from reconciler.render.output import COLOURED, PLAIN
from reconciler.render.text import render_counts, render_receipt_text
from reconciler.render.words import advice, age, commit_text, detail_of, waits, who_ran
from tests.builders import filled


def outcome(result: str, **more: Any) -> OutcomeEntry:
    return OutcomeEntry("write_facts", "a", result, "why", PlaceEntry("f", 1), **more)


def receipt(*outcomes: OutcomeEntry, **more: Any) -> ReceiptDocument:
    counts = {name: sum(one.outcome == name for one in outcomes) for name in TotalsEntry.__struct_fields__}
    told = {"totals": TotalsEntry(**counts), "run": None, "runs": (), "allowed": (), "refused_by": (), **more}
    return replace(filled(ReceiptDocument, ""), outcomes=outcomes, **{"resolved": False, "shards": None, **told})


def refused(why: str) -> OutcomeEntry:
    return replace(outcome("failed"), detail=f"the API answered 403; {why} (and what it said)")


OTHER_KEY = "Use a key that the API accepts, and run apply again to finish: what is done is not done twice."
OTHER_ROLE = (
    "Use a key whose organisation role is admin, owner or operator, and run apply again to finish: what is done is not "
    "done twice."
)
AGAIN = "Run apply again to finish: what is done is not done twice."
ALTERED = (AlteredEntry("k", missing=True, came_back=None), AlteredEntry("l", missing=False, came_back=2))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (receipt(outcome("done")), []),
        (receipt(outcome("failed")), [AGAIN]),
        (receipt(refused(WEAK_KEY), outcome("skipped")), [OTHER_ROLE]),
        (receipt(refused(WRONG_KEY), outcome("done")), [OTHER_KEY]),
        (receipt(refused(WRONG_KEY), outcome("failed")), [AGAIN]),
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
