"""
Errors of the network as errors of ours, in plain words.

Only a connection that was never made is sure to have carried nothing.
"""

import ssl
from http import HTTPStatus

import aiohttp
import httpx

from reconciler.api.client.endpoint import Endpoint
from reconciler.api.network import Proxy
from reconciler.core.model.text import visible
from reconciler.errors import ApiUnavailableError, NoConnectionError

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


def _no_tunnel(proxy: Proxy, where: str, status: int) -> ApiUnavailableError:
    """Return the error for a proxy that answered instead of connecting."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        wants = "does not accept the user and password" if proxy.authorization else "wants a user and a password"
        return NoConnectionError(f"{proxy} {wants} (407); {proxy.variable} is http://USER:PASSWORD@HOST:PORT")
    refused = f"{proxy} refuses a connection to {where} ({status})"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return _not_sent(refused)
    return NoConnectionError(f"{refused}; have it allowed, or name the host in NO_PROXY")
