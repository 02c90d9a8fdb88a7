"""The HTTP client: sends the requests of `wire` through the guard, and gives values. The only importer of httpx."""

import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from reconciler import __version__
from reconciler.api import requests, wire
from reconciler.api.answers import Answer, body_of, is_add_user_refusal, unless_absent
from reconciler.api.guard import READS, READS_AND_WRITES, Allowed
from reconciler.api.network import Proxy
from reconciler.api.pacing import InOneGo, Pacer, Retrying, Row
from reconciler.api.requests import Request
from reconciler.core.matching import Asked, MemoryOwners
from reconciler.core.model.desired import Identifier, Identity, ScopeKey, User
from reconciler.core.model.masking import label, quote, says
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.text import visible
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.core.remote import (
    ContactPage,
    ContactRecord,
    Context,
    Reader,
    Record,
    Rests,
    Try,
    UserPage,
    Writer,
)
from reconciler.errors import (
    AddUserRefusedError,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    EmptyAnswerError,
    InputError,
    NoConnectionError,
    NotSentError,
    OtherRecordError,
    RouteAbsentError,
)

_Result = TypeVar("_Result")

_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_LIKE_A_KEY = re.compile(r"(?=[^/]*[A-Za-z])(?=[^/]*[0-9])[A-Za-z0-9_.~-]{24,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_QUERIED = re.compile(r"=[^&]*")
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535
_IPV6 = 6
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_UNKNOWN_ISSUER = "where a proxy inspects TLS, let SSL_CERT_FILE name a file with the certificate of its authority"
_CERTIFICATE_CURES = {
    9: "is the clock of this machine right?",  # it begins later
    10: "the server needs a new one, unless the clock of this machine is wrong",  # it has expired
    62: "is the URL right?",  # it is for another name
    64: "is the URL right?",  # it is for another address
}
_LOOPBACK = {"127.0.0.1", "::1", "localhost", "sandbox.localhost"}

_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    Where the API is and how to speak to it.

    `app` is an ASGI application to call in process in place of the network. `timeout` is in seconds, for connecting
    and for each read. `on_request` is told every request: method, path and what
    came of it, never headers or bodies. `pacer` is shared by all clients of a run, and so is `transport`, where
    `keeping_connections` made it; a client has connections of its own else.
    """

    base_url: str
    key: str = field(repr=False)
    concurrency: int
    pacer: Pacer
    app: Callable[..., Any] | None = None
    timeout: float = 30.0
    proxy: Proxy | None = None
    on_request: Callable[[str], None] = field(default=lambda _line: None)
    transport: httpx.AsyncBaseTransport | None = None


@asynccontextmanager
async def keeping_connections(endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """Return the endpoint with connections that all of its clients share, each with a guard of its own."""
    async with _transport(endpoint) as transport:
        yield replace(endpoint, transport=transport)


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
    url = base_url(endpoint.base_url)
    async with nullcontext(endpoint.transport) if endpoint.transport else _transport(endpoint) as transport:
        guarded = _GuardedTransport(transport, allowed, prefix=urlsplit(url).path)
        yield _Client(_Http(guarded, url, endpoint), endpoint)


def _transport(endpoint: Endpoint) -> httpx.AsyncBaseTransport:
    if endpoint.app is not None:
        return httpx.ASGITransport(endpoint.app)
    proxy = _httpx_proxy(endpoint.proxy) if endpoint.proxy else None
    trusts_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used: the session has its own, which knows whom to
    return AiohttpTransport(client=lambda: _session(endpoint.concurrency), proxy=proxy, verify=trusts_nobody)


def _httpx_proxy(proxy: Proxy) -> httpx.Proxy:
    headers = {"proxy-authorization": proxy.authorization} if proxy.authorization else None
    return httpx.Proxy(proxy.url, headers=headers)


def _session(concurrency: int) -> aiohttp.ClientSession:
    """Make a session that opens no more connections than run at once, and takes nothing from the environment."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )


def base_url(text: str) -> str:
    """Return the one spelling of the API's URL, where it is one that the key may be sent to; raises `InputError`."""
    try:
        url = httpx.URL(_ESCAPED.sub(_unescaped, text.strip()))
    except httpx.InvalidURL as error:
        raise InputError(says("the URL of the API is not a URL: {}", label(str(error)))) from error
    if url.userinfo or url.query or url.fragment:
        raise InputError("the URL of the API holds more than a place: leave out user, password, query and fragment")
    scheme, host = url.scheme.lower(), _host(url)
    if scheme not in _PORTS or not _HOST.fullmatch(host) or not 0 < (url.port or 1) <= _LAST_PORT:
        raise InputError(says("the URL of the API, {}, must be https://HOST, or http:// for this machine", quote(text)))
    if scheme == "http" and host.strip("[]") not in _LOOPBACK:
        message = "the URL of the API, {}, must start with https://, or the key would be sent in the open"
        raise InputError(says(message, quote(text)))
    path = _path(url)
    if any(_LIKE_A_KEY.fullmatch(part) and not _UUID.fullmatch(part) for part in path.split("/")):
        raise InputError("the URL of the API holds what looks like a key: leave it out; keys come from variables")
    port = f":{url.port}" if url.port not in {None, _PORTS[scheme]} else ""
    return f"{scheme}://{host}{port}{path}"


def is_of_this_machine(api: str) -> bool:
    """Return whether the URL of an API, in its one spelling, leads to this machine."""
    return (urlsplit(api).hostname or "") in _LOOPBACK


def _host(url: httpx.URL) -> str:
    """Return the host in ASCII and lower case, without the dot that may end a name, an IPv6 address in short."""
    host = url.raw_host.decode("ascii").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return host.removesuffix(".")
    return f"[{address}]" if address.version == _IPV6 else str(address)


def _path(url: httpx.URL) -> str:
    """Return the path without slashes at its end, each character escaped in one way."""
    path = _ESCAPED.sub(_unescaped, url.raw_path.decode("ascii").partition("?")[0])
    return path.rstrip("/")


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0].upper()


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


class _Http:
    """
    Sends requests through a transport.

    `httpx.AsyncClient` would do the same, and look at each request for cookies, redirects, authentication and
    parameters of its own, none of which this API has: half of the CPU that a request takes.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, url: str, endpoint: Endpoint) -> None:
        self._transport = transport
        self._base_url = url
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

    async def request(self, method: str, path: str, *, content: bytes | None) -> httpx.Response:
        """Send a request and read its answer whole; a redirect is an answer."""
        url, headers = self._base_url + path, self._headers if content is None else self._headers_of_json
        request = httpx.Request(method, url, headers=headers, content=content, extensions=self._extensions)
        response = await self._transport.handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response


class _Client:
    """Both the reader and the writer: what it may send is up to the transport."""

    def __init__(self, http: _Http, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint
        self._requests_sent = 0
        self._memories = MemoryOwners()
        self.doubts: list[ApiError] = []
        self.has_written = False

    @property
    def requests_sent(self) -> int:
        return self._requests_sent

    async def read_context(self, contact_id: str, scope_key: ScopeKey) -> Context:
        try:
            return await self._ask(requests.context(contact_id, scope_key), wire.context_from)
        except ApiRejectedError as error:
            if "persona" in error.said.casefold():  # it is the scope that is not there, not the contact
                raise _unknown_persona(error, scope_key) from error
            return unless_absent(error, wire.NO_CONTEXT)

    async def read_memory(self, memory_id: str) -> Record | None:
        try:
            return await self._ask(requests.memory(memory_id), wire.record_from)
        except ApiRejectedError as error:
            return unless_absent(error, None)

    async def list_contacts(self, offset: int) -> ContactPage:
        return wire.contacts_from(await self._body(requests.contacts(offset)))

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        try:
            return await self._ask(requests.contact(identity), wire.contact_from)
        except ApiRejectedError as error:
            return unless_absent(error, None)

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        return await self._ask(requests.users(memory_id, offset), wire.users_from)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        return await self._ask(requests.user_of(memory_id, user), wire.user_from)

    @property
    def began(self) -> float:
        return self._endpoint.pacer.began

    @property
    def now(self) -> float:
        return self._endpoint.pacer.now

    @asynccontextmanager
    async def unit(self) -> AsyncIterator["_Unit"]:
        row = Row(self._endpoint.pacer)
        try:
            yield _Unit(self, row)
        finally:
            row.close()

    async def resolve_contact(self, identifier: Identifier, profile: Mapping[str, Json]) -> tuple[ContactRecord, bool]:
        contact, created = await self._ask(requests.resolve_contact(identifier, profile), wire.resolved_from)
        if contact.identifiers is None:
            await self._confirm(contact.contact_id, identifier)
        return contact, created

    async def _confirm(self, contact_id: str, identifier: Identifier) -> None:
        """
        Look whether a contact has the identifier that was asked for, where the account offers to look.

        Where the run ends before the look, the answer is believed: nothing more is written through it.
        """
        try:
            await self._ask(requests.contact_with(contact_id, identifier), wire.contact_from)
        except NotSentError:
            return
        except ApiRejectedError as error:
            if not isinstance(error, RouteAbsentError):
                unless_absent(error, None)
        except (ApiUnavailableError, OtherRecordError) as error:
            self._note_doubt(error)  # the contact may have been created
            raise

    async def update_contact(self, contact_id: str, profile: Sequence[FactWrite]) -> ContactRecord | None:
        return await self._ask(requests.update_contact(contact_id, profile), wire.contact_from)

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        def read(data: Json, asked: Asked) -> tuple[Record, bool]:
            record, created = wire.created_from(data, asked)
            self._memories.check(record.memory_id, contact_id, scope_key)
            return record, created

        return await self._ask(requests.create_memory(contact_id, scope_key), read)

    def expect_memory(self, memory_id: str, contact_id: str, scope_key: ScopeKey) -> None:
        self._memories.check(memory_id, contact_id, scope_key)

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        values = {fact.key: fact.value for fact in facts}
        return await self._ask(requests.write_facts(memory_id, values), wire.facts_from)

    async def add_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        try:
            return await self._ask(requests.add_user(memory_id, user), wire.entry_from)
        except ApiError as error:
            if not is_add_user_refusal(error):
                raise
            refused = AddUserRefusedError(error.summary, code=error.code)
            refused.said = error.said
            raise refused from error

    async def update_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        return await self._ask(requests.update_user(memory_id, user), wire.entry_from)

    async def _ask(self, request: Request, read: Callable[[Json, Asked], _Result]) -> _Result:
        """Send a request and read its answer, which has to be about what was asked."""
        data = (await self._body(request))["data"]
        if request.writes and data is None:
            self._note_doubt(EmptyAnswerError())
        try:
            return read(data, self._memories.complete(request.asked))
        except (OtherRecordError, ApiUnavailableError) as error:
            if isinstance(error, OtherRecordError):
                self._report(request, str(error))
            if request.writes and not isinstance(error, EmptyAnswerError):
                self._note_doubt(error)
            raise

    def _note_doubt(self, error: OtherRecordError | ApiUnavailableError) -> None:
        """Note that what a write did is not known, but for this error."""
        error.may_have_happened = True
        self.doubts.append(error)

    async def _body(self, request: Request) -> Mapping[str, Json]:
        """Send a request, again where that is of use, and return the body of its answer."""
        content, pacer = requests.content(request), self._endpoint.pacer
        known = len(self.doubts)

        async def attempt() -> Mapping[str, Json]:
            return await pacer.send(lambda: self._send_once(request, content), is_limited=request.is_limited)

        try:
            return await Retrying(pacer).send(attempt)
        except ApiUnavailableError as error:
            if request.writes:  # that the last attempt did nothing says nothing of those before
                error.may_have_happened = len(self.doubts) > known
            raise

    async def _send_once(self, request: Request, content: bytes | None) -> Mapping[str, Json]:
        """Send a request and return the body of its answer; what may have been written all the same is a doubt."""
        self._requests_sent += 1
        self.has_written = self.has_written or request.writes
        try:
            answer = await self._exchange(request, content)
            is_empty = request.writes and answer.is_empty_success
            body = {"data": None} if is_empty else body_of(answer, hide=self._endpoint.key)
        except ApiError as error:
            self._report(request, str(error))
            if isinstance(error, ApiUnavailableError):
                error.is_final = request.refusal_answers and bool(error.code)
                if request.writes and error.may_have_happened:
                    self._note_doubt(error)
            raise
        self._report(request, "ok")
        return body

    async def _exchange(self, request: Request, content: bytes | None) -> Answer:
        try:
            response = await self._http.request(request.method, request.path, content=content)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error
        headers = response.headers
        return Answer(
            response.status_code,
            response.content,
            headers.get("retry-after"),
            received_at=datetime.now(UTC),
            date=headers.get("date"),
        )

    def _unreachable(self, error: Exception) -> ApiUnavailableError:
        """
        Report in our words what the network did; only a connection that never stood surely carried nothing.

        The cause is looked at, too: httpx-aiohttp calls a closed connection a time-out.
        """
        where, cause = self._endpoint.base_url, error.__cause__ or error
        match cause:
            case aiohttp.ClientSSLError() | aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
                return _not_connected(cause, self._endpoint)
            case httpx.ConnectError() | aiohttp.ClientConnectorError():
                return _no_answer(f"cannot connect to {where}", may_have_happened=False)
            case aiohttp.ConnectionTimeoutError():
                summary = f"cannot connect to {where} within {self._endpoint.timeout:g} seconds"
                return _no_answer(summary, may_have_happened=False)
            case httpx.TimeoutException() | TimeoutError():
                summary = f"no answer from {where} within {self._endpoint.timeout:g} seconds"
                return _no_answer(summary, may_have_happened=True)
            case _:
                return _no_answer(f"{where} closed the connection without an answer", may_have_happened=True)

    def _report(self, request: Request, result: str) -> None:
        self._endpoint.on_request(f"{request.method} {_QUERIED.sub('=…', request.path)}: {result}")


class _Unit(_Client):
    """A writer for one contact or memory: what it does in one go is sent in a row, and begun anew as a whole."""

    def __init__(self, client: _Client, row: Row) -> None:
        super().__init__(client._http, client._endpoint)  # noqa: SLF001  its own base
        self._memories = client._memories  # noqa: SLF001  no two units may find one memory for different contacts
        self._row = row
        self._is_in_row = False

    async def in_one_go(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests) -> _Done:
        self._is_in_row = True
        try:
            return await InOneGo(self._endpoint.pacer, self._row, self.doubts).do(work, rests)
        finally:
            self._is_in_row = False

    async def _body(self, request: Request) -> Mapping[str, Json]:
        if self._is_in_row:
            content = requests.content(request)
            return await self._row.send(lambda: self._send_once(request, content), is_limited=request.is_limited)
        self._row.close()  # what waits in turn must not keep others from theirs
        return await super()._body(request)


def _unknown_persona(error: ApiRejectedError, scope_key: ScopeKey) -> ApiRejectedError:
    scope = " ".join(scope_key.fields.values())
    summary = f"{error.summary}: the account does not know the persona {scope}"
    return ApiRejectedError(summary, status=error.status, code=error.code)


def _no_answer(summary: str, *, may_have_happened: bool) -> ApiUnavailableError:
    return ApiUnavailableError(summary, may_have_happened=may_have_happened, answered=False)


def _not_connected(
    error: aiohttp.ClientSSLError | aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError,
    endpoint: Endpoint,
) -> ApiUnavailableError:
    """Return what stands between this machine and the API, to which nothing was sent."""
    match error:
        case aiohttp.ClientSSLError():
            return _no_tls(error)
        case aiohttp.ClientHttpProxyError(status=status) if endpoint.proxy:
            return _no_tunnel(endpoint.proxy, endpoint.base_url, status)
        case _:
            return _no_answer(f"cannot connect to {endpoint.proxy or endpoint.base_url}", may_have_happened=False)


def _no_tls(error: aiohttp.ClientSSLError) -> ApiUnavailableError:
    """Return why no TLS came about; what is wrong with a certificate is the same a moment later."""
    where = f"{error.host}:{error.port}"
    match getattr(error, "certificate_error", None) or error.os_error:
        case ssl.SSLCertVerificationError(verify_code=code, verify_message=why):
            cure = _CERTIFICATE_CURES.get(code, _UNKNOWN_ISSUER)
            return NoConnectionError(f"the certificate of {where} is not trusted: {visible(why)}; {cure}")
        case ssl.SSLEOFError():
            return _no_answer(f"{where} ended the connection before TLS stood", may_have_happened=False)
        case ssl.SSLError(reason=why):
            reason = visible(why or "no reason given").lower().replace("_", " ")
            return NoConnectionError(f"no TLS with {where}: {reason}; is the URL that of an https server?")
        case _:
            return _no_answer(f"no TLS with {where}", may_have_happened=False)


def _no_tunnel(proxy: Proxy, where: str, status: int) -> ApiUnavailableError:
    """Return what a proxy answered in place of a connection, through which nothing went."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        wants = "does not accept the user and password" if proxy.authorization else "wants a user and a password"
        return NoConnectionError(f"{proxy} {wants} (407); {proxy.variable} is http://USER:PASSWORD@HOST:PORT")
    refused = f"{proxy} refuses a connection to {where} ({status})"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return _no_answer(refused, may_have_happened=False)
    return NoConnectionError(f"{refused}; have it allowed, or name the host in NO_PROXY")
