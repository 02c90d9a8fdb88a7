"""What carries requests: httpcore, aiohttp for many at once, or a call in this process."""

import math
import ssl
from asyncio import Lock
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore

from reconciler.api.client.endpoint import Endpoint, ReadBody, Received, check_as_written, check_escaped
from reconciler.api.client.failures import NoTlsError

if TYPE_CHECKING:  # only many requests at once load aiohttp
    from reconciler.api.client.over_aiohttp import OverAiohttp

_FEW = 10
"""How many requests at once httpcore carries well; the CPU time of its pool grows with their square."""
_KEPT_ALIVE = 15.0  # seconds, as long as aiohttp keeps a connection that is not used


class Transport:
    """
    What sends requests: httpcore, the engine of httpx, up to a concurrency of ten, which is quick to import.

    Beyond ten, httpcore carries one request at a time. aiohttp, imported then, carries what is sent beside it. So a
    small plan never waits for that import, whatever its concurrency, and no more connections are opened than that.
    Once aiohttp is imported, it comes first: it takes half as long for a request. Through a proxy, aiohttp carries
    every request.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._most = _carried_by_httpcore(endpoint)
        self._beyond = 0 if self._most == math.inf else endpoint.concurrency - int(self._most)
        self._tls = _tls(endpoint)
        self.turn = Lock()
        self._own = _own_carrier(endpoint, self._tls, 1 if self._beyond else endpoint.concurrency)
        self._under_way = self._under_way_beyond = 0
        self._over_aiohttp: OverAiohttp | None = None

    async def exchange(self, method: str, path: str, content: bytes | None, read: ReadBody) -> Received:
        """Send a request and return its answer; raises one of `FAILURES`, and what `read` raises."""
        check_escaped(path)
        if self._under_way >= self._most or (self._over_aiohttp and self._under_way_beyond < self._beyond):
            self._under_way_beyond += 1
            try:
                return await self._aiohttp().exchange(method, path, content, read)
            finally:
                self._under_way_beyond -= 1
        self._under_way += 1
        try:
            return await self._own.exchange(method, path, content, read)
        finally:
            self._under_way -= 1

    def _aiohttp(self) -> "OverAiohttp":
        if self._over_aiohttp is None:
            try:
                from reconciler.api.client.over_aiohttp import OverAiohttp
            except ImportError as error:  # no memory or no file is left, and nothing was sent
                raise httpcore.ConnectError(str(error)) from error
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

    httpx would do the same with it, but takes longer to import than all of ours. For each request, it also sees to
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
            keepalive_expiry=_KEPT_ALIVE,
        )

    async def exchange(self, method: str, path: str, content: bytes | None, read: ReadBody) -> Received:
        """Send a request and return its answer; raises one of `FAILURES`, and what `read` raises."""
        headers = self._headers[content is not None]
        if content is not None:
            headers = [*headers, ("content-length", str(len(content)))]
        try:
            async with self._pool.stream(
                method, self._url(target=path), headers=headers, content=content, extensions=self._extensions
            ) as response:
                body = await read(response.aiter_stream())
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

    async def exchange(self, method: str, path: str, content: bytes | None, read: ReadBody) -> Received:
        """Send a request and return its answer; raises what `read` raises."""
        headers = self._headers[content is not None]
        request = self._request(method, self._origin + path, headers=headers, content=content)
        check_as_written(path, request.url.raw_path.decode("ascii"))
        response = await self._transport.handle_async_request(request)
        body = await read(response.aiter_raw())
        return Received(response.status_code, response.headers, body)

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
