"""The pacer, through which all requests of a run go: which may start, which waits, and when the run is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from reconciler.api.answers import ThrottledError
from reconciler.api.limits import Slots, Throttle, Window
from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.concurrency import NOT_REACHED
from reconciler.core.model.settings import Rate
from reconciler.core.model.text import duration
from reconciler.core.plan.measures import FRESH, Allowance
from reconciler.errors import (
    ApiRejectedError,
    BudgetSpentError,
    EndlessAnswerError,
    NoConnectionError,
    NotSentError,
    StateError,
)

_TICK = 0.001  # below that, a clock may not move at all
_Answer = TypeVar("_Answer")


async def _sleep(seconds: float, _why: str) -> None:
    await asyncio.sleep(seconds)


class Waiting(Struct, frozen=True):
    """
    How a run waits for its turn.

    `wait` takes the seconds and the reason; it may return early, once `should_stop` returns that nothing more is to be
    sent.
    """

    clock: Clock = SYSTEM_CLOCK
    wait: Callable[[float, str], Awaitable[None]] = _sleep
    should_stop: Callable[[], bool] = bool


class Budget(Struct, frozen=True):
    """The most requests that a run may send, and minutes that it may take once its pacer is made; None is no limit."""

    requests: int | None = None
    minutes: float | None = None


class _Ticket(Struct, frozen=True):
    """A request that goes out."""

    is_limited: bool
    is_probe: bool


class Pacer:
    """
    Shared by all workers of a run, and by the clients that read and write in it.

    Only the first worker in the queue waits, once all requests under way are answered. So there is one message for a
    wait, one probe after a 429, and one place where a test moves the clock. `window` is that of the run before, where
    a program makes several runs under one rate. `requests_sent` counts every attempt, `limited_sent` those that
    count under the rate, and `seconds_throttled` the time spent waiting for a limit.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        rate: Rate | None = None,
        budget: Budget | None = None,
        waiting: Waiting | None = None,
        window: Window | None = None,
    ) -> None:
        self.rate = rate
        self._budget = budget or Budget()
        self._waiting = waiting or Waiting()
        self.window = window or (Window(rate) if rate else None)
        self._throttle = Throttle(rate)
        self._slots = Slots(concurrency)
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()
        self._under_way = 0
        self.requests_sent = 0
        self.limited_sent = 0
        self.seconds_throttled = 0.0
        self._passed = 0
        self._over: NotSentError | None = None
        minutes = self._budget.minutes
        self.began = self.now
        self._waited_until = self.began
        self._deadline = float("inf") if minutes is None else self.began + minutes * 60

    @property
    def now(self) -> float:
        """Return the time, in seconds that never go back."""
        return self._waiting.clock.monotonic()

    @property
    def was_answered(self) -> bool:
        """Return whether the API answered anything but that it cannot answer now."""
        return self._passed > 0

    @property
    def is_stopping(self) -> bool:
        """Return whether nothing more is to be sent, because the run was asked to stop."""
        return self._waiting.should_stop()

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the minutes of the run are used up; infinite without a limit."""
        return self._deadline - self.now

    def is_fresh(self, seen_at: float) -> bool:
        """Return whether a look at that time still counts: nothing has waited since, and it is not old."""
        return seen_at >= self._waited_until and self.now - seen_at <= FRESH

    def free(self) -> int | None:
        """Return how many requests to `/v1/memory` can go before the limit makes them wait; None without a limit."""
        return self.window.free(self.now) if self.window else None

    @property
    def is_budget_spent(self) -> bool:
        """Return whether a request was not sent because requests or minutes were used up."""
        return isinstance(self._over, BudgetSpentError)

    def allowance(self) -> Allowance:
        """Return what the limit leaves for an apply, after the requests of this run."""
        used = self.window.used(self.now) if self.window else 0
        lasts = max(0, int(FRESH - (self.now - self.began))) * self._slots.allowed
        is_stale = not self.is_fresh(self.began)
        return Allowance(self.rate, used, is_stale=is_stale, lasts=lasts, is_shared=self.is_rate_shared)

    @property
    def is_rate_shared(self) -> bool:
        """Return whether other runs draw from the same rate."""
        return self.window is not None and self.window.is_shared

    async def send(self, exchange: Callable[[], Awaitable[_Answer]], *, is_limited: bool) -> _Answer:
        """
        Send a request as soon as it may go, and again while the API asks to wait, which did nothing.

        `is_limited` is whether it counts under the rate. Raises `NotSentError`, and whatever `exchange` raises.
        """
        while True:
            await self.admit(lambda: int(is_limited))
            try:
                return await self.exchanged(exchange, is_limited=is_limited)
            except ThrottledError:
                continue
            finally:
                self.leave()

    async def pause(self, seconds: float, why: str) -> None:
        """Wait for the sake of one request; raises `NotSentError` when the run ends before."""
        self._check(seconds, why)
        try:
            await self._waiting.wait(seconds, why)
        finally:
            self.note_wait()
        self._check()

    def give_up(self, why: str) -> None:
        """Send nothing more, whoever asks."""
        self._over = self._over or NotSentError(f"not sent: {why}")

    def note_wait(self) -> None:
        """Record that time passed in which others may have changed the account."""
        self._waited_until = self.now

    async def admit(self, room: Callable[[], int]) -> int:
        """
        Wait until a request may go, keep room for it in the window, and count it as under way until `leave`.

        `room` returns for how many requests there has to be room; it is called again after each wait. Returns that
        number. Raises `NotSentError`.
        """
        async with self._turn:
            while True:
                self._check()
                wanted = room()
                await self._prepare(wanted)
                seconds, why = self._next_wait(wanted)
                if self._is_full or (seconds > 0 and self._under_way):
                    await self._wait_for_answer()
                elif seconds > 0:
                    await self._wait_for_limit(max(_TICK, seconds), why)
                else:
                    return self._take(wanted)

    async def _prepare(self, room: int) -> None:
        """Let a window that runs share draw what is needed; where that is not possible, nothing more is sent."""
        if not (self.window and room):
            return
        try:
            await self.window.prepare(self.now, room)
        except StateError as error:
            self._over = self._over or NotSentError(f"the rate limit cannot be shared: {error}")
            raise type(self._over)(self._over.summary) from error

    def _take(self, room: int) -> int:
        self._under_way += 1
        if self.window:
            self.window.start(room)
        return room

    def leave(self, *, unused: int = 0) -> None:
        """End what was admitted, and give back unused room."""
        self._under_way -= 1
        if self.window:
            self.window.give_back(unused)
        self._freed.set()

    async def find_room(self) -> None:
        """Wait, out of turn, until the window has room for one more request, and keep it; raises `NotSentError`."""
        await self._prepare(1)
        while self.window and (seconds := self.window.wait(self.now)) > 0:
            await self._wait_for_limit(max(_TICK, seconds), f"the rate limit of {self.rate}")
            await self._prepare(1)
        if self.window:
            self.window.start()

    async def _wait_for_limit(self, seconds: float, why: str) -> None:
        began = self.now
        try:
            await self.pause(seconds, why)
        finally:
            self.seconds_throttled += self.now - began

    @property
    def _is_full(self) -> bool:
        return self._under_way >= self._slots.allowed or self._throttle.is_probing

    async def _wait_for_answer(self) -> None:
        """Wait until one of the requests under way is answered: each answer may change the wait for a limit."""
        self._freed.clear()
        await self._freed.wait()

    @property
    def closed_because(self) -> str | None:
        """Return the API's message when it last asked to wait; None once it lets requests through again."""
        return self._throttle.closed_because

    def _next_wait(self, room: int) -> tuple[float, str]:
        """Return the seconds until a request may start, as far as is known now, and why."""
        for_gate = self._throttle.wait(self.now)
        for_window = self.window.wait(self.now, room=room) if self.window and room else 0.0
        if for_gate >= for_window:
            return for_gate, self._throttle.closed_because or ""
        return for_window, f"the rate limit of {self.rate}"

    def _start(self, *, is_limited: bool) -> _Ticket:
        self._check()
        self.requests_sent += 1
        self.limited_sent += is_limited
        ticket = _Ticket(is_limited, self._throttle.start(is_limited=is_limited))
        if is_limited and self._throttle.is_at_its_end:
            self._slots.drop(under_way=self._under_way)
        return ticket

    async def exchanged(self, exchange: Callable[[], Awaitable[_Answer]], *, is_limited: bool) -> _Answer:
        """Send a request that was admitted, and learn the pace from its answer; raises what `exchange` raises."""
        try:
            ticket = self._start(is_limited=is_limited)
            return await self._noted(ticket, exchange)
        finally:
            if self.window and is_limited:
                self.window.end(self.now)

    async def _noted(self, ticket: _Ticket, exchange: Callable[[], Awaitable[_Answer]]) -> _Answer:
        passed = self._passed
        try:
            answer = await exchange()
        except ThrottledError as error:
            self._note_refusal(ticket, error)
            raise
        except ApiRejectedError:
            self._note_pass(ticket)
            raise
        except NoConnectionError as error:
            self._over = error
            raise
        except BaseException as error:
            self._throttle.note_fault(is_probe=ticket.is_probe)
            if isinstance(error, EndlessAnswerError) and self._passed == passed:
                self.give_up(str(error))  # not one other was answered in all this time
            raise
        self._note_pass(ticket)
        return answer

    def _note_pass(self, ticket: _Ticket) -> None:
        self._passed += 1
        self._throttle.note_pass(self.now, is_probe=ticket.is_probe, is_limited=ticket.is_limited)
        self._slots.note_pass()

    def _note_refusal(self, ticket: _Ticket, error: ThrottledError) -> None:
        now = self.now
        if self._throttle.note_refusal(now, why=error.summary, retry_after=error.retry_after, is_probe=ticket.is_probe):
            self._slots.halve()
        if self._throttle.is_hopeless(now):
            patience = duration(self._throttle.patience)
            self._over = NotSentError(f"the API let no request through for {patience}; try later ({error.summary})")

    def _check(self, seconds: float = 0.0, why: str = "") -> None:
        """Raise `NotSentError` when nothing more is to be sent, or would be after a wait of so many seconds."""
        if self._over is None:
            self._over = self._end_of_run(seconds, why)
        if self._over is not None:
            raise type(self._over)(self._over.summary)

    def _end_of_run(self, seconds: float, why: str) -> NotSentError | None:
        if self.is_stopping:
            return NotSentError(NOT_REACHED)
        most, minutes = self._budget.requests, self._budget.minutes
        if most is not None and self.requests_sent >= most:
            cause = f" ({why})" if why else ""
            return BudgetSpentError(f"not reached: the {most:,} of --max-requests are used up{cause}")
        if self.now + seconds < self._deadline:
            return None
        rest = f", with {duration(seconds)} to wait ({why})" if seconds else ""
        return BudgetSpentError(f"not reached: --max-minutes {minutes:g} are over{rest}")
