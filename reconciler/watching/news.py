"""What a watch tells the people of its environment: what begins, changes and ends, each once, and what is applied."""

from collections.abc import Hashable, Iterator, Mapping

from reconciler.core.model.settings import NotifyEvent
from reconciler.core.plan.operations import Plan
from reconciler.watching.report import Report
from reconciler.workflow.applying import steps_of
from reconciler.workflow.notifying import News, Place, tell
from reconciler.workflow.run import Surroundings


def drift_of(plan: Plan) -> int:
    """Return a number for the pending changes: the same for the same operations on the same keys."""
    return hash(frozenset(step for item in plan.operations if item.certain for step in steps_of(item)))


class WatchNews:
    """Remembers what was told last of drift and of runs that came to no good end; what did not arrive is told again."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[NotifyEvent, Hashable] | None] = {}
        self._applied: Mapping[str, int] = {}

    async def tell(self, report: Report, place: Place, around: Surroundings) -> None:
        """Notify of what is new in a report."""
        if report.account and report.account.outcomes and report.result == "ok":
            before = self._applied
            self._applied = {name: before.get(name, 0) + count for name, count in report.account.outcomes.items()}
        if self._applied and await tell(News("applied", outcomes=self._applied), place, "watch", around):
            self._applied = {}
        for kind, state, news in self._changes(report):
            if await tell(news, place, "watch", around):
                self._told[kind] = state

    def _changes(self, report: Report) -> Iterator[tuple[str, tuple[NotifyEvent, Hashable] | None, News]]:
        """Yield each kind of state that is another than what was told, with what it is now, None for none."""
        for kind, state in _states(report).items():
            before = self._told.get(kind)
            if state is not None and state != before:
                planned = report.account.summary if report.account and state[0] in {"drift", "refused"} else None
                outcomes = report.account.outcomes if report.account and state[0] == "failed" else None
                errors = () if state[0] == "drift" else report.errors
                yield kind, state, News(state[0], planned=planned, outcomes=outcomes, errors=errors)
            elif state is None and before is not None:
                yield kind, state, News(before[0], is_over=True)


def _states(report: Report) -> dict[str, tuple[NotifyEvent, Hashable] | None]:
    """
    Return the states that a run shows, None for none; of what it did not come to, it shows nothing.

    The drift of a plan that is refused is told as that, with its counts.
    """
    if report.result == "stopped":
        return {}
    states: dict[str, tuple[NotifyEvent, Hashable] | None] = {"end": None}
    if report.result != "ok":
        event: NotifyEvent = "refused" if report.result == "refused" else "failed"
        states["end"] = (event, (report.result, report.errors))
    account = report.account
    if account and report.result != "refused" and (account.outcomes is None or not account.has_drift):
        states["drift"] = ("drift", account.drift) if account.has_drift else None
    return states
