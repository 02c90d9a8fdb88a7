"""The clock of a run: the time of day, seconds that never go back, and sleep; tests bring their own."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from msgspec import Struct


def utc_now() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


class Clock(Struct, frozen=True):
    """`now` returns the time of day, `monotonic` seconds that never go back; `sleep` takes seconds."""

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = _sleep


SYSTEM_CLOCK = Clock()


def time_text(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
