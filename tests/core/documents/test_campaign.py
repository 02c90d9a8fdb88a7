"""A campaign from its runs: what is done, left and refused by shard, and how long the rest takes."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.campaign import CampaignDocument, describe_campaign
from reconciler.core.documents.receipt import TotalsEntry
from reconciler.core.documents.runs import AtWork, LimitedRequests, PastRun, RunHeader
from reconciler.core.model.selection import Shards
from reconciler.core.plan.receipt import RunRecord, totals_of
from reconciler.render.campaign import render_campaign_markdown, render_campaign_text

LIMITED = LimitedRequests(reads=10, writes=100, rate="100/15m", is_shared=True)


def attempt(number: int, shard: int | None, count: int = 4, /, *, planned: int = 100, **how: Any) -> PastRun:
    """Build a run; results are counted by name, and the others are skipped."""
    totals = {name: how.pop(name, 0) for name in ("done", "already", "failed", "unknown")}
    header = RunHeader(
        run=RunRecord(f"20260101T00000{number}000Z-0000", host="pod"),
        environment="production",
        api="https://api.test",
        account="hmac:0",
        specs_digest="sha256:0",
        started_at=f"2026-01-01T00:00:0{number}.000Z",
        operations={"write_facts": planned},
        shards=None if shard is None else Shards(count, (shard,), 9),
        limited=how.pop("limited", LIMITED),
    )
    run = PastRun(header, (), header.started_at, header.started_at, interrupted=False, resolved=False)
    counted = totals_of([name for name in totals for _ in range(totals[name])])
    skipped = planned - sum(totals.values())
    return replace(run, counted=TotalsEntry(**{**counted, "skipped": skipped}), **how)


KILLED: Any = {"finished_at": None}
REFUSED: Any = {"refused_by": ("max_changes",)}


def states(campaign: CampaignDocument) -> Mapping[str | None, tuple[str, int, int, int]]:
    return {part.shard: (part.state, part.attempts, part.done, part.left) for part in campaign.parts}


def test_attempts_at_a_shard_add_up_and_the_last_one_says_what_is_left() -> None:
    campaign = describe_campaign(
        [
            attempt(1, 0, done=100),
            attempt(2, 1, done=30, **KILLED),
            attempt(3, 1, planned=70, done=20, **KILLED),
            attempt(4, 2, **REFUSED),
            attempt(5, 1, planned=50, done=10, failed=1),
        ],
        [],
    )

    assert states(campaign) == {
        "0/4": ("complete", 1, 100, 0),
        "1/4": ("incomplete", 3, 60, 40),
        "2/4": ("refused", 1, 0, 100),
    }
    assert (campaign.done, campaign.left, campaign.failed, campaign.not_begun) == (160, 140, 1, (3,))


def nights(*runs: PastRun) -> tuple[int, Mapping[str | None, tuple[str, int, int, int]]]:
    campaign = describe_campaign(runs, [])
    return int(campaign.started_at[17:19]), states(campaign)


def test_once_all_shards_are_complete_the_next_run_with_something_to_do_is_of_a_new_campaign() -> None:
    done = [attempt(1, 0, 2, done=100), attempt(2, 1, 2, done=100)]
    nothing = [attempt(3, 0, 2, planned=0), attempt(4, 1, 2, already=100)]

    assert nights(*done, *nothing[:1])[0] == 1
    assert nights(*done, *nothing) == (1, {"0/2": ("complete", 2, 100, 0), "1/2": ("complete", 2, 100, 0)})
    assert nights(*done, *nothing, attempt(5, 0, 2, planned=0)) == (
        1,
        {"0/2": ("complete", 3, 100, 0), "1/2": ("complete", 2, 100, 0)},
    )
    drift = [attempt(5, 0, 2, planned=0), attempt(6, 1, 2, planned=7, done=3, **KILLED)]
    assert nights(*done, *nothing, *drift) == (5, {"0/2": ("complete", 1, 0, 0), "1/2": ("killed", 1, 3, 4)})
    again = attempt(7, 1, 2, planned=4, done=4)
    assert nights(*done, *nothing, *drift, again)[1]["1/2"] == ("complete", 2, 7, 0)
    assert nights(*done, *nothing, *drift, again, attempt(8, 0, 2, planned=5, **REFUSED)) == (
        8,
        {"0/2": ("refused", 1, 0, 5)},
    )


def test_all_that_is_declared_is_a_new_campaign_once_it_was_complete() -> None:
    runs = [attempt(1, None, done=60, **KILLED), attempt(2, None, planned=40, done=40), attempt(3, None, planned=1)]

    assert nights(*runs[:2]) == (1, {None: ("complete", 2, 100, 0)})
    assert nights(*runs) == (3, {None: ("incomplete", 1, 0, 1)})


def test_a_shard_that_begins_again_while_others_go_on_begins_no_campaign() -> None:
    slow = attempt(2, 1, 2, done=100, last_seen_at="2026-01-01T00:00:09.000Z")
    runs = [attempt(1, 0, 2, done=100), slow, attempt(3, 0, 2, planned=5, done=5)]

    assert nights(*runs) == (1, {"0/2": ("complete", 2, 105, 0), "1/2": ("complete", 1, 100, 0)})


def test_a_shard_that_was_not_begun_or_left_something_keeps_the_campaign_open() -> None:
    first, last = attempt(1, 0, 3, done=100), attempt(5, 0, 3, planned=1, done=1)

    assert nights(first, attempt(2, 1, 3, done=100), last)[0] == 1
    assert nights(first, attempt(2, 1, 3, done=100), attempt(3, 2, 3, done=99, failed=1), last)[0] == 1


def test_a_killed_run_is_complete_once_a_later_one_has_found_all_that_was_left() -> None:
    killed = attempt(1, None, done=100, **KILLED)

    assert nights(killed) == (1, {None: ("killed", 1, 100, 0)})
    assert nights(replace(killed, resolved=True)) == (1, {None: ("complete", 1, 100, 0)})
    half = replace(attempt(1, None, done=50, **KILLED), resolved=True)
    assert nights(half) == (1, {None: ("killed", 1, 50, 50)})


def test_a_saved_plan_counts_what_an_earlier_attempt_did_once() -> None:
    campaign = describe_campaign([attempt(1, 0, done=30, **KILLED), attempt(2, 0, already=30, done=70)], [])

    assert states(campaign) == {"0/4": ("complete", 2, 100, 0)}


def test_the_estimate_counts_what_is_left_reads_of_new_attempts_and_shards_without_a_run_at_the_mean() -> None:
    runs = [
        attempt(1, 0, done=100),
        attempt(2, 1, done=50, finished_at=None, is_running=True),  # 50 requests
        attempt(3, 2, done=50, **KILLED),  # 10 to read, 50 to write
    ]
    campaign = describe_campaign(runs, [])
    estimate = campaign.estimate

    assert estimate is not None
    assert (estimate.requests, estimate.requests_not_begun) == (50 + 60 + 110, 110)
    assert (
        "Time left: about 30 min, for 220 requests at 100/15m.\n"
        "110 of these are for shards without a run, which count as the mean of the others."
    ) in render_campaign_text(campaign)
    assert estimate.seconds == 2 * 900  # the first window's hundred go at once, and the last ones after two


def test_a_shard_whose_first_run_is_of_an_earlier_version_is_estimated_by_the_next() -> None:
    estimate = describe_campaign([attempt(1, 0, limited=None), attempt(2, 0, done=50)], []).estimate

    assert estimate is not None
    assert (estimate.requests, estimate.requests_not_begun) == (60 + 3 * 110, 3 * 110)


def test_what_is_left_in_one_window_takes_less_than_one() -> None:
    campaign = describe_campaign([attempt(1, 0, 1, done=50, **KILLED)], [])

    assert campaign.estimate is not None
    assert campaign.estimate.seconds == 0
    assert "Time left: less than a window of the rate limit, for 60 requests at 100/15m.\n" in (
        render_campaign_text(campaign)
    )
    assert "shards without a run" not in render_campaign_text(campaign)


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ([attempt(1, 0, 1, done=100)], ""),
        ([attempt(1, 0, 1, **REFUSED)], "what is left is refused"),
        ([attempt(1, 0, limited=None)], "its newest run is of an earlier version"),
        ([attempt(1, 0, limited=replace(LIMITED, rate=""))], "the environment has no rate_limit"),
        ([attempt(1, 0, limited=replace(LIMITED, rate="soon"))], "the environment has no rate_limit"),
        ([attempt(1, 0, limited=replace(LIMITED, is_shared=False))], "without a shared `state`"),
    ],
)
def test_where_the_time_cannot_be_known_the_reason_is_told(runs: list[PastRun], reason: str) -> None:
    campaign = describe_campaign(runs, [])

    assert campaign.estimate is None
    assert campaign.no_estimate.startswith(reason)
    assert bool(campaign.no_estimate) == bool(reason)
    assert ("No estimate of the time" in render_campaign_text(campaign)) == bool(reason)


def test_all_that_is_declared_has_an_estimate_without_shards_and_without_a_shared_state() -> None:
    limited = replace(LIMITED, is_shared=False)
    campaign = describe_campaign([attempt(1, None, planned=1000, done=0, limited=limited, **KILLED)], [])

    assert campaign.estimate is not None
    assert (campaign.shards, campaign.not_begun, campaign.parts[0].shard) == (None, (), None)
    assert "\nall    killed " in render_campaign_text(campaign)


def test_an_apply_that_reads_is_at_work_and_those_of_others_are_not_of_this_campaign() -> None:
    working = [
        AtWork("20260101T000009000Z-0000", "production", "3/4"),
        AtWork("20260101T000001000Z-0000", "production", "0/4"),  # it has its journal
        AtWork("20260101T000008000Z-0000", "staging", "1/4"),
        AtWork("20260101T000008000Z-0001", "production", "1/8"),
        AtWork("20260101T000008000Z-0002", "production"),
    ]
    running = attempt(1, 0, done=10, finished_at=None, is_running=True)
    campaign = describe_campaign([running], working)

    assert states(campaign) == {"0/4": ("running", 1, 10, 90), "3/4": ("reading", 1, 0, 0)}
    assert campaign.not_begun == (1, 2)
    assert campaign.estimate is not None
    assert campaign.estimate.requests_not_begun == 3 * 110
    assert "No apply is at work" not in render_campaign_text(campaign)


def test_of_many_shards_the_complete_ones_have_rows_only_on_request() -> None:
    runs = [attempt(1, index, 100, done=100) for index in range(40)]
    runs += [attempt(2, 41, 100, done=1, **KILLED), attempt(3, 60, 100, **REFUSED)]
    campaign = describe_campaign(runs, [])
    text = render_campaign_text(campaign)

    assert [line.split()[0] for line in text.splitlines()[2:4]] == ["41/100", "60/100"]
    assert "Complete: shards 0-39 of 100; --full shows their rows." in text
    assert "No run yet: shards 40, 42-59 and 61-99 of 100." in text
    assert "shard 60 of 100: refused by max_changes." in text
    assert "Run shard 41 of 100 again: what is done is not done twice.\nNo apply is at work.\n" in text
    assert len(render_campaign_text(campaign, full=True).splitlines()) == len(text.splitlines()) + 39


def test_a_comment_has_at_most_so_many_rows() -> None:
    campaign = describe_campaign([attempt(1, index, 999, done=1, **KILLED) for index in range(999)], [])
    text = render_campaign_markdown(campaign)

    assert '<tr><td colspan="7">799 more</td></tr>' in text
    assert len(text) < 65_000


def test_foreign_text_does_nothing_in_a_comment() -> None:
    run = attempt(1, 0, 1, **REFUSED)
    header = replace(run.header, environment="<b>@all", chosen=(("--target", "`<i>`"),))
    text = render_campaign_markdown(describe_campaign([replace(run, header=header)], []))

    assert "<b>" not in text
    assert "<i>" not in text
    assert "@all" not in text
