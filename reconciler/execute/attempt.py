"""One operation tried: errors of the API become outcomes, and what may have happened is told from what has not."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from reconciler.core.model.text import quoted
from reconciler.core.plan.altered import Altered
from reconciler.core.plan.diff import Change, FactWrite, Updated, same_changes
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import CHANGED_SINCE_PLAN, Outcome, Result
from reconciler.core.remote import Try, Unit
from reconciler.errors import (
    ApiError,
    ApiUnavailableError,
    EmptyAnswerError,
    ForbiddenCallError,
    NotSentError,
)

_UNDER_WAY = "stopped while the request was under way"

Done: TypeAlias = tuple[Result, str]
"""A result, and why where there is something to say."""


class Attempting(Protocol):
    """
    Something that can do operations and must know of those that failed.

    `written` is what the last one sent, and `altered` what the account keeps otherwise of it.
    """

    written: tuple[FactWrite, ...]
    altered: tuple[Altered, ...]

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        ...

    def note_failure(self, why: str) -> None:
        """Record that an operation failed, and why."""
        ...


async def attempt(run: Attempting, operation: Operation, writer: Unit) -> tuple[Outcome, bool]:
    """
    Do an operation; return what became of it, and whether the API could be reached.

    No outcome is ever lost, whatever happens. What was not done for sure is unknown while a doubt about it is open.
    """
    run.written, run.altered, writer.has_written = (), (), False
    writer.doubts.clear()
    is_reached, said = True, ""
    try:
        result, detail = await run.do(operation)
        is_changed = result == "skipped"  # nothing but what changed since the plan is left out by the operation itself
    except Exception as error:  # noqa: BLE001  the other operations go on, and the receipt tells of this one
        result, detail, is_reached = _failed(error, begun=writer.has_written)
        is_changed, said = False, error.said if isinstance(error, ApiError) else ""
        run.note_failure(detail)
    except asyncio.CancelledError:
        result, detail = ("unknown", _UNDER_WAY) if writer.has_written else ("skipped", "stopped before it was sent")
        is_changed = False
        run.note_failure("stopped")
    if writer.doubts and result in {"failed", "skipped"}:
        result, detail, is_changed = "unknown", _in_doubt(writer.doubts[-1], detail), False
    return Outcome(operation, result, detail, run.written, said, is_changed, run.altered), is_reached


def _failed(error: Exception, *, begun: bool) -> tuple[Result, str, bool]:
    """Return the result that an error means where nothing is in doubt, why, and whether the API could be reached."""
    match error:
        case NotSentError():
            return "skipped", str(error), True
        case ApiUnavailableError(answered=answered):
            return "failed", str(error), answered
        case ApiError() | ForbiddenCallError():
            return "failed", str(error), True
        case _:
            defect = f"a defect of reconciler ({type(error).__name__})"
            return ("unknown", defect, True) if begun else ("failed", f"{defect}; nothing was sent", True)


def _in_doubt(doubt: ApiError, detail: str) -> str:
    """Return why nobody knows what became of an operation that ended with the detail given."""
    return detail if detail == str(doubt) else f"it may have been done ({doubt}), and then: {detail}"


def half_done(error: NotSentError, *, what: str) -> ApiUnavailableError:
    """Return the error of an operation of which only a part was sent before the run ended."""
    half = ApiUnavailableError(f"{what}, and the rest is {error}", may_have_happened=False)
    half.is_final = True
    return half


def joined(before: Sequence[FactWrite], now: Sequence[FactWrite]) -> tuple[FactWrite, ...]:
    """Return what all tries at an operation sent: of one fact, what the last of them replaced."""
    return tuple({write.key: write for write in (*before, *now)}.values())


def did_nothing(writer: Unit, trying: Try) -> Done:
    """
    Return the result of a write that was answered with success and was not done, as a look showed.

    Raises `EmptyAnswerError` the first time, so that it is sent once more.
    """
    if not isinstance(trying.doubt, EmptyAnswerError):
        raise EmptyAnswerError
    writer.doubts.clear()
    return "failed", "the API answered with success, but did nothing, and neither when it was sent again"


def was_held(doubt: ApiError | None, *, what: str, otherwise: str) -> Done:
    """Return the result where nothing is left to send: `done` where a doubtful answer came before, else `already`."""
    if doubt is None:
        return "already", otherwise
    return "done", "" if isinstance(doubt, EmptyAnswerError) else f"the answer was lost; {what}"


def not_seen(what: str) -> str:
    """Return why nothing is written after a wait where nobody can see what it would overwrite."""
    return f"{what} could not be looked at again, so nothing more was sent"


def unread(what: str) -> str:
    """Return why nobody knows what became of a write whose answer showed nothing."""
    return f"written, but what {what} holds now could not be read"


def kept(altered: Sequence[Altered], unsent: Mapping[str, str]) -> Done:
    """
    Return the result of a write by what the account keeps otherwise than it was sent.

    `unsent` are facts that could not be sent beside the others, each with the reason.
    """
    names = ", ".join(quoted(item.key) for item in altered)
    why = [f"the API did not keep {names} as sent, and another run will not help"] if altered else []
    why += [f"{quoted(key)} was not sent: {reason}" for key, reason in unsent.items()]
    return ("failed", "; ".join(why)) if why else ("done", "")


class Shown:
    """
    What a plan showed of the values that a write replaces.

    Where the plan was not certain, it could not show it, and said so: there, the first look counts in its place.
    """

    def __init__(self, planned: Sequence[FactWrite], *, certain: bool) -> None:
        self._planned = planned
        self._is_known = certain

    def changed_since_plan(self, needed: Sequence[FactWrite]) -> str:
        """Return what would be overwritten that was not shown, in words; empty where there is no such thing."""
        if not self._is_known:
            self._planned, self._is_known = needed, True
        shown = {write.key: write.changes for write in self._planned}
        changed = [
            write.key
            for write in needed
            if any(map(_loses, write.changes)) and not same_changes(write.changes, shown.get(write.key, ()))
        ]
        return f"{CHANGED_SINCE_PLAN}: {', '.join(map(quoted, changed))}; the next plan shows it" if changed else ""


def _loses(change: Change) -> bool:
    """Return whether a change replaces a value; null says nothing that could be lost."""
    return isinstance(change, Updated) and change.before is not None
