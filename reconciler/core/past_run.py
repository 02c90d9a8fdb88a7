"""A run as its journal tells it: what was begun, what became of it, and what that leaves open."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.receipt import Result
from reconciler.errors import Source

RunState: TypeAlias = Literal["running", "complete", "incomplete", "interrupted", "killed"]
"""
How a run ended.

`incomplete`: to its end, with operations that failed or were not tried. `interrupted`: a signal asked it to stop.
`killed`: without an end.
"""


class RunHeader(Struct, frozen=True):
    """What a run was about; `account` is a digest, `operations` counts those planned, by type."""

    run: str
    environment: str
    api: str
    account: str
    specs_digest: str
    started_at: str
    operations: Mapping[str, int]

    @property
    def planned(self) -> int:
        """Count the operations that were planned."""
        return sum(self.operations.values())


class Step(Struct, frozen=True):
    """One operation of a run; its result is None where it was begun and nothing more is known."""

    type: str
    address: str
    source: Source
    result: Result | None

    @property
    def is_open(self) -> bool:
        """Say whether nobody knows if it happened."""
        return self.result in {None, "unknown"}


class PastRun(Struct, frozen=True):
    """
    One run; `steps` in the order in which they were begun, or put aside.

    `finished_at` is None for a run without an end, and `last_seen_at` when the journal was last written. `settled` says
    that a later run has looked at what this one left open.
    """

    header: RunHeader
    steps: tuple[Step, ...]
    last_seen_at: str
    finished_at: str | None
    interrupted: bool
    settled: bool
    is_running: bool = False

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """Give the operations of which nobody knows whether they happened."""
        return tuple(step for step in self.steps if step.is_open)

    @property
    def needs_settling(self) -> bool:
        """Say whether a next run has to look at what became of it."""
        return not self.settled and (self.finished_at is None or bool(self.open_steps))

    @property
    def not_begun(self) -> int:
        """Count the operations that the journal does not name, since the run ended before them."""
        return max(0, self.header.planned - len(self.steps))

    @property
    def totals(self) -> Mapping[str, int]:
        """Count the operations by what became of them; what was never begun is skipped."""
        counted = Counter(step.result or "unknown" for step in self.steps)
        counted["skipped"] += self.not_begun
        return {result: counted[result] for result in get_args(Result)}

    @property
    def state(self) -> RunState:
        """Say how the run ended."""
        if self.is_running:
            return "running"
        if self.finished_at is None:
            return "killed"
        if sum(self.totals.values()) == self.totals["done"] + self.totals["already"]:
            return "complete"
        return "interrupted" if self.interrupted else "incomplete"


def with_result(step: Step, result: Result) -> Step:
    """Give the step with what became of it."""
    return replace(step, result=result)
