"""One operation tried: errors of the API become outcomes, and what may have happened is told from what has not."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

from reconciler.core.model.text import quoted
from reconciler.core.plan.altered import Altered
from reconciler.core.plan.diff import Change, FactWrite, Updated
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import MOVED, Outcome, Result
from reconciler.core.remote import Unit
from reconciler.errors import (
    ApiError,
    ApiUnavailableError,
    EmptyAnswerError,
    ForbiddenCallError,
    NotSentError,
    OtherRecordError,
)

_UNDER_WAY = "stopped while the request was under way"

Done: TypeAlias = tuple[Result, str]
"""A result, and why where there is something to say."""


_WRITES = frozenset(("add_user", "create_memory", "resolve_contact", "update_contact", "update_user", "write_facts"))


class Witness:
    """A writer that notes whether a write was begun: what fails before that did nothing."""

    def __init__(self, writer: Unit) -> None:
        self._writer = writer
        self.has_begun = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  what the writer has under this name
        """Return a call of the writer, and note it where it writes."""
        self.has_begun = self.has_begun or name in _WRITES
        return getattr(self._writer, name)

    @property
    def as_unit(self) -> Unit:
        """Return it as what it stands for."""
        return cast("Unit", self)


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


async def attempt(run: Attempting, operation: Operation, witness: Witness) -> tuple[Outcome, bool]:
    """
    Do an operation; return what became of it, and whether the API could be reached.

    No outcome is ever lost, whatever happens.
    """
    run.written, run.altered, witness.has_begun = (), (), False
    is_reached, said, moved = True, "", False
    try:
        result, detail = await run.do(operation)
        moved = result == "skipped"  # nothing but what moved since the plan is left out by the operation itself
    except Exception as error:  # noqa: BLE001  the other operations go on, and the receipt tells of this one
        result, detail, is_reached = _failed(error, begun=witness.has_begun)
        said = error.said if isinstance(error, ApiError) else ""
        run.note_failure(detail)
    except asyncio.CancelledError:
        result, detail = ("unknown", _UNDER_WAY) if witness.has_begun else ("skipped", "stopped before it was sent")
        run.note_failure("stopped")
    return Outcome(operation, result, detail, run.written, said, moved, run.altered), is_reached


def _failed(error: Exception, *, begun: bool) -> tuple[Result, str, bool]:
    """Return the result that an error means, why, and whether the API could be reached."""
    match error:
        case NotSentError(may_have_happened=may_have_happened):
            return "unknown" if may_have_happened else "skipped", str(error), True
        case ApiUnavailableError(may_have_happened=may_have_happened, answered=answered):
            return "unknown" if may_have_happened else "failed", str(error), answered
        case OtherRecordError(may_have_happened=True):
            return "unknown", str(error), True
        case ApiError() | ForbiddenCallError():
            return "failed", str(error), True
        case _:
            defect = f"a defect of reconciler ({type(error).__name__})"
            return ("unknown", defect, True) if begun else ("failed", f"{defect}; nothing was sent", True)


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
