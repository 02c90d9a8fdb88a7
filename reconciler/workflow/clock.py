"""The time, as runs take it and write it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Return the time now, in UTC."""


def utc_now() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


def time_text(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
