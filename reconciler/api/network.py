"""The proxy and the certificates that environment variables name, read as curl reads them."""

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from stat import S_ISREG
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from reconciler.core.model.text import quoted
from reconciler.errors import InputError

_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXCEPT_VARIABLES = ("no_proxy", "NO_PROXY")
_PORTS = {"http": 1080, "https": 443}  # curl's own, where the variable names none
_LAST_PORT = 65535
_LARGEST_BUNDLE = 64 << 20
_WITH_SCHEME = r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)"
_PLACE = r"(?P<host>[A-Za-z0-9._-]+|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?"
_WITH_PORT = r"(?P<host>[^:]+|\[[^]]+\]):(?P<port>[0-9]+)"
_WRITTEN_AS = "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with % escapes in user and password"


class Proxy(Struct, frozen=True):
    """An HTTP proxy: its URL without user and password, the variable that names it, and the header with both."""

    url: str
    variable: str
    authorization: str
    secrets: tuple[str, ...]

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that it alone gets."""
        return {"proxy-authorization": self.authorization} if self.authorization else {}

    def __repr__(self) -> str:
        """Return it without user and password."""
        return f"Proxy({self.url!r})"

    def __str__(self) -> str:
        """Return how messages name it."""
        return f"the proxy {urlsplit(self.url).netloc} ({self.variable})"


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a URL, None for `http://` and for no proxy. Raises `InputError`."""
    parts = urlsplit(url)
    variable, text = _first(_PROXY_VARIABLES, environ)
    if parts.scheme != "https" or not parts.hostname or not text:
        return None
    if _is_excepted(parts.hostname, parts.port or 443, _first(_EXCEPT_VARIABLES, environ)[1]):
        return None
    return _proxy(variable, text)


def check_certificates(url: str, environ: Mapping[str, str]) -> None:
    """Raise `InputError` where a variable names certificates that do not exist, so that no server would be trusted."""
    if urlsplit(url).scheme != "https":
        return
    if file := environ.get("SSL_CERT_FILE"):
        try:
            status = Path(file).stat()
            if not S_ISREG(status.st_mode) or status.st_size > _LARGEST_BUNDLE:  # reading a pipe would wait for ever
                raise InputError(f"SSL_CERT_FILE names {quoted(file)}, which is no file of certificates")
            is_usable = b"-----BEGIN " in Path(file).read_bytes()
        except (OSError, ValueError) as error:
            why = (getattr(error, "strerror", None) or "no file can have this name").lower()
            raise InputError(f"SSL_CERT_FILE names {quoted(file)}, which cannot be read: {why}") from error
        if not is_usable:
            raise InputError(f"SSL_CERT_FILE names {quoted(file)}, which holds no certificate in PEM")
    folders = environ.get("SSL_CERT_DIR", "").split(os.pathsep)
    if any(folders) and not any(Path(folder).is_dir() for folder in folders if folder):
        raise InputError("SSL_CERT_DIR names no folder that is there, so no certificate would be trusted")


def _first(names: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the first variable that is not empty, and its text."""
    return next(((name, text) for name in names if (text := environ.get(name, "").strip())), ("", ""))


def _proxy(variable: str, text: str) -> Proxy:
    """Return the proxy that a variable names; raises `InputError` without its text, which may hold a password."""
    found = re.fullmatch(_WITH_SCHEME, text, re.DOTALL)
    scheme, rest = (found["scheme"].lower(), found["rest"]) if found else ("http", text)
    if scheme.startswith("socks"):
        raise InputError(f"{variable} names a SOCKS proxy, and only HTTP proxies are supported; {_WRITTEN_AS}")
    authority, _, behind = re.sub(r"[/?#]", "/", rest).partition("/")
    place = _place(authority.rpartition("@")[2], default=_PORTS.get(scheme, 0))
    if scheme not in _PORTS or place is None or "@" in behind:
        raise InputError(f"{variable} is not the URL of a proxy; {_WRITTEN_AS}")
    credentials = authority.rpartition("@")[0]
    user, _, password = credentials.partition(":")
    sent = f"{unquote(user)}:{unquote(password)}".encode()
    return Proxy(
        f"{scheme}://{place}",
        variable,
        authorization=f"Basic {b64encode(sent).decode()}" if credentials else "",
        secrets=tuple({password, unquote(password)} - {""}),
    )


def _place(text: str, *, default: int) -> str | None:
    """Return host and port; None for any other text."""
    found = re.fullmatch(_PLACE, text)
    port = int(found["port"] or default) if found else 0
    if not found or not 0 < port <= _LAST_PORT or (found["ipv6"] and not _is_address(found["ipv6"])):
        return None
    return f"{found['host'].lower()}:{port}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Return whether a host is reached without a proxy: by its name or one above it, its address or its network."""
    return any(_matches(host, name) for name, only in _exceptions(exceptions) if only is None or only == port)


def _exceptions(text: str) -> Iterator[tuple[str, int | None]]:
    """Yield names, addresses and networks, each with its port or None; commas and blanks separate them."""
    for entry in re.split(r"[\s,]+", text.lower()):
        if found := re.fullmatch(_WITH_PORT, entry):
            yield found["host"].strip("[]"), int(found["port"])
        elif entry:
            yield entry.strip("[]"), None


def _matches(host: str, name: str) -> bool:
    if name == "*":
        return True
    try:
        network = ip_network(name, strict=False)
    except ValueError:
        name = name.removeprefix("*").strip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    return _is_address(host) and ip_address(host) in network
