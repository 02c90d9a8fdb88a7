"""The receipt: the outcome of every operation of a plan."""

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
The result of an operation.

`already`: nothing was left to do. `skipped`: not tried. `failed`: the account does not hold what was sent.
`unknown`: the answer was lost or was about something else; the next plan shows what happened.
"""


class Planned(Addressed, Protocol):
    """An operation, as far as a receipt needs it."""

    @property
    def source(self) -> Source:
        """Return the place of the declaration."""
        ...


CHANGED_SINCE_PLAN = "changed since the plan"
"""How the detail of an operation begins that was skipped because a live value changed since the plan."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    The outcome of one operation; `detail` is the reason in one line, or empty.

    `written` are the facts or fields that were sent, with the values they replaced, which may be newer than those of
    the plan. `altered` are those of them that differ in the account. `said` is the API's own message.
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

    A stop may be requested too late to matter; `interrupted` is whether it left something undone.
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
