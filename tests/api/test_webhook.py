"""One POST to a URL of an operator: what is sent, and why it did not arrive."""

import asyncio
import socket
import threading

import pytest

from reconciler import __version__
from reconciler.api import webhook
from tests.api.way import Way, proxy
from tests.cli.listening import listening


@pytest.mark.parametrize(
    ("status", "reason"), [(200, ""), (204, ""), (302, "it was answered with 302"), (500, "it was answered with 500")]
)
def test_a_body_arrives_where_it_is_answered_with_success(
    monkeypatch: pytest.MonkeyPatch, status: int, reason: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # not a variable of ours, for http://
    monkeypatch.setenv("NO_PROXY", "")
    with listening() as listener:
        listener.status = status
        assert asyncio.run(webhook.post(f" {listener.url} ", '{"text": "\udc00é"}', {})) == reason

    assert listener.bodies == [{"text": "?é"}]
    (headers,) = listener.headers
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"reconciler/{__version__}"
    assert "authorization" not in headers


def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    assert asyncio.run(webhook.post(f"http://127.0.0.1:{port}", "{}", {})) == "its server cannot be reached"


@pytest.mark.parametrize(
    "environ", [{"SSL_CERT_FILE": "/nowhere.pem"}, {"SSL_CERT_DIR": "/nowhere"}, {"HTTPS_PROXY": "http://[::1"}]
)
def test_variables_that_cannot_be_used_are_told_before_anything_is_sent(environ: dict[str, str]) -> None:
    reason = asyncio.run(webhook.post("https://127.0.0.1:1/x", "{}", environ))

    assert reason == "a variable of the proxy or the certificates cannot be used"


def test_a_proxy_gets_its_user_and_password_and_no_body() -> None:
    with proxy(Way(403)) as way:
        environ = {"HTTPS_PROXY": f"http://someone:secret@127.0.0.1:{way.port}"}
        assert asyncio.run(webhook.post("https://hooks.test/x", "{}", environ)) == "its server cannot be reached"

    (asked,) = way.asked
    assert asked.startswith("CONNECT hooks.test:443 ")
    assert "proxy-authorization: basic c29tzw9uztpzzwnyzxq=" in asked.lower()


def test_nobody_waits_for_a_thread_that_comes_too_late() -> None:
    with listening() as listener:
        listener.drips = True
        before = set(threading.enumerate())
        assert asyncio.run(webhook.post(listener.url, "{}", {}, limit=0.05)) == "there was no answer within 1 s"
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.example/x", "hooks.example"),
        (" http://Hooks.Example:1 ", "hooks.example"),
        ("http://[::1]:65535/", "::1"),
        ("https://a:65536/", ""),
        ("https://a:0/", ""),
        ("ftp://a/", ""),
        ("a", ""),
        ("https://", ""),
        ("http:///a", ""),
        ("https://" + "a" * 64 + "/", ""),
        ("https://a\x00b/", ""),
    ],
)
def test_the_host_of_a_url_is_known_where_it_can_be_one(url: str, host: str) -> None:
    assert webhook.host_of(url) == host
