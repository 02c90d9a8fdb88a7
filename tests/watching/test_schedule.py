import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.watching import service
from reconciler.watching.report import Report, RunResult
from reconciler.watching.run import Times, real_times
from reconciler.watching.service import Schedule, Watched, failures_after, keep_watching
from reconciler.workflow.options import RunOptions
from tests.watching.reports import account, report

SECONDS = st.floats(min_value=1, max_value=1e6)
SHARES = st.floats(min_value=0, max_value=1)
RESULTS = st.sampled_from(get_args(RunResult))


def test_the_sleep_of_a_watch_ends_with_its_stop_and_chance_is_a_share() -> None:
    times = real_times()
    times.stop.request()
    asyncio.run(asyncio.wait_for(times.clock.sleep(3600), 60))

    assert 0 <= times.share() < 1


def test_each_failure_doubles_the_pause_up_to_an_hour() -> None:
    pauses = [Schedule(interval=300).pause(failures, 0.5) for failures in range(6)]

    assert pauses == [300, 600, 1200, 2400, 3600, 3600]


@pytest.mark.parametrize(
    ("schedule", "seconds"), [(Schedule(1), 300), (Schedule(90, jitter=10), 300), (Schedule(90, jitter=11), 303)]
)
def test_a_sign_of_life_may_be_three_intervals_late_and_at_least_five_minutes(
    schedule: Schedule, seconds: float
) -> None:
    assert schedule.patience == seconds


@pytest.mark.parametrize(
    ("watched", "words"),
    [
        (
            Watched(RunOptions(), applies=False, schedule=Schedule(300), listen=("", 0), output_format="text"),
            "planning every 5 min",
        ),
        (
            Watched(RunOptions(), applies=True, schedule=Schedule(60, jitter=30), listen=("", 0), output_format="text"),
            "applying every 1 min, and up to 30 s more",
        ),
    ],
)
def test_a_watch_says_what_it_does_and_how_often(watched: Watched, words: str) -> None:
    assert service._announced(watched) == words  # noqa: SLF001  the first line of each log


def test_an_interval_beyond_the_longest_pause_stays_what_it_is() -> None:
    assert Schedule(interval=7200).pause(5, 0.0) == 7200


def test_chance_adds_its_share_of_the_jitter_and_no_more() -> None:
    schedule = Schedule(interval=300, jitter=30)

    assert [schedule.pause(0, share) for share in (0.0, 0.5, 1.0)] == [300, 315, 330]


@given(SECONDS, SECONDS, SECONDS, st.integers(0, 10_000), SHARES)
def test_a_pause_has_bounds_and_never_shrinks_with_failures(
    interval: float, jitter: float, longest: float, failures: int, share: float
) -> None:
    schedule = Schedule(interval, jitter, longest)
    pause = schedule.pause(failures, share)

    assert interval <= pause <= max(interval, longest) + jitter
    assert pause <= schedule.pause(failures + 1, share)


@given(st.lists(st.builds(report, RESULTS, account=st.sampled_from([None, account()]))))
def test_failures_are_those_since_the_last_plan(reports: list[Report]) -> None:
    failures = 0
    for one in reports:
        failures = failures_after(one, failures)
    is_failure = [one.result in {"unavailable", "rejected"} for one in reports]
    plans = (at for at, one in enumerate(reports) if one.account and not is_failure[at])

    assert failures == sum(is_failure[max(plans, default=-1) + 1 :])


def test_a_plan_that_is_refused_was_an_answer_and_a_lease_that_is_taken_says_nothing_of_the_account() -> None:
    assert failures_after(report("refused", account=account(facts_to_add=9)), 5) == 0
    assert failures_after(report("refused"), 5) == 5


@given(st.lists(st.tuples(RESULTS, st.floats(0, 1000), SHARES), min_size=1, max_size=20))
def test_runs_never_overlap_and_none_begins_before_its_pause_is_over(
    runs: list[tuple[RunResult, float, float]],
) -> None:
    told = watched(runs)

    for (_, ended, pause), (began, _, _) in pairwise(told):
        assert pause is not None
        assert began == ended + pause
        assert pause >= 60
    assert len(told) == len(runs)
    assert told[-1][2] is None


def watched(runs: Sequence[tuple[RunResult, float, float]]) -> list[tuple[float, float, float | None]]:
    """Watch through runs with a result, a length and a share of the jitter; gives start, end and pause of each."""
    now, under_way, done = 0.0, 0, 0
    told: list[tuple[float, float, float | None]] = []
    stop = Stop()

    async def run() -> Report:
        nonlocal now, under_way, done
        under_way += 1
        assert under_way == 1
        began = now
        await asyncio.sleep(0)
        now += runs[done][1]
        under_way -= 1
        done += 1
        if done == len(runs):
            stop.request()
        return report(runs[done - 1][0], seconds=began)

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def note(of: Report, pause: float | None) -> None:
        told.append((of.seconds, now, pause))

    times = Times(stop, Clock(monotonic=lambda: now, sleep=sleep), lambda: runs[done - 1][2])
    asyncio.run(keep_watching(run, Schedule(60, jitter=6), times, note))
    return told
