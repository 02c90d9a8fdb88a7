"""The connection to the API: one client for all requests, over httpx's own transport, or aiohttp for many at once."""

import math
import ssl
from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from reconciler import __version__
from reconciler.api.answers import ApiAnswer
from reconciler.api.client.endpoint import Carrier, Endpoint, base_url
from reconciler.api.client.failures import NoTlsError, no_answer, unreachable
from reconciler.api.requests import MOST_OF_A_RECORD, Allowed
from reconciler.errors import ApiUnavailableError

if TYPE_CHECKING:  # only many requests at once load aiohttp
    from reconciler.api.client.over_aiohttp import OverAiohttp

_ENCODINGS = {"", "identity", "gzip", "deflate"}
_FEW = 10
"""How many requests at once httpx's own transport carries well; the CPU time of its pool grows with their square."""
_KEPT_ALIVE = 15.0  # seconds, as long as aiohttp keeps a connection that is not used


class Transport:
    """
    What sends requests: httpx's own transport up to a concurrency of ten, which is quick to import.

    Beyond, it carries one request at a time, and what is sent beside it goes over aiohttp, which is imported then. So a
    small plan never waits for that import, whatever its concurrency, and no more connections are opened than that.
    What leads through a proxy goes over aiohttp from the first request on.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._most = _carried_by_httpx(endpoint)
        self._tls = _tls(endpoint)
        self._own = _httpx_transport(endpoint, self._tls, endpoint.concurrency if self._most == math.inf else 1)
        self._under_way = 0
        self._over_aiohttp: OverAiohttp | None = None

    @asynccontextmanager
    async def answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send a request and yield its answer, whose body is still to be read; raises `httpx.HTTPError`."""
        if self._under_way >= self._most:
            async with self._aiohttp().answer(request) as response:
                yield response
            return
        self._under_way += 1
        try:
            response = await self._own.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()
        except httpx.ConnectError as error:
            if why := _why_no_tls(error):
                url = urlsplit(self._endpoint.base_url)
                raise NoTlsError(f"{url.hostname}:{url.port or 443}", why) from error
            raise
        finally:
            self._under_way -= 1

    def _aiohttp(self) -> "OverAiohttp":
        if self._over_aiohttp is None:
            from reconciler.api.client.over_aiohttp import OverAiohttp

            connections = self._endpoint.concurrency - int(self._most)
            self._over_aiohttp = OverAiohttp(connections, self._tls, self._endpoint.proxy)
        return self._over_aiohttp

    async def aclose(self) -> None:
        """Close all connections."""
        await self._own.aclose()
        if self._over_aiohttp is not None:
            await self._over_aiohttp.aclose()


def _carried_by_httpx(endpoint: Endpoint) -> float:
    """Return how many requests at once httpx's own transport carries for an endpoint."""
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


def _httpx_transport(endpoint: Endpoint, tls: ssl.SSLContext, connections: int) -> httpx.AsyncBaseTransport:
    if endpoint.app is not None:
        return httpx.ASGITransport(endpoint.app)
    limits = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_KEPT_ALIVE
    )
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)


def _why_no_tls(error: httpx.ConnectError) -> ssl.SSLError | None:
    """Return what was wrong with TLS; None where there was no connection at all."""
    of_httpcore = error.__cause__
    cause = of_httpcore and (of_httpcore.__cause__ or of_httpcore.__context__)  # its pool raises it "from None"
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


class Connection:
    """
    Sends single requests through a transport.

    `httpx.AsyncClient` would do the same. It also looks at each request for cookies, redirects, authentication and
    parameters, none of which this API has. That took half of the CPU time of a request.
    """

    def __init__(self, transport: Carrier, endpoint: Endpoint, allowed: Allowed) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._allowed = allowed
        self._base_url = base_url(endpoint.base_url)
        self._base_path = urlsplit(self._base_url).path
        self._headers = httpx.Headers(
            {
                "authorization": endpoint.key,
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "user-agent": f"reconciler/{__version__}",
            }
        )
        self._headers_of_json = httpx.Headers({**self._headers, "content-type": "application/json"})
        self._extensions = {"timeout": httpx.Timeout(endpoint.timeout).as_dict()}

    async def exchange(
        self, method: str, path: str, content: bytes | None, *, most_bytes: int = MOST_OF_A_RECORD
    ) -> ApiAnswer:
        """
        Send a request and return its answer; raises `ForbiddenCallError` and `ApiUnavailableError`.

        An answer that takes too long as a whole, or is larger than `most_bytes`, is not read to its end.
        """
        seconds = self._endpoint.seconds_for_an_answer
        limit = timeout(seconds)
        try:
            async with limit:
                response, body = await self._send(method, path, content, most_bytes)
        except (httpx.HTTPError, OSError) as error:
            if limit.expired():
                where = self._endpoint.base_url
                raise no_answer(f"the answer of {where} did not end within {seconds:g} seconds") from error
            raise unreachable(error, self._endpoint) from error
        headers = response.headers
        answer = ApiAnswer(
            response.status_code,
            body,
            headers.get("retry-after"),
            received_at=datetime.now(UTC),
            date=headers.get("date"),
        )
        if self._endpoint.on_answer is not None:
            self._endpoint.on_answer(answer)
        return answer

    async def _send(
        self, method: str, path: str, content: bytes | None, most_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        url, headers = self._base_url + path, self._headers if content is None else self._headers_of_json
        request = httpx.Request(method, url, headers=headers, content=content, extensions=self._extensions)
        called = request.url.raw_path.decode("ascii").partition("?")[0]  # as it is sent, not as it was written
        self._allowed.check(request.method, called.removeprefix(self._base_path))
        async with self._transport.answer(request) as response:
            return response, await _read(response, most_bytes)


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    """Return the unpacked body of an answer; raises `ApiUnavailableError` for one that is too large."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise _unreadable("is packed in a way that was not asked for")
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most_bytes:
            raise _unreadable(f"is larger than {most_bytes // 2**20} MiB")
        parts.append(part)
    return b"".join(parts)


def _unreadable(why: str) -> ApiUnavailableError:
    """Return the error for an answer that is not read; another one would be no better."""
    error = ApiUnavailableError(f"the answer {why}, so it was not read", may_have_happened=True)
    error.is_final = True
    return error
