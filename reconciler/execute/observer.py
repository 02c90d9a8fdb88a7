"""Who is told of an execution while it runs: before each operation is begun, and what became of it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome


class Observer(Protocol):
    """
    Someone who follows an execution.

    One operation may send several requests; its intent comes before the first of them. An outcome follows every intent.
    Operations that are not tried have an outcome alone.
    """

    async def intent(self, operation: Operation) -> None:
        """Take note of what is about to be done; raises `ReconcilerError` to forbid it and all that is not begun."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """Take note of what became of an operation; an error of it is its own, and ends nothing."""
        ...


def tell(observer: Observer, outcome: Outcome) -> None:
    """Report an observer what became of an operation; one that fails ends neither the execution nor the telling."""
    with suppress(Exception):
        observer.outcome(outcome)


class Together:
    """Several observers as one; each can forbid an operation, and those after it are then not told of the intent."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    async def intent(self, operation: Operation) -> None:
        """Report all, one after the other."""
        for observer in self._observers:
            await observer.intent(operation)

    def outcome(self, outcome: Outcome) -> None:
        """Report all, those after one that fails, too."""
        for observer in self._observers:
            tell(observer, outcome)


class Counting:
    """Report how many operations have an outcome; those that are not tried do not count."""

    def __init__(self, on_progress: Callable[[int, int], None], *, operations: int) -> None:
        self._on_progress = on_progress
        self._operations = operations
        self._settled = 0

    async def intent(self, operation: Operation) -> None:
        """Wait for the outcome."""

    def outcome(self, outcome: Outcome) -> None:
        """Count it."""
        if outcome.result != "skipped":
            self._settled += 1
            self._on_progress(self._settled, self._operations)
