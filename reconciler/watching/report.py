"""What came of one run of a watch: counts and lines for people, and no value of the account."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.plan.totals import SummaryEntry

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

PENDING = tuple(field.name for field in fields(SummaryEntry) if "_to_" in field.name)
"""The kinds of pending changes, as the summary of a plan names them."""


class Reading(Struct, frozen=True):
    """
    What was seen of the account: the totals of the plan, and of an apply its outcomes by result.

    `has_drift` says whether changes are pending at the end of the run.
    """

    summary: SummaryEntry
    has_drift: bool
    outcomes: Mapping[str, int] | None = None

    @property
    def pending(self) -> Mapping[str, int]:
        """Count the pending changes by kind."""
        return {kind: getattr(self.summary, kind) if self.has_drift else 0 for kind in PENDING}


class Report(Struct, frozen=True):
    """
    One run: when it started (ISO 8601, UTC), how long it took in seconds, and what it sent.

    `reading` is None where no plan was made; `errors` are lines that say why.
    """

    environment: str
    result: RunResult
    started_at: str
    seconds: float
    requests: int
    seconds_throttled: float
    reading: Reading | None = None
    errors: tuple[str, ...] = ()
