"""Past runs as text: the list of them, and what was found of one that left something open."""

from collections.abc import Mapping

from reconciler.core.documents.runs import Finding, PastRun, RunEntry, RunsDocument
from reconciler.core.model.text import visible
from reconciler.render.receipt_text import render_counts
from reconciler.render.words import counted, listed

_HEADINGS = ("RUN", "STARTED", "ENVIRONMENT", "STATE", "OPERATIONS")


def render_runs_text(document: RunsDocument) -> str:
    """Give a line for each run, in columns."""
    if not document.runs:
        return "No runs: no apply has written anything here yet.\n"
    rows = [_HEADINGS, *map(_row, document.runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS) - 1)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) + "\n"
        for row in rows
    )


def _row(run: RunEntry) -> tuple[str, str, str, str, str]:
    state = f"{run.state} (settled)" if run.settled else run.state
    return visible(run.run), visible(run.started_at), visible(run.environment), state, render_counts(run.totals)


def render_earlier_run(run: PastRun, findings: Mapping[Finding, int]) -> str:
    """Say in a line what an earlier run left open, and what a fresh plan says of that."""
    return f"{_what_was_left(run)}{_what_was_found(findings)}"


def _what_was_left(run: PastRun) -> str:
    begun = sum(step.result != "skipped" for step in run.steps)
    left = len(run.open_steps)
    if run.finished_at is not None:
        return f"the run {run.header.run} left {left:,} of {counted(begun, 'operation')} unknown"
    known = f"{begun - left:,} {'has' if begun - left == 1 else 'have'} a known outcome"
    under_way = f"{left:,} {'was' if left == 1 else 'were'} under way"
    operations = f"of {counted(begun, 'operation')} begun, {known} and {under_way}"
    return f"the run {run.header.run} ended without a receipt: {operations}"


def _what_was_found(findings: Mapping[Finding, int]) -> str:
    words: Mapping[Finding, tuple[str, str]] = {
        "held": ("is in the account", "are in the account"),
        "planned": ("is in this plan again", "are in this plan again"),
        "unclear": ("cannot be told here, and is safe to repeat", "cannot be told here, and are safe to repeat"),
        "undeclared": ("is no longer declared", "are no longer declared"),
        "not_read": (
            "is outside of --target or --shard and stays open",
            "are outside of --target or --shard and stay open",
        ),
    }
    found = [f"{findings[name]:,} {words[name][findings[name] != 1]}" for name in words if findings.get(name)]
    return f"; of these, {listed(found)}" if found else ""
