"""Many requests at once, through aiohttp: it takes longer to import than a small plan, and keeps up with hundreds."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from reconciler.api.client.failures import NoTlsError, RefusedByProxyError

if TYPE_CHECKING:  # most accounts are behind no proxy
    from reconciler.api.network import Proxy


class OverAiohttp:
    """Sends requests over at most so many connections, through a proxy where there is one."""

    def __init__(self, connections: int, tls: ssl.SSLContext, proxy: "Proxy | None") -> None:
        leads = httpx.Proxy(proxy.url, headers=proxy.headers) if proxy else None
        self._transport = AiohttpTransport(client=lambda: _session(connections, tls), proxy=leads, verify=tls)

    @asynccontextmanager
    async def answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send a request and yield its answer, whose body is still to be read; raises `httpx.HTTPError`."""
        with _errors_of_httpx():
            response = await self._transport.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """Raise what httpx would raise; httpx-aiohttp calls a closed connection a time-out, so it goes by the cause."""
    try:
        yield
    except (httpx.HTTPError, aiohttp.ClientError) as error:
        raise _error_of_httpx(error.__cause__ or error) from error


def _error_of_httpx(cause: BaseException) -> httpx.HTTPError:
    match cause:
        case aiohttp.ClientSSLError():
            why = getattr(cause, "certificate_error", None) or cause.os_error
            return NoTlsError(f"{cause.host}:{cause.port}", why)
        case aiohttp.ClientHttpProxyError(status=status):
            return RefusedByProxyError(status)
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(str(cause))
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout(str(cause))
        case TimeoutError():
            return httpx.ReadTimeout(str(cause))
        case _:
            return httpx.ReadError(str(cause))


def _session(connections: int, tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """Return a session that takes nothing from the environment."""
    connector = aiohttp.TCPConnector(limit=connections, ssl=tls)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
