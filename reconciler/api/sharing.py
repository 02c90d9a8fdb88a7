"""A window of a rate limit that several runs share: this run sends what it has drawn."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from reconciler.api.limits import Window
from reconciler.core.model.settings import Rate


class Drawn(Protocol):
    """How many requests may go now, how many more are left for all, and the seconds until it is worth another try."""

    @property
    def granted(self) -> int: ...  # noqa: D102  see above
    @property
    def free(self) -> int: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102


class Draw(Protocol):
    """Draws at least so many requests, or none; takes when earlier ones were answered, and what was not used."""

    def __call__(self, now: float, *, least: int, ended: Sequence[float], unused: int) -> Drawn:
        """Return what was drawn; raises `StateError`."""
        ...


class SharedWindow(Window):
    """
    The window of all, as this run knows it.

    `time_of_day` returns epoch seconds, which all share; others count in seconds that never go back. A `draw` that
    `blocks` is made in a thread. What was drawn and not sent within a window is given back.
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
            least, unused = self._lacking(room), 0
            if now > self._use_by and self._drawn > 0:
                least, unused = self._lacking(room) + self._drawn, self._drawn
            if least <= 0 or now < self._next_try:
                return
            ended, self._ended = self._ended, []
            moments = [self._time_of_day() - (now - end) for end in ended]
            try:
                drawn = await self._asked(least=least, ended=moments, unused=unused)
            except BaseException:
                self._ended = ended + self._ended
                raise
            self._drawn += drawn.granted - unused
            self._free = drawn.free
            self._next_try = now + drawn.seconds
            self._use_by = now + self._rate.seconds if drawn.granted else self._use_by

    def settle(self, now: float) -> None:
        """Hand back to the others what was drawn and not sent; raises `StateError`."""
        unused, ended = max(0, self._drawn), self._ended
        self._drawn, self._ended = min(0, self._drawn), []
        if unused or ended:
            moments = [self._time_of_day() - (now - end) for end in ended]
            self._draw(self._time_of_day(), least=0, ended=moments, unused=unused)

    def _lacking(self, room: int) -> int:
        return min(room, self._rate.requests) - self._drawn

    async def _asked(self, *, least: int, ended: Sequence[float], unused: int) -> Drawn:
        moment = self._time_of_day()
        if self._blocks:
            return await asyncio.to_thread(self._draw, moment, least=least, ended=ended, unused=unused)
        return self._draw(moment, least=least, ended=ended, unused=unused)
