"""A watch: its loop, its log, its port and its signals."""

import asyncio
from collections.abc import Awaitable

from msgspec import Struct

from reconciler import __version__
from reconciler.cli.interrupt import watching_for_interrupts
from reconciler.cli.options import Invocation
from reconciler.cli.terminal import remark
from reconciler.cli.watch_log import WatchLog
from reconciler.cli.watch_run import WatchRun
from reconciler.cli.watch_times import Times, real_times
from reconciler.core.model.text import duration
from reconciler.stopping import Stop
from reconciler.watching import Health, Report, Rhythm, Schedule, keep_watching
from reconciler.watching.metrics import Metrics
from reconciler.watching.serving import create_app, serving

_INTERRUPTED = 130
_INTERVALS = 3
_LEAST_PATIENCE = 300.0  # a request that gets no answer is given up, and repeated, for longer than a short interval


class Watched(Struct, frozen=True):
    """One call of `watch`: what is to be done how often, and `listen`, the host and port for metrics and probes."""

    invocation: Invocation
    applies: bool
    schedule: Schedule
    listen: tuple[str, int]
    output_format: str


async def watch_account(watched: Watched, times: Times | None = None) -> int:
    """Watch until a signal comes; return the exit code, raises `InputError` where nothing can be served."""
    times = times or real_times()
    patience = max(_LEAST_PATIENCE, _INTERVALS * (watched.schedule.interval + watched.schedule.jitter))
    health = Health(times.clock, patience=patience)
    metrics = Metrics(version=__version__)
    log = WatchLog(watched.output_format, remark, times.now)

    def note(report: Report, pause: float | None) -> None:
        metrics.note(report)
        health.last = report
        health.expect_sign(pause or 0.0)
        log.run(report, pause)

    run = WatchRun(watched.invocation, times, health, log, applies=watched.applies)
    rhythm = Rhythm(watched.schedule, times.sleep, lambda: times.stop.requested, times.share)
    with serving(create_app(metrics.registry, health), *watched.listen) as url:
        log.note(f"{_announced(watched)}; {url}/metrics, /healthz, /readyz")
        code = await _until_stopped(keep_watching(run, rhythm, note), times.stop, run, log)
    log.note("stopped")
    return code


async def _until_stopped(loop: Awaitable[None], stop: Stop, run: WatchRun, log: WatchLog) -> int:
    """Let a first signal end the loop in good order, which is success, and a second one at once."""
    watching = asyncio.ensure_future(loop)
    was_urged = False

    def urge() -> None:
        nonlocal was_urged
        was_urged = True
        if not run.is_writing:  # an apply ends by itself, with a journal of what was under way
            watching.cancel()

    with watching_for_interrupts(stop, tell=log.note, again=urge):
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
