"""What the network did, in words: whether anything was sent, whether to try again, and what would be right."""

import errno
import ssl

import httpcore
import pytest
from msgspec.structs import replace

from reconciler.api.client.failures import NoTlsError, RefusedByProxyError, unreachable
from reconciler.api.network import Proxy
from reconciler.errors import ApiUnavailableError, NoConnectionError
from tests.api.support import World

URL = "https://api.test"
ENDPOINT = World().endpoint(URL, in_process=False, timeout=5.0)
PROXY = Proxy("http://proxy:1", "HTTPS_PROXY", "", ())
NAMED = "the proxy proxy:1 (HTTPS_PROXY)"


def told(error: Exception, proxy: Proxy | None = None) -> tuple[type[ApiUnavailableError], str]:
    """Return the kind of an error and what it says; nothing of it was sent, and the API had not answered."""
    made = unreachable(error, replace(ENDPOINT, proxy=proxy))
    assert not made.may_have_happened
    assert isinstance(made, NoConnectionError) or not made.answered
    return type(made), str(made)


def not_trusted(code: int) -> NoTlsError:
    error = ssl.SSLCertVerificationError(1, "a")
    error.verify_code, error.verify_message = code, "not\x1b good"
    return NoTlsError("api.test:443", error)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpcore.ReadTimeout("a"), f"no answer from {URL} within 5 seconds"),
        (httpcore.WriteTimeout("a"), f"no answer from {URL} within 5 seconds"),
        (TimeoutError(), f"no answer from {URL} within 5 seconds"),
        (httpcore.ReadError("a"), f"{URL} closed the connection without an answer"),
        (httpcore.RemoteProtocolError("a"), f"{URL} closed the connection without an answer"),
        (OSError(errno.ECONNRESET, "a"), f"{URL} closed the connection without an answer"),
    ],
)
def test_what_was_sent_may_have_happened_where_no_answer_came(error: Exception, said: str) -> None:
    made = unreachable(error, ENDPOINT)

    assert (type(made), str(made), made.may_have_happened, made.answered) == (ApiUnavailableError, said, True, False)


@pytest.mark.parametrize("proxy", [None, PROXY])
def test_a_connection_that_never_stood_sent_nothing(proxy: Proxy | None) -> None:
    said = f"cannot connect to {NAMED if proxy else URL}"
    for error in (httpcore.ConnectError("a"), httpcore.ProxyError("a")):
        assert told(error, proxy) == (ApiUnavailableError, said)
    for late in (httpcore.ConnectTimeout("a"), httpcore.PoolTimeout("a")):
        assert told(late, proxy) == (ApiUnavailableError, f"cannot connect to {URL} within 5 seconds")
    assert told(RefusedByProxyError(403)) == (ApiUnavailableError, f"cannot connect to {URL}")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_process_that_may_open_nothing_more_need_not_try_again(number: int) -> None:
    kind, said = told(OSError(number, "a"))

    assert kind is NoConnectionError
    assert said.startswith(f"cannot connect to {URL}: ")


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (9, "is the clock of this machine right?"),
        (10, "the server needs a new one, unless the clock of this machine is wrong"),
        (62, "is the URL right?"),
        (64, "is the URL right?"),
        (8, "where a proxy inspects TLS, let SSL_CERT_FILE name a file with the certificate of its authority"),
        (63, "where a proxy inspects TLS, let SSL_CERT_FILE name a file with the certificate of its authority"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_with_its_cure(code: int, cure: str) -> None:
    said = rf"the certificate of api.test:443 is not trusted: not\x1b good; {cure}"

    assert told(not_trusted(code)) == (NoConnectionError, said)


def test_where_no_tls_stands_its_reason_says_whether_to_try_again() -> None:
    wrong, silent = ssl.SSLError(1, "a"), ssl.SSLError(1, "a")
    wrong.reason, silent.reason = "WRONG_VERSION_NUMBER", ""
    question = "is the URL that of an https server?"

    assert told(NoTlsError("a:1", wrong)) == (NoConnectionError, f"no TLS with a:1: wrong version number; {question}")
    assert told(NoTlsError("a:1", silent)) == (NoConnectionError, f"no TLS with a:1: no reason given; {question}")
    assert told(NoTlsError("a:1", ssl.SSLEOFError())) == (
        ApiUnavailableError,
        "a:1 ended the connection before TLS stood",
    )
    assert told(NoTlsError("a:1", None)) == (ApiUnavailableError, "no TLS with a:1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, NoConnectionError),
        (403, NoConnectionError),
        (408, ApiUnavailableError),
        (429, ApiUnavailableError),
        (499, NoConnectionError),
        (500, ApiUnavailableError),
        (503, ApiUnavailableError),
    ],
)
def test_a_proxy_that_refuses_is_asked_again_where_it_cannot_now(status: int, kind: type[ApiUnavailableError]) -> None:
    said = f"{NAMED} refuses a connection to {URL} ({status})"
    cure = "; have it allowed, or name the host in NO_PROXY" if kind is NoConnectionError else ""

    assert told(RefusedByProxyError(status), PROXY) == (kind, said + cure)


@pytest.mark.parametrize(
    ("authorization", "wants"),
    [("", "wants a user and a password"), ("Basic x", "does not accept the user and password")],
)
def test_a_proxy_that_wants_a_password_is_told_how_to_get_it(authorization: str, wants: str) -> None:
    said = f"{NAMED} {wants} (407); HTTPS_PROXY is http://USER:PASSWORD@HOST:PORT"

    assert told(RefusedByProxyError(407), replace(PROXY, authorization=authorization)) == (NoConnectionError, said)
