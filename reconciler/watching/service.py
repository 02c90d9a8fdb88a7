"""A watch: its schedule, its loop, its log, its port and its signals."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from reconciler import __version__
from reconciler.concurrency import Stop, watching_for_interrupts
from reconciler.core.model.text import duration
from reconciler.storage.files import ensure_room
from reconciler.watching.metrics import Metrics
from reconciler.watching.pinning import refuse_aimless
from reconciler.watching.probes import Health, create_app, serving
from reconciler.watching.report import Report, WatchLog
from reconciler.watching.run import Times, WatchRun, real_times
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings

_FILES = 16
"""How many more files a watch may have to open, its port and a few who ask there among them."""
_LONGEST = 3600.0
_MOST_DOUBLINGS = 32  # more than any interval needs to reach the longest pause
_INTERRUPTED = 130
_INTERVALS = 3
_LEAST_PATIENCE = 300.0  # a request that gets no answer is given up, and repeated, for longer than a short interval


class Schedule(Struct, frozen=True):
    """
    Pauses between the end of a run and the start of the next, in seconds.

    Each failed run after another doubles the pause, up to `longest` (or the interval where that is longer). `jitter`
    is the most that chance adds, so that many watchers do not come at once.
    """

    interval: float
    jitter: float = 0.0
    longest: float = _LONGEST

    @property
    def patience(self) -> float:
        """Return for how many seconds after its time a sign of life may come."""
        return max(_LEAST_PATIENCE, _INTERVALS * (self.interval + self.jitter))

    def pause(self, failures: int, share: float) -> float:
        """Return the pause after so many failures in a row; `share`, from 0 to 1, is the part of the jitter to add."""
        doubled = self.interval * 2.0 ** min(failures, _MOST_DOUBLINGS)
        return min(doubled, max(self.interval, self.longest)) + self.jitter * share


def failures_after(report: Report, failures: int) -> int:
    """Count the runs in a row to which the account gave no answer, or none that helps; a plan needs one that does."""
    if report.result in {"unavailable", "rejected"}:
        return failures + 1
    return failures if report.account is None else 0


class Watched(Struct, frozen=True):
    """One call of `watch`: what is to be done how often, and `listen`, the host and port for metrics and probes."""

    options: RunOptions
    applies: bool
    schedule: Schedule
    listen: tuple[str, int]
    output_format: str


async def watch_account(watched: Watched, around: Surroundings, times: Times | None = None) -> int:
    """
    Watch until a signal comes; return the exit code.

    Raises `InputError` where nothing can be watched or served, and `OSError` where too few files may be open for that.
    """
    refuse_aimless(watched.options, around)
    times = times or real_times()
    health = Health(times.clock, patience=watched.schedule.patience)
    metrics = Metrics(version=__version__)
    log = WatchLog(watched.output_format, around.reporter.note, times.clock.now)

    def note(report: Report, pause: float | None) -> None:
        metrics.note(report)
        health.last = report
        health.expect_sign(pause or 0.0)
        log.run(report, pause)

    run = WatchRun(watched.options, around, times, health, log, applies=watched.applies)
    ensure_room(_FILES)
    with serving(create_app(metrics.registry, health), *watched.listen) as url:
        log.note(f"{_announced(watched)}; {url}/metrics, /healthz, /readyz")
        loop = keep_watching(run, watched.schedule, times, note)
        code = await _until_stopped(loop, times.stop, run, log)
    log.note("stopped")
    return code


async def keep_watching(
    run: Callable[[], Awaitable[Report]],
    schedule: Schedule,
    times: Times,
    on_report: Callable[[Report, float | None], None],
) -> None:
    """
    Run until it is time to stop; no run begins before the last has ended.

    `on_report` takes each report with the seconds until the next run, None after the last one.
    """
    failures = 0
    pause: float | None = 0.0
    while pause is not None and not times.stop.requested:
        report = await run()
        failures = failures_after(report, failures)
        pause = _pause(schedule, failures, times)
        on_report(report, pause)
        if pause is not None:
            await times.clock.sleep(pause)


def _pause(schedule: Schedule, failures: int, times: Times) -> float | None:
    """Return the seconds until the next run; None where there is none."""
    return None if times.stop.requested else schedule.pause(failures, times.share())


async def _until_stopped(loop: Awaitable[None], stop: Stop, run: WatchRun, log: WatchLog) -> int:
    """Let a first signal end the loop in good order, which is success, and a second one at once."""
    watching = asyncio.ensure_future(loop)
    was_urged = False

    def urge() -> None:
        nonlocal was_urged
        was_urged = True
        if not run.is_writing:  # an apply ends by itself, with a journal of what was under way
            watching.cancel()

    with watching_for_interrupts(stop, log.note, again=urge):
        try:
            await watching
        except asyncio.CancelledError:
            if not was_urged:
                raise
    return _INTERRUPTED if was_urged else 0


def _announced(watched: Watched) -> str:
    schedule, verb = watched.schedule, "applying" if watched.applies else "planning"
    jitter = f", and up to {duration(schedule.jitter)} more" if schedule.jitter else ""
    return f"{verb} every {duration(schedule.interval)}{jitter}"
