"""One operation tried: errors of the API become outcomes, and what may have happened is told from what has not."""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from reconciler.core.diff import Change, FactWrite, Updated
from reconciler.core.plan import Operation
from reconciler.core.receipt import MOVED, Outcome, Result
from reconciler.core.text import quoted
from reconciler.errors import ApiError, ApiUnavailableError, EmptyAnswerError, NotSentError, OtherRecordError

Done: TypeAlias = tuple[Result, str]
"""A result, and why where there is something to say."""


class Attempting(Protocol):
    """Something that can do operations and must know of those that failed; `written` is what the last one sent."""

    written: tuple[FactWrite, ...]

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        ...

    def note_failure(self, why: str) -> None:
        """Take in that an operation failed, and why."""
        ...


async def attempt(run: Attempting, operation: Operation) -> tuple[Outcome, bool]:
    """
    Do an operation; gives what became of it, and whether the API could be reached.

    No outcome is ever lost, whatever happens.
    """
    run.written = ()
    is_reached, said, moved = True, "", False
    try:
        result, detail = await run.do(operation)
        moved = result == "skipped"  # nothing but what moved since the plan is left out by the operation itself
    except Exception as error:  # noqa: BLE001  the other operations go on, and the receipt tells of this one
        result, detail, is_reached = _failed(error)
        said = error.said if isinstance(error, ApiError) else ""
        run.note_failure(detail)
    except asyncio.CancelledError:
        result, detail = "unknown", "stopped while the request was under way"
        run.note_failure("stopped")
    return Outcome(operation, result, detail, run.written, said, moved), is_reached


def _failed(error: Exception) -> tuple[Result, str, bool]:
    """Give the result that an error means, why, and whether the API could be reached."""
    match error:
        case NotSentError(may_have_happened=may_have_happened):
            return "unknown" if may_have_happened else "skipped", str(error), True
        case ApiUnavailableError(may_have_happened=may_have_happened, answered=answered):
            return "unknown" if may_have_happened else "failed", str(error), answered
        case OtherRecordError(may_have_happened=True):
            return "unknown", str(error), True
        case ApiError():
            return "failed", str(error), True
        case _:
            return "unknown", f"a defect of reconciler ({type(error).__name__})", True


def half_done(error: NotSentError, *, what: str) -> ApiUnavailableError:
    """Return the error of an operation of which only a part was sent before the run ended."""
    half = ApiUnavailableError(f"{what}, and the rest is {error}", may_have_happened=False)
    half.is_final = True
    return half


def was_held(doubt: ApiUnavailableError | None, *, what: str, otherwise: str) -> Done:
    """Return the result where nothing is left to send: `done` where a doubtful answer came before, else `already`."""
    if doubt is None:
        return "already", otherwise
    return "done", "" if isinstance(doubt, EmptyAnswerError) else f"the answer was lost; {what}"


def not_kept(missed: list[FactWrite]) -> Done:
    """Give the result of a write after which the account does not hold what was sent, if there is such."""
    names = ", ".join(quoted(write.key) for write in missed)
    return ("failed", f"the API did not keep {names} as sent") if missed else ("done", "")


class Shown:
    """
    What a plan showed of the values that a write replaces.

    Where the plan was not certain, it could not show it, and said so: there, the first look counts in its place.
    """

    def __init__(self, planned: Sequence[FactWrite], *, certain: bool) -> None:
        self._planned = planned
        self._is_known = certain

    def moved(self, needed: Sequence[FactWrite]) -> str:
        """Return what would be overwritten that was not shown, in words; empty where there is no such thing."""
        if not self._is_known:
            self._planned, self._is_known = needed, True
        shown = {write.key: write.changes for write in self._planned}
        moved = [
            write.key for write in needed if write.changes != shown.get(write.key) and any(map(_loses, write.changes))
        ]
        return f"{MOVED}: {', '.join(map(quoted, moved))}; the next plan shows it" if moved else ""


def _loses(change: Change) -> bool:
    """Return whether a change replaces a value; null says nothing that could be lost."""
    return isinstance(change, Updated) and change.before is not None
