"""When the next run is due: an interval, a little of chance, and longer pauses while the account is down."""

from msgspec import Struct

from reconciler.watching.report import Report

_LONGEST = 3600.0
_MOST_DOUBLINGS = 32  # more than any interval needs to reach the longest pause


class Schedule(Struct, frozen=True):
    """
    Pauses between the end of a run and the start of the next, in seconds.

    Each failed run after another doubles the pause, up to `longest` (or the interval where that is longer). `jitter`
    is the most that chance adds, so that many watchers do not come at once.
    """

    interval: float
    jitter: float = 0.0
    longest: float = _LONGEST

    def pause(self, failures: int, share: float) -> float:
        """Return the pause after so many failures in a row; `share`, from 0 to 1, is the part of the jitter to add."""
        doubled = self.interval * 2.0 ** min(failures, _MOST_DOUBLINGS)
        return min(doubled, max(self.interval, self.longest)) + self.jitter * share


def failures_after(report: Report, failures: int) -> int:
    """Count the runs in a row to which the account gave no answer, or none that helps; a plan needs one that does."""
    if report.result in {"unavailable", "rejected"}:
        return failures + 1
    return failures if report.reading is None else 0
