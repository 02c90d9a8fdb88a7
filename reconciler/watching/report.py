"""The report of one run of a watch, for metrics and as a line of the log; it holds no value of the account."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.clock import time_text
from reconciler.core.model.text import duration, json_text, visible
from reconciler.core.plan.measures import PENDING, SummaryEntry
from reconciler.render.words import counted, pending

RunResult: TypeAlias = Literal[
    "ok", "incomplete", "refused", "invalid", "unavailable", "rejected", "unsaved", "failed", "stopped"
]
"""
How a run ended.

`ok`: the plan was made and, where it is applied, all of it is done. `incomplete`: a part was not done. `refused`:
nothing was written, on purpose. `invalid`: the specs, reconciler.yaml or the environment cannot be used.
`unavailable`: the account did not answer. `rejected`: it answered no. `unsaved`: a file of this tool cannot be written.
`failed`: another error. `stopped`: a signal came first.
"""


class AccountSummary(Struct, frozen=True):
    """
    What was seen of the account: the totals of the plan, and of an apply its outcomes by result.

    `has_drift` says whether changes are pending at the end of the run; `drift` is another number for other changes.
    """

    summary: SummaryEntry
    has_drift: bool
    drift: int = 0
    outcomes: Mapping[str, int] | None = None

    @property
    def pending(self) -> Mapping[str, int]:
        """Count the pending changes by kind."""
        return self.summary.pending if self.has_drift else dict.fromkeys(PENDING, 0)


class Report(Struct, frozen=True):
    """
    One run: when it started (ISO 8601, UTC), how long it took in seconds, and what it sent.

    `account` is None where no plan was made; `errors` are lines that say why.
    """

    environment: str
    result: RunResult
    started_at: str
    seconds: float
    requests: int
    seconds_throttled: float
    account: AccountSummary | None = None
    errors: tuple[str, ...] = ()


_MOST_ERRORS = 20


def text_line(time: str, report: Report, pause: float | None) -> str:
    """Return a run as one line: when and how it ended, where, counts, seconds, and when the next one is due."""
    head = f"{time} {report.environment}: {report.result}"
    parts = [f"{head}{_story(report)}", f"{counted(report.requests, 'request')} in {report.seconds:.1f} s"]
    if report.seconds_throttled:
        parts.append(f"{duration(report.seconds_throttled)} of it waiting for the limit")
    if pause is not None:
        parts.append(f"next in {duration(pause)}")
    return "; ".join(parts)


def error_lines(report: Report) -> list[str]:
    """Return what went wrong, a line for each problem; beyond a number they are counted."""
    lines = [f"error: {error}" for error in report.errors[:_MOST_ERRORS]]
    left = len(report.errors) - _MOST_ERRORS
    return [*lines, f"error: and {left:,} more; `reconciler validate` names all"] if left > 0 else lines


def json_line(time: str, report: Report, pause: float | None) -> str:
    """Return a run that ended at this time as one JSON object."""
    account = report.account
    entry = {
        "time": time,
        "event": "run",
        "started_at": report.started_at,
        "environment": report.environment,
        "result": report.result,
        "seconds": round(report.seconds, 3),
        "requests": report.requests,
        "seconds_throttled": round(report.seconds_throttled, 3),
        "drift": account.has_drift if account else None,
        "planned": account.summary.pending if account else None,
        "uncertain": account.summary.uncertain if account else None,
        "unmanaged": account.summary.facts_unmanaged if account else None,
        "outcomes": dict(account.outcomes) if account and account.outcomes is not None else None,
        "errors": report.errors[:_MOST_ERRORS],
        "errors_in_all": len(report.errors),
        "next_in_seconds": None if pause is None else round(pause, 3),
    }
    return json_text(entry)


def note_line(time: str, text: str) -> str:
    """Return any other line as one JSON object."""
    return json_text({"time": time, "event": "note", "message": text})


def _story(report: Report) -> str:
    """Return the words after the result: what was planned and done, or how much is wrong."""
    parts = [_planned(report.account)] if report.account else []
    if report.errors:
        parts.append(counted(len(report.errors), "error"))
    return "".join(f", {part}" for part in parts)


def _planned(account: AccountSummary) -> str:
    parts = pending(account.summary, PENDING)
    words = [f"planned {', '.join(parts)}" if parts else "nothing to change"]
    if account.summary.uncertain:
        words.append(f"{account.summary.uncertain:,} uncertain")
    if account.outcomes is not None:
        counts = [f"{number:,} {result}" for result, number in account.outcomes.items() if number]
        words.append(f"applied: {', '.join(counts) or 'nothing'}")
    return ", ".join(words)


class WatchLog:
    """
    Hand lines to `write`, as text or as JSON; whatever they quote, each is one line in which every character prints.

    Errors have lines of their own in text, which are not repeated while nothing changes; in JSON they stand in the
    run's line. A note that the run before gave as well is not repeated.
    """

    def __init__(self, output_format: str, write: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._is_json = output_format == "json"
        self._write = write
        self._now = now
        self._reported: tuple[str, ...] = ()
        self._notes: set[str] = set()
        self._notes_before: set[str] = set()

    def run(self, report: Report, pause: float | None) -> None:
        """Report a run that has just ended."""
        self._notes_before, self._notes = self._notes, set()
        time = time_text(self._now())
        if self._is_json:
            self._write(json_line(time, report, pause))
            return
        repeats = bool(report.errors) and report.errors == self._reported
        line = text_line(time, report, pause) + (" (errors as before)" if repeats else "")
        for told in (line, *([] if repeats else error_lines(report))):
            self._write(visible(told))
        self._reported = report.errors

    def note(self, text: str) -> None:
        """Report something else."""
        time = time_text(self._now())
        self._write(note_line(time, text) if self._is_json else visible(f"{time} {text}"))

    def note_once(self, text: str) -> None:
        """Report something that every run would repeat."""
        if text not in self._notes | self._notes_before:
            self.note(text)
        self._notes.add(text)
