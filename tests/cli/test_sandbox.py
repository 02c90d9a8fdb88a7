import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
import pytest

from .conftest import Called, Repository

ANY_KEY = {"authorization": "any"}
SCOPE = {"contact_id": "c1", "persona_id": "p1"}
CREATE = "/v1/memory/contact"

_Answered = TypeVar("_Answered")


def served(repository: Repository, *options: str, ask: Callable[[httpx.Client], _Answered]) -> tuple[_Answered, Called]:
    """Run `sandbox serve`, ask it something from another thread, and end it with Ctrl-C."""
    port = free_port()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(visit, port, ask)
        called = repository.run("sandbox", "serve", "--port", str(port), *options)
        return asked.result(), called


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def visit(port: int, ask: Callable[[httpx.Client], _Answered]) -> _Answered:
    await_port(port)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=ANY_KEY) as client:
            return ask(client)
    finally:
        os.kill(os.getpid(), signal.SIGINT)


def await_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            assert time.monotonic() < deadline, "the sandbox does not listen"
            time.sleep(0.01)
        else:
            return


def status_of_contacts(client: httpx.Client) -> int:
    return client.get("/v1/contacts").status_code


def test_serving_says_in_one_line_what_it_was_told(repository: Repository) -> None:
    status, called = served(repository, ask=status_of_contacts)

    assert (status, called.code, called.out) == (200, 0, "")
    assert called.err.splitlines()[1] == "it has all calls, any key, role admin, no rate limit, no latency"


def test_all_that_it_was_told_stands_in_that_line(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-test-5c1f0e77")
    options = ["--seeds-only", "--rate-limit", "100/15m", "--latency", "1ms", "--role", "viewer"]
    _, called = served(repository, *options, "--key-env", "TEST_KEY", ask=status_of_contacts)

    assert called.err.splitlines()[1] == (
        "it has the calls of the seeds alone, the key in TEST_KEY, role viewer, 100 requests in 900 s on /v1/memory, "
        "0.001 s of latency"
    )
    assert 'BLAND_API_KEY="$TEST_KEY"' in called.err
    assert "sk-test" not in called.err


def test_only_the_calls_of_the_seeds_are_served(repository: Repository) -> None:
    def ask(client: httpx.Client) -> list[int]:
        return [client.get("/v1/contacts").status_code, client.post(CREATE, json=SCOPE).status_code]

    assert served(repository, "--seeds-only", ask=ask)[0] == [404, 200]


def test_the_rate_limit_holds(repository: Repository) -> None:
    def ask(client: httpx.Client) -> list[int]:
        return [client.get("/v1/memory").status_code for _ in range(3)]

    assert served(repository, "--rate-limit", "2/1h", ask=ask)[0] == [200, 200, 429]


def test_a_viewer_cannot_write(repository: Repository) -> None:
    assert (
        served(repository, "--role", "viewer", ask=lambda client: client.post(CREATE, json=SCOPE).status_code)[0] == 403
    )


def test_only_the_named_key_is_accepted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-test-5c1f0e77")

    def ask(client: httpx.Client) -> list[int]:
        keys = ("any", "sk-test-5c1f0e77")
        return [client.get("/v1/contacts", headers={"authorization": key}).status_code for key in keys]

    assert served(repository, "--key-env", "TEST_KEY", ask=ask)[0] == [401, 200]


@pytest.mark.parametrize("latency", ["0.05", "50ms", "0.05s"])
def test_every_answer_takes_its_time(repository: Repository, latency: str) -> None:
    def ask(client: httpx.Client) -> float:
        return client.get("/v1/contacts").elapsed.total_seconds()

    seconds, called = served(repository, "--latency", latency, ask=ask)
    assert seconds >= 0.05
    assert called.err.splitlines()[1].endswith("0.05 s of latency")


@pytest.mark.parametrize(
    "rate", ["100", "0/1s", "1/0s", "-1/1s", "1.5/1s", "100/15", "100/15d", "100/15m\n", "", "٣/1s"]
)
def test_a_rate_that_is_none_is_a_clear_error(repository: Repository, rate: str) -> None:
    called = repository.run("sandbox", "serve", "--rate-limit", rate)

    assert (called.code, called.out) == (1, "")
    assert "Error: Invalid value for '--rate-limit': " in called.err
    assert "is not COUNT/WINDOW, such as 100/15m; the window is in s, m or h." in called.err


@pytest.mark.parametrize("latency", ["soon", "-1", "1m", "1 s", "1e3", "nan", "inf", ".5", ""])
def test_a_latency_that_is_none_is_a_clear_error(repository: Repository, latency: str) -> None:
    called = repository.run("sandbox", "serve", "--latency", latency)

    assert (called.code, called.out) == (1, "")
    assert "Error: Invalid value for '--latency': " in called.err
    assert "is not a time, such as 0.025, 25ms or 1s." in called.err


def test_a_role_that_does_not_exist_is_a_clear_error(repository: Repository) -> None:
    called = repository.run("sandbox", "serve", "--role", "king")

    assert called.code == 1
    assert "'king' is not one of 'admin', 'owner', 'operator', 'viewer'" in called.err


def test_a_key_that_is_not_set_is_a_clear_error(repository: Repository) -> None:
    called = repository.run("sandbox", "serve", "--key-env", "TEST_KEY")

    assert (called.code, called.err) == (1, "error: no key to accept: set the environment variable TEST_KEY\n")


def test_a_key_that_no_header_can_hold_is_a_clear_error(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk test")
    called = repository.run("sandbox", "serve", "--key-env", "TEST_KEY")

    assert called.code == 1
    assert called.err == "error: the key in TEST_KEY holds a space, a line break or a character that is not ASCII\n"


def test_a_port_that_is_taken_is_a_clear_error(repository: Repository) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        called = repository.run("sandbox", "serve", "--port", str(port))

    assert called.code == 1
    assert called.err.startswith(f"error: cannot listen on 127.0.0.1:{port}")
