import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule, hang
from reconciler.sandbox.serve import running, serve
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import SandboxServeError

from .driver import KEY

SERVING = """
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import serve
from reconciler.sandbox.store import Store
serve(create_app(Store()), port=0, on_ready=lambda url: print(url, flush=True))
print("ended")
"""


def test_a_running_sandbox_answers_and_stops_with_its_block() -> None:
    with running(create_app(Store())) as url:
        assert httpx.get(f"{url}/v1/contacts", headers=KEY).json()["data"] == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v1/contacts", headers=KEY)


def test_an_answer_that_hangs_does_not_keep_the_sandbox_from_stopping() -> None:
    app = create_app(Store(), faults=Faults([Rule(fault=hang())]))
    with running(app) as url, pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{url}/v1/contacts", headers=KEY, timeout=httpx.Timeout(None, read=0.05))


def test_two_sandboxes_run_side_by_side() -> None:
    with running(create_app(Store())) as one, running(create_app(Store())) as other:
        assert one != other


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxServeError, match=rf"cannot listen on 127\.0\.0\.1:{port}"):
            serve(create_app(Store()), port=port, on_ready=print)


def test_a_port_that_does_not_exist_is_a_clear_error() -> None:
    with pytest.raises(SandboxServeError, match=r"cannot listen on 127\.0\.0\.1:70000"):
        serve(create_app(Store()), port=70_000, on_ready=print)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_serving_quietly(number: signal.Signals) -> None:
    with subprocess.Popen(  # noqa: S603 - the interpreter that runs this test, and a text that stands above
        [sys.executable, "-c", SERVING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/v1/contacts", headers=KEY).status_code == 200
        os.kill(process.pid, number)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "ended\n", "")


def test_serving_tells_its_url_once_it_listens_and_ends_with_a_signal() -> None:
    told: list[str] = []

    def stop(url: str) -> None:
        told.append(url)
        signal.raise_signal(signal.SIGTERM)

    serve(create_app(Store()), port=0, on_ready=stop)
    assert [url.rpartition(":")[0] for url in told] == ["http://127.0.0.1"]


def test_importing_the_package_alone_loads_nothing_heavy() -> None:
    code = "import sys, reconciler.sandbox; print({'starlette', 'uvicorn', 'sqlite3', 'asyncio'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - as above
    assert shown.stdout == "set()\n"
