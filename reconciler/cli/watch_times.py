"""The time of a watch, so that tests can bring their own."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from random import Random

from msgspec import Struct

from reconciler.stopping import Stop
from reconciler.workflow.clock import utc_now


class Times(Struct, frozen=True):
    """
    How a watch knows time, spends it, and draws the jitter.

    `clock` gives seconds that never go back, `now` the time for people, `share` a number from 0 to 1. `sleep` may
    return early, once `stop` says so.
    """

    stop: Stop
    clock: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    share: Callable[[], float]


def real_times() -> Times:
    """Return the times of this machine."""
    stop = Stop()
    return Times(stop, time.monotonic, utc_now, stop.sleep, Random().random)  # noqa: S311  jitter is no secret
