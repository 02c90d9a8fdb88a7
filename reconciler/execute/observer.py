"""Observers of an execution: they see each operation and its outcome, and may end an apply early."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, groupby
from typing import Protocol

from msgspec import Struct

from reconciler.core.model.address import unit_of
from reconciler.core.model.masking import worded_error
from reconciler.core.model.settings import MostFailures
from reconciler.core.plan.operations import Operation, Work
from reconciler.core.plan.receipt import HELD, Outcome
from reconciler.errors import ReconcilerError, RefusedError, lack_of

ReadBack = Callable[[Sequence[str], Mapping[str, str]], Awaitable[Sequence[str]]]
"""Takes addresses and the memory ids learned; returns the addresses that still lack something."""

_MOST_NAMED = 3


class Canary(Struct, frozen=True):
    """The first `units` contacts and existing memories, done and read back before the rest."""

    units: int
    read_back: ReadBack

    def parts(self, work: Sequence[Work]) -> tuple[tuple[Work, ...], tuple[Work, ...]]:
        """Split the work of a plan into the canary's and the rest."""
        units = [tuple(items) for _, items in groupby(work, key=lambda item: unit_of(item.address))]
        first, rest = units[: self.units], units[self.units :]
        return tuple(chain(*first)), tuple(chain(*rest))

    async def objection(self, work: Sequence[Work], outcomes: Iterable[Outcome], ids: Mapping[str, str]) -> str:
        """Return why the rest must not be done, in one line; empty where it may be."""
        bad = [outcome for outcome in outcomes if outcome.result not in HELD]
        if bad:
            return f"not tried: the canary failed ({bad[0].operation.address}: {bad[0].result})"
        try:
            lacking = await self.read_back(sorted({unit_of(item.address) for item in work}), ids)
        except ReconcilerError as error:
            first = worded_error(error, reveal=False).partition("\n")[0]
            return f"not tried: the canary could not be read back: {first}"
        except asyncio.CancelledError:
            return "not tried: reading the canary back was stopped"
        except Exception as error:  # noqa: BLE001  the receipt of what was written must not be lost
            if lack := lack_of(error):
                return f"not tried: the canary could not be read back: {lack}"
            return f"not tried: a defect of reconciler while the canary was read back ({type(error).__name__})"
        return f"not tried: read back, the canary is not as declared: {_named(lacking)}" if lacking else ""


def _named(addresses: Sequence[str]) -> str:
    rest = len(addresses) - _MOST_NAMED
    return ", ".join(addresses[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


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


class Observer(Protocol):
    """
    An observer of an execution.

    One operation may send several requests; its intent comes before the first of them. An outcome follows every intent.
    Operations that are not tried have an outcome alone.
    """

    async def intent(self, operation: Operation) -> None:
        """Note what is about to be done; raises `ReconcilerError` to forbid it and all that is not begun."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """Note the outcome of an operation; errors raised here end nothing."""
        ...


def report(observer: Observer, outcome: Outcome) -> None:
    """Pass an outcome to an observer; an observer that fails does not end the execution."""
    with suppress(Exception):
        observer.outcome(outcome)


class Together:
    """
    Several observers as one, in their order.

    Once one forbids an operation, those after it do not see its intent. So those that may forbid come first, then the
    journal, then those that only report: the journal records no forbidden operation, and hears of every outcome.
    """

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    async def intent(self, operation: Operation) -> None:
        """Pass the intent to each observer."""
        for observer in self._observers:
            await observer.intent(operation)

    def outcome(self, outcome: Outcome) -> None:
        """Pass the outcome to each observer, also after one that fails."""
        for observer in self._observers:
            report(observer, outcome)


class Counting:
    """Report the number of operations that have an outcome; those that are not tried do not count."""

    def __init__(self, on_progress: Callable[[int, int], None], *, operations: int) -> None:
        self._on_progress = on_progress
        self._operations = operations
        self._done = 0

    async def intent(self, operation: Operation) -> None:
        """Wait for the outcome."""

    def outcome(self, outcome: Outcome) -> None:
        """Count it."""
        if outcome.result != "skipped":
            self._done += 1
            self._on_progress(self._done, self._operations)
