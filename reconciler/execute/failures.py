"""`--max-failures`: after so many failures, nothing more is begun."""

import math
import re

from msgspec import Struct

from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import RefusedError

_ALL = 100


class MostFailures(Struct, frozen=True):
    """So many failures, or so many percent of the operations of a run; one of the two."""

    count: int = 0
    percent: float = 0.0

    def of(self, operations: int) -> int:
        """Give the number of failures that ends a run of so many operations: at least 1."""
        return self.count or max(1, math.ceil(operations * self.percent / 100))

    def __str__(self) -> str:
        """Give it as it is written: `5` or `10%`."""
        return str(self.count) if self.count else f"{self.percent:g}%"


def parse_most_failures(text: str) -> MostFailures:
    """Read `N` or `P%`, above 0, percents to 100; raises `ValueError` for anything else."""
    if re.fullmatch(r"[1-9][0-9]{0,8}", text):
        return MostFailures(count=int(text))
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?%", text) and 0 < (percent := float(text[:-1])) <= _ALL:
        return MostFailures(percent=percent)
    raise ValueError(text)


class FailureLimit:
    """Forbids every operation once enough have failed; a lost answer (`unknown`) counts as a failure."""

    def __init__(self, most: MostFailures, *, operations: int) -> None:
        self._most = most
        self._allowed = most.of(operations)
        self._failures = 0

    async def intent(self, operation: Operation) -> None:
        """Raise `RefusedError` when there were too many failures before this operation."""
        del operation
        if self._failures >= self._allowed:
            what = "1 operation" if self._failures == 1 else f"{self._failures:,} operations"
            raise RefusedError(f"{what} failed (--max-failures {self._most})")

    def outcome(self, outcome: Outcome) -> None:
        """Count it where it is a failure."""
        self._failures += outcome.result in {"failed", "unknown"}
