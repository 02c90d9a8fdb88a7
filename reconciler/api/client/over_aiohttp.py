"""Many requests at once, through aiohttp: it takes longer to import than a small plan, and keeps up with hundreds."""

import ssl

import aiohttp
import httpcore
from yarl import URL

from reconciler.api.client.endpoint import Endpoint, ReadBody, Received, check_as_written
from reconciler.api.client.failures import NoTlsError, RefusedByProxyError


class OverAiohttp:
    """Sends requests over at most so many connections, through a proxy where there is one."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext, connections: int) -> None:
        self._origin = endpoint.origin
        self._proxy = endpoint.proxy
        self._headers = {is_json: endpoint.headers(is_json=is_json) for is_json in (False, True)}
        seconds = endpoint.timeout
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(connect=seconds, sock_connect=seconds, sock_read=seconds),
            auto_decompress=False,
            trust_env=False,
        )
        self._session._retry_connection = False  # noqa: SLF001  it would send a GET twice that is counted once

    async def exchange(self, method: str, path: str, content: bytes | None, read: ReadBody) -> Received:
        """Send a request and return its answer; raises one of `FAILURES`, and what `read` raises."""
        url = URL(self._origin + path, encoded=True)
        check_as_written(path, url.raw_path_qs)
        try:
            async with self._session.request(
                method,
                url,
                data=content,
                headers=self._headers[content is not None],
                allow_redirects=False,
                proxy=self._proxy.url if self._proxy else None,
                proxy_headers=self._proxy.headers if self._proxy else None,
            ) as response:
                body = await read(response.content.iter_any())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _failure(error) from error
        return Received(response.status, response.headers, body)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


def _failure(cause: BaseException) -> Exception:
    match cause:
        case aiohttp.ClientSSLError():
            why = getattr(cause, "certificate_error", None) or cause.os_error
            return NoTlsError(f"{cause.host}:{cause.port}", why)
        case aiohttp.ClientHttpProxyError(status=status):
            return RefusedByProxyError(status)
        case aiohttp.ClientConnectorError():
            return httpcore.ConnectError(str(cause))
        case aiohttp.ConnectionTimeoutError():
            return httpcore.ConnectTimeout(str(cause))
        case TimeoutError():
            return httpcore.ReadTimeout(str(cause))
        case _:
            return httpcore.ReadError(str(cause))
