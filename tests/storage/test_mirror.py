"""Journals in a bucket, beside the copies on two machines."""

import asyncio
import json
from pathlib import Path

import pytest

from reconciler.concurrency import Stop
from reconciler.core.documents.runs import RunHeader
from reconciler.core.model.observed import Absent
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import StateError
from reconciler.execute import execute
from reconciler.storage.bucket import BucketStore, open_bucket
from reconciler.storage.journal import Journal, JournalFolder, new_run_id
from reconciler.storage.journal.mirror import Mirror
from tests.buckets import new_bucket
from tests.builders import NOON, memory, plan, plan_all, user
from tests.fakes import FakeWriter

RUN = new_run_id(NOON, "cafe")
NEW = plan(memory({"plan": "a private plan"}, users=[user()]), Absent())
ACCOUNT = {"environment": "test", "api": "sandbox", "account": "hmac:0"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    return open_bucket(new_bucket(monkeypatch))


def machine(bucket: BucketStore, folder: Path) -> JournalFolder:
    return JournalFolder(folder, Mirror(bucket.below("journal"), folder))


def started(folder: JournalFolder, run: str = RUN, operations: int = 3) -> Journal:
    record = RunRecord(run)
    header = RunHeader(record, "test", "sandbox", "hmac:0", "sha256:0", now(), {"any": operations})
    return folder.start(header, now=now, requests=lambda: 0)


def now() -> str:
    return "2026-01-02T12:00:01.000Z"


def kept(folder: JournalFolder, run: str = RUN, writer: FakeWriter | None = None) -> list[str]:
    """Execute with a journal, and return the results."""

    async def work() -> list[str]:
        journal = started(folder, run)
        try:
            execution = await execute(NEW, writer or FakeWriter(), concurrency=1, stop=Stop(), observer=journal)
        finally:
            journal.close(stop_requested=False)
        return [f"{outcome.result} {outcome.detail}".strip() for outcome in execution.outcomes]

    return asyncio.run(work())


def begun(folder: JournalFolder, run: str = RUN) -> Journal:
    """Begin one operation, as a run that is killed then."""

    async def work() -> Journal:
        journal = started(folder, run)
        await journal.intent(NEW.operations[0])
        return journal

    return asyncio.run(work())


def test_each_intent_is_in_the_bucket_before_its_request_leaves(bucket: BucketStore, tmp_path: Path) -> None:
    class Watching(FakeWriter):
        def _call(self, name: str, subject: str) -> None:
            super()._call(name, subject)
            data = bucket.below("journal").below(f"{RUN}.jsonl").read("00000").data or b""
            assert json.loads(data.splitlines()[-1])["kind"] == "intent"

    assert kept(machine(bucket, tmp_path), writer=Watching()) == ["done"] * 3


def test_another_machine_has_the_same_journal(bucket: BucketStore, tmp_path: Path) -> None:
    one, other = machine(bucket, tmp_path / "one"), machine(bucket, tmp_path / "other")
    kept(one)
    other.fetch(also_closed=False)
    assert other.paths() == []

    other.fetch(also_closed=True)

    assert [*other.runs()] == [*one.runs()]
    assert other.paths()[0].read_bytes() == one.paths()[0].read_bytes()
    assert other.paths()[0].stat().st_mode & 0o777 == 0o600


def test_a_copy_of_a_run_that_went_on_does_not_say_that_it_was_killed(bucket: BucketStore, tmp_path: Path) -> None:
    one, other = machine(bucket, tmp_path / "one"), machine(bucket, tmp_path / "other")

    async def work() -> None:
        journal = started(one)
        try:
            await journal.intent(NEW.operations[0])
            other.fetch(also_closed=False)
            assert [run.header.run.id for run in other.unresolved(**ACCOUNT)] == [RUN]
            await execute(NEW, FakeWriter(), concurrency=1, stop=Stop(), observer=journal)
        finally:
            journal.close(stop_requested=False)

    asyncio.run(work())
    other.fetch(also_closed=False)

    assert other.unresolved(**ACCOUNT) == []
    assert [run.state for run in other.runs()] == ["complete"]


def test_what_a_killed_machine_left_open_is_resolved_by_another_and_stays_so(
    bucket: BucketStore, tmp_path: Path
) -> None:
    begun(machine(bucket, tmp_path / "killed"))
    other, third = machine(bucket, tmp_path / "other"), machine(bucket, tmp_path / "third")
    other.fetch(also_closed=False)
    (run,) = other.unresolved(**ACCOUNT)
    other.resolve(run.header.run.id, by="later", at=now())
    third.fetch(also_closed=False)

    assert [step.result for step in run.open_steps] == [None]
    assert third.unresolved(**ACCOUNT) == []
    third.fetch(also_closed=True)
    assert [one.resolved for one in third.runs()] == [True]


def test_a_run_that_was_resolved_while_it_hung_writes_nothing_more(bucket: BucketStore, tmp_path: Path) -> None:
    hung = begun(machine(bucket, tmp_path / "hung"))
    other = machine(bucket, tmp_path / "other")
    other.fetch(also_closed=False)
    other.resolve(RUN, by="later", at=now())
    many = plan_all([(memory({"a": 1}, contact=f"c{n}"), Absent()) for n in range(300)])

    async def go_on() -> None:
        for operation in many.operations:
            await hung.intent(operation)

    with pytest.raises(StateError, match=r"the journal cannot be written: .* was changed by another run"):
        asyncio.run(go_on())


def test_a_long_journal_is_kept_in_parts(bucket: BucketStore, tmp_path: Path) -> None:
    many = plan_all([(memory({"a": 1}, contact=f"c{n}"), Absent()) for n in range(500)])
    one, other = machine(bucket, tmp_path / "one"), machine(bucket, tmp_path / "other")

    async def work() -> None:
        journal = started(one, operations=1000)
        for first in range(0, 1000, 50):
            await asyncio.gather(*(journal.intent(operation) for operation in many.operations[first : first + 50]))
        journal.close(stop_requested=False)

    asyncio.run(work())
    other.fetch(also_closed=False)

    assert len(bucket.below("journal").sizes()) > 1
    assert other.paths()[0].read_bytes() == one.paths()[0].read_bytes()


def test_a_store_that_fails_lets_no_further_request_leave_and_the_next_run_knows_what_was_begun(
    bucket: BucketStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(FakeWriter):
        def _call(self, name: str, subject: str) -> None:
            super()._call(name, subject)
            monkeypatch.setattr(BucketStore, "write", unreachable)

    def unreachable(*_args: object, **_how: object) -> None:
        raise StateError("cannot write s3://bucket/x: the store cannot be reached")

    writer = Failing()
    first, *others = kept(machine(bucket, tmp_path / "one"), writer=writer)
    monkeypatch.undo()
    other = machine(bucket, tmp_path / "other")

    assert first == "done"
    assert len(writer.calls) == 1
    assert all("the journal cannot be written: cannot write s3://bucket/x: the store" in text for text in others)
    (tmp_path / "one").rename(tmp_path / "lost")
    new_bucket(monkeypatch)
    other.fetch(also_closed=False)
    (run,) = other.unresolved(**ACCOUNT)
    assert [step.type for step in run.open_steps] == [NEW.operations[0].type]


def test_this_machines_copy_that_is_ahead_is_not_replaced_and_resolving_puts_all_of_it(
    bucket: BucketStore, tmp_path: Path
) -> None:
    one, other = machine(bucket, tmp_path / "one"), machine(bucket, tmp_path / "other")
    begun(one)
    (path,) = one.paths()
    line = path.read_bytes().splitlines(keepends=True)[-1].replace(b'"intent"', b'"outcome"')
    path.write_bytes(path.read_bytes() + line.replace(b'"requests"', b'"outcome":"done","requests"'))
    ahead = path.read_bytes()
    one.fetch(also_closed=True)
    assert path.read_bytes() == ahead

    one.resolve(RUN, by="later", at=now())
    other.fetch(also_closed=True)
    assert other.paths()[0].read_bytes() == path.read_bytes()


def test_the_newest_campaign_takes_one_listing_of_the_bucket(
    bucket: BucketStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(machine(bucket, tmp_path / "one"))
    listed: list[BucketStore] = []
    sizes = BucketStore.sizes

    def counting(store: BucketStore) -> dict[str, int]:
        listed.append(store)
        return sizes(store)

    monkeypatch.setattr(BucketStore, "sizes", counting)

    assert [run.state for run in machine(bucket, tmp_path / "other").newest(None)] == ["complete"]
    assert len(listed) == 1


@pytest.mark.parametrize("name", ["../../evil.jsonl/00000", "x.jsonl/../00000", "a b.jsonl/00000", "run.txt/00000"])
def test_names_that_are_no_journals_are_passed_over(bucket: BucketStore, tmp_path: Path, name: str) -> None:
    mirror = Mirror(bucket.below("journal"), tmp_path / "journal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BucketStore, "sizes", lambda _bucket: {name: 10**6})
        mirror.fetch(also_closed=True)

    assert list(tmp_path.iterdir()) == []


def test_old_journals_are_removed_unless_something_is_open(
    bucket: BucketStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.storage.journal.folder._MOST_KEPT", 1)
    one, other = machine(bucket, tmp_path / "one"), machine(bucket, tmp_path / "other")
    runs = [new_run_id(NOON, chance) for chance in "abc"]
    kept(one, runs[0])
    begun(one, runs[1])
    kept(one, runs[2])
    one.prune()
    other.fetch(also_closed=True)

    assert [run.header.run.id for run in other.runs()] == runs[1:]
