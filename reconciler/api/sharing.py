"""A window of a rate limit that several runs share: this run sends what it has drawn."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from reconciler.api.limits import Window
from reconciler.core.model.settings import Rate

_SETTLE_TRIES = 20


class Drawn(Protocol):
    """
    How many requests may go now, how many more are left for all, and the seconds until it is worth another try.

    Unless it `is_recorded`, the next draw has to tell again what this one told.
    """

    @property
    def granted(self) -> int: ...  # noqa: D102  see above
    @property
    def free(self) -> int: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102
    @property
    def is_recorded(self) -> bool: ...  # noqa: D102


class Draw(Protocol):
    """Draws at least so many requests, or none; takes when earlier ones were answered, and what was not used."""

    def __call__(self, now: float, *, least: int, ended: Sequence[float], unused: int) -> Drawn:
        """Return what was drawn; raises `StateError`."""
        ...


class SharedWindow(Window):
    """
    The window of all, as this run knows it.

    `time_of_day` returns epoch seconds, which all share; others count in seconds that never go back. A `draw` that
    `blocks` is made in a thread. What is left of a draw is given back where it is too little for what comes next, or
    was not sent within a window: a run that waits holds nothing that others can use.
    """

    is_shared = True

    def __init__(self, rate: Rate, draw: Draw, *, time_of_day: Callable[[], float], blocks: bool) -> None:
        super().__init__(rate)
        self._draw = draw
        self._time_of_day = time_of_day
        self._blocks = blocks
        self._turn = asyncio.Lock()
        self._drawn = 0
        self._free = rate.requests
        self._use_by = 0.0
        self._next_try = 0.0
        self._ended: list[float] = []

    def used(self, now: float) -> int:
        """Count the requests that nobody can send in this window, as far as this run knows."""
        del now
        return self._rate.requests - max(0, self._drawn) - self._free

    def wait(self, now: float, *, room: int = 1) -> float:
        """Return the seconds until so many may start, or until it is worth another draw."""
        return 0.0 if self._lacking(room) <= 0 else max(0.001, self._next_try - now)

    def start(self, requests: int = 1) -> None:
        """Use what was drawn."""
        self._drawn -= requests

    def give_back(self, requests: int) -> None:
        """Keep requests that never started for others of this run."""
        self._drawn += requests

    def end(self, now: float) -> None:
        """Record that a request was answered, or given up."""
        self._ended.append(now)

    async def prepare(self, now: float, room: int) -> None:
        """Draw where too few are left of the last draw; raises `StateError`."""
        async with self._turn:
            is_enough = self._lacking(room) <= 0 and now <= self._use_by
            if is_enough or (now < self._next_try and not self._ended):  # others wait for what was answered, too
                return
            drawn = await self._redrawn(room, now)
            self._next_try = now + drawn.seconds
            if drawn.is_recorded:
                self._drawn += drawn.granted
                self._free = drawn.free
                self._use_by = now + self._rate.seconds if drawn.granted else self._use_by

    async def _redrawn(self, room: int, now: float) -> Drawn:
        """Give back what is left, and draw anew; after a draw that failed, others may have it, so it is not used."""
        unused, ended = self._taken()
        try:
            drawn = await self._asked(least=self._lacking(room), ended=self._moments(ended, now), unused=unused)
        except BaseException:
            self._restore(0, ended)
            raise
        if not drawn.is_recorded:
            self._restore(unused, ended)
        return drawn

    def settle(self, now: float) -> None:
        """Hand back to the others what was drawn and not sent; raises `StateError`."""
        unused, ended = self._taken()
        moments = self._moments(ended, now)
        for _ in range(_SETTLE_TRIES if unused or ended else 0):
            if self._draw(self._time_of_day(), least=0, ended=moments, unused=unused).is_recorded:
                return

    def _taken(self) -> tuple[int, list[float]]:
        """Return what is left of the last draw, and what was answered since; this window forgets both."""
        unused, ended = max(0, self._drawn), self._ended
        self._drawn, self._ended = self._drawn - unused, []
        return unused, ended

    def _restore(self, unused: int, ended: list[float]) -> None:
        self._drawn += unused
        self._ended = ended + self._ended

    def _moments(self, ended: list[float], now: float) -> list[float]:
        return [self._time_of_day() - (now - end) for end in ended]

    def _lacking(self, room: int) -> int:
        return min(room, self._rate.requests) - self._drawn

    async def _asked(self, *, least: int, ended: Sequence[float], unused: int) -> Drawn:
        moment = self._time_of_day()
        if self._blocks:
            return await asyncio.to_thread(self._draw, moment, least=least, ended=ended, unused=unused)
        return self._draw(moment, least=least, ended=ended, unused=unused)
