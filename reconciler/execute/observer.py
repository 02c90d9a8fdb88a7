"""Observers of an execution: they see each operation before it is begun, and its outcome."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome


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
