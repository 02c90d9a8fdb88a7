"""Files that a command reads and that this program writes: each message names what makes such a file, and no other."""

import os

import pytest

from tests.cli.conftest import Repository

PLAN = "`reconciler plan --out FILE`"
RECEIPT = "`reconciler apply --receipt FILE`"
SNAPSHOT = "`reconciler snapshot --out FILE`"
UNDO = "`reconciler apply --save-undo FILE`"
RUNS = "`reconciler runs`"
MAKERS = {PLAN, RECEIPT, SNAPSHOT, UNDO, RUNS}


@pytest.mark.parametrize(
    ("line", "makers"),
    [
        ("apply {}.json", {PLAN}),
        ("plan --live {}.json", {SNAPSHOT}),
        ("show {}.json", {PLAN, RECEIPT}),
        ("show {0}.json {0}2.json", {PLAN, RECEIPT}),
        ("undo {}.json", {UNDO}),
    ],
)
@pytest.mark.parametrize("content", [None, "version: 1\n", "[1]", '{"kind": "other"}', '{"kind": ["plan"]}'])
def test_a_file_that_is_none_names_what_makes_one(
    repository: Repository, line: str, makers: set[str], content: str | None
) -> None:
    if content is not None:
        repository.write("nope.json", content)
    called = repository.run(*line.format("nope").split())

    assert called.code == 1
    assert "nope.json" in called.err
    assert {maker for maker in MAKERS if maker in called.err} == makers


def test_a_journal_that_is_missing_names_the_list_of_runs(repository: Repository) -> None:
    assert "no such file; `reconciler runs` lists" in repository.run("show", "nope.jsonl").err


def test_another_kind_of_file_is_named_as_what_it_is(repository: Repository) -> None:
    repository.run("snapshot", "--out", "live.json")

    assert "live.json is a snapshot, not a saved plan; `reconciler plan" in repository.run("apply", "live.json").err
    assert "live.json is a snapshot, neither a saved plan nor a receipt" in repository.run("show", "live.json").err


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("plan --write html=nope/x.html", "; make the folder nope, or name another file"),
        ("plan --out nope/p.json", "; make the folder nope, or name another file"),
        ("apply --yes --receipt nope/r.json", "; make the folder nope, or name another file"),
        ("apply --yes --save-undo nope/u.yaml", "; make the folder nope, or name another file"),
        ("snapshot --out nope/x", "; make the folder nope, or name another file"),
        ("plan --write json=specs", "; name a file in it"),
        ("plan --out reconciler.yaml/p.json", "; name a file elsewhere"),
        ("--state reconciler.yaml/x apply --yes", "; name another folder with --state"),
        ("--state /proc/x apply --yes", "; name another folder with --state"),
    ],
)
def test_a_place_that_cannot_be_written_comes_with_a_cure(repository: Repository, line: str, cure: str) -> None:
    called = repository.run(*line.split())

    assert called.code == 1
    assert called.err.count("\n") == 1
    assert cure in called.err


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
READING = ["plan --live {}", "show {}", "show {0} {0}", "apply --yes {}", "undo {}", "--project {} plan"]


@needs_pipes
@pytest.mark.parametrize("line", READING)
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "pipe.jsonl"])
def test_what_is_no_file_is_neither_waited_for_nor_read_without_end(
    repository: Repository, line: str, name: str
) -> None:
    if not name.startswith("/"):
        os.mkfifo(repository.root / name)
    called = repository.run(*line.format(name).split())

    assert (called.code, called.out) == (1, "")
    assert "it is not a regular file" in called.err


@pytest.mark.parametrize("line", READING)
def test_a_file_that_is_too_large_is_refused_before_it_is_read(repository: Repository, line: str) -> None:
    with (repository.root / "large").open("wb") as file:
        file.truncate((1 << 30) + 1)
    called = repository.run(*line.format("large").split())

    assert (called.code, called.out) == (1, "")
    assert "MiB; " in called.err


@needs_pipes
def test_a_pipe_that_the_shell_made_is_read(repository: Repository) -> None:
    repository.run("plan", "--out", "plan.json")
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "wb") as file:
        file.write((repository.root / "plan.json").read_bytes())  # a small plan fits into the pipe
        file.close()
        shown = repository.run("show", f"/dev/fd/{reading}")

    assert shown == repository.run("show", "plan.json")


@needs_pipes
@pytest.mark.parametrize("line", ["plan --write text=pipe", "plan --out pipe", "apply --yes --receipt pipe"])
def test_a_pipe_that_nobody_reads_is_not_waited_for(repository: Repository, line: str) -> None:
    os.mkfifo(repository.root / "pipe")
    called = repository.run(*line.split())

    assert called.code == 1
    assert "pipe: No such device or address; nobody reads this pipe" in called.err


@needs_pipes
def test_a_pipe_that_is_read_is_written_to(repository: Repository) -> None:
    os.mkfifo(repository.root / "pipe")
    with os.fdopen(os.open(repository.root / "pipe", os.O_RDONLY | os.O_NONBLOCK)) as reader:
        called = repository.run("plan", "--write", "text=pipe")

        assert called.code == 0
        assert reader.read() == called.out
