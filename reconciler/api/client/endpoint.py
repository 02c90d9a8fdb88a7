"""Where the API is: its URL in one spelling, and how to speak to it."""

import re
from asyncio import Lock
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from reconciler import __version__
from reconciler.api.answers import ApiAnswer
from reconciler.api.pacer import Pacer
from reconciler.core.model.masking import compose, label, quote
from reconciler.core.model.settings import THIS_MACHINE
from reconciler.errors import ForbiddenCallError, InputError

if TYPE_CHECKING:  # the sandbox in process is behind no proxy, and few URLs need a parser
    import httpx

    from reconciler.api.network import Proxy

_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_HOST_ALONE = r"(?=.{1,40}$)(?:[a-z0-9-]+\.)+[a-z]{2,6}"
"""A host that someone wrote without https://, and surely no key, so that it may be shown."""
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_UNRESERVED = r"[A-Za-z0-9._~-]"
_LIKE_A_KEY = r"(?=[^/]*[A-Za-z])(?=[^/]*[0-9])[A-Za-z0-9_.~-]{24,}"
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PLAIN = re.compile(
    r"(https?)://((?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*|127\.0\.0\.1)(?::([1-9][0-9]{0,4}))?((?:/[A-Za-z0-9_~-]+)*)/?"
)
"""A URL that is already in its one spelling, but for a slash at its end and the port that its scheme has anyway."""
_AS_SENT = re.compile(r'/[!"$->@-~]*(?:\?[!"$-~]+)?')
"""A path, and a query that is not empty: ASCII without spaces and control characters, and without `#`, its end."""
_Parts: TypeAlias = tuple[str, str, int | None, str]
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535
_IPV6 = 6
SHORTEST_ANSWER = 10.0  # seconds; a write that is under way gets its answer


class Received(Struct, frozen=True):
    """An answer as it came, read whole; the names of `headers` can be given in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


ReadBody: TypeAlias = Callable[[AsyncIterator[bytes]], Awaitable[bytes]]


class Carrier(Protocol):
    """What carries the requests of all clients of a run, whose large bodies take `turn`s."""

    turn: Lock

    async def exchange(self, method: str, path: str, content: bytes | None, read: ReadBody) -> Received:
        """
        Send a request to a path of the host as it is written, and return its answer, whose body is `read` from parts.

        Raises one of `FAILURES`, and what `read` raises.
        """
        ...


def check_escaped(path: str) -> None:
    """Raise `ForbiddenCallError` for a path that could not be sent as it is written, whatever carries it."""
    if not _AS_SENT.fullmatch(path):
        raise ForbiddenCallError(f"{path} cannot be sent as it is written; nothing was sent")


def check_as_written(path: str, sent: str) -> None:
    """Raise `ForbiddenCallError` where a path would be sent otherwise than it was written, and allowed."""
    if path != sent:
        raise ForbiddenCallError(f"{path} would be sent as {sent}; nothing was sent")


class Endpoint(Struct, frozen=True):
    """
    Where the API is and how to speak to it.

    `app` is an ASGI application to call in process instead of the network. `timeout` is in seconds, for connecting and
    for each read; `answer_timeout` is for a request and its whole answer. `on_request` gets a line for every request:
    method, path and result, never headers or bodies. All clients of a run share `pacer`. They also share `transport`
    where `keeping_connections` set it; without it, each client opens its own. `on_answer` gets every answer.
    """

    base_url: str
    key: str
    concurrency: int
    pacer: Pacer
    app: Callable[..., Any] | None = None
    timeout: float = 30.0
    answer_timeout: float = 60.0
    proxy: "Proxy | None" = None
    on_request: Callable[[str], None] | None = None
    on_answer: Callable[[ApiAnswer], None] | None = None
    transport: "Carrier | None" = None

    def __repr__(self) -> str:
        """Return it without the key."""
        return f"Endpoint({self.base_url!r})"

    @property
    def origin(self) -> str:
        """Return the URL without its path."""
        url = base_url(self.base_url)
        return url.removesuffix(urlsplit(url).path)

    @property
    def base_path(self) -> str:
        """Return the path of the URL, which those of all calls begin with."""
        return urlsplit(base_url(self.base_url)).path

    def headers(self, *, is_json: bool) -> dict[str, str]:
        """Return the headers of each request."""
        sent = {
            "authorization": self.key,
            "accept": "application/json",
            "accept-encoding": "gzip",
            "user-agent": f"reconciler/{__version__}",
        }
        return {**sent, "content-type": "application/json"} if is_json else sent

    @property
    def seconds_for_an_answer(self) -> float:
        """Return how long an answer may take: less towards the end of a run whose time is limited."""
        return min(self.answer_timeout, max(SHORTEST_ANSWER, self.pacer.seconds_left))


def base_url(text: str, *, source: str = "") -> str:
    """
    Return the API's URL in its one spelling; raises `InputError` for one that the key must not be sent to.

    `source` says in messages where the URL was written.
    """
    name = f"the URL of the API ({source})" if source else "the URL of the API"
    if re.fullmatch(_HOST_ALONE, text) and not re.fullmatch(_LIKE_A_KEY, text):
        raise InputError(f"{name} is {text}, without https://; write https://{text}")
    scheme, host, given_port, path = _plain_parts(text) or _parts(name, text)
    is_port = given_port is None or 0 < given_port <= _LAST_PORT
    if scheme not in _PORTS or not _HOST.fullmatch(host) or not is_port:
        raise InputError(compose("{}, {}, must be https://HOST, or http:// for this machine", name, quote(text)))
    if scheme == "http" and host.strip("[]") not in THIS_MACHINE:
        message = "{}, {}, must start with https://, or the key would be sent in the open"
        raise InputError(compose(message, name, quote(text)))
    if any(re.fullmatch(_LIKE_A_KEY, part) and not re.fullmatch(_UUID, part) for part in path.split("/")):
        raise InputError(f"{name} holds what looks like a key: leave it out; keys come from variables")
    port = f":{given_port}" if given_port not in {None, _PORTS[scheme]} else ""
    return f"{scheme}://{host}{port}{path}"


def _plain_parts(text: str) -> _Parts | None:
    """Return the parts of a URL that is written as nearly all are, and needs no parser; None for any other."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    return scheme, host, int(port) if port else None, path


def _parts(name: str, text: str) -> _Parts:
    """Return scheme, host, port and path of a URL in their one spelling; raises `InputError`."""
    import httpx  # noqa: PLC0415  see above

    try:
        url = httpx.URL(re.sub(_ESCAPED, _unescaped, text.strip()))
    except httpx.InvalidURL as error:
        raise InputError(compose("{} is not a URL: {}", name, label(str(error)))) from error
    if url.userinfo or url.query or url.fragment:
        raise InputError(f"{name} is only a scheme, a host and a path: leave out user, password, query and fragment")
    return url.scheme.lower(), _host(url), url.port, _path(url)


def _host(url: "httpx.URL") -> str:
    """Return the host in lower-case ASCII, without the dot that may end a name; an IPv6 address in its short form."""
    host = url.raw_host.decode("ascii").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return host.removesuffix(".")
    return f"[{address}]" if address.version == _IPV6 else str(address)


def _path(url: "httpx.URL") -> str:
    """Return the path without slashes at its end, each character escaped in one way."""
    path = re.sub(_ESCAPED, _unescaped, url.raw_path.decode("ascii").partition("?")[0])
    return path.rstrip("/")


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if re.fullmatch(_UNRESERVED, character) else found[0].upper()
