"""The connection to the API: one client for all requests, over httpcore, or aiohttp for many at once."""

import math
import re
import ssl
from asyncio import get_running_loop, timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zlib import MAX_WBITS, decompressobj
from zlib import error as ZlibError  # noqa: N812  it is one

import httpcore
from msgspec.structs import replace

from reconciler.api.answers import ApiAnswer
from reconciler.api.client.endpoint import (
    SHORTEST_ANSWER,
    Carrier,
    Endpoint,
    Received,
    TooLargeError,
    check_as_written,
    check_escaped,
    read_within,
)
from reconciler.api.client.failures import FAILURES, NoTlsError, no_answer, unreachable
from reconciler.api.requests import MOST_OF_A_RECORD, Allowed
from reconciler.errors import ApiUnavailableError

if TYPE_CHECKING:  # only many requests at once load aiohttp
    from reconciler.api.client.over_aiohttp import OverAiohttp

_PLAIN = {"", "identity"}
_GZIP = MAX_WBITS | 16  # with gzip's head and sum
_LIGHT, _MOST_WEIGHT, _OF_A_VALUE = 1_900_000, 400_000_000, 210
"""Bytes: a body that is surely read without much memory, the most that may be taken for one, and of one value."""
_WIDE = ((4, rb"[\xf0-\xf4]"), (2, rb"[\xc4-\xef]"))
_FEW = 10
"""How many requests at once httpcore carries well; the CPU time of its pool grows with their square."""
_LOOK = 1.0  # seconds after which a request that waits looks whether the run is to stop
_KEPT_ALIVE = 15.0  # seconds, as long as aiohttp keeps a connection that is not used


class Transport:
    """
    What sends requests: httpcore, the engine of httpx, up to a concurrency of ten, which is quick to import.

    Beyond, it carries one request at a time, and what is sent beside it goes over aiohttp, which is imported then. So a
    small plan never waits for that import, whatever its concurrency, and no more connections are opened than that.
    Once aiohttp is there, it comes first: it takes half as long for a request. What leads through a proxy goes over it
    from the first request on.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._most = _carried_by_httpcore(endpoint)
        self._beyond = 0 if self._most == math.inf else endpoint.concurrency - int(self._most)
        self._tls = _tls(endpoint)
        self._own = _own_carrier(endpoint, self._tls, 1 if self._beyond else endpoint.concurrency)
        self._under_way = self._under_way_beyond = 0
        self._over_aiohttp: OverAiohttp | None = None

    async def exchange(self, method: str, path: str, content: bytes | None, most_bytes: int) -> Received:
        """Send a request and return its answer; raises one of `FAILURES`, and `TooLargeError`."""
        check_escaped(path)
        if self._under_way >= self._most or (self._over_aiohttp and self._under_way_beyond < self._beyond):
            self._under_way_beyond += 1
            try:
                return await self._aiohttp().exchange(method, path, content, most_bytes)
            finally:
                self._under_way_beyond -= 1
        self._under_way += 1
        try:
            return await self._own.exchange(method, path, content, most_bytes)
        finally:
            self._under_way -= 1

    def _aiohttp(self) -> "OverAiohttp":
        if self._over_aiohttp is None:
            from reconciler.api.client.over_aiohttp import OverAiohttp

            self._over_aiohttp = OverAiohttp(self._endpoint, self._tls, self._beyond)
        return self._over_aiohttp

    async def aclose(self) -> None:
        """Close all connections."""
        await self._own.aclose()
        if self._over_aiohttp is not None:
            await self._over_aiohttp.aclose()


class _OverHttpcore:
    """
    Sends requests over httpcore.

    httpx would do the same with it. It takes longer to import than all of ours, and it also looks at each request for
    cookies, redirects, authentication and parameters, none of which this API has.
    """

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext, connections: int) -> None:
        url = urlsplit(endpoint.origin)
        self._where = f"{url.hostname}:{url.port or 443}"
        self._url = partial(httpcore.URL, scheme=url.scheme, host=url.hostname or "", port=url.port)
        self._headers = {
            is_json: [("host", url.netloc), *endpoint.headers(is_json=is_json).items()] for is_json in (False, True)
        }
        self._extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), endpoint.timeout)}
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=_KEPT_ALIVE,
        )

    async def exchange(self, method: str, path: str, content: bytes | None, most_bytes: int) -> Received:
        """Send a request and return its answer; raises one of `FAILURES`, and `TooLargeError`."""
        headers = self._headers[content is not None]
        if content is not None:
            headers = [*headers, ("content-length", str(len(content)))]
        try:
            async with self._pool.stream(
                method, self._url(target=path), headers=headers, content=content, extensions=self._extensions
            ) as response:
                body = await read_within(most_bytes, response.aiter_stream())
        except httpcore.ConnectError as error:
            if why := _why_no_tls(error):
                raise NoTlsError(self._where, why) from error
            raise
        names = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reversed(response.headers)
        }  # of one that is there twice, the first counts, as with aiohttp
        return Received(response.status, names, body)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _InProcess:
    """Hands requests to an application in this process."""

    def __init__(self, endpoint: Endpoint, app: Callable[..., Any]) -> None:
        import httpx

        self._origin = endpoint.origin
        self._headers = {is_json: httpx.Headers(endpoint.headers(is_json=is_json)) for is_json in (False, True)}
        self._request = httpx.Request
        self._transport = httpx.ASGITransport(app)

    async def exchange(self, method: str, path: str, content: bytes | None, most_bytes: int) -> Received:
        """Send a request and return its answer; raises `TooLargeError`."""
        headers = self._headers[content is not None]
        request = self._request(method, self._origin + path, headers=headers, content=content)
        check_as_written(path, request.url.raw_path.decode("ascii"))
        response = await self._transport.handle_async_request(request)
        return Received(response.status_code, response.headers, await read_within(most_bytes, response.aiter_raw()))

    async def aclose(self) -> None:
        """Leave the application as it is."""


def _own_carrier(endpoint: Endpoint, tls: ssl.SSLContext, connections: int) -> _OverHttpcore | _InProcess:
    if endpoint.app is not None:
        return _InProcess(endpoint, endpoint.app)
    return _OverHttpcore(endpoint, tls, connections)


def _carried_by_httpcore(endpoint: Endpoint) -> float:
    """Return how many requests at once httpcore carries for an endpoint."""
    if endpoint.proxy:
        return 0
    return math.inf if endpoint.app is not None or endpoint.concurrency <= _FEW else 1


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    """Return the certificates that are trusted: reading them takes longer than a small plan, and http:// needs none."""
    if endpoint.app is not None or not endpoint.base_url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _why_no_tls(error: httpcore.ConnectError) -> ssl.SSLError | None:
    """Return what was wrong with TLS; None where there was no connection at all."""
    cause = error.__cause__ or error.__context__  # its pool raises it "from None"
    return cause if isinstance(cause, ssl.SSLError) else None


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
        except TooLargeError as error:
            raise _unreadable(f"is larger than {most_bytes // 2**20} MiB") from error
        except FAILURES as error:
            if patience.limit.expired():
                where = self._endpoint.base_url
                raise no_answer(f"the answer of {where} did not end within {patience.seconds:g} seconds") from error
            raise unreachable(error, self._endpoint) from error
        headers = received.headers
        answer = ApiAnswer(
            received.status,
            _checked(_unpacked(received, most_bytes)),
            headers.get("retry-after"),
            received_at=datetime.now(UTC),
            date=headers.get("date"),
        )
        if self._endpoint.on_answer is not None:
            self._endpoint.on_answer(answer)
        return answer


def _unpacked(received: Received, most_bytes: int) -> bytes:
    """Return the unpacked body of an answer; raises `ApiUnavailableError` for one that is too large or damaged."""
    encoding = received.headers.get("content-encoding", "").strip().lower()
    if encoding in _PLAIN or not received.body:
        return received.body
    if encoding != "gzip":
        raise _unreadable("is packed in a way that was not asked for")
    unpacking = decompressobj(_GZIP)
    try:
        body = unpacking.decompress(received.body, most_bytes + 1)
    except ZlibError as error:
        raise _damaged() from error
    if len(body) > most_bytes:
        raise _unreadable(f"is larger than {most_bytes // 2**20} MiB")
    if not unpacking.eof or unpacking.unused_data:  # cut off, or followed by what nobody asked for
        raise _damaged()
    return body


def _checked(body: bytes) -> bytes:
    """Return a body; raises `ApiUnavailableError` for one that takes too much memory to be read."""
    if len(body) > _LIGHT and _weight(body) > _MOST_WEIGHT:
        raise _unreadable(f"would take more than {_MOST_WEIGHT // 10**6} MB of memory")
    return body


def _weight(body: bytes) -> int:
    """
    Return about how many bytes of memory it takes to read a body of JSON: more than it has, never much less.

    Each value is an object. A text takes as many bytes a character as its widest one, once as a whole, once in parts.
    """
    values = sum(map(body.count, (b",", b"[", b"{")))
    whole = next((wide for wide, letters in _WIDE if re.search(letters, body)), 1)
    escaped = 5 if b"\\u" in body else 0  # the escape is short, and may stand for a wide character
    return values * _OF_A_VALUE + len(body) * (1 + whole + max(whole, escaped))


def _damaged() -> ApiUnavailableError:
    """Return the error for an answer that broke on its way, like one that ends too early; another may be whole."""
    return ApiUnavailableError("the answer is packed, and damaged", may_have_happened=True)


def _unreadable(why: str) -> ApiUnavailableError:
    """Return the error for an answer that is not read; another one would be no better."""
    error = ApiUnavailableError(f"the answer {why}, so it was not read", may_have_happened=True)
    error.is_final = True
    return error
