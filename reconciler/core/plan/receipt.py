"""The receipt: what became of every operation of a plan."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, get_args

from msgspec import Struct

from reconciler.core.model.address import Addressed
from reconciler.core.plan.altered import Altered
from reconciler.core.plan.diff import FactWrite
from reconciler.core.plan.operations import PlanOrigin
from reconciler.errors import Source

Result: TypeAlias = Literal["done", "already", "skipped", "failed", "unknown"]
"""
What became of an operation.

`already`: nothing was left to do. `skipped`: not tried. `failed`: the account does not hold what was sent.
`unknown`: the answer was lost or about something else, so that only the next plan can tell.
"""


class Planned(Addressed, Protocol):
    """An operation, as far as a receipt speaks of it."""

    @property
    def source(self) -> Source:
        """Return where what it is done to is declared."""
        ...


CHANGED_SINCE_PLAN = "changed since the plan"
"""How the detail of an operation begins that was left out because the account is not as it was planned for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of one operation; `detail` says why in one line, and is empty when there is nothing to say.

    `written` are the facts or fields that were sent in the end, with what they replaced: a fresh look just before may
    have found something else than the plan. `altered` are those of them that the account keeps otherwise.
    """

    operation: Planned
    result: Result
    detail: str = ""
    written: tuple[FactWrite, ...] = field(default=(), repr=False, compare=False)
    said: str = field(default="", repr=False, compare=False)
    changed_since_plan: bool = False
    altered: tuple[Altered, ...] = field(default=(), repr=False, compare=False)


class Receipt(Struct, frozen=True):
    """
    One apply: an outcome for each operation, in the order of the plan; times are ISO 8601 in UTC.

    `stop_requested` may come too late to matter: `interrupted` says whether something was left undone by it.
    """

    origin: PlanOrigin
    started_at: str
    finished_at: str
    stop_requested: bool
    outcomes: tuple[Outcome, ...]

    @property
    def interrupted(self) -> bool:
        """Return whether the apply was stopped before it was complete."""
        return self.stop_requested and not self.is_complete

    @property
    def totals(self) -> Mapping[str, int]:
        """Count the outcomes of each kind."""
        counted = Counter(outcome.result for outcome in self.outcomes)
        return {result: counted[result] for result in get_args(Result)}

    @property
    def is_complete(self) -> bool:
        """Return whether the account now holds all that the plan asked for."""
        return all(outcome.result in {"done", "already"} for outcome in self.outcomes)
