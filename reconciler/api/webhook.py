"""One POST to a URL that an operator chose: no key, no redirect, a short time, and no error that says the URL."""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from reconciler import __version__
from reconciler.api.network import check_certificates, proxy_for
from reconciler.core.model.text import duration
from reconciler.errors import InputError

MOST_SECONDS = 10.0
_HEADERS = {"content-type": "application/json", "user-agent": f"reconciler/{__version__}"}


def host_of(url: str) -> str:
    """Return the host of an http(s) URL; empty for whatever is none."""
    try:
        parts = urlsplit(url.strip())
        httpx.URL(url.strip())
    except (ValueError, httpx.InvalidURL):
        return ""
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""


async def post(url: str, body: str, environ: Mapping[str, str], *, limit: float = MOST_SECONDS) -> str:
    """Send a JSON body, and return why it did not arrive; empty where it did. The answer's body is not read."""
    try:
        check_certificates(url, environ)
        proxy = proxy_for(url, environ)
    except InputError:
        return "a variable of the proxy or the certificates cannot be used"
    headers = {"proxy-authorization": proxy.authorization} if proxy and proxy.authorization else None
    try:
        async with (
            asyncio.timeout(limit),
            httpx.AsyncClient(
                verify=ssl.create_default_context(),
                proxy=httpx.Proxy(proxy.url, headers=headers) if proxy else None,
                trust_env=False,
                timeout=limit,
            ) as client,
            client.stream("POST", url.strip(), content=body.encode(), headers=_HEADERS) as answer,
        ):
            return "" if answer.is_success else f"it was answered with {answer.status_code}"
    except (TimeoutError, httpx.TimeoutException):
        return f"there was no answer within {duration(limit)}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        return "its server cannot be reached"
