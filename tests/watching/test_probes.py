import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from queue import Queue
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from reconciler.clock import Clock
from reconciler.errors import InputError
from reconciler.watching.metrics import Metrics
from reconciler.watching.probes import Health, create_app, serving
from tests.watching.reports import account, report


class Served:
    def __init__(self) -> None:
        self.now = 0.0
        self.metrics = Metrics(version="1")
        self.health = Health(Clock(monotonic=lambda: self.now), patience=900)
        self.url = ""

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(self.url + path, timeout=10) as answer:  # noqa: S310  loopback
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    with serving(create_app(made.metrics.registry, made.health), "127.0.0.1", 0) as url:
        made.url = url
        yield made


def test_metrics_are_in_the_text_format_of_prometheus(served: Served) -> None:
    served.metrics.note(report(account=account(facts_to_add=2)))
    status, text = served.get("/metrics")

    assert status == 200
    assert 'reconciler_pending_changes{environment="production",kind="facts_to_add"} 2.0\n' in text
    assert 'reconciler_build_info{version="1"} 1.0\n' in text


def test_healthz_says_ok_while_alive_and_503_with_the_last_run_when_stalled(served: Served) -> None:
    assert served.get("/healthz") == (200, '{"status":"ok","last_run":null}')

    served.health.last = report("unavailable")
    served.now = 901.0
    status, text = served.get("/healthz")

    assert status == 503
    assert json.loads(text) == {
        "status": "stalled",
        "last_run": {"result": "unavailable", "started_at": "2027-03-31T14:00:00.000Z", "seconds": 1.25},
    }


def test_readyz_waits_for_a_plan_and_for_signs_of_life(served: Served) -> None:
    assert served.get("/readyz") == (503, '{"status":"not ready","last_run":null}')
    served.health.last = report(account=account())
    status, text = served.get("/readyz")
    assert (status, json.loads(text)["status"]) == (200, "ready")

    served.now = 901.0
    assert served.get("/readyz")[0] == 503


def test_nothing_else_is_there_and_nothing_can_be_sent(served: Served) -> None:
    assert served.get("/")[0] == 404


def test_an_answer_names_no_server_and_what_is_no_request_is_told_nowhere(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    with urlopen(f"{served.url}/healthz", timeout=10) as answer:  # noqa: S310  loopback
        assert "server" not in answer.headers
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as client:
        client.sendall(b"what?\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400")

    assert capfd.readouterr() == ("", "")


def test_a_probe_is_answered_beside_200_clients_that_never_finish(served: Served) -> None:
    place = ("127.0.0.1", int(served.url.rpartition(":")[2]))
    with ExitStack() as held:
        for _ in range(200):
            client = held.enter_context(socket.create_connection(place))
            client.sendall(b"GET /healthz HTTP/1.1\r\nslow: ")

        assert served.get("/healthz")[0] == 200


def test_a_port_that_is_taken_is_an_error_that_names_the_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        app = create_app(Metrics(version="1").registry, Health(Clock(monotonic=lambda: 0.0), patience=1))
        with pytest.raises(InputError, match="--listen"), serving(app, "127.0.0.1", port):
            pytest.fail("two servers on one port")


def test_a_port_can_be_listened_on_again_at_once() -> None:
    app = create_app(Metrics(version="1").registry, Health(Clock(monotonic=lambda: 0.0), patience=1))
    before = set(threading.enumerate())
    with serving(app, "127.0.0.1", 0) as url, urlopen(f"{url}/healthz", timeout=10) as answer:  # noqa: S310  loopback
        assert answer.read()
        assert [thread.daemon for thread in set(threading.enumerate()) - before] == [True]
    assert set(threading.enumerate()) == before
    with serving(app, "127.0.0.1", int(url.rpartition(":")[2])) as again:
        assert again == url


def test_an_ipv6_address_stands_in_brackets_in_the_url() -> None:
    app = create_app(Metrics(version="1").registry, Health(Clock(monotonic=lambda: 0.0), patience=1))
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with serving(app, "::1", 0) as url:
        assert url.startswith("http://[::1]:")


def test_probes_that_find_no_memory_say_nothing_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_given: object) -> None:
        raise MemoryError

    monkeypatch.setattr("uvicorn.Server.run", run)
    with serving(create_app(Metrics(version="1").registry, Health(Clock(), patience=9)), "127.0.0.1", 0) as url:
        assert url.startswith("http://127.0.0.1:")


def test_what_else_ends_the_probes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: Queue[threading.ExceptHookArgs] = Queue()

    def run(*_given: object) -> None:
        raise ValueError("why")

    monkeypatch.setattr("uvicorn.Server.run", run)
    monkeypatch.setattr(threading, "excepthook", told.put)
    with serving(create_app(Metrics(version="1").registry, Health(Clock(), patience=9)), "127.0.0.1", 0):
        assert str(told.get(timeout=60).exc_value) == "why"
