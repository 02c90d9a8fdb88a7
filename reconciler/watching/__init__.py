"""Runs again and again: when the next one is due, and what is told of the last one, to logs, probes and Prometheus."""

from reconciler.watching.health import Health
from reconciler.watching.loop import Rhythm, keep_watching
from reconciler.watching.report import Report, Result
from reconciler.watching.schedule import Schedule

__all__ = ["Health", "Report", "Result", "Rhythm", "Schedule", "keep_watching"]
