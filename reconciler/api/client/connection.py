"""The connection to the API: single calls that are allowed, each answered within its time."""

from asyncio import get_running_loop, timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime

from msgspec.structs import replace

from reconciler.api.answers import ApiAnswer
from reconciler.api.client.body import checked, unpacked
from reconciler.api.client.endpoint import SHORTEST_ANSWER, Carrier, Endpoint
from reconciler.api.client.failures import FAILURES, no_answer, unreachable
from reconciler.api.client.transport import Transport
from reconciler.api.requests import MOST_OF_A_RECORD, Allowed

_LOOK = 1.0  # seconds after which a request that waits looks whether the run is to stop


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


class _Patience:
    """How many seconds an answer may take; once the run is to stop, only so many more as a write under way needs."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.seconds = endpoint.seconds_for_an_answer
        self.limit = timeout(self.seconds)
        self._pacer = endpoint.pacer
        self._loop = get_running_loop()
        self._began = self._loop.time()

    def __enter__(self) -> None:
        self._next = self._loop.call_later(_LOOK, self._look)

    def __exit__(self, *_error: object) -> None:
        self._next.cancel()

    def _look(self) -> None:
        passed = self._loop.time() - self._began
        if self.limit.expired():
            return
        if not self._pacer.is_stopping:
            self._next = self._loop.call_later(_LOOK, self._look)
        elif passed + SHORTEST_ANSWER < self.seconds:
            self.seconds = round(passed) + SHORTEST_ANSWER
            self.limit.reschedule(self._began + self.seconds)


class Connection:
    """Sends single requests through a transport, those that are allowed."""

    def __init__(self, transport: Carrier, endpoint: Endpoint, allowed: Allowed) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._allowed = allowed
        self._base_path = endpoint.base_path

    async def exchange(
        self, method: str, path: str, content: bytes | None, *, most_bytes: int = MOST_OF_A_RECORD
    ) -> ApiAnswer:
        """
        Send a request and return its answer; raises `ForbiddenCallError` and `ApiUnavailableError`.

        An answer that takes too long as a whole, or is larger than `most_bytes`, is not read to its end.
        """
        self._allowed.check(method, path.partition("?")[0])
        patience = _Patience(self._endpoint)
        try:
            with patience:
                async with patience.limit:
                    received = await self._transport.exchange(method, self._base_path + path, content, most_bytes)
        except FAILURES as error:
            if patience.limit.expired():
                where = self._endpoint.base_url
                raise no_answer(f"the answer of {where} did not end within {patience.seconds:g} seconds") from error
            raise unreachable(error, self._endpoint) from error
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
