"""One operation tried: errors of the API become outcomes, and what is sure is kept apart from what is in doubt."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from reconciler.core.model.text import quoted
from reconciler.core.plan.diff import Change, FactWrite, Updated, same_changes
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import CHANGED_SINCE_PLAN, Altered, Outcome, Result
from reconciler.core.remote import Rests, Try, UnitWriter
from reconciler.errors import (
    ApiError,
    ApiUnavailableError,
    EmptyAnswerError,
    ForbiddenCallError,
    NotSentError,
    cause_of,
    lack_of,
)

_UNDER_WAY = "stopped while the request was under way"

Done: TypeAlias = tuple[Result, str]
"""A result, and the reason where there is one."""


class SubjectRun(ABC):
    """
    A contact or a memory while its operations are done, one after the other.

    `obstacle` is why its operations cannot be done; it is empty where they can. Of the operation under way, `written`
    is what was sent, and `altered` what the account keeps of it otherwise.
    """

    def __init__(self, writer: UnitWriter) -> None:
        self._writer = writer
        self._trying = Try(view_holds=True, doubt=None)
        self._shown: Sequence[FactWrite] | None = ()
        self.obstacle = ""
        self.written: tuple[FactWrite, ...] = ()
        self.altered: tuple[Altered, ...] = ()

    @abstractmethod
    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""

    @abstractmethod
    def note_failure(self, why: str) -> None:
        """Record that an operation failed, and why."""

    async def _in_one_go(
        self, work: Callable[[], Awaitable[Done]], rests: Rests, *, shown: Sequence[FactWrite] | None = ()
    ) -> Done:
        """
        Do a look and the write that rests on it with no wait in between, again after a doubtful answer.

        `shown` is what the plan showed of the values that the write replaces. It is None for a plan that was not
        certain: that could not show it, and the first look takes its place.
        """
        self._shown = shown

        async def attempted(trying: Try) -> Done:
            self._trying = trying
            return await work()

        return await self._writer.in_one_go(attempted, rests)

    def _nothing_to_send(self, needed: Sequence[FactWrite], what: str) -> Done | None:
        """Return the result where no write is needed, or one would overwrite what the plan did not show; else None."""
        if not needed:
            return self._held(what)
        unseen = self._changed_since_plan(needed)
        return ("skipped", unseen) if unseen else None

    def _held(self, what: str) -> Done:
        """Return the result where nothing is left to send: `done` after a doubtful answer, else `already`."""
        doubt = self._trying.doubt
        if doubt is None:
            return "already", what
        return "done", "" if isinstance(doubt, EmptyAnswerError) else f"the answer was lost; {what}"

    def _changed_since_plan(self, needed: Sequence[FactWrite]) -> str:
        """Return which values would be overwritten that were not shown, in words; empty where there are none."""
        if self._shown is None:
            self._shown = needed
        shown = {write.key: write.changes for write in self._shown}
        unseen = [
            quoted(write.key)
            for write in needed
            if any(map(_loses, write.changes)) and not same_changes(write.changes, shown.get(write.key, ()))
        ]
        return f"{CHANGED_SINCE_PLAN}: {', '.join(unseen)}; the next plan shows it" if unseen else ""

    def _note_sent(self, writes: Sequence[FactWrite]) -> None:
        """Add to what all tries sent; of one fact, the last try counts."""
        self.written = tuple({write.key: write for write in (*self.written, *writes)}.values())

    def _did_nothing(self) -> Done:
        """
        Return the result of a write that was answered with success, but did nothing, as a look showed.

        Raises `EmptyAnswerError` the first time, so that the write is sent once more.
        """
        if not isinstance(self._trying.doubt, EmptyAnswerError):
            raise EmptyAnswerError
        self._writer.doubts.clear()
        return "failed", "the API answered with success twice, and did nothing"

    def _answered(self, altered: tuple[Altered, ...], unsent: Mapping[str, str] | None = None) -> Done:
        """Return the result of a write after which the account's values are known."""
        self._writer.doubts.clear()
        self.altered = altered
        return kept(altered, unsent or {})


async def attempt(run: SubjectRun, operation: Operation, writer: UnitWriter) -> tuple[Outcome, Exception | None]:
    """
    Do an operation; return its outcome, and the error that ended it, if one did.

    No outcome is ever lost, whatever happens. A result that is not sure is `unknown` while a doubt about it is open.
    """
    run.written, run.altered, writer.has_written = (), (), False
    writer.doubts.clear()
    ended_by: Exception | None = None
    said, changed = "", False
    try:
        result, detail = await run.do(operation)
        changed = result == "skipped"  # an operation skips itself only for what changed since the plan
    except Exception as error:  # noqa: BLE001  the other operations go on, and the receipt reports this one
        result, detail = _failed(error, begun=writer.has_written)
        ended_by = error
        said = error.said if isinstance(error, ApiError) else ""
        run.note_failure(detail)
    except asyncio.CancelledError:
        result, detail = ("unknown", _UNDER_WAY) if writer.has_written else ("skipped", "stopped before it was sent")
        run.note_failure("stopped")
    if writer.doubts and result in {"failed", "skipped"}:
        result, detail, changed = "unknown", _in_doubt(writer.doubts[-1], detail), False
    return Outcome(operation, result, detail, run.written, said, changed, run.altered), ended_by


def _failed(error: Exception, *, begun: bool) -> Done:
    """Return the result that an error means where nothing is in doubt, and why."""
    match error:
        case NotSentError():
            return "skipped", str(error)
        case ApiError() | ForbiddenCallError():
            return "failed", str(error)
        case _ if begun:
            return "unknown", cause_of(error)
        case _ if lack := lack_of(error):
            return "skipped", f"not tried: {lack}"
        case _:
            return "failed", f"{cause_of(error)}; nothing was sent"


def _in_doubt(doubt: ApiError, detail: str) -> str:
    """Return why nobody knows the outcome of an operation that ended with the detail given."""
    return detail if detail == str(doubt) else f"it may have been done ({doubt}), and then: {detail}"


def half_done(error: NotSentError, *, what: str) -> ApiUnavailableError:
    """Return the error of an operation of which only a part was sent before the run ended."""
    half = ApiUnavailableError(f"{what}, and the rest is {error}", may_have_happened=False)
    half.is_final = True
    return half


def not_seen(what: str) -> Done:
    """Return the result where, after a wait, nobody can see what a write would overwrite."""
    return "failed", f"{what} could not be read again, so nothing more was sent"


def unread(what: str) -> Done:
    """Return the result of a write whose answer showed nothing, and after which nobody can look."""
    return "unknown", f"written, but what {what} holds now could not be read"


def kept(altered: Sequence[Altered], unsent: Mapping[str, str]) -> Done:
    """
    Return the result of a write by what the account keeps otherwise than it was sent.

    `unsent` are facts that could not be sent beside the others, each with the reason.
    """
    names = ", ".join(quoted(item.key) for item in altered)
    why = [f"the API did not keep {names} as sent, and another run will not help"] if altered else []
    why += [f"{quoted(key)} was not sent: {reason}" for key, reason in unsent.items()]
    return ("failed", "; ".join(why)) if why else ("done", "")


def _loses(change: Change) -> bool:
    """Return whether a change replaces a value; null is none."""
    return isinstance(change, Updated) and change.before is not None
