import sys
from collections.abc import Callable

import pytest

from reconciler.cli.screen import Progress, Waits
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
    progress = Progress("reading", clock=lambda: next(times))
    for done in range(1, 7):
        progress(done, 6_000)

    assert capsys.readouterr().err.splitlines() == ["reading: 3 of 6,000", "reading: 6 of 6,000"]


def test_on_a_terminal_progress_is_a_bar(capsys: pytest.CaptureFixture[str], at_a_terminal: Callable[[], None]) -> None:
    at_a_terminal()
    progress = Progress("applying")
    drawn = []
    for done in (1, 2):
        progress(done, 2)
        drawn.append(Progress.is_drawn)

    assert drawn == [True, False]
    assert "2/2" in capsys.readouterr().err


def test_many_requests_that_wait_for_one_reason_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 0.0, 1.0, 2.0, 2.0, 9.0, 9.0])
    waits = Waits(clock=lambda: next(times))
    for why in ("429", "429", "502", "429"):
        waits(0.4, why)

    assert capsys.readouterr().err.splitlines() == ["waiting 1 s: 429", "waiting 1 s: 502", "waiting 1 s: 429"]
