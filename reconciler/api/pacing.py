"""When to send a request again, and how long to wait before."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_exponential,
    wait_random,
)

from reconciler.api.answers import ThrottledError
from reconciler.errors import ApiUnavailableError

_LONGEST_WAIT = 15 * 60.0  # the window of the documented limit: 100 requests in 15 minutes
_MOST_PATIENCE = 20 * 60.0  # a little more than that window, waits added up
_SHORTEST_WAIT = 1.0


def _never() -> bool:
    """Go on."""
    return False


def _no_notice(_seconds: float, _why: str) -> None:
    """Say nothing of a wait."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """
    How a client waits.

    `attempts` counts the first one too, and faults only: a limit is waited for until its window must have passed.
    `sleep` takes seconds; `on_wait` is told the seconds and the reason before. Once `should_stop` says so, nothing is
    tried again.
    """

    attempts: int = 6
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    on_wait: Callable[[float, str], None] = _no_notice
    should_stop: Callable[[], bool] = _never

    def retrying(self, *, repeatable: bool) -> AsyncRetrying:
        """
        Give the loop that sends one request until it is answered.

        A request that is not repeatable is sent again only when the last one surely did nothing.
        """
        return AsyncRetrying(
            stop=self._gives_up,
            retry=retry_if_exception(_worth_repeating if repeatable else _surely_not_done),
            wait=_wait,
            sleep=self._sleep,
            before_sleep=self._announce,
            reraise=True,
        )

    async def _sleep(self, seconds: float) -> None:
        await self.sleep(seconds)
        if self.should_stop():
            raise ApiUnavailableError("stopped while waiting to try again", may_have_happened=False)

    def _gives_up(self, state: RetryCallState) -> bool:
        if self.should_stop():
            return True
        if isinstance(_error_of(state), ThrottledError):
            return state.idle_for >= _MOST_PATIENCE
        return state.attempt_number >= self.attempts

    def _announce(self, state: RetryCallState) -> None:
        self.on_wait(state.upcoming_sleep, str(_error_of(state)))


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, ApiUnavailableError)


def _surely_not_done(error: BaseException) -> bool:
    return isinstance(error, ApiUnavailableError) and not error.may_have_happened


_backoff = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)
_throttled_backoff = wait_exponential(multiplier=5, max=60) + wait_random(0, 0.5)


def _wait(state: RetryCallState) -> float:
    """Wait as long as the API asks, else longer each time."""
    error = _error_of(state)
    if not isinstance(error, ThrottledError):
        return _backoff(state)
    if error.retry_after is None:
        return _throttled_backoff(state)
    return min(_LONGEST_WAIT, max(_SHORTEST_WAIT, error.retry_after))


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
