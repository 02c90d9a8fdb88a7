"""The memory gives out in the middle of an apply: in words, with a true journal, and the next apply finishes."""

import asyncio
import re
from typing import Any

import pytest

from reconciler import RESERVE
from reconciler.api.client.calls import _AccountUnit
from reconciler.cli import errors
from tests.cli.conftest import SPEC, Called, Repository, journal_of
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


@pytest.mark.parametrize(
    ("call", "at"),
    [
        (("pull", "--take"), "reconciler.workflow.pulling.drifts_of"),
        (("pull", "--take"), "reconciler.workflow.spec_edits.edit_specs"),
        (("export", "--out", "out"), "reconciler.workflow.exporting.build_export"),
        (("export", "--out", "out"), "reconciler.workflow.exporting.write_new_files"),
    ],
)
def test_without_memory_a_command_that_writes_files_leaves_none_half_done(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, call: tuple[str, ...], at: str
) -> None:
    assert applied(repository).code == 0
    spec = "scopes: {support: {persona_id: persona-1}}\n" if call[0] == "export" else SPEC.replace("Sarah", "Sally")
    repository.write("specs/support.yaml", spec)
    is_kept: list[bool] = []

    def fail(*_given: Any, **_named: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(at, fail)
    monkeypatch.setattr("gc.disable", lambda: None)  # this process goes on
    monkeypatch.setattr("reconciler.workflow.account.settle_rate", lambda _pacer: is_kept.append(bool(RESERVE)))
    ended = repository.run(*call)

    assert (ended.code, SHORT in ended.err, "Traceback" in ended.err) == (1, True, False), ended.err
    assert is_kept == [False]
    assert (repository.root / "specs/support.yaml").read_text() == spec
    assert not (repository.root / "out").exists()
