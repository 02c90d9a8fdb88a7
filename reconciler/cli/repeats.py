"""Operations that an earlier run left unclear, and that this one does once more, after which they are known."""

from collections.abc import Iterable

from reconciler.core.documents.runs import Step
from reconciler.core.model.address import operation_key
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome


class Repeats:
    """An observer of an execution, which learns which earlier runs have nothing unclear left."""

    def __init__(self) -> None:
        self._unclear: dict[str, set[tuple[str, str]]] = {}

    def expect(self, run: str, unclear: Iterable[Step]) -> None:
        """Note what an earlier run left unclear."""
        self._unclear[run] = {operation_key(step) for step in unclear}

    async def intent(self, operation: Operation) -> None:
        """Wait for the outcome."""

    def outcome(self, outcome: Outcome) -> None:
        """Strike out what the account holds by now."""
        if outcome.result in {"done", "already"}:
            for unclear in self._unclear.values():
                unclear.discard(operation_key(outcome.operation))

    @property
    def cleared(self) -> list[str]:
        """Return the earlier runs that have nothing unclear left."""
        return [run for run, unclear in self._unclear.items() if not unclear]
