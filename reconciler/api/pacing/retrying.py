"""Sending a request again after a lost connection, an error of the server or an answer that cannot be read."""

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
    """The attempts at one request, or at a row of them; a pacer waits in between."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._why = ""

    async def send(self, attempt: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Try until there is an answer; raises `ApiError`."""
        try:
            return await attempt()
        except ApiUnavailableError as error:
            failed = [error]  # tenacity's first attempt; asking it before one failed costs too much

        async def again() -> _Answer:
            if failed:
                raise failed.pop()
            return await attempt()

        return await self._attempts()(again)

    def _attempts(self) -> AsyncRetrying:
        return AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS),
            retry=retry_if_exception(_worth_repeating),
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
    return isinstance(error, ApiUnavailableError) and not isinstance(error, NotSentError) and not error.is_final
