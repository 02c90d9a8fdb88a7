"""The memory gives out in the middle of an apply: in words, with a true journal, and the next apply finishes."""

import asyncio
import re
from typing import Any

import pytest

from reconciler.api.client.calls import _AccountUnit
from reconciler.cli import errors
from tests.cli.conftest import Called, Repository, journal_of
from tests.cli.watched import many

SAID = (
    "error: out of memory during an apply; what was done is not done twice: run it again, "
    "with --shard 0/10 or --target\n"
)
SHORT = "error: out of memory\nhint: give it more memory, or fewer specs if the command has --shard or --target; "


@pytest.fixture
def lacking(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository of five contacts whose third write of facts is begun, and finds no memory."""
    repository.write("specs/support.yaml", many(5, identified="contact_id"))
    monkeypatch.setattr("gc.disable", lambda: None)  # this process goes on
    write, calls = _AccountUnit.write_facts, []

    async def write_facts(unit: _AccountUnit, *given: Any) -> Any:
        calls.append(given)
        done = await write(unit, *given)
        if len(calls) != 3:
            return done
        asyncio.get_running_loop().call_exception_handler({"message": "no read", "exception": MemoryError()})
        return await asyncio.Event().wait()  # nobody reads the answer

    monkeypatch.setattr(_AccountUnit, "write_facts", write_facts)
    return repository


def applied(repository: Repository) -> Called:
    return repository.run("apply", "--yes", "--concurrency", "1")


def test_without_memory_an_apply_ends_with_3_and_its_journal_is_true(lacking: Repository) -> None:
    ended = applied(lacking)

    assert (ended.code, ended.err.endswith(SAID)) == (3, True), ended.err
    totals = journal_of(lacking).totals
    assert (totals["done"], totals["unknown"]) == (5, 1)
    assert "Traceback" not in ended.err

    again = applied(lacking)
    assert again.code == 0, again.err
    assert re.search(r"Apply complete: [1-9]", again.out)
    assert "No changes" in lacking.run("plan").out


def test_where_not_even_that_can_be_said_the_exit_code_is_the_same(
    lacking: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(*_given: Any) -> int:
        raise MemoryError

    monkeypatch.setattr(errors, "report_error", report)
    ended = applied(lacking)

    assert ended.code == 3
    assert SHORT in ended.err


def test_a_receipt_that_finds_no_memory_ends_an_apply_with_3(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(*_given: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("reconciler.cli.apply_screen._TerminalScreen.show_receipt", show)
    ended = applied(repository)

    assert (ended.code, ended.err.endswith(SAID)) == (3, True), ended.err
    assert journal_of(repository).state == "complete"
