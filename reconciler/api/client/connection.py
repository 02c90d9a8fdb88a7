"""Connections to the API: each request passes the guard, and each answer is read whole."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from reconciler import __version__
from reconciler.api.answers import ApiAnswer
from reconciler.api.client.endpoint import Endpoint, base_url
from reconciler.api.client.failures import unreachable
from reconciler.api.guard import Allowed
from reconciler.api.network import Proxy


@asynccontextmanager
async def keeping_connections(endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """Return the endpoint with connections that all of its clients share; each client keeps a guard of its own."""
    async with _transport(endpoint) as transport:
        yield replace(endpoint, transport=transport)


@asynccontextmanager
async def connected(endpoint: Endpoint, allowed: Allowed) -> AsyncIterator["Connection"]:
    """Open a connection that sends only the calls that are allowed."""
    async with nullcontext(endpoint.transport) if endpoint.transport else _transport(endpoint) as transport:
        yield Connection(transport, endpoint, allowed)


class Connection:
    """
    Sends single requests through a transport.

    `httpx.AsyncClient` would do the same. It also looks at each request for cookies, redirects, authentication and
    parameters, none of which this API has. That took half of the CPU time of a request.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, endpoint: Endpoint, allowed: Allowed) -> None:
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

    async def exchange(self, method: str, path: str, content: bytes | None) -> ApiAnswer:
        """Send a request and return its answer; raises `ForbiddenCallError` and `ApiUnavailableError`."""
        try:
            response = await self._send(method, path, content)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise unreachable(error, self._endpoint) from error
        headers = response.headers
        answer = ApiAnswer(
            response.status_code,
            response.content,
            headers.get("retry-after"),
            received_at=datetime.now(UTC),
            date=headers.get("date"),
        )
        if self._endpoint.on_answer is not None:
            self._endpoint.on_answer(answer)
        return answer

    async def _send(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        url, headers = self._base_url + path, self._headers if content is None else self._headers_of_json
        request = httpx.Request(method, url, headers=headers, content=content, extensions=self._extensions)
        called = request.url.raw_path.decode("ascii").partition("?")[0]  # as it is sent, not as it was written
        self._allowed.check(request.method, called.removeprefix(self._base_path))
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response


def _transport(endpoint: Endpoint) -> httpx.AsyncBaseTransport:
    if endpoint.app is not None:
        return httpx.ASGITransport(endpoint.app)
    proxy = _httpx_proxy(endpoint.proxy) if endpoint.proxy else None
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody; the session has its own, with certificates
    return AiohttpTransport(client=lambda: _session(endpoint.concurrency), proxy=proxy, verify=unused)


def _httpx_proxy(proxy: Proxy) -> httpx.Proxy:
    headers = {"proxy-authorization": proxy.authorization} if proxy.authorization else None
    return httpx.Proxy(proxy.url, headers=headers)


def _session(concurrency: int) -> aiohttp.ClientSession:
    """Return a session that opens at most so many connections, and takes nothing from the environment."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )
