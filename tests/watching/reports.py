"""Reports of runs that tests are about."""

from typing import Any

from reconciler.core.plan.measures import SummaryEntry
from reconciler.watching.report import AccountSummary, Report, RunResult


def summary(**counts: int) -> SummaryEntry:
    return SummaryEntry(**(dict.fromkeys(SummaryEntry.__struct_fields__, 0) | counts))


def account(**counts: int) -> AccountSummary:
    return AccountSummary(summary(**counts), has_drift=any("_to_" in name for name in counts))


def report(result: RunResult = "ok", **changes: Any) -> Report:
    made = {"seconds": 1.25, "requests": 3, "seconds_throttled": 0.0, "account": None, "errors": ()} | changes
    return Report("production", result, "2027-03-31T14:00:00.000Z", **made)
