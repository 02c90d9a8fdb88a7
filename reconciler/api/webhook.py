"""One POST to a URL that an operator chose: no key, no redirect, a short time, and no error that says the URL."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

import httpx

from reconciler import __version__
from reconciler.api.network import check_certificates, proxy_for
from reconciler.core.model.text import duration
from reconciler.errors import InputError

MOST_SECONDS = 10.0
URL_EXPECTED = "https:// or http://, a host and, where it has one, a port from 1 to 65535"
_HEADERS = {"content-type": "application/json", "user-agent": f"reconciler/{__version__}"}


def host_of(url: str) -> str:
    """Return the host of an http(s) URL; empty for whatever is none, or has a host or port that cannot be."""
    try:
        parts = urlsplit(url.strip())
        is_usable = parts.scheme in {"http", "https"} and parts.port != 0
        httpx.URL(url.strip()).raw_host.decode().encode("idna")  # as the look-up of its address does
    except (ValueError, httpx.InvalidURL):
        return ""
    return (parts.hostname or "") if is_usable else ""


async def post(url: str, body: str, environ: Mapping[str, str], *, limit: float = MOST_SECONDS) -> str:
    """
    Send a JSON body, and return why it did not arrive; empty where it did. The answer's body is not read.

    It is sent in a thread that nobody waits for after the limit: to look up the name of a host cannot be interrupted.
    """
    loop = asyncio.get_running_loop()
    reason: asyncio.Future[str] = loop.create_future()

    def tell(found: str) -> None:
        if not reason.done():
            reason.set_result(found)

    def work() -> None:
        found = _sent(url.strip(), body, environ, limit)
        with suppress(RuntimeError):  # the loop is closed, since nobody waits any more
            loop.call_soon_threadsafe(tell, found)

    Thread(target=work, daemon=True).start()
    try:
        async with asyncio.timeout(limit):
            return await reason
    except TimeoutError:
        return _too_late(limit)


def _sent(url: str, body: str, environ: Mapping[str, str], limit: float) -> str:
    """Send a JSON body, and return why it did not arrive; no error leaves this, since it may hold the URL."""
    try:
        check_certificates(url, environ)
        proxy = proxy_for(url, environ)
        with (
            httpx.Client(
                verify=ssl.create_default_context(),
                proxy=httpx.Proxy(proxy.url, headers=proxy.headers) if proxy else None,
                trust_env=False,
                timeout=limit,
            ) as client,
            client.stream("POST", url, content=body.encode(errors="replace"), headers=_HEADERS) as answer,
        ):
            return "" if answer.is_success else f"it was answered with {answer.status_code}"
    except InputError:
        return "a variable of the proxy or the certificates cannot be used"
    except httpx.TimeoutException:
        return _too_late(limit)
    except Exception:  # noqa: BLE001  see above
        return "its server cannot be reached"


def _too_late(limit: float) -> str:
    return f"there was no answer within {duration(limit)}"
