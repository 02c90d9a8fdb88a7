"""A long text opens in the pager, where somebody sits at a terminal; nowhere else, and never a short one."""

import os
import signal
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli.output import emit_paged
from tests.cli.conftest import Repository

LONG = "".join(f"line {number}\n" for number in range(500))


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a pager; gives what is paged."""
    found: list[str] = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("LESS", raising=False)
    monkeypatch.setenv("PAGER", sys.executable)
    monkeypatch.setattr(click, "echo_via_pager", found.append)
    return found


def sit_down(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)


def test_a_long_text_opens_in_the_pager_and_stays_on_the_screen(
    paged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_down(monkeypatch)
    emit_paged(LONG)

    assert paged == [LONG.removesuffix("\n")]
    assert os.environ["LESS"] == "FRX"


def test_a_few_lines_that_fill_the_terminal_are_long(paged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down(monkeypatch)
    emit_paged("x" * 100_000)

    assert len(paged) == 1


@pytest.mark.parametrize("document", ["short\n", f"\x1b[31m{'x' * 70}\x1b[0m\n" * 20])
def test_what_fits_is_printed(
    paged: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], document: str
) -> None:
    sit_down(monkeypatch)
    emit_paged(document)

    assert (paged, capsys.readouterr().out) == ([], document)


@pytest.mark.parametrize("pager", ["", "cat", " ", "no-such-pager-here"])
def test_no_pager_is_asked_for_where_none_is_wanted(
    paged: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pager: str
) -> None:
    sit_down(monkeypatch)
    monkeypatch.setenv("PAGER", pager)

    emit_paged(LONG)

    assert (paged, capsys.readouterr().out) == ([], LONG)


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_pipes_get_the_text_itself(
    paged: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stream: str
) -> None:
    sit_down(monkeypatch)
    monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: False)

    emit_paged(LONG)

    assert (paged, capsys.readouterr().out) == ([], LONG)


def test_ci_and_formats_for_programs_are_never_paged(paged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down(monkeypatch)
    emit_paged(LONG, "json")
    monkeypatch.setenv("CI", "true")
    emit_paged(LONG)

    assert paged == []


def test_a_plan_that_is_written_to_a_file_is_not_paged(
    repository: Repository, paged: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sit_down(monkeypatch)
    monkeypatch.setenv("LINES", "3")
    monkeypatch.setenv("COLUMNS", "40")
    repository.run("plan", "--write", f"html={tmp_path / 'plan.html'}")
    assert paged == []

    repository.run("plan")
    assert len(paged) == 1


def test_ctrl_c_is_for_the_pager(paged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down(monkeypatch)
    monkeypatch.setattr(click, "echo_via_pager", lambda _: signal.raise_signal(signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)

    emit_paged(LONG)

    assert signal.getsignal(signal.SIGINT) == before
    assert paged == []
