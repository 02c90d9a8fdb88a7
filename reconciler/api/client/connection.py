"""The connection to the API: one client for all requests, and its failures as errors of this project."""

import ssl
from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from reconciler import __version__
from reconciler.api.answers import ApiAnswer
from reconciler.api.client.endpoint import Endpoint, base_url
from reconciler.api.requests import MOST_OF_A_RECORD, Allowed
from reconciler.core.model.text import visible
from reconciler.errors import ApiUnavailableError, NoConnectionError

if TYPE_CHECKING:  # the sandbox in process is behind no proxy
    from reconciler.api.network import Proxy

_ENCODINGS = {"", "identity", "gzip", "deflate"}
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_UNKNOWN_ISSUER = "where a proxy inspects TLS, let SSL_CERT_FILE name a file with the certificate of its authority"
_CERTIFICATE_CURES = {
    9: "is the clock of this machine right?",  # it begins later
    10: "the server needs a new one, unless the clock of this machine is wrong",  # it has expired
    62: "is the URL right?",  # it is for another name
    64: "is the URL right?",  # it is for another address
}


def unreachable(error: Exception, endpoint: Endpoint) -> ApiUnavailableError:
    """
    Return the error for what the network did.

    It goes by the cause where there is one: httpx-aiohttp calls a closed connection a time-out.
    """
    where, seconds = endpoint.base_url, f"{endpoint.timeout:g} seconds"
    match error.__cause__ or error:
        case aiohttp.ClientSSLError() as cause:
            return _no_tls(cause)
        case aiohttp.ClientHttpProxyError(status=status) if endpoint.proxy:
            return _no_tunnel(endpoint.proxy, where, status)
        case httpx.ConnectError() | aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError():
            return _not_sent(f"cannot connect to {endpoint.proxy or where}")
        case aiohttp.ConnectionTimeoutError():
            return _not_sent(f"cannot connect to {where} within {seconds}")
        case httpx.TimeoutException() | TimeoutError():
            return _no_answer(f"no answer from {where} within {seconds}")
        case _:
            return _no_answer(f"{where} closed the connection without an answer")


def _not_sent(summary: str) -> ApiUnavailableError:
    return ApiUnavailableError(summary, may_have_happened=False, answered=False)


def _no_answer(summary: str) -> ApiUnavailableError:
    return ApiUnavailableError(summary, may_have_happened=True, answered=False)


def _no_tls(error: aiohttp.ClientSSLError) -> ApiUnavailableError:
    """Return why there is no TLS; a bad certificate is just as bad a moment later."""
    where = f"{error.host}:{error.port}"
    match getattr(error, "certificate_error", None) or error.os_error:
        case ssl.SSLCertVerificationError(verify_code=code, verify_message=why):
            cure = _CERTIFICATE_CURES.get(code, _UNKNOWN_ISSUER)
            return NoConnectionError(f"the certificate of {where} is not trusted: {visible(why)}; {cure}")
        case ssl.SSLEOFError():
            return _not_sent(f"{where} ended the connection before TLS stood")
        case ssl.SSLError(reason=why):
            reason = visible(why or "no reason given").lower().replace("_", " ")
            return NoConnectionError(f"no TLS with {where}: {reason}; is the URL that of an https server?")
        case _:
            return _not_sent(f"no TLS with {where}")


def _no_tunnel(proxy: "Proxy", where: str, status: int) -> ApiUnavailableError:
    """Return the error for a proxy that answered instead of connecting."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        wants = "does not accept the user and password" if proxy.authorization else "wants a user and a password"
        return NoConnectionError(f"{proxy} {wants} (407); {proxy.variable} is http://USER:PASSWORD@HOST:PORT")
    refused = f"{proxy} refuses a connection to {where} ({status})"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return _not_sent(refused)
    return NoConnectionError(f"{refused}; have it allowed, or name the host in NO_PROXY")


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
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            if limit.expired():
                where = self._endpoint.base_url
                raise _no_answer(f"the answer of {where} did not end within {seconds:g} seconds") from error
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
        response = await self._transport.handle_async_request(request)
        try:
            return response, await _read(response, most_bytes)
        finally:
            await response.aclose()


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


def _transport(endpoint: Endpoint) -> httpx.AsyncBaseTransport:
    if endpoint.app is not None:
        return httpx.ASGITransport(endpoint.app)
    proxy = _httpx_proxy(endpoint.proxy) if endpoint.proxy else None
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody; the session has its own, with certificates
    return AiohttpTransport(client=lambda: _session(endpoint.concurrency), proxy=proxy, verify=unused)


def _httpx_proxy(proxy: "Proxy") -> httpx.Proxy:
    headers = {"proxy-authorization": proxy.authorization} if proxy.authorization else None
    return httpx.Proxy(proxy.url, headers=headers)


def _session(concurrency: int) -> aiohttp.ClientSession:
    """Return a session that opens at most so many connections, and takes nothing from the environment."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )
