"""The HTTP client: sends the requests of `wire` through the guard, and gives values. The only importer of httpx."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from reconciler.api import wire
from reconciler.api.answers import Answer, data_of
from reconciler.api.guard import READS, READS_AND_WRITES, Allowed
from reconciler.api.pacing import Pacing
from reconciler.core.desired import ScopeKey, User
from reconciler.core.diff import FactWrite
from reconciler.core.remote import Context, Reader, Record, Writer
from reconciler.core.value import Json
from reconciler.errors import (
    AddUserRefusedError,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    InputError,
)

_LOOPBACK = {"127.0.0.1", "::1", "localhost", "sandbox.localhost"}
_ADD_USER_REFUSED = "MEMORY_ADD_USER_ERROR"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    Where the API is and how to speak to it.

    `app` is an ASGI application to call in process in place of the network. `timeout` is in seconds, for connecting
    and for each read. `on_request` is told every request: method, path and what came of it, never headers or bodies.
    """

    base_url: str
    key: str = field(repr=False)
    concurrency: int
    app: Callable[..., Any] | None = None
    timeout: float = 30.0
    pacing: Pacing = field(default_factory=Pacing)
    on_request: Callable[[str], None] = field(default=lambda _line: None)


@asynccontextmanager
async def open_reader(endpoint: Endpoint) -> AsyncIterator[Reader]:
    """Open a client that can read and nothing else."""
    async with _opened(endpoint, READS) as client:
        yield client


@asynccontextmanager
async def open_writer(endpoint: Endpoint) -> AsyncIterator[Writer]:
    """Open a client that can read, add and update."""
    async with _opened(endpoint, READS_AND_WRITES) as client:
        yield client


@asynccontextmanager
async def _opened(endpoint: Endpoint, allowed: Allowed) -> AsyncIterator["_Client"]:
    base_url = _base_url(endpoint.base_url)
    guarded = _GuardedTransport(_transport(endpoint), allowed, prefix=base_url.raw_path.decode().rstrip("/"))
    headers = {"authorization": endpoint.key, "accept": "application/json"}
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, transport=guarded, timeout=endpoint.timeout
    ) as http:
        yield _Client(http, endpoint)


def _base_url(text: str) -> httpx.URL:
    """Check the URL of the API: one that the key may be sent to."""
    try:
        url = httpx.URL(text.rstrip("/"))
    except httpx.InvalidURL as error:
        raise InputError(f"the URL of the API, {text!r}, is not a URL: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise InputError(f"the URL of the API, {text!r}, must start with https:// or http://")
    if url.scheme == "http" and url.host not in _LOOPBACK:
        raise InputError(
            f"the URL of the API, {text!r}, must start with https://, or the key would be sent in the open"
        )
    return url


def _transport(endpoint: Endpoint) -> httpx.AsyncBaseTransport:
    if endpoint.app is not None:
        return httpx.ASGITransport(endpoint.app)
    return AiohttpTransport(client=lambda: _session(endpoint.concurrency))


def _session(concurrency: int) -> aiohttp.ClientSession:
    """Make a session that opens no more connections than run at once, and takes its proxy from the environment."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=True,
    )


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Lets through what is on the list; `prefix` is the path of the base URL."""

    def __init__(self, inner: httpx.AsyncBaseTransport, allowed: Allowed, *, prefix: str) -> None:
        self._inner = inner
        self._allowed = allowed
        self._prefix = prefix

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        self._allowed.check(request.method, path.removeprefix(self._prefix))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Client:
    """Both the reader and the writer: what it may send is up to the transport."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint
        self._requests_sent = 0

    @property
    def requests_sent(self) -> int:
        return self._requests_sent

    async def read_context(self, contact_id: str, scope_key: ScopeKey) -> Context:
        try:
            return wire.context_from(await self._send(wire.context_request(contact_id, scope_key)))
        except ApiRejectedError as error:
            if not _is_absence(error):
                raise
            return wire.UNKNOWN_CONTACT

    async def read_memory(self, memory_id: str) -> Record | None:
        try:
            return wire.record_from(await self._send(wire.memory_request(memory_id)))
        except ApiRejectedError as error:
            if not _is_absence(error):
                raise
            return None

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        return wire.created_from(await self._send(wire.create_memory_request(contact_id, scope_key)))

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        values = {fact.key: fact.value for fact in facts}
        return wire.facts_from(await self._send(wire.write_facts_request(memory_id, values)))

    async def add_user(self, memory_id: str, user: User) -> None:
        try:
            await self._send(wire.add_user_request(memory_id, user))
        except ApiError as error:
            if error.code != _ADD_USER_REFUSED:
                raise
            raise AddUserRefusedError(error.summary, code=error.code) from error

    async def _send(self, request: wire.Request) -> Json:
        """Send a request, again where that is safe and of use, and give the data of its answer."""
        pacing = self._endpoint.pacing.retrying(repeatable=request.repeatable)
        return await pacing(self._send_once, request)

    async def _send_once(self, request: wire.Request) -> Json:
        self._requests_sent += 1
        try:
            data = data_of(await self._exchange(request), hide=self._endpoint.key)
        except ApiError as error:
            self._report(request, str(error))
            raise
        self._report(request, "ok")
        return data

    async def _exchange(self, request: wire.Request) -> Answer:
        try:
            response = await self._http.request(request.method, request.path, json=request.body)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error
        return Answer(response.status_code, response.content, response.headers.get("retry-after"), datetime.now(UTC))

    def _unreachable(self, error: Exception) -> ApiUnavailableError:
        """
        Say in our words what the network did; only a connection that never stood surely carried nothing.

        The cause is looked at, too: httpx-aiohttp calls a closed connection a time-out.
        """
        where = self._endpoint.base_url
        match error.__cause__ or error:
            case httpx.ConnectError() | aiohttp.ClientConnectorError():
                return ApiUnavailableError(f"cannot connect to {where}", may_have_happened=False)
            case aiohttp.ConnectionTimeoutError():
                summary = f"cannot connect to {where} within {self._endpoint.timeout:g} seconds"
                return ApiUnavailableError(summary, may_have_happened=False)
            case httpx.TimeoutException() | TimeoutError():
                summary = f"no answer from {where} within {self._endpoint.timeout:g} seconds"
                return ApiUnavailableError(summary, may_have_happened=True)
            case _:
                return ApiUnavailableError(f"{where} closed the connection without an answer", may_have_happened=True)

    def _report(self, request: wire.Request, result: str) -> None:
        self._endpoint.on_request(f"{request.method} {request.path}: {result}")


def _is_absence(error: ApiRejectedError) -> bool:
    """Tell the API's own "not found" from the 404 of a route that is not there, which has no code."""
    return error.code == "NOT_FOUND" or (error.status == HTTPStatus.NOT_FOUND and bool(error.code))
