"""When to send a request again, and how long to wait before."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from reconciler.api.answers import ThrottledError
from reconciler.errors import ApiUnavailableError

_LONGEST_WAIT = 15 * 60.0  # the window of the documented limit: 100 requests in 15 minutes
_THROTTLED_FACTOR = 8  # without `Retry-After`, a limit wants more patience than a fault


def _no_notice(_seconds: float, _why: str) -> None:
    """Say nothing of a wait."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """
    How a client waits.

    `attempts` counts the first one too. `sleep` takes seconds; `on_wait` is told the seconds and the reason before.
    """

    attempts: int = 6
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    on_wait: Callable[[float, str], None] = _no_notice

    def retrying(self, *, repeatable: bool) -> AsyncRetrying:
        """
        Give the loop that sends one request until it is answered.

        A request that is not repeatable is sent again only when the last one surely did nothing.
        """
        return AsyncRetrying(
            stop=stop_after_attempt(self.attempts),
            retry=retry_if_exception(_worth_repeating if repeatable else _surely_not_done),
            wait=_wait,
            sleep=self.sleep,
            before_sleep=self._announce,
            reraise=True,
        )

    def _announce(self, state: RetryCallState) -> None:
        self.on_wait(state.upcoming_sleep, str(_error_of(state)))


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, ApiUnavailableError)


def _surely_not_done(error: BaseException) -> bool:
    return isinstance(error, ApiUnavailableError) and not error.may_have_happened


_backoff = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)


def _wait(state: RetryCallState) -> float:
    """Wait as long as the API asks, else longer each time."""
    error = _error_of(state)
    if not isinstance(error, ThrottledError):
        return _backoff(state)
    asked = error.retry_after
    return min(_LONGEST_WAIT, _backoff(state) * _THROTTLED_FACTOR if asked is None else asked)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
