"""A campaign as text and as a comment: its rows, what is left, and what to do."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.campaign import CampaignDocument, CampaignPartEntry, EstimateEntry
from reconciler.render.campaign import render_campaign_markdown, render_campaign_text
from reconciler.render.output import COLOURED
from tests.builders import filled


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
