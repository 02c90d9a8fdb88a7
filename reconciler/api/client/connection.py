"""The connection to the API: single calls that are allowed, each answered within its time."""

from asyncio import Lock, TimerHandle, get_running_loop, timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial

from msgspec.structs import replace

from reconciler.api.answers import ApiAnswer
from reconciler.api.client.body import checked, read_within, unpacked
from reconciler.api.client.endpoint import SHORTEST_ANSWER, Carrier, Endpoint
from reconciler.api.client.failures import FAILURES, no_answer, unreachable
from reconciler.api.client.transport import Transport
from reconciler.api.requests import MOST_OF_A_RECORD, Allowed
from reconciler.errors import EndlessAnswerError, lacks_memory

_LOOK = 1.0  # seconds after which waits for answers are looked at, and whether the run is to stop


@asynccontextmanager
async def _opened(endpoint: Endpoint) -> AsyncIterator[Transport]:
    transport = Transport(endpoint)
    try:
        yield transport
    finally:
        await transport.aclose()


@asynccontextmanager
async def keeping_connections(endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """Return the endpoint with connections that all of its clients share; each client keeps a guard of its own."""
    async with _opened(endpoint) as transport:
        yield replace(endpoint, transport=transport)


@asynccontextmanager
async def connected(endpoint: Endpoint, allowed: Allowed) -> AsyncIterator["Connection"]:
    """Open a connection that sends only the calls that are allowed."""
    async with nullcontext(endpoint.transport) if endpoint.transport else _opened(endpoint) as transport:
        yield Connection(transport, endpoint, allowed)


class _Wait:
    """The wait for one answer: `limit` ends it after so many `seconds`, without those for the turn of its body."""

    def __init__(self, began: float, seconds: float) -> None:
        self.limit = timeout(None)
        self.began = began
        self.seconds = seconds
        self.rests_since: float | None = None

    def skip_rest(self, now: float) -> None:
        """Count the time of a rest as if it had not passed."""
        if self.rests_since is not None:
            self.began += now - self.rests_since
            self.rests_since = now


class _Patience:
    """
    How long answers may take; once the run is to stop, only so much longer as a write under way needs.

    One timer looks at all that are under way: one for each request would cost more than sending it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._loop = get_running_loop()
        self._waits: set[_Wait] = set()
        self._timer: TimerHandle | None = None

    def begin(self) -> _Wait:
        """Begin to wait for an answer; its limit has to be entered at once."""
        seconds = self._endpoint.seconds_for_an_answer  # before the clock: a wait must not end before its run does
        wait = _Wait(self._loop.time(), seconds)
        self._waits.add(wait)
        self._look_at(wait.began + min(_LOOK, wait.seconds))
        return wait

    def end(self, wait: _Wait) -> None:
        """End the wait for an answer, whether it came or not."""
        self._waits.discard(wait)

    async def take_turn(self, turn: Lock, wait: _Wait) -> Callable[[], None]:
        """Wait for a turn, and return what ends it; no time of the answer passes meanwhile, unless the run is over."""
        wait.rests_since = self._loop.time()
        await turn.acquire()
        if not self.is_over:
            wait.skip_rest(self._loop.time())
        wait.rests_since = None
        return turn.release

    @property
    def is_over(self) -> bool:
        """Return whether the run sends nothing more, because of a stop or its minutes."""
        return self._endpoint.pacer.is_stopping or self._endpoint.pacer.seconds_left <= 0

    def _look_at(self, when: float) -> None:
        if self._timer is None or when < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        now, is_over = self._loop.time(), self.is_over
        for wait in tuple(self._waits):
            if not is_over:
                wait.skip_rest(now)
            passed = now - wait.began
            if is_over and passed + SHORTEST_ANSWER < wait.seconds:
                wait.seconds = round(passed) + SHORTEST_ANSWER
            if passed >= wait.seconds:
                self._waits.discard(wait)
                wait.limit.reschedule(now)
            else:
                self._look_at(min(now + _LOOK, wait.began + wait.seconds))


class Connection:
    """Sends single requests through a transport, those that are allowed."""

    def __init__(self, transport: Carrier, endpoint: Endpoint, allowed: Allowed) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._allowed = allowed
        self._base_path = endpoint.base_path
        self._patience = _Patience(endpoint)

    async def exchange(
        self, method: str, path: str, content: bytes | None, *, most_bytes: int = MOST_OF_A_RECORD
    ) -> ApiAnswer:
        """
        Send a request and return its answer; raises `ForbiddenCallError` and `ApiUnavailableError`.

        An answer that takes too long as a whole, or is larger than `most_bytes`, is not read to its end.
        """
        self._allowed.check(method, path.partition("?")[0])
        wait = self._patience.begin()
        read = partial(read_within, most_bytes, partial(self._patience.take_turn, self._transport.turn, wait))
        try:
            async with wait.limit:
                received = await self._transport.exchange(method, self._base_path + path, content, read)
        except FAILURES as error:
            if lacks_memory(error):  # as told by the event loop, which closed the connection
                raise MemoryError from error
            if wait.limit.expired():
                late = f"the answer of {self._endpoint.base_url} did not end within {wait.seconds:g} seconds"
                raise no_answer(late) if self._patience.is_over else EndlessAnswerError(late) from error
            raise unreachable(error, self._endpoint) from error
        finally:
            self._patience.end(wait)
        headers = received.headers
        answer = ApiAnswer(
            received.status,
            checked(unpacked(received, most_bytes)),
            headers.get("retry-after"),
            received_at=datetime.now(UTC),
            date=headers.get("date"),
        )
        if self._endpoint.on_answer is not None:
            self._endpoint.on_answer(answer)
        return answer
