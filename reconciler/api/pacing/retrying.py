"""One request sent again after faults: a lost connection, a server's error, an answer that nobody can read."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from reconciler.api.pacing.pacer import Pacer
from reconciler.errors import ApiUnavailableError, NotSentError

_ATTEMPTS = 6
_backoff = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)
_Answer = TypeVar("_Answer")


class Retrying:
    """
    The attempts at one request; a pacer lets each of them start.

    A request that is not repeatable is sent again only when the last one surely did nothing.
    """

    def __init__(self, pacer: Pacer, *, repeatable: bool) -> None:
        self._pacer = pacer
        self._repeatable = repeatable
        self._why = ""

    async def send(self, exchange: Callable[[], Awaitable[_Answer]], *, is_limited: bool) -> _Answer:
        """Send until it is answered; raises `ApiError`."""
        try:
            return await self._pacer.send(exchange, is_limited=is_limited)
        except ApiUnavailableError as error:
            failed = [error]  # kept for tenacity as the first attempt: it costs too much to ask it before one failed

        async def attempt() -> _Answer:
            if failed:
                raise failed.pop()
            return await self._pacer.send(exchange, is_limited=is_limited)

        return await self._attempts()(attempt)

    def _attempts(self) -> AsyncRetrying:
        return AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            retry=retry_if_exception(_worth_repeating if self._repeatable else _surely_not_done),
            wait=_backoff,
            before_sleep=self._note_why,
            sleep=self._pause,
            reraise=True,
        )

    def _note_why(self, state: RetryCallState) -> None:
        self._why = str(state.outcome.exception()) if state.outcome else ""

    async def _pause(self, seconds: float) -> None:
        await self._pacer.pause(seconds, self._why)


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, ApiUnavailableError) and not isinstance(error, NotSentError)


def _surely_not_done(error: BaseException) -> bool:
    return _worth_repeating(error) and isinstance(error, ApiUnavailableError) and not error.may_have_happened
