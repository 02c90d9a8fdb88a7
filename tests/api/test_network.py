"""Proxies and certificates on the way to the API: what is wrong is named, at once, and nothing of it is `unknown`."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.api.client import Endpoint
from reconciler.api.network import Proxy, check_certificates, proxy_for
from reconciler.errors import ApiUnavailableError, InputError, NoConnectionError
from tests.api.support import World, call
from tests.api.test_client import create
from tests.api.test_pacing import applied
from tests.api.way import Authority, Way, proxy

API = "https://api.test"
HIDDEN = "pr0xy-passw0rd"
BASIC = "Basic c29tZW9uZTpwcjB4eS1wYXNzdzByZA=="


def proxy_of(environ: Mapping[str, str], *, url: str = API) -> str | None:
    found = proxy_for(url, environ)
    return f"{found.variable} {found.url}" if found else None


def through(way: Way, *, authorization: str = "") -> tuple[World, Endpoint]:
    """Return a world and an endpoint that is reached through a proxy."""
    world = World()
    leads = Proxy(f"http://127.0.0.1:{way.port}", "HTTPS_PROXY", authorization, ())
    return world, replace(world.endpoint(API, in_process=False), proxy=leads)


# which proxy


@pytest.mark.parametrize(
    ("text", "url", "authorization"),
    [
        ("127.0.0.1:9", "http://127.0.0.1:9", ""),
        ("proxy", "http://proxy:1080", ""),
        ("http://Proxy.Corp", "http://proxy.corp:1080", ""),
        ("HTTPS://proxy.corp", "https://proxy.corp:443", ""),
        (" http://proxy.corp:3128/ ", "http://proxy.corp:3128", ""),
        ("[::1]:3128", "http://[::1]:3128", ""),
        ("proxy:65535", "http://proxy:65535", ""),
        (f"someone:{HIDDEN}@proxy:1", "http://proxy:1", BASIC),
        ("http://a%40b:p%3A%2F@proxy:1", "http://proxy:1", "Basic YUBiOnA6Lw=="),
        ("http://a:p@ss@proxy:1", "http://proxy:1", "Basic YTpwQHNz"),
        ("http://ä:ö@proxy:1", "http://proxy:1", "Basic w6Q6w7Y="),
    ],
)
def test_a_proxy_is_written_as_for_curl(text: str, url: str, authorization: str) -> None:
    found = proxy_for(API, {"HTTPS_PROXY": text})

    assert found
    assert (found.url, found.authorization) == (url, authorization)
    assert found.headers == ({"proxy-authorization": authorization} if authorization else {})
    assert repr(found) == f"Proxy({url!r})"


@pytest.mark.parametrize(
    "text",
    ["http://[::1", "not a url", "ftp://p:1", "p:0", "p:65536", "p:x", "http://", ":1", "socks5://p:1", "[:::]:1", "@",
     f"u:{HIDDEN}/x@p:1", f"12:34/{HIDDEN}@p:1", f"u:{HIDDEN}#@p:1", f"//u:{HIDDEN}@p:1", "p:1\n2", "p:٣"],
)  # fmt: skip
def test_what_is_no_proxy_names_the_variable_and_never_its_value(text: str) -> None:
    with pytest.raises(InputError, match=r"^HTTPS_PROXY .*http://HOST:PORT") as caught:
        proxy_for(API, {"HTTPS_PROXY": text})

    assert HIDDEN not in str(caught.value)


@given(st.text(alphabet=st.sampled_from("ab1:/@#?[]%.\\ \n٣é"), max_size=12), st.sampled_from(["", "http://", "x://"]))
def test_no_text_is_a_defect_or_quoted(text: str, scheme: str) -> None:
    value = f"{scheme}{text}{HIDDEN}{text}@{text}"
    try:
        found = proxy_for(API, {"ALL_PROXY": value})
    except InputError as error:
        assert HIDDEN not in str(error)  # noqa: PT017  either is right
    else:
        assert HIDDEN not in f"{found}{found!r}" or HIDDEN in (found.url if found else "")


def test_the_variables_come_in_the_order_of_curl_and_an_empty_one_says_nothing() -> None:
    every = {"https_proxy": "a:1", "HTTPS_PROXY": "b:1", "all_proxy": "c:1", "ALL_PROXY": "d:1"}

    found = []
    while every:
        found.append(proxy_of({**every, "http_proxy": "x:1"}))
        every[next(iter(every))] = ""
        every = {name: text for name, text in every.items() if text}

    assert found == ["https_proxy http://a:1", "HTTPS_PROXY http://b:1", "all_proxy http://c:1", "ALL_PROXY http://d:1"]
    assert proxy_of({"HTTP_PROXY": "x:1", "HTTPS_PROXY": ""}) is None


def test_nothing_goes_through_a_proxy_in_the_open() -> None:
    assert proxy_of({"ALL_PROXY": "p:1", "http_proxy": "p:1"}, url="http://127.0.0.1:8391") is None


@pytest.mark.parametrize(
    ("exceptions", "url", "is_direct"),
    [
        ("*", API, True),
        ("api.test", API, True),
        ("API.test.", API, True),
        ("test", API, True),
        (".test", API, True),
        ("*.test", API, True),
        ("est", API, False),
        ("www.api.test", API, False),
        ("", API, False),
        (" , ,", API, False),
        ("a.b, api.test c", API, True),
        ("a.b api.test", API, True),
        ("api.test:443", API, True),
        ("api.test:8443", API, False),
        ("api.test:8443", f"{API}:8443", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("10.1.2.3:1", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://10.1.2.3:9", True),
        ("10.1.2.3/8", "https://10.200.0.1", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://10.test", False),
        ("0.0.0.0/0", API, False),
        ("::1", "https://[::1]:9", True),
        ("[::1]", "https://[::1]", True),
        ("[::1]:9", "https://[::1]:9", True),
        ("[::1]:9", "https://[::1]", False),
        ("fe80::/10", "https://[fe80::1]", True),
        ("fe80::/10", "https://10.1.2.3", False),
        ("[", API, False),
        ("10.0.0.0/99", "https://10.1.2.3", False),
    ],
)
def test_exceptions_are_names_addresses_networks_and_ports(exceptions: str, url: str, *, is_direct: bool) -> None:
    assert (proxy_of({"ALL_PROXY": "p:1", "NO_PROXY": exceptions}, url=url) is None) == is_direct
    assert proxy_of({"ALL_PROXY": "p:1", "no_proxy": "other", "NO_PROXY": exceptions}, url=url) is not None


# what stands in the way


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, r"refuses a connection to https://api\.test \(403\); have it allowed, or name the host in NO_PROXY"),
        (407, r"wants a user and a password \(407\); HTTPS_PROXY is http://USER:PASSWORD@HOST:PORT"),
        (302, r"refuses a connection to https://api\.test \(302\)"),
        (200, r"^the certificate of api\.test:443 is not trusted: .*SSL_CERT_FILE"),
    ],
)
def test_what_refuses_is_named_at_once_and_nothing_was_sent(status: int, said: str) -> None:
    with proxy(Way(status, authority=Authority())) as way:
        world, endpoint = through(way)
        with pytest.raises(NoConnectionError, match=said) as caught:
            call(endpoint, create)

    assert (caught.value.may_have_happened, world.waits.seconds, len(way.asked)) == (False, [], 1)


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_proxy_that_cannot_now_is_asked_again_and_nothing_was_sent(status: int) -> None:
    with proxy(Way(status)) as way:
        world, endpoint = through(way)
        with pytest.raises(
            ApiUnavailableError, match=rf"the proxy 127\..* \(HTTPS_PROXY\) refuses .*\({status}\)$"
        ) as caught:
            call(endpoint, create)

    assert (caught.value.may_have_happened, len(world.waits.seconds), len(way.asked)) == (False, 5, 6)


def test_a_proxy_that_is_not_there_is_named() -> None:
    with proxy(Way()) as way:
        pass
    _, endpoint = through(way)

    with pytest.raises(
        ApiUnavailableError, match=rf"cannot connect to the proxy 127\.0\.0\.1:{way.port} \(HTTPS_PROXY\)$"
    ):
        call(endpoint, create)


def test_user_and_password_go_to_the_proxy_alone_and_a_wrong_one_is_told() -> None:
    with proxy(Way(407)) as way:
        _, endpoint = through(way, authorization=BASIC)
        with pytest.raises(NoConnectionError, match=r"does not accept the user and password \(407\)") as caught:
            call(endpoint, create)

    assert way.asked[0].startswith("CONNECT api.test:443 HTTP/1.1\r\n")
    assert f"proxy-authorization: {BASIC}".lower() in way.asked[0].lower()
    assert "authorization: sk-" not in way.asked[0].lower()
    assert BASIC not in f"{caught.value}{endpoint!r}"


def test_nothing_more_is_sent_once_no_connection_can_be_made() -> None:
    with proxy(Way(403)) as way:
        world, endpoint = through(way)
        execution = applied(world, 30, endpoint=endpoint)

    assert {outcome.result for outcome in execution.outcomes} == {"skipped"}
    assert len(way.asked) <= world.concurrency


def test_certificates_are_looked_at_where_there_is_tls(tmp_path: Path) -> None:
    nowhere = {"SSL_CERT_FILE": "nowhere.pem", "SSL_CERT_DIR": "nowhere"}
    there = {"SSL_CERT_FILE": Authority().write(tmp_path / "a.pem"), "SSL_CERT_DIR": f"nowhere:{tmp_path}"}

    check_certificates("http://127.0.0.1:1", nowhere)
    check_certificates(API, there)
    with pytest.raises(InputError, match="no file can have this name"):
        check_certificates(API, {"SSL_CERT_FILE": "a\0b"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_certificates_are_not_looked_for_in_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 2**32)

    for name in (tmp_path / "pipe", "/dev/zero", tmp_path, tmp_path / "huge"):
        with pytest.raises(InputError, match="which is no file of certificates"):
            check_certificates(API, {"SSL_CERT_FILE": str(name)})


@pytest.mark.parametrize(
    ("size", "said"), [(64 * 2**20, "holds no certificate in PEM"), (64 * 2**20 + 1, "is no file")]
)
def test_a_file_of_certificates_is_read_up_to_64_mib(tmp_path: Path, size: int, said: str) -> None:
    (tmp_path / "a.pem").touch()
    os.truncate(tmp_path / "a.pem", size)

    with pytest.raises(InputError, match=said):
        check_certificates(API, {"SSL_CERT_FILE": str(tmp_path / "a.pem")})


@pytest.mark.parametrize(("folders", "is_wrong"), [("nowhere", True), ("nowhere:", True), (":", False), ("", False)])
def test_of_the_folders_of_certificates_one_has_to_be_there(folders: str, *, is_wrong: bool) -> None:
    with pytest.raises(InputError, match="no folder that is there") if is_wrong else nullcontext():
        check_certificates(API, {"SSL_CERT_DIR": folders.replace(":", os.pathsep)})
