"""The loop of a watch: one run, a pause, the next; no run begins before the last has ended."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from reconciler.watching.report import Report
from reconciler.watching.schedule import Schedule, failures_after


class Rhythm(Struct, frozen=True):
    """
    How time is spent between runs.

    `sleep` is told seconds and may return early, once `should_stop` says so. `share` gives the chance in the jitter,
    from 0 to 1.
    """

    schedule: Schedule
    sleep: Callable[[float], Awaitable[None]]
    should_stop: Callable[[], bool]
    share: Callable[[], float]


async def keep_watching(
    run: Callable[[], Awaitable[Report]], rhythm: Rhythm, on_report: Callable[[Report, float | None], None]
) -> None:
    """
    Run until it is time to stop.

    `on_report` is told each report with the seconds until the next run, None after the last one.
    """
    failures = 0
    while not rhythm.should_stop():
        report = await run()
        failures = failures_after(report, failures)
        if rhythm.should_stop():
            on_report(report, None)
            return
        pause = rhythm.schedule.pause(failures, rhythm.share())
        on_report(report, pause)
        await rhythm.sleep(pause)
