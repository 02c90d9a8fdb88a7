import asyncio
import io
import sys
from collections.abc import Callable

import click
import pytest

from reconciler.cli.main import group, main
from reconciler.cli.streams import ErrorLine
from reconciler.cli.terminal import Progress, Waits, emit, palette, remark
from reconciler.clock import Clock
from reconciler.concurrency import Stop
from reconciler.render.output import COLOURED, PLAIN
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository

LIVE = {
    "contacts": [{"id": "c", "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-sarah"}]}],
    "contact_memories": [
        {"id": "m", "contact_id": "c", "persona_id": "persona-1", "facts": {"plan": "a private plan", "name": "Sarah"}}
    ],
}


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def sit_down() -> None:
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: True)

    return sit_down


def planned(repository: Repository, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    store = Store()
    store.load(LIVE)
    with running(create_app(store)) as url:
        return repository.run("-e", "live", "--api-url", url, "plan", *arguments).out


def test_the_operators_own_terminal_shows_live_values_in_colour(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, at_a_terminal: Callable[[], None]
) -> None:
    at_a_terminal()
    shown = planned(repository, monkeypatch)

    assert '\x1b[33m~ plan: "a private plan" → "premium"\x1b[0m' in shown


@pytest.mark.parametrize("arguments", [("--no-color",), ()])
def test_colours_can_be_declined(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    at_a_terminal: Callable[[], None],
    arguments: tuple[str, ...],
) -> None:
    at_a_terminal()
    if not arguments:
        monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b[" not in planned(repository, monkeypatch, *arguments).replace("\x1b[?25", "")


def test_a_ci_log_is_no_operators_terminal_even_where_it_is_one(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, at_a_terminal: Callable[[], None]
) -> None:
    at_a_terminal()
    monkeypatch.setenv("CI", "true")

    assert "private" not in planned(repository, monkeypatch)


def test_json_and_saved_plans_are_masked_on_a_terminal_too(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, at_a_terminal: Callable[[], None]
) -> None:
    at_a_terminal()
    shown = planned(repository, monkeypatch, "--format", "json", "--out", "plan.json")

    assert "private" not in shown
    assert "private" not in (repository.root / "plan.json").read_text()


def test_elsewhere_progress_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter(range(0, 1_000, 2))
    progress = Progress("reading", clock=Clock(monotonic=lambda: next(times)))
    for done in range(1, 7):
        progress(done, 6_000)

    assert capsys.readouterr().err.splitlines() == ["reading: 3 of 6,000", "reading: 6 of 6,000"]


def test_on_a_terminal_progress_is_a_bar(capsys: pytest.CaptureFixture[str], at_a_terminal: Callable[[], None]) -> None:
    at_a_terminal()
    progress = Progress("applying")
    drawn = []
    for done in (1, 2):
        progress(done, 2)
        drawn.append(ErrorLine.is_open)

    assert drawn == [True, False]
    assert "2/2" in capsys.readouterr().err


@pytest.mark.parametrize("has_eta", [True, False])
def test_a_bar_has_no_eta_where_others_decide_how_long_it_takes(
    capsys: pytest.CaptureFixture[str],
    at_a_terminal: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    has_eta: bool,  # noqa: FBT001  pytest gives it by name
) -> None:
    times = iter(range(0, 1_000, 2))
    monkeypatch.setattr("time.time", lambda: float(next(times)))  # click asks it
    at_a_terminal()
    progress = Progress("applying", has_eta=has_eta)
    for done in range(1, 9):
        progress(done, 10)

    assert ("  00:0" in capsys.readouterr().err) == has_eta


def test_what_follows_a_bar_that_did_not_end_stands_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str], at_a_terminal: Callable[[], None]
) -> None:
    at_a_terminal()
    Progress("applying")(1, 2)

    remark("stopping")
    remark("stopped")

    assert capsys.readouterr().err.endswith("\nstopping\nstopped\n")
    Progress("applying")(1, 2)
    emit("the document")
    assert capsys.readouterr().err.endswith("1/2\x1b[?25h\n")


@pytest.mark.parametrize("line", ["Apply this? [y/N]: ", "applying  1/2", ""])
def test_after_ctrl_c_the_last_word_begins_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, at_a_terminal: Callable[[], None], line: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        click.echo(line, nl=False, err=True)
        raise KeyboardInterrupt

    at_a_terminal()
    monkeypatch.setattr(group, "main", interrupted)

    assert main([]) == 130
    assert capsys.readouterr().err == f"{line}\ninterrupted\n"


class Still(Stop):
    """A stop whose waits move a clock and are over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_many_requests_that_wait_for_one_reason_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    stop = Still()
    waits = Waits(stop, clock=stop.clock)
    for why in ("429", "429", "502", "429"):
        asyncio.run(waits(2.0, why))

    assert capsys.readouterr().err.splitlines() == ["waiting 2 s: 429", "waiting 2 s: 502", "waiting 2 s: 429"]


def test_in_a_log_a_long_wait_tells_the_time_left_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    stop = Still()
    asyncio.run(Waits(stop, clock=stop.clock)(150.0, "the rate limit of 100/15m"))

    assert capsys.readouterr().err.splitlines() == [
        "waiting 2 min 30 s: the rate limit of 100/15m",
        "waiting 1 min 30 s: the rate limit of 100/15m",
        "waiting 30 s: the rate limit of 100/15m",
    ]


def test_on_a_terminal_a_wait_counts_down_in_its_place(
    capsys: pytest.CaptureFixture[str], at_a_terminal: Callable[[], None]
) -> None:
    at_a_terminal()
    stop = Still()
    asyncio.run(Waits(stop, clock=stop.clock)(3.0, "429"))
    shown = capsys.readouterr().err

    assert "\n" not in shown
    assert [line for line in shown.split("\r\x1b[K") if line] == [f"waiting {n} s: 429" for n in (3, 2, 1)]


def test_a_stop_ends_a_wait_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    async def stopped_before() -> None:
        stop = Stop()
        stop.request()
        await Waits(stop)(900.0, "429")

    asyncio.run(asyncio.wait_for(stopped_before(), timeout=60))

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("variables", "on_terminal", "no_color", "is_coloured"),
    [
        ({}, True, False, True),
        ({}, False, False, False),
        ({}, True, True, False),
        ({"NO_COLOR": "1"}, True, False, False),
        ({"NO_COLOR": ""}, True, False, True),
        ({"TERM": "dumb"}, True, False, False),
        ({"FORCE_COLOR": "1"}, False, False, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, False, True),
        ({"FORCE_COLOR": "0"}, False, False, False),
        ({"FORCE_COLOR": ""}, False, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False, False),
        ({"FORCE_COLOR": "1"}, True, True, False),
    ],
)
def test_colours_follow_the_option_then_the_variables_then_the_terminal(
    variables: dict[str, str],
    on_terminal: bool,  # noqa: FBT001  a case
    no_color: bool,  # noqa: FBT001  a case
    is_coloured: bool,  # noqa: FBT001  a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: on_terminal)

    assert palette(stream, no_color=no_color) is (COLOURED if is_coloured else PLAIN)


def test_forced_colours_reveal_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = planned(repository, monkeypatch)

    assert "\x1b[" in shown
    assert "a private plan" not in shown


def test_a_dumb_terminal_gets_lines_and_no_bar(
    monkeypatch: pytest.MonkeyPatch, at_a_terminal: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal()
    monkeypatch.setenv("TERM", "dumb")
    times = iter((0.0, 10.0, 10.0))
    progress = Progress("reading", clock=Clock(monotonic=lambda: next(times)))
    progress(1, 2)

    assert capsys.readouterr().err == "reading: 1 of 2\n"
