import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.watching.report import WatchLog, error_lines, json_line, text_line
from tests.watching.reports import account, report

ENDED = "2027-03-31T14:00:01.250Z"


def test_a_run_that_found_drift_is_one_line() -> None:
    found = report(account=account(facts_to_add=2, users_to_add=1, uncertain=3))

    assert text_line(ENDED, found, 330) == (
        "2027-03-31T14:00:01.250Z production: ok, planned 2 facts to add, 1 user to add, 3 uncertain; "
        "3 requests in 1.2 s; next in 5 min 30 s"
    )


def test_the_last_line_promises_no_next_run() -> None:
    assert text_line(ENDED, report("stopped", requests=1), None) == (
        "2027-03-31T14:00:01.250Z production: stopped; 1 request in 1.2 s"
    )


def test_waiting_for_the_limit_is_told() -> None:
    waited = report(account=account(), seconds=905.0, seconds_throttled=900.0)

    assert text_line(ENDED, waited, 60).endswith(
        "3 requests in 905.0 s; 15 min of it waiting for the limit; next in 1 min"
    )


def test_errors_are_counted_in_the_line_and_told_below() -> None:
    invalid = report("invalid", errors=("specs/a.yaml:1:1 x: wrong", "two"))

    assert ": invalid, 2 errors; " in text_line(ENDED, invalid, 60)
    assert error_lines(invalid) == ["error: specs/a.yaml:1:1 x: wrong", "error: two"]


def test_errors_beyond_twenty_are_counted() -> None:
    lines = error_lines(report("invalid", errors=tuple(f"e{n}" for n in range(50))))

    assert len(lines) == 21
    assert lines[-1] == "error: and 30 more; `reconciler validate` names all"


def test_errors_beyond_twenty_are_counted_in_json_too() -> None:
    entry = json.loads(json_line(ENDED, report("invalid", errors=tuple(f"e{n}" for n in range(50))), 60))

    assert (len(entry["errors"]), entry["errors_in_all"]) == (20, 50)


def test_the_same_as_json_is_one_object_on_one_line() -> None:
    line = json_line(ENDED, report(account=account(facts_to_add=2), errors=("a\nb",)), 61.5)
    entry = json.loads(line)

    assert "\n" not in line
    assert (entry["time"], entry["started_at"]) == (ENDED, "2027-03-31T14:00:00.000Z")
    assert (entry["event"], entry["environment"], entry["result"], entry["drift"]) == ("run", "production", "ok", True)
    assert entry["planned"]["facts_to_add"] == 2
    assert (entry["next_in_seconds"], entry["outcomes"], entry["errors"]) == (61.5, None, ["a\nb"])


@pytest.mark.parametrize("output_format", ["text", "json"])
@pytest.mark.parametrize("foreign", ["two\x1b[2J", "a\nb", "\u202eltr", "\x9b31m", "c\u2028d"])
def test_whatever_a_log_quotes_is_one_line_in_which_every_character_prints(output_format: str, foreign: str) -> None:
    lines: list[str] = []
    log = WatchLog(output_format, lines.append, lambda: datetime(2027, 3, 31, 14, tzinfo=UTC))
    log.note(f"note {foreign}")
    log.note_once(f"once {foreign}")
    log.run(replace(report("invalid", errors=(f"error {foreign}",)), environment=f"environment {foreign}"), 60)

    assert len(lines) == {"text": 4, "json": 3}[output_format]
    assert [line for line in lines if not line.isprintable()] == []
    if output_format == "json":
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        assert [entry.get("message") for entry in entries] == [f"note {foreign}", f"once {foreign}", None]
        assert entries[2]["errors"] == [f"error {foreign}"]
