"""The log of a watch: one line a run, and what went wrong once."""

from collections.abc import Callable
from datetime import datetime

from reconciler.watching import Report
from reconciler.watching.telling import error_lines, json_line, note_line, text_line
from reconciler.workflow.clock import time_text


class WatchLog:
    """
    Hand lines to `write`, as text or as JSON.

    Errors have lines of their own in text, which are not repeated while nothing changes; in JSON they stand in the
    run's line. A note that the run before gave, too, is not told again.
    """

    def __init__(self, output_format: str, write: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._is_json = output_format == "json"
        self._write = write
        self._now = now
        self._told: tuple[str, ...] = ()
        self._notes: set[str] = set()
        self._notes_before: set[str] = set()

    def run(self, report: Report, pause: float | None) -> None:
        """Report a run that has just ended."""
        self._notes_before, self._notes = self._notes, set()
        time = time_text(self._now())
        if self._is_json:
            self._write(json_line(time, report, pause))
            return
        repeats = bool(report.errors) and report.errors == self._told
        self._write(text_line(time, report, pause) + (" (errors as before)" if repeats else ""))
        for line in [] if repeats else error_lines(report):
            self._write(line)
        self._told = report.errors

    def note(self, text: str) -> None:
        """Report something else."""
        time = time_text(self._now())
        self._write(note_line(time, text) if self._is_json else f"{time} {text}")

    def note_once(self, text: str) -> None:
        """Report something that every run would tell."""
        if text not in self._notes | self._notes_before:
            self.note(text)
        self._notes.add(text)
