"""What is found of runs that left something open counts for the run that did it, and for no other."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.core.documents.runs import PastRun, RunHeader
from reconciler.core.model.observed import Absent, Present
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome, Result, RunRecord
from reconciler.storage.bucket import open_bucket
from reconciler.storage.journal import JournalFolder
from reconciler.storage.journal.mirror import Mirror
from reconciler.storage.store import FolderStore
from reconciler.workflow.proposal import Proposal
from reconciler.workflow.records import ApplyRecords
from tests.buckets import new_bucket
from tests.builders import ORIGIN, desired, memory, plan, user

WANTED = memory({"plan": "premium"}, users=[user()])
CREATE, WRITE, ADD = plan(WANTED, Absent()).operations
NOW = "2026-01-02T12:00:01.000Z"


def killed(  # noqa: PLR0913  one parameter for what a test is about
    folder: JournalFolder,
    run: str,
    operations: Sequence[Operation],
    done: Sequence[Operation] = (),
    failed: Sequence[Operation] = (),
    *,
    environment: str = "test",
) -> None:
    """Keep the journal of a run; what is neither done nor failed was in flight when it was killed."""
    header = RunHeader(RunRecord(run), environment, "sandbox", "hmac:0", ORIGIN.specs_digest, NOW, {"any": 3})
    journal = folder.start(header, now=lambda: NOW, requests=lambda: 0)
    for operation in operations:
        asyncio.run(journal.intent(operation))
    for operation in done:
        journal.outcome(Outcome(operation, "done"))
    for operation in failed:
        journal.outcome(Outcome(operation, "failed"))
    journal.close(stop_requested=False)


def resolved(folder: JournalFolder, state: Path, live: Present) -> None:
    """Let another run look at what the account holds now; the user cannot be seen, so it is sent again."""
    account: Any = SimpleNamespace(
        state=SimpleNamespace(store=FolderStore(state)),
        memory_ids=SimpleNamespace(environment="test", api="sandbox", account="hmac:0"),
    )
    reporter = SimpleNamespace(note=lambda _line: None)
    session: Any = SimpleNamespace(desired=desired(WANTED), account=account, reporter=reporter)
    fresh = plan(WANTED, live)
    lease: Any = None
    records = ApplyRecords(session, RunRecord("3"), folder, lease)
    records.resolve_earlier_runs(Proposal(fresh, fresh, desired(WANTED)))
    for earlier in records.unclear:
        folder.resolve(earlier.run, by="3", at=NOW, held=earlier.held)


def found(folder: JournalFolder, run: str, operation: Operation) -> Result | None:
    [past] = [one for one in folder.runs() if one.header.run.id == run]
    [step] = [one for one in past.steps if one.type == operation.type]
    return step.result


@pytest.mark.parametrize("done", [(), (WRITE,)])
def test_what_two_killed_runs_had_in_flight_is_found_once(tmp_path: Path, done: Sequence[Operation]) -> None:
    folder = JournalFolder(tmp_path / "journal")
    killed(folder, "1", [WRITE, ADD])
    killed(folder, "2", [WRITE, ADD], done)
    resolved(folder, tmp_path, Present("m", {"plan": "premium"}))

    assert found(folder, "1", WRITE) is None
    assert found(folder, "2", WRITE) == "done"


def test_what_another_machine_sent_again_is_not_found_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = open_bucket(new_bucket(monkeypatch))
    one, other = (JournalFolder(tmp_path / name, Mirror(bucket, tmp_path / name)) for name in ("one", "other"))
    killed(one, "1", [WRITE, ADD])
    killed(one, "2", [WRITE, ADD], [WRITE], failed=[CREATE, ADD])
    other.fetch(also_closed=False)
    assert [path.stem for path in other.paths()] == ["1"]
    resolved(other, tmp_path, Present("m", {"plan": "premium"}))

    assert found(other, "1", WRITE) is None


def test_the_journals_are_read_once_for_all_runs_that_were_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, looks = JournalFolder(tmp_path / "journal"), list[str]()
    for run in "12":
        killed(folder, run, [WRITE, ADD])
    runs = JournalFolder.runs

    def counted(folder: JournalFolder, *, after: str = "") -> Iterator[PastRun]:
        looks.append(after)
        return runs(folder, after=after)

    monkeypatch.setattr(JournalFolder, "runs", counted)
    resolved(folder, tmp_path, Present("m", {"plan": "premium"}))

    assert looks == ["1"]


def test_what_a_later_run_did_not_send_again_is_found_for_the_first(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path / "journal")
    killed(folder, "1", [WRITE, ADD])
    killed(folder, "2", [ADD])
    resolved(folder, tmp_path, Present("m", {"plan": "premium"}))

    assert found(folder, "1", WRITE) == "done"


def test_what_another_environment_sent_later_says_nothing_of_this_one(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path / "journal")
    killed(folder, "1", [WRITE, ADD])
    killed(folder, "2", [WRITE, ADD], [WRITE], environment="staging")
    resolved(folder, tmp_path, Present("m", {"plan": "premium"}))

    assert found(folder, "1", WRITE) == "done"


def test_of_a_bucket_the_closed_journals_of_later_runs_alone_are_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = open_bucket(new_bucket(monkeypatch))
    one, other = (JournalFolder(tmp_path / name, Mirror(bucket, tmp_path / name)) for name in ("one", "other"))
    for run in ("0", "1", "2"):
        whole = [] if run == "1" else [CREATE, WRITE, ADD]
        killed(one, run, whole or [WRITE, ADD], whole)
    other.fetch(also_closed=False)
    resolved(other, tmp_path, Present("m", {"plan": "premium"}))

    assert [path.stem for path in other.paths()] == ["1", "2"]
