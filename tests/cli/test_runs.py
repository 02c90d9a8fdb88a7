import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.cli.invocation import Invocation
from reconciler.cli.surroundings import surroundings_of
from reconciler.errors import RefusedError, StateError
from reconciler.sandbox import faults
from reconciler.sandbox.faults import Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.storage.journal import JournalFolder
from reconciler.storage.lease import Lease
from reconciler.workflow.proposal import propose_declared
from reconciler.workflow.records import keeping_records
from reconciler.workflow.session import open_session
from tests.builders import NOON
from tests.cli.conftest import Repository
from tests.cli.test_apply import BY_ID, LOST, account, applied, facts_in
from tests.cli.test_saved_plans import served
from tests.fakes import MovingTime

JOURNALS = ".reconciler/journal"


def journals(repository: Repository) -> list[Path]:
    return sorted((repository.root / JOURNALS).glob("*.jsonl"))


def tear(journal: Path, *, lines: int) -> None:
    """Leave of a journal what a killed run would: so many lines and a piece of the next."""
    kept = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join(kept[:lines]) + b"\n" + kept[lines][:20])


def test_runs_lists_the_runs_with_their_counts(repository: Repository) -> None:
    repository.run("apply", "--yes")
    called = repository.run("runs")

    (journal,) = journals(repository)
    heading, line, below = called.out.splitlines()
    assert heading.split() == ["RUN", "ENVIRONMENT", "BY", "COMMIT"]
    assert line.split()[:2] == [journal.stem, "sandbox"]
    assert below.endswith(" UTC  complete  4 operations done")


def test_before_the_first_apply_there_are_no_runs(repository: Repository) -> None:
    folder = repository.root / JOURNALS
    assert repository.run("runs").out == f"No runs in {folder}: no apply has written anything yet.\n"


def test_a_journal_without_a_whole_first_line_is_named_and_not_taken_for_no_apply(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    newer = journal.with_name(f"9{journal.name}")
    newer.write_bytes(journal.read_bytes()[:100])
    why = "its first line is not whole; a run that is killed before it begins to write leaves such a file, or it is"

    called = repository.run("runs")
    assert (called.code, called.out.count("complete")) == (0, 1)
    assert called.err == f"warning: cannot read {newer.relative_to(repository.root)}: {why} damaged\n"

    journal.write_bytes(b"")
    for command in ("runs", "show"):
        called = repository.run(command)
        assert (called.code, called.out) == (1, "")
        assert called.err == f"error: cannot read {journal.relative_to(repository.root)} and 1 more: {why} damaged\n"


@pytest.mark.parametrize("place", [".reconciler", JOURNALS])
@pytest.mark.parametrize("call", [("runs",), ("show",), ("show", "2026"), ("apply", "--yes")])
def test_what_is_no_folder_in_the_place_of_the_journals_is_told(
    repository: Repository, place: str, call: tuple[str, ...]
) -> None:
    path = repository.root / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")

    called = repository.run(*call)

    assert (called.code, path.read_text()) == (1, "mine")
    assert called.err.startswith("error: cannot ")
    assert place in called.err


def test_where_there_is_no_project_its_runs_and_its_sandbox_are_not_looked_for(repository: Repository) -> None:
    empty = repository.root / "below"
    empty.mkdir()
    (repository.root / "emptied/.reconciler").mkdir(parents=True)
    assert repository.run("--project", "emptied", "runs").code == 1
    for command in (("runs",), ("sandbox", "show"), ("sandbox", "reset", "--yes")):
        called = repository.run("--project", str(empty), *command)
        assert called.code == 1
        assert called.err.startswith("error: neither reconciler.yaml nor specs/ is in ")
        assert f"add --project {repository.root}" in called.err
    assert not list(empty.iterdir())


def test_the_state_of_a_project_that_is_gone_is_still_shown(repository: Repository) -> None:
    repository.run("apply", "--yes")
    elsewhere = repository.root / "elsewhere"
    elsewhere.mkdir()
    (repository.root / ".reconciler").rename(elsewhere / ".reconciler")

    assert "complete" in repository.run("--project", str(elsewhere), "runs").out
    assert "holds 1 contact," in repository.run("--project", str(elsewhere), "sandbox", "show").out


def test_an_unknown_environment_without_runs_is_refused(repository: Repository) -> None:
    called = repository.run("runs", "-e", "sandbx")

    assert (called.code, called.out) == (1, "")
    assert 'no environment "sandbx"; did you mean "sandbox"?' in called.err


def test_runs_as_json_are_the_newest_first(repository: Repository) -> None:
    repository.run("apply", "--yes")
    repository.run("sandbox", "reset", "--yes")
    repository.run("apply", "--yes")
    document = json.loads(repository.run("runs", "--format", "json").out)

    assert document["kind"] == "runs"
    assert [run["run"] for run in document["runs"]] == [path.stem for path in reversed(journals(repository))]
    assert document["runs"][0]["totals"] == {"done": 4, "already": 0, "skipped": 0, "failed": 0, "unknown": 0}


def test_runs_of_one_environment_can_be_asked_for(repository: Repository) -> None:
    repository.run("apply", "--yes")

    assert repository.run("-e", "live", "runs").out.startswith("No runs")
    assert "complete" in repository.run("-e", "sandbox", "runs").out


def test_the_next_apply_removes_journals_that_are_old_and_closed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.storage.journal.folder._MOST_KEPT", 50)
    repository.run("apply", "--yes")
    (newest,) = journals(repository)
    for number in range(52):
        (newest.parent / f"20200101T0000{number:02}000Z-00000000.jsonl").write_bytes(newest.read_bytes())
    repository.run("apply", "--yes")

    assert len(journals(repository)) == 50
    assert journals(repository)[-1] == newest


def test_with_nothing_to_write_there_is_no_journal(repository: Repository) -> None:
    repository.run("apply", "--yes")
    repository.run("apply", "--yes")
    repository.run("apply", "--dry-run")
    repository.run("plan")

    assert len(journals(repository)) == 1


def test_show_renders_a_run_by_its_id_the_start_of_it_or_its_file(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    shown = [repository.run("show", what).out for what in (journal.stem, journal.stem[:12], str(journal))]

    assert {text.splitlines()[0] for text in shown} == {"Apply complete: 4 operations done."}


@pytest.mark.parametrize("options", [(), ("--shard", "0/1")])
def test_show_renders_a_run_as_the_receipt_that_it_gave_with_every_reason(
    repository: Repository, options: tuple[str, ...]
) -> None:
    refusal = faults.envelope_error(400, "BAD_REQUEST", "facts is required")
    with account(Rule(fault=refusal, method="PATCH")) as (_, url):
        given = json.loads(applied(repository, url, "--format", "json", *options).out)
    (journal,) = journals(repository)

    shown = json.loads(repository.run("show", journal.stem, "--format", "json").out)
    moments = {"started_at": "", "finished_at": ""}  # of a journal's own lines

    assert shown | moments == given | moments
    assert "failed" in {item["outcome"] for item in given["outcomes"]}


@pytest.mark.parametrize("what", ["nonsense", "2026x"])
def test_a_run_that_is_none_is_an_error_that_says_where_to_look(repository: Repository, what: str) -> None:
    called = repository.run("show", what)

    assert called.code == 1
    assert f"no run '{what}' in .reconciler/journal; `reconciler runs` lists them" in called.err


def test_a_killed_run_shows_what_is_known_of_it(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    tear(journal, lines=4)
    called = repository.run("show", journal.stem)

    assert "unknown  contacts.sarah.scopes.support (create_memory," in called.out
    assert "the run ended while it was under way" in called.out
    assert "Apply incomplete: 1 operation done, 1 unknown and 2 skipped." in called.out
    assert called.err == "note: 2 operations never begun, and not named in the journal\n"


def test_a_run_killed_before_its_first_line_has_nothing_to_show_and_nothing_to_settle(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    tear(journal, lines=0)
    journal.write_bytes(journal.read_bytes().lstrip(b"\n"))

    assert "killed before it begins to write" in repository.run("show", journal.stem).err
    assert repository.run("apply", "--yes").err == ""


def test_the_next_apply_says_what_it_found_of_a_killed_run_once(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    tear(journal, lines=4)
    first, second = repository.run("apply", "--yes"), repository.run("apply", "--yes")

    assert first.err == (
        f"the run {journal.stem} ended without a receipt: of 2 operations begun, 1 has a known outcome and 1 was under "
        "way; of these, 1 is in the account\n"
    )
    assert second.err == ""
    assert "killed (resolved)" in repository.run("runs").out


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("lines", [2, 3, 4])
def test_a_killed_run_that_a_later_one_resolved_asks_for_no_other(
    repository: Repository, form: str, lines: int
) -> None:
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    tear(journal, lines=lines)
    before = repository.run("show", journal.stem, "--format", form)
    repository.run("apply", "--yes")
    after = repository.run("show", journal.stem, "--format", form)

    advice = ("Run apply again", "the next plan looks again")
    assert any(one in before.out for one in advice)
    assert [one for one in advice if one in after.out] == []
    assert "Resolved: a later run looked at what this one left open" in after.out


def test_what_target_leaves_out_stays_open(repository: Repository) -> None:
    repository.write(
        "specs/more.yaml", "contacts: {bob: {contact_id: id-bob, scopes: {support: {facts: {name: Bob}}}}}"
    )
    repository.run("apply", "--yes")
    (journal,) = journals(repository)
    tear(journal, lines=2)
    first = repository.run("apply", "--yes", "--target", "contacts.bob")
    second, third = repository.run("apply", "--yes"), repository.run("apply", "--yes")

    assert first.code == 0
    assert "of these, 1 is outside of what was chosen, and stays open" in first.err
    assert "of these, 1 is in the account" in second.err
    assert third.err == ""


@pytest.fixture
def two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run give up after two tries, so that nobody waits for six."""
    monkeypatch.setattr("reconciler.api.row._ATTEMPTS", 2)


@pytest.mark.usefixtures("two_tries")
def test_where_the_account_lets_nobody_look_a_lost_answer_cannot_be_settled_and_that_is_said(
    repository: Repository,
) -> None:
    repository.write("specs/support.yaml", BY_ID)
    lost_twice = replace(LOST, occurrences=frozenset({1, 2}))
    with account(lost_twice, settings=Settings(seeds_only=True)) as (_, url):
        first, second, third = (applied(repository, url) for _ in range(3))

    assert (first.code, second.code, third.code) == (3, 0, 0)
    assert "left 1 of 3 operations unknown; of these, 1 is not visible here, and is safe to repeat" in second.err
    assert "unknown; of these" not in third.err  # the second one repeated it


@pytest.mark.usefixtures("two_tries")
def test_what_cannot_be_told_stays_open_until_it_was_repeated(repository: Repository) -> None:
    repository.write("specs/support.yaml", BY_ID)
    lost_always = replace(LOST, occurrences=frozenset({1, 2, 3, 4}))
    with account(lost_always, settings=Settings(seeds_only=True)) as (_, url):
        calls = [applied(repository, url) for _ in range(4)]

    first, second, *_ = (path.stem for path in journals(repository))
    open_runs = [[run for run in (first, second) if f"the run {run} left 1 of" in called.err] for called in calls]
    assert [called.code for called in calls] == [3, 3, 0, 0]
    assert open_runs == [[], [first], [first, second], []]


@pytest.mark.usefixtures("two_tries")
def test_what_cannot_be_told_stays_open_where_its_settling_cannot_be_noted_and_the_receipt_is_given(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StateError("the disk is full")

    repository.write("specs/support.yaml", BY_ID)
    lost_twice = replace(LOST, occurrences=frozenset({1, 2}))
    with account(lost_twice, settings=Settings(seeds_only=True)) as (_, url):
        applied(repository, url)
        with monkeypatch.context() as patch:
            patch.setattr(JournalFolder, "resolve", fail)
            second = applied(repository, url)
        third = applied(repository, url)

    assert second.code == 0
    assert "Apply complete" in second.out
    assert "of these, 1 is not visible here" in third.err


def test_where_another_run_took_the_lease_meanwhile_nothing_is_written(repository: Repository) -> None:
    def take(_store: Store) -> None:
        (note,) = (repository.root / ".reconciler/leases").glob("*.json")
        holder = json.loads(note.read_text())
        note.write_text(json.dumps({**holder, "run": "another"}))

    with account(Rule(fault=faults.Meanwhile(take), occurrences=frozenset({1}))) as (store, url):
        called = applied(repository, url)

        assert facts_in(store) == []

    assert called.code == 4
    assert "the lease of this run expired, and another apply" in called.err
    assert journals(repository) == []


def test_the_journal_records_no_operation_that_the_lease_refuses(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise RefusedError("another apply has the lease")

    async def begin() -> None:
        with open_session(Invocation(), surroundings_of(Invocation())) as session:
            async with keeping_records(session) as records, session.account.reader() as reader:
                proposal = await propose_declared(session, reader, session.run("reading"))
                with records.journal(proposal, records.record(proposal)) as observer:
                    monkeypatch.setattr(Lease, "intent", refuse)
                    await observer.intent(proposal.plan.operations[0])

    with pytest.raises(RefusedError):
        asyncio.run(begin())

    (journal,) = journals(repository)
    kinds = [json.loads(line)["kind"] for line in journal.read_text().splitlines()]
    assert "intent" not in kinds
    assert kinds[0] == "run"


def test_a_lease_is_kept_as_long_as_its_run_lasts(repository: Repository) -> None:
    time = MovingTime(NOON)

    async def wait() -> str:
        with open_session(Invocation(), surroundings_of(Invocation())) as session:
            async with keeping_records(session, clock=time.clock):
                await time.until(NOON + timedelta(hours=3))
                (note,) = (repository.root / ".reconciler/leases").glob("*.json")
                return note.read_text()

    assert datetime.fromisoformat(json.loads(asyncio.run(wait()))["expires_at"]) > NOON + timedelta(hours=3)


def test_a_journal_of_a_newer_version_is_an_error_before_anything_is_read(repository: Repository) -> None:
    repository.write(f"{JOURNALS}/20300101.jsonl", '{"kind": "run", "format_version": "2.0"}\n')
    with served(repository) as account, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "sk-live-key")
        called = account.run("apply", "--yes")

        assert not account.app.state.log

    assert called.code == 1
    assert called.err.startswith(f"error: {JOURNALS}/20300101.jsonl is a journal of version '2.0', and this program")


def test_a_folder_that_cannot_be_written_is_an_error_before_anything_is_read(repository: Repository) -> None:
    repository.write(".reconciler", "a file where the folder should be")
    with account() as (store, url):
        called = applied(repository, url)

        assert facts_in(store) == []

    assert (called.code, called.out) == (1, "")
    assert called.err == "error: cannot make the folder .reconciler: File exists; name another folder with --state\n"


def test_a_journal_that_cannot_be_begun_is_an_error_before_the_first_write(repository: Repository) -> None:
    repository.write(JOURNALS, "a file where the folder should be")
    with account() as (store, url):
        called = applied(repository, url)

        assert facts_in(store) == []

    assert called.code == 1
    assert "move away what is no folder; nothing was written to the account" in called.err


def test_a_disk_that_fills_in_the_middle_ends_the_apply_with_a_receipt(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Filling:
        """A log with room for the first line and two more."""

        def __init__(self, path: Path) -> None:
            path.touch()
            self.room = 3

        def append(self, _data: bytes) -> None:
            self.room -= 1
            if self.room < 0:
                raise OSError(28, "No space left on device")

        def sync(self) -> None:
            pass

        def close(self) -> None:
            pass

    monkeypatch.setattr("reconciler.storage.journal.folder.FileLog", Filling)
    called = repository.run("apply", "--yes")

    assert called.code == 3
    assert called.out.count("not tried: the journal cannot be written: No space left on device") == 3
    assert "Apply incomplete: 1 operation done and 3 skipped." in called.out
    assert called.err.startswith("warning: the journal cannot be written")


def test_nothing_in_a_journal_moves_a_cursor(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (path,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    evil = "\x1b[31m\u202e\x9b\n::error::evil"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line |= {key: evil for key in ("environment", "address", "file", "type") if key in line}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    for arguments in (("runs",), ("show", path.stem), ("show", path.stem, "--format", "markdown")):
        called = repository.run(*arguments)
        assert called.code == 0
        assert not {"\x1b", "\u202e", "\x9b"} & set(called.out + called.err)
        assert "\n::error::" not in called.out + called.err


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\x00\xff" * 50, b'{"format_version": "1.0", "run": 5}', b"5"])
def test_a_journal_of_nonsense_is_told_in_words(repository: Repository, content: bytes) -> None:
    repository.run("apply", "--yes")
    path = repository.root / ".reconciler/journal/20200101T000000000Z-aaaaaaaa.jsonl"
    path.write_bytes(content + b"\n")

    for arguments in (("runs",), ("show", path.stem), ("apply", "--yes")):
        called = repository.run(*arguments)
        assert (arguments, called.code) == (arguments, 1)
        assert str(path.name) in called.err
        assert "defect" not in called.err
