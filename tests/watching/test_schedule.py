import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from reconciler.watching import Report, Result, Rhythm, Schedule, keep_watching
from reconciler.watching.schedule import failures_after
from tests.watching.reports import report

SECONDS = st.floats(min_value=1, max_value=1e6)
SHARES = st.floats(min_value=0, max_value=1)
RESULTS = st.sampled_from(get_args(Result))


def test_each_failure_doubles_the_pause_up_to_an_hour() -> None:
    pauses = [Schedule(interval=300).pause(failures, 0.5) for failures in range(6)]

    assert pauses == [300, 600, 1200, 2400, 3600, 3600]


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


@given(st.lists(RESULTS))
def test_failures_are_those_since_the_account_last_answered(results: list[Result]) -> None:
    failures = 0
    for result in results:
        failures = failures_after(result, failures)
    last_answer = max((at for at, result in enumerate(results) if result in {"ok", "incomplete"}), default=-1)

    assert failures == sum(result in {"unavailable", "rejected"} for result in results[last_answer + 1 :])


@given(st.lists(st.tuples(RESULTS, st.floats(0, 1000), SHARES), min_size=1, max_size=20))
def test_runs_never_overlap_and_none_begins_before_its_pause_is_over(runs: list[tuple[Result, float, float]]) -> None:
    told = watched(runs)

    for (_, ended, pause), (began, _, _) in pairwise(told):
        assert pause is not None
        assert began == ended + pause
        assert pause >= 60
    assert len(told) == len(runs)
    assert told[-1][2] is None


def watched(runs: Sequence[tuple[Result, float, float]]) -> list[tuple[float, float, float | None]]:
    """Watch through runs with a result, a length and a share of the jitter; gives start, end and pause of each."""
    now, under_way, done = 0.0, 0, 0
    told: list[tuple[float, float, float | None]] = []

    async def run() -> Report:
        nonlocal now, under_way, done
        under_way += 1
        assert under_way == 1
        began = now
        await asyncio.sleep(0)
        now += runs[done][1]
        under_way -= 1
        done += 1
        return report(runs[done - 1][0], seconds=began)

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def note(of: Report, pause: float | None) -> None:
        told.append((of.seconds, now, pause))

    rhythm = Rhythm(Schedule(60, jitter=6), sleep, lambda: done == len(runs), lambda: runs[done - 1][2])
    asyncio.run(keep_watching(run, rhythm, note))
    return told
