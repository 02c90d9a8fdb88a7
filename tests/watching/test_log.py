import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.watching.report import WatchLog, error_lines, json_line, note_line, text_line
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


@pytest.mark.parametrize(("number", "left"), [(19, None), (20, None), (21, "1"), (1_020, "1,000")])
def test_errors_beyond_twenty_are_counted(number: int, left: str | None) -> None:
    errors = tuple(f"e{n}" for n in range(number))
    lines = error_lines(report("invalid", errors=errors))
    entry = json.loads(json_line(ENDED, report("invalid", errors=errors), 60))

    assert lines[:20] == [f"error: {one}" for one in errors[:20]]
    assert lines[20:] == ([f"error: and {left} more; `reconciler validate` names all"] if left else [])
    assert (entry["errors"], entry["errors_in_all"]) == ([*errors[:20]], number)


def test_what_was_applied_is_told_with_what_came_of_it() -> None:
    def story(outcomes: dict[str, int], **counts: int) -> str:
        applied = replace(account(**counts), outcomes=outcomes)
        return text_line(ENDED, report("incomplete", account=applied), None).partition(": ")[2].partition(";")[0]

    assert story({"done": 1_200, "failed": 0, "unknown": 1}, facts_to_add=1_201) == (
        "incomplete, planned 1,201 facts to add, applied: 1,200 done, 1 unknown"
    )
    assert story({"done": 0}, uncertain=1_000) == "incomplete, nothing to change, 1,000 uncertain, applied: nothing"


def test_the_same_as_json_is_one_object_on_one_line_with_all_that_is_known() -> None:
    seen = replace(account(facts_to_add=2, uncertain=3, facts_unmanaged=4), outcomes={"done": 1})
    line = json_line(
        ENDED, report(account=seen, errors=("a\nb",), seconds=1.23456, seconds_throttled=0.98765), 61.54321
    )
    entry = json.loads(line)

    assert "\n" not in line
    assert entry.pop("planned")["facts_to_add"] == 2
    assert entry == {
        "time": ENDED,
        "event": "run",
        "started_at": "2027-03-31T14:00:00.000Z",
        "environment": "production",
        "result": "ok",
        "seconds": 1.235,
        "requests": 3,
        "seconds_throttled": 0.988,
        "drift": True,
        "uncertain": 3,
        "unmanaged": 4,
        "outcomes": {"done": 1},
        "errors": ["a\nb"],
        "errors_in_all": 1,
        "next_in_seconds": 61.543,
    }


def test_of_what_is_not_known_json_says_nothing() -> None:
    unseen = json.loads(json_line(ENDED, report("unavailable"), None))
    planned = json.loads(json_line(ENDED, report(account=account()), None))

    nothing = ("drift", "planned", "uncertain", "unmanaged", "outcomes", "next_in_seconds")
    assert [unseen[key] for key in nothing] == [None] * 6
    assert [planned[key] for key in ("drift", "uncertain", "unmanaged", "outcomes")] == [False, 0, 0, None]
    assert json.loads(note_line(ENDED, "hello")) == {"time": ENDED, "event": "note", "message": "hello"}


def test_the_same_errors_are_told_once_until_others_or_none_came() -> None:
    lines: list[str] = []
    log = WatchLog("text", lines.append, lambda: datetime(2027, 3, 31, 14, tzinfo=UTC))
    one, other = report("invalid", errors=("x",)), report("invalid", errors=("y",))
    for run in (report(), report(), one, one, other, one, report(), one):
        log.run(run, None)

    ends = [line.rpartition(" s")[2] for line in lines if not line.startswith("error")]
    assert ends == ["", "", "", " (errors as before)", "", "", "", ""]
    assert [line for line in lines if line.startswith("error")] == [f"error: {name}" for name in "xyxx"]


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
