"""A cancelled job sends the step SIGINT, then SIGTERM: the tool is told, and waited for."""

import asyncio
import importlib
import json
import signal
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.ci.runner import ACTION, PROJECT, Runner

PATIENT = """
import signal, sys
from pathlib import Path

def stop(number, _frame):
    document = next(word for word in sys.argv if word.startswith(("--receipt=", "--write=json", "--write=sarif")))
    Path(document.split("=")[-1]).write_text("ended in good order")
    sys.exit({code})

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
signal.alarm(30)  # nobody waits for longer where no signal comes
print("under way", flush=True)
signal.pause()
"""

CONTACTS = "contacts:\n" + "".join(f"  guest-{number}: {{external_id: crm-{number}}}\n" for number in range(3))


def wait_for(line: str, lines: Any) -> None:
    assert any(line in said for said in lines), f"never said: {line}"


def stopped(runner: Runner, command: str, number: signal.Signals, code: int) -> subprocess.Popen[str]:
    """Start a command, and send a signal to it once the tool is under way."""
    runner.replace_reconciler(PATIENT.replace("{code}", str(code)))
    started = runner.start(command)
    wait_for("under way", started.stdout)
    started.send_signal(number)
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_tool_which_ends_in_good_order(runner: Runner, number: signal.Signals) -> None:
    ran = runner.end(stopped(runner, "apply", number, 143))

    assert ran.code == 143
    assert (runner.documents / "reconciler-apply-sandbox" / "receipt.json").read_text() == "ended in good order"
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("code", "given"), [(143, 143), (0, 130)])
def test_a_preview_that_is_stopped_goes_no_further_and_says_nothing(runner: Runner, code: int, given: int) -> None:
    ran = runner.end(stopped(runner, "preview", signal.SIGTERM, code))

    assert ran.code == given
    assert ran.summary == ""
    assert runner.github()["calls"] == []


def test_a_drift_check_that_is_stopped_leaves_the_issue_alone(runner: Runner) -> None:
    ran = runner.end(stopped(runner, "drift", signal.SIGTERM, 143))

    assert ran.code == 143
    assert runner.github()["calls"] == []


def test_a_tool_that_a_signal_kills_gives_the_code_that_a_shell_gives(runner: Runner) -> None:
    runner.replace_reconciler("import os\nos.kill(os.getpid(), 9)\n")

    assert runner.run("apply").code == 137


def test_a_signal_that_comes_before_the_tool_is_kept_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ACTION))
    relay = importlib.import_module("relay")
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    sent: list[int] = []
    with relay.relaying_signals() as relaying:
        assert not relaying.is_asked_to_stop
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert relaying.is_asked_to_stop
        relaying.pass_on_to(SimpleNamespace(send_signal=sent.append))
        signal.raise_signal(signal.SIGINT)

    assert sent == [signal.SIGTERM, signal.SIGINT, signal.SIGINT]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("said", [b"caf\xe9", b"\xff\xfe", b"half \xf0\x9f", b"\x00"])
def test_what_the_tool_says_need_not_be_utf_8(runner: Runner, said: bytes) -> None:
    runner.replace_reconciler(f"import os\nos.write(2, b'before\\n' + {said!r} + b'\\nafter\\n')\nos._exit(3)\n")
    ran = runner.run("preview")

    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert ran.err.startswith("before\n")
    assert ran.err.endswith("\nafter\n")
    [comment] = runner.github()["comments"]
    assert "after" in comment["body"]


class Paused:
    """An API whose first write waits until it is let go; `writes` counts them all."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.writes = 0
        self.is_reached = threading.Event()
        self.may_go_on = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/v1/contacts/resolve":
            self.writes += 1
            self.is_reached.set()
            await asyncio.to_thread(self.may_go_on.wait)
        await self.app(scope, receive, send)


def test_an_apply_that_is_stopped_finishes_its_write_and_keeps_the_receipt(runner: Runner, tmp_path: Path) -> None:
    runner.write("specs/support.yaml", CONTACTS)
    api = Paused(create_app(Store(tmp_path / "account.sqlite3")))
    with running(api) as url:
        runner.write(
            "reconciler.yaml",
            PROJECT.replace("http://127.0.0.1:1", url).replace("TEST_KEY", "TEST_KEY, concurrency: 1"),
        )
        runner.approve(**{"environment": "live", "api-url": url})
        started = runner.start("apply", **{"environment": "live", "api-url": url})
        assert api.is_reached.wait(60)
        started.send_signal(signal.SIGTERM)
        wait_for("stopping: what is in flight is finished first", started.stderr)
        api.may_go_on.set()
        ran = runner.end(started)

    receipt = json.loads((runner.documents / "reconciler-apply-live" / "receipt.json").read_text())
    assert (ran.code, api.writes, receipt["totals"]["done"]) == (143, 1, 1)
    assert "not reached" in ran.summary
