"""What the network did, as errors of this project: whether anything was sent, and what would be right."""

import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpcore

from reconciler.api.client.endpoint import Endpoint
from reconciler.core.model.text import visible
from reconciler.errors import ApiUnavailableError, NoConnectionError, lack_of, lacks_files

if TYPE_CHECKING:  # the sandbox in process is behind no proxy
    from reconciler.api.network import Proxy

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_UNKNOWN_ISSUER = "where a proxy inspects TLS, let SSL_CERT_FILE name a file with the certificate of its authority"
_CERTIFICATE_CURES = {
    9: "is the clock of this machine right?",  # it begins later
    10: "the server needs a new one, unless the clock of this machine is wrong",  # it has expired
    62: "is the URL right?",  # it is for another name
    64: "is the URL right?",  # it is for another address
}


FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError, OSError)
"""What every carrier raises where a request gets no whole answer."""


class NoTlsError(httpcore.ConnectError):
    """There is no TLS with the server or proxy at `where`; `cause` is the reason, as far as it is known."""

    def __init__(self, where: str, cause: object) -> None:
        super().__init__(where)
        self.where = where
        self.cause = cause


class RefusedByProxyError(httpcore.ProxyError):
    """A proxy answered with `status` instead of connecting."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def unreachable(error: Exception, endpoint: Endpoint) -> ApiUnavailableError:
    """Return the error for what the network did, or for a connection that this process may not open."""
    if lacks_files(error):
        return NoConnectionError(f"cannot connect to {endpoint.base_url}: {lack_of(error)}")
    return _of_the_network(error, endpoint)


def _of_the_network(error: Exception, endpoint: Endpoint) -> ApiUnavailableError:
    where, seconds = endpoint.base_url, f"{endpoint.timeout:g} seconds"
    match error:
        case NoTlsError(where=server, cause=cause):
            return _no_tls(server, cause)
        case RefusedByProxyError(status=status) if endpoint.proxy:
            return _no_tunnel(endpoint.proxy, where, status)
        case httpcore.ConnectError() | httpcore.ProxyError():
            return _not_sent(f"cannot connect to {endpoint.proxy or where}")
        case httpcore.ConnectTimeout() | httpcore.PoolTimeout():
            return _not_sent(f"cannot connect to {where} within {seconds}")
        case httpcore.TimeoutException() | TimeoutError():
            return no_answer(f"no answer from {where} within {seconds}")
        case _:
            return no_answer(f"{where} closed the connection without an answer")


def _not_sent(summary: str) -> ApiUnavailableError:
    return ApiUnavailableError(summary, may_have_happened=False, answered=False)


def no_answer(summary: str) -> ApiUnavailableError:
    """Return the error for a request that was sent, so that a write may have happened."""
    return ApiUnavailableError(summary, may_have_happened=True, answered=False)


def _no_tls(where: str, cause: object) -> ApiUnavailableError:
    """Return why there is no TLS; a bad certificate is just as bad a moment later."""
    match cause:
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
