import json
from datetime import UTC, datetime

import pytest

from reconciler.watching.report import WatchLog
from tests.cli.conftest import SPEC, Repository
from tests.cli.watched import FakeTime, Watch
from tests.watching.reports import report

DEPRECATED = "fact_keys: {name: {}, plan: {deprecated: use tier}}\n"


def log_to(lines: list[str]) -> WatchLog:
    return WatchLog("text", lines.append, lambda: datetime(2027, 3, 31, 14, tzinfo=UTC))


def test_a_note_is_not_told_again_while_every_run_would_tell_it() -> None:
    lines: list[str] = []
    log = log_to(lines)
    for _ in range(3):
        log.note_once("the same")
        log.note_once("the same")
        log.run(report(), 60)

    assert lines.count("2027-03-31T14:00:00.000Z the same") == 1


def test_a_note_that_comes_back_after_a_run_without_it_is_told_again() -> None:
    lines: list[str] = []
    log = log_to(lines)
    for text in ("one", "another", "one"):
        log.note_once(text)
        log.run(report(), 60)

    assert sum(line.endswith(" one") for line in lines) == 2


def test_warnings_of_the_specs_and_requests_are_lines_of_the_log_in_its_format(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    repository.write("specs/support.yaml", DEPRECATED + SPEC)
    watch = Watch(capsys, FakeTime(60.0))
    watch.run(interval=20, output_format="json", applies=False, debug=True)
    told = [json.loads(line).get("message", "") for line in watch.told.splitlines()]

    assert sum(text.startswith("warning: specs/support.yaml:") for text in told) == 1
    assert any(text.startswith(("GET /v1/", "POST /v1/")) for text in told)
