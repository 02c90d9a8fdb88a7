"""Requests sent again after faults, and requests in a row: a look and the write that rests on it, without a wait."""

from collections.abc import Awaitable, Callable, Sequence
from traceback import clear_frames
from typing import TYPE_CHECKING, TypeVar

from reconciler.api.answers import ThrottledError
from reconciler.api.pacer import Pacer
from reconciler.core.remote import NEVER, Rests, Try
from reconciler.errors import ApiError, ApiUnavailableError, BudgetSpentError, EndlessAnswerError, NotSentError

if TYPE_CHECKING:  # only a request that failed loads tenacity
    from tenacity import AsyncRetrying, RetryCallState

_ATTEMPTS = 6
_Answer = TypeVar("_Answer")


class Retrying:
    """The attempts at one request, or at a row of them; a pacer waits in between."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._why = ""
        self._answered = True

    async def send(self, attempt: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Try until there is an answer; raises `ApiError`."""
        try:
            return await attempt()
        except ApiUnavailableError as error:
            clear_frames(error.__traceback__)  # they hold the answer, which may be large
            if not _worth_repeating(error):
                raise  # where no file can be opened, tenacity could not be imported
            failed = [error]  # tenacity's first attempt; asking it before one failed costs too much

        async def again() -> _Answer:
            if failed:
                raise failed.pop()
            try:
                return await attempt()
            except ApiUnavailableError as error:
                clear_frames(error.__traceback__)
                raise

        return await self._attempts()(again)

    def _attempts(self) -> "AsyncRetrying":
        import tenacity  # noqa: PLC0415  see above

        return tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            retry=tenacity.retry_if_exception(_worth_repeating),
            wait=tenacity.wait_exponential(multiplier=0.5) + tenacity.wait_random(0, 0.5),
            before_sleep=self._note_why,
            sleep=self._pause,
            reraise=True,
        )

    def _note_why(self, state: "RetryCallState") -> None:
        error = state.outcome.exception() if state.outcome else None
        self._why = str(error or "")
        self._answered = getattr(error, "answered", True)

    async def _pause(self, seconds: float) -> None:
        try:
            await self._pacer.pause(seconds, self._why)
        except BudgetSpentError as error:
            error.answered = self._answered
            raise


def _worth_repeating(error: BaseException) -> bool:
    is_over = isinstance(error, NotSentError | EndlessAnswerError)
    return isinstance(error, ApiUnavailableError) and not is_over and not error.is_final


_Done = TypeVar("_Done")
_MOST_REFUSED = 6
_NO_ROOM = "again and again there was no room to look and to write at once"


class _CrampedError(Exception):
    """The row needs more requests than it has room for, and more room is possible."""


class RequestRow:
    """
    The requests of one piece of work, one after the other.

    Nothing waits between them: a request that would have to wait begins the row again, with its look. `was_begun` is
    whether a request was answered before one was refused.
    """

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._is_open = False
        self._is_first = True
        self._room = 0
        self._used = 0
        self.was_begun = False
        self._least = 0

    @property
    def has_room(self) -> bool:
        """Return whether the row is open, with room for one more request."""
        return self._is_open and self._room > 0

    async def open(self, room: Callable[[], int]) -> None:
        """Wait until requests may go, and keep room for as many as `room` returns then; raises `NotSentError`."""
        wanted = await self._pacer.admit(lambda: self._fitting(max(self._least, room())))
        self._is_open, self._is_first, self._room, self._used, self.was_begun = True, True, wanted, 0, False

    def close(self) -> None:
        """End the row, and give back the room that was not needed."""
        if self._is_open:
            self._is_open = False
            self._pacer.leave(unused=self._room)

    async def send(self, exchange: Callable[[], Awaitable[_Done]], *, is_limited: bool) -> _Done:
        """Send the next request at once; raises `ThrottledError` where it would have to wait for the API."""
        if not self._is_first and (why := self._pacer.closed_because) is not None:
            raise ThrottledError(why, retry_after=None)
        if is_limited:
            await self._use_room()
        self._is_first = False
        answer = await self._pacer.exchanged(exchange, is_limited=is_limited)
        self.was_begun = True
        return answer

    async def _use_room(self) -> None:
        """
        Use room that was kept, or that is free; else begin the row again with more.

        Where the window never holds so many requests, wait in the middle of the row.
        """
        self._used += 1
        if self._room:
            self._room -= 1
            return
        if self._fitting(self._used) == self._used and self._pacer.free() == 0:
            self._least = self._used
            raise _CrampedError
        await self._pacer.find_room()

    def _fitting(self, requests: int) -> int:
        rate = self._pacer.rate
        return min(requests, rate.requests) if rate else requests


class InOneGo:
    """
    One piece of work, done in a row, and again from its look on after a wait or a doubtful answer.

    `doubts` are the errors of its writes that may have happened.
    """

    def __init__(self, pacer: Pacer, row: RequestRow, doubts: Sequence[ApiError]) -> None:
        self._pacer = pacer
        self._row = row
        self._doubts = doubts
        self._refused = 0

    async def do(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests) -> _Done:
        """Do the work; raises `ApiError`, and whatever `work` raises."""
        seen_at = rests.seen_at

        async def attempt() -> _Done:
            nonlocal seen_at
            while True:
                try:
                    return await self._tried(work, rests, seen_at)
                except (_CrampedError, ThrottledError) as error:
                    self._count(error)
                finally:
                    seen_at = NEVER

        return await Retrying(self._pacer).send(attempt)

    async def _tried(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests, seen_at: float) -> _Done:
        if not (self._row.has_room and self._pacer.is_fresh(seen_at)):
            self._row.close()
            await self._row.open(lambda: rests.writes + (0 if self._pacer.is_fresh(seen_at) else rests.looks))
        try:
            done = await work(Try(self._pacer.is_fresh(seen_at), self._doubts[-1] if self._doubts else None))
        except BaseException:
            self._row.close()
            raise
        if not rests.keeps_room:
            self._row.close()
        return done

    def _count(self, error: Exception) -> None:
        """Count a refusal after the first request; raises `ApiUnavailableError` after too many of them."""
        self._refused += self._row.was_begun
        if self._refused > _MOST_REFUSED:
            why = f" ({error})" if isinstance(error, ThrottledError) else ""
            raise ApiUnavailableError(_NO_ROOM + why, may_have_happened=False) from error
