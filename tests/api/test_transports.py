"""What carries requests: the same errors out of httpcore and aiohttp, and which of the two is taken."""

import asyncio
import errno
import os
import socket
import sys
from collections.abc import AsyncIterator
from importlib.abc import MetaPathFinder
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace

from reconciler import __version__
from reconciler.api.answers import ApiAnswer
from reconciler.api.client import connection, over_aiohttp
from reconciler.api.client import transport as carrying
from reconciler.api.client.endpoint import Endpoint, Received
from reconciler.api.client.transport import Transport
from reconciler.api.pacer import Pacer, Waiting
from reconciler.api.requests import READS, READS_AND_WRITES
from reconciler.api.row import Retrying
from reconciler.concurrency import Stop
from reconciler.errors import ApiUnavailableError, ForbiddenCallError, NoConnectionError, lack_of
from reconciler.sandbox.serve import running
from tests.api.support import KEY, LONGER, World, call, greeting
from tests.api.test_client import create
from tests.api.way import Authority


def refused(world: World, url: str) -> str:
    with pytest.raises(ApiUnavailableError) as caught:
        call(world.endpoint(url, in_process=False), create)
    assert not caught.value.may_have_happened
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("is_known", [False, True])
def test_a_certificate_that_is_not_trusted_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    authority = Authority("elsewhere.test")
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", authority.write(tmp_path / "a.pem"))
    world = World()
    with greeting(lambda client: authority.context.wrap_socket(client, server_side=True)) as port:
        said = refused(world, f"https://localhost:{port}")

    assert said.startswith(f"NoConnectionError: the certificate of localhost:{port} is not trusted: ")
    assert ("is the URL right?" in said) == is_known
    assert world.waits.seconds == []


@pytest.mark.usefixtures("transport")
def test_a_server_that_speaks_no_tls_is_told_at_once() -> None:
    world = World()
    with greeting(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        said = refused(world, f"https://localhost:{port}")

    assert said.startswith(f"{NoConnectionError.__name__}: no TLS with localhost:{port}: ")
    assert said.endswith("is the URL that of an https server?")
    assert world.waits.seconds == []


@pytest.mark.usefixtures("transport")
def test_a_server_that_hangs_up_before_tls_stands_is_asked_again_and_nothing_was_sent() -> None:
    world = World()
    with greeting(lambda client: client.recv(65536)) as port:
        said = refused(world, f"https://localhost:{port}")

    assert said == f"ApiUnavailableError: cannot connect to https://localhost:{port}"
    assert len(world.waits.seconds) == 5


@pytest.mark.usefixtures("transport")
def test_a_certificate_that_is_trusted_lets_requests_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority("localhost")
    monkeypatch.setenv("SSL_CERT_FILE", authority.write(tmp_path / "a.pem"))

    def answer(client: socket.socket) -> None:
        with authority.context.wrap_socket(client, server_side=True) as inside:
            while not inside.recv(65536).endswith(b"}"):
                pass
            inside.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
            inside.recv(65536)  # until the client hangs up

    with greeting(answer) as port, pytest.raises(ApiUnavailableError, match="not the documented JSON"):
        call(World().endpoint(f"https://localhost:{port}", in_process=False), create)


def asked_for(path: str) -> list[str]:
    """Return the first line of what a transport sends for a path."""
    lines: list[str] = []

    def answer(client: socket.socket) -> None:
        lines.append(client.recv(65536).partition(b"\r\n")[0].decode())
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async def run(url: str) -> None:
        transport = Transport(World().endpoint(url, in_process=False))
        try:
            await transport.exchange("GET", path, None, whole)
        finally:
            await transport.aclose()

    with greeting(answer) as port:
        asyncio.run(run(f"http://127.0.0.1:{port}"))
    return lines


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize(
    "path", ["/", "//a", "/a/../b", "/%2f", "/%2F", "/%zz", "/a.b;c", "/a?b=%20?c+d", "/a\\b", "/[a]", "/^`{|}<>\"'~"]
)
def test_a_path_is_sent_as_it_is_written(path: str) -> None:
    assert asked_for(path) == [f"GET {path} HTTP/1.1"]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "?a",
        "@a.test/",
        ".a.test/",
        "/a b",
        "/a?b c",
        "/\u00e9",
        "/a\u2028",
        "/a\x7f",
        "/a\r\nb: c",
        "/a#b",
        "/a?",
    ],
)
def test_a_path_that_cannot_be_sent_as_it_is_written_is_refused(path: str) -> None:
    with pytest.raises(ForbiddenCallError, match="cannot be sent as it is written; nothing was sent"):
        asked_for(path)


@pytest.mark.usefixtures("transport")
def test_what_is_sent_is_what_the_api_needs_and_what_comes_back_is_taken_as_it_is() -> None:
    came: list[bytes] = []
    head = (
        b"HTTP/1.1 301 Moved\r\nLocation: /b\r\nSet-Cookie: a=b\r\nRETRY-After: 7\r\nRetry-After: 9\r\nDate: then\r\n"
    )

    def answer(client: socket.socket) -> None:
        for end in (b"\r\n\r\n", b"{}"):
            came.append(b"")
            while not came[-1].endswith(end):
                came[-1] += client.recv(65536)
            client.sendall(head + b"Content-Length: 1\r\n\r\nx")

    async def run(endpoint: Endpoint) -> None:
        async with connection.connected(endpoint, READS_AND_WRITES) as one:
            await one.exchange("GET", "/v1/contacts?limit=1", None)
            await one.exchange("POST", "/v1/contacts/find", b"{}")

    answers: list[ApiAnswer] = []
    with greeting(answer) as port:
        endpoint = World(concurrency=1).endpoint(f"http://127.0.0.1:{port}/base", in_process=False)
        asyncio.run(run(replace(endpoint, on_answer=answers.append)))

    sent = {
        "host": f"127.0.0.1:{port}",
        "authorization": KEY,
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": f"reconciler/{__version__}",
    }
    get, post = (one.decode().partition("\r\n\r\n") for one in came)
    assert fields_of(get[0]) == ("GET /base/v1/contacts?limit=1 HTTP/1.1", sent)
    assert fields_of(post[0]) == (
        "POST /base/v1/contacts/find HTTP/1.1",
        {**sent, "content-type": "application/json", "content-length": "2"},
    )
    assert (get[2], post[2]) == ("", "{}")
    assert [(one.status, one.body, one.retry_after, one.date) for one in answers] == [(301, b"x", "7", "then")] * 2


def fields_of(head: str) -> tuple[str, dict[str, str]]:
    """Return the first line of a request, and its headers by their names in lower case."""
    first, *lines = head.split("\r\n")
    return first, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.usefixtures("transport")
def test_no_transport_sends_a_request_again_that_is_counted_once() -> None:
    greeted: list[bytes] = []
    with greeting(lambda client: greeted.append(client.recv(65536))) as port:
        endpoint = World().endpoint(f"http://127.0.0.1:{port}", in_process=False)
        with pytest.raises(ApiUnavailableError, match="closed the connection without an answer"):
            call(endpoint, lambda remote: remote.read_memory("m"))

    assert len(greeted) == 6


NO_FILE = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def no_file(*_: object) -> None:
    """Fail as what opens a connection or imports a module does where no file may be opened."""
    raise NO_FILE


@pytest.mark.usefixtures("transport")
def test_a_connection_that_may_not_be_opened_sent_nothing_and_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Retrying, "_attempts", no_file)
    monkeypatch.setattr(socket.socket, "connect", no_file)
    world = World()

    said = refused(world, "http://127.0.0.1:1")

    assert said == f"NoConnectionError: cannot connect to http://127.0.0.1:1: {lack_of(NO_FILE)}"
    assert world.waits.seconds == []


@pytest.mark.parametrize("error", [NO_FILE, ImportError(f"_http_parser.so: {NO_FILE.strerror}")])
def test_a_transport_that_cannot_be_loaded_for_lack_of_files_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Lacking(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == over_aiohttp.__name__:
                raise error

    monkeypatch.setattr(carrying, "_carried_by_httpcore", lambda _: 0)
    monkeypatch.delitem(sys.modules, over_aiohttp.__name__)
    monkeypatch.setattr(sys, "meta_path", [Lacking(), *sys.meta_path])

    said = refused(World(), "http://127.0.0.1:1")

    assert said == f"NoConnectionError: cannot connect to http://127.0.0.1:1: {lack_of(NO_FILE)}"


@pytest.mark.usefixtures("transport")
def test_a_request_that_waited_for_a_connection_in_vain_was_not_sent() -> None:
    greeted: list[bytes] = []

    def hold(client: socket.socket) -> None:
        greeted.append(client.recv(65536))
        client.recv(1)

    async def run(url: str, seconds: float) -> list[object]:
        endpoint = World(concurrency=1).endpoint(url, in_process=False, timeout=seconds)
        async with connection.keeping_connections(endpoint) as kept, connection.connected(kept, READS) as one:
            sent = [one.exchange("GET", "/v1/contacts", None) for _ in range(2)]
            return list(await asyncio.gather(*sent, return_exceptions=True))

    for seconds in LONGER:
        greeted.clear()
        with greeting(hold) as port:
            errors = asyncio.run(run(f"http://127.0.0.1:{port}", seconds))
        if greeted and "cannot connect" not in str(errors[0]):
            break

    assert [isinstance(error, ApiUnavailableError) and error.may_have_happened for error in errors] == [True, False]
    assert len(greeted) == 1


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("asked", ["a second Ctrl-C", "the time for an answer"])
def test_an_answer_that_was_given_up_is_never_taken_for_that_of_the_next_request(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(connection, "_LOOK", 0.01)
    monkeypatch.setattr(connection, "SHORTEST_ANSWER", 0.01)
    greeted: list[bytes] = []
    began, given_up, head = Event(), Event(), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"

    def answer(client: socket.socket) -> None:
        while request := client.recv(65536):
            greeted.append(request)
            if len(greeted) > 1:
                client.sendall(head + b"mine")
                continue
            client.sendall(head + b"la")
            began.set()
            given_up.wait(60)
            client.sendall(b"te" + head + b"late")

    async def run(url: str) -> bytes:
        stop, by_hand = Stop(), asked == "a second Ctrl-C"
        patient = World(concurrency=1).endpoint(url, in_process=False)
        async with connection.keeping_connections(patient) as kept:
            over = Waiting(should_stop=lambda: began.is_set() and not by_hand)
            hasty = replace(kept, pacer=Pacer(concurrency=1, waiting=over))
            async with connection.connected(hasty, READS) as one, connection.connected(kept, READS) as other:
                first = asyncio.create_task(stop.guard(one.exchange("GET", "/v1/contacts", None)))
                await asyncio.to_thread(began.wait, 60)
                for _ in range(2 * by_hand):
                    stop.request()
                with pytest.raises((asyncio.CancelledError, ApiUnavailableError)):
                    await first
                given_up.set()
                return (await other.exchange("GET", "/v1/contacts", None)).body

    with greeting(answer) as port:
        assert asyncio.run(run(f"http://127.0.0.1:{port}")) == b"mine"
    assert len(greeted) == 2


async def whole(parts: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in parts])


def carried(concurrency: int, at_once: int) -> tuple[list[int], bool]:
    """Return the statuses of answers to requests that are sent at once, and whether aiohttp carried some of them."""
    world = World(concurrency=concurrency)

    async def run(url: str) -> tuple[list[int], bool]:
        transport = Transport(world.endpoint(url, in_process=False))
        sent = [transport.exchange("GET", "/v1/memory/contact/m", None, whole) for _ in range(at_once)]
        try:
            statuses = [received.status for received in await asyncio.gather(*sent)]
            return statuses, transport._over_aiohttp is not None  # noqa: SLF001  which of the two is no result
        finally:
            await transport.aclose()

    with running(world.app) as url:
        return asyncio.run(run(url))


class Noting:
    """A carrier that notes the most requests that it carried at once."""

    def __init__(self) -> None:
        self.under_way = self.most = 0

    async def exchange(self, *_request: object) -> Received:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return Received(200, {}, b"")


@pytest.mark.parametrize(
    ("rounds", "carried_by"),
    [
        ([1, 1], [(1, 0), (1, 0)]),
        ([2, 1], [(1, 1), (0, 1)]),
        ([2, 11], [(1, 1), (0, 11)]),
        ([12, 12], [(1, 11), (1, 11)]),
    ],
)
def test_once_aiohttp_is_there_it_comes_first_and_carries_no_more_than_its_part(
    monkeypatch: pytest.MonkeyPatch, rounds: list[int], carried_by: list[tuple[int, int]]
) -> None:
    few, many = Noting(), Noting()
    monkeypatch.setattr(carrying, "_own_carrier", lambda *_arguments: few)
    monkeypatch.setattr(over_aiohttp, "OverAiohttp", lambda *_arguments: many)
    transport = Transport(World(concurrency=12).endpoint("http://127.0.0.1:1", in_process=False))

    async def carried_at_once(number: int) -> tuple[int, int]:
        few.most = many.most = 0
        await asyncio.gather(*(transport.exchange("GET", "/a", None, whole) for _ in range(number)))
        return few.most, many.most

    assert [asyncio.run(carried_at_once(number)) for number in rounds] == carried_by


@pytest.mark.parametrize(
    ("concurrency", "at_once", "by_aiohttp"),
    [(10, 10, False), (1, 1, False), (11, 1, False), (11, 2, True), (50, 1, False), (50, 50, True)],
)
def test_aiohttp_carries_what_is_sent_beside_a_first_request_where_more_than_ten_may_be(
    concurrency: int, at_once: int, *, by_aiohttp: bool
) -> None:
    assert carried(concurrency, at_once) == ([404] * at_once, by_aiohttp)
