import asyncio
import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.concurrency import Stop
from reconciler.core.documents.runs import PastRun, RunHeader
from reconciler.core.model.observed import Absent
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome, RunRecord
from reconciler.errors import InputError, StateError
from reconciler.execute import execute
from reconciler.storage.journal import FileLog, Journal, JournalFolder, new_run_id, read_run
from reconciler.storage.journal.reading import outline_bytes, read_outline, read_outline_bytes
from tests.builders import NOON, memory, plan, plan_all, user
from tests.fakes import FakeWriter

NEW = plan(memory({"plan": "a private plan"}, users=[user()]), Absent())
RUN = new_run_id(NOON, "cafe")
ACCOUNT = {"environment": "test", "api": "sandbox", "account": "hmac:0"}


def header(run: str = RUN, operations: int = 3) -> RunHeader:
    return RunHeader(
        RunRecord(run), "test", "sandbox", "hmac:0", "sha256:0", "2026-01-02T12:00:00.000Z", {"any": operations}
    )


def now() -> str:
    return "2026-01-02T12:00:01.000Z"


class FakeLog(FileLog):
    """Keeps what is on disk apart from what is not yet; fails with ENOSPC at the `room`-th call."""

    def __init__(self, room: int = 10**9) -> None:
        self.room = room
        self.lines: list[bytes] = []
        self.on_disk = 0
        self.syncs = 0
        self.is_open = True

    def append(self, data: bytes) -> None:
        self._use_room()
        self.lines.append(data)

    def sync(self) -> None:
        self._use_room()
        self.on_disk = len(self.lines)
        self.syncs += 1

    def close(self) -> None:
        self.is_open = False

    def _use_room(self) -> None:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @property
    def kinds(self) -> list[str]:
        return [json.loads(line)["kind"] for line in self.lines]


def started(folder: JournalFolder, run: str = RUN) -> Journal:
    return folder.start(header(run), now=now, requests=lambda: 0)


def kept(log: FileLog, writer: FakeWriter | None = None) -> list[Outcome]:
    """Execute with a journal."""

    async def work() -> list[Outcome]:
        journal = Journal(log, header(), now=now, requests=lambda: 0)
        try:
            execution = await execute(NEW, writer or FakeWriter(), concurrency=1, stop=Stop(), observer=journal)
        finally:
            journal.close(stop_requested=False)
        return list(execution.outcomes)

    return asyncio.run(work())


def whole(folder: Path) -> Path:
    """Give the journal of a run that is complete."""
    path = folder / f"{RUN}.jsonl"
    kept(FileLog(path))
    return path


def run_of(path: Path) -> PastRun:
    run = read_run(path)
    assert run is not None
    return run


def test_each_intent_is_on_disk_before_its_request_leaves() -> None:
    class Watching(FakeWriter):
        def _call(self, name: str, subject: str) -> None:
            super()._call(name, subject)
            assert json.loads(log.lines[log.on_disk - 1])["kind"] == "intent"

    log = FakeLog()
    kept(log, Watching())

    assert log.kinds == ["run", "intent", "outcome", "intent", "outcome", "intent", "outcome", "end"]
    assert log.on_disk == len(log.lines)
    assert not log.is_open


def test_a_journal_holds_no_value(tmp_path: Path) -> None:
    assert b"private" not in whole(tmp_path).read_bytes()


def test_a_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert whole(tmp_path).stat().st_mode & 0o777 == 0o600


def test_many_operations_at_once_share_the_wait_for_the_disk() -> None:
    made = plan_all([(memory({"a": 1}, contact=f"c{n}"), Absent()) for n in range(20)])
    log = FakeLog()

    async def work() -> None:
        journal = Journal(log, header(operations=40), now=now, requests=lambda: 0)
        await asyncio.gather(*(journal.intent(operation) for operation in made.operations))

    asyncio.run(work())

    assert log.on_disk == 41
    assert log.syncs <= 3


class _MeanLog(FakeLog):
    """Puts on disk only what was there when the sync began; the loop goes on while it is under way."""

    loop: asyncio.AbstractEventLoop | None = None

    def sync(self) -> None:
        begun = len(self.lines)
        if self.loop:
            asyncio.run_coroutine_threadsafe(_turns(9), self.loop).result(10)
        super().sync()
        self.on_disk = begun


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("gap", [*range(12), 30])
def test_no_intent_returns_before_its_own_line_is_on_disk_whenever_it_comes(gap: int) -> None:
    made = plan_all([(memory({"a": 1}, contact=f"c{n}"), Absent()) for n in range(6)])
    log = _MeanLog()
    journal = Journal(log, header(), now=now, requests=lambda: 0)

    async def intent(operation: Operation, turns: int) -> bool:
        await _turns(turns)
        await journal.intent(operation)
        return operation.address in [json.loads(line).get("address") for line in log.lines[: log.on_disk]]

    async def work() -> list[bool]:
        log.loop = asyncio.get_running_loop()
        return await asyncio.gather(*(intent(item, gap * n) for n, item in enumerate(list(made.operations)[:6])))

    assert asyncio.run(work()) == [True] * 6


def test_an_intent_that_comes_while_the_disk_refuses_another_is_refused_as_well() -> None:
    made = plan_all([(memory({"a": 1}, contact=f"c{n}"), Absent()) for n in range(3)])
    log = FakeLog(room=5)  # the line and the sync of the run, and three lines

    async def work() -> list[object]:
        journal = Journal(log, header(), now=now, requests=lambda: 0)
        intents = [journal.intent(operation) for operation in list(made.operations)[:3]]
        return list(await asyncio.gather(*intents, return_exceptions=True))

    assert [type(error) for error in asyncio.run(work())] == [StateError] * 3


@pytest.mark.parametrize("room", range(2, 14))
def test_a_disk_that_fills_lets_no_further_request_leave_and_what_stands_there_stays_true(room: int) -> None:
    log, writer = FakeLog(room), FakeWriter()
    outcomes = kept(log, writer)

    announced = log.kinds.count("intent")
    assert len(writer.calls) <= announced
    assert [outcome.result for outcome in outcomes] == ["done"] * len(writer.calls) + ["skipped"] * (
        3 - len(writer.calls)
    )
    assert all("No space left on device" in outcome.detail for outcome in outcomes if outcome.result == "skipped")


@pytest.mark.parametrize("room", [0, 1])
def test_a_disk_that_is_full_from_the_start_is_an_error_before_the_first_write(room: int) -> None:
    log = FakeLog(room)
    with pytest.raises(StateError, match="No space left on device"):
        Journal(log, header(), now=now, requests=lambda: 0)

    assert not log.is_open


def test_a_device_that_is_really_full_is_an_error_before_the_first_write() -> None:
    class Full(FileLog):
        def __init__(self) -> None:
            self._descriptor = os.open("/dev/full", os.O_WRONLY)

    with pytest.raises(StateError, match="the journal cannot be written: No space left on device"):
        Journal(Full(), header(), now=now, requests=lambda: 0)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")

    with pytest.raises(StateError, match="nothing was written to the account"):
        started(JournalFolder(tmp_path / "journal"))


def test_a_torn_journal_tells_less_and_never_what_is_not_so(tmp_path: Path) -> None:
    content = whole(tmp_path).read_bytes()
    torn = tmp_path / "torn.jsonl"
    for size in range(len(content)):
        torn.write_bytes(content[:size])
        lines = [json.loads(line) for line in content[:size].split(b"\n")[:-1]]
        intents = [line["type"] for line in lines if line["kind"] == "intent"]
        known = [line["type"] for line in lines if line["kind"] == "outcome"]
        run = read_run(torn)
        assert (run is None) == (not lines)
        if run is not None:
            assert run.state == "killed"
            assert run.needs_resolving
            assert [step.type for step in run.steps] == intents
            assert [step.type for step in run.open_steps] == [kind for kind in intents if kind not in known]


def test_a_journal_whose_first_line_is_torn_is_of_a_run_that_began_nothing(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    path = whole(tmp_path)
    content = path.read_bytes()
    header_size = content.index(b"\n") + 1
    for size in range(header_size):
        path.write_bytes(content[:size])
        folder.check()
        assert ([*folder.runs()], folder.unresolved(**ACCOUNT)) == ([], [])
    path.write_bytes(content[:header_size])
    assert [run.header.run.id for run in folder.unresolved(**ACCOUNT)] == [RUN]


def test_a_torn_journal_can_be_settled(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    content = whole(tmp_path).read_bytes()
    header_size = content.index(b"\n") + 1
    for size in range(header_size, len(content)):
        (tmp_path / f"{RUN}.jsonl").write_bytes(content[:size])
        assert [run.header.run.id for run in folder.unresolved(**ACCOUNT)] == [RUN]
        folder.resolve(RUN, by="next", at=now())
        assert folder.unresolved(**ACCOUNT) == []
        assert run_of(tmp_path / f"{RUN}.jsonl").resolved


def test_a_run_that_is_complete_leaves_nothing_to_settle(tmp_path: Path) -> None:
    run = run_of(whole(tmp_path))

    assert (run.state, run.totals["done"], run.not_begun) == ("complete", 3, 0)
    assert JournalFolder(tmp_path).unresolved(**ACCOUNT) == []


def test_the_journals_of_another_account_are_not_this_ones_to_settle(tmp_path: Path) -> None:
    path = whole(tmp_path)
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n")

    assert JournalFolder(tmp_path).unresolved(**{**ACCOUNT, "account": "hmac:1"}) == []


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_a_journal_of_another_version_is_an_error_that_says_what_to_do(tmp_path: Path, version: str) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"kind": "novel", "format_version": version}) + "\n")

    with pytest.raises(StateError, match=f"version '{version}'.*nothing was written: use the program that wrote it"):
        JournalFolder(tmp_path).check()


@pytest.mark.parametrize("line", ["not json", "{}", '{"kind": "intent"}', '{"kind": "else"}'])
def test_a_damaged_journal_is_an_error_with_its_place(tmp_path: Path, line: str) -> None:
    path = whole(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, ""]))

    with pytest.raises(StateError, match=":2 is not a line of a journal"):
        read_run(path)


def test_ids_of_runs_sort_by_time() -> None:
    times = [NOON + timedelta(milliseconds=n * 333) for n in range(20)]

    assert [new_run_id(moment, f"{99 - n}") for n, moment in enumerate(times)] == sorted(
        new_run_id(moment, f"{99 - n}") for n, moment in enumerate(times)
    )
    assert new_run_id(datetime(2026, 1, 2, 3, 4, 5, 6_000, UTC), "cafe") == "20260102T030405006Z-cafe"


def test_a_run_is_found_by_the_start_of_its_id(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    for name in ("2026a", "2026b", "2027c"):
        (tmp_path / f"{name}.jsonl").touch()

    assert folder.find("2027").stem == "2027c"
    with pytest.raises(InputError, match="start of 2 runs"):
        folder.find("2026")
    with pytest.raises(InputError, match="no run '2028'"):
        folder.find("2028")


def test_old_journals_are_removed_unless_nobody_has_looked_at_what_they_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.storage.journal.folder._MOST_KEPT", 50)
    content = whole(tmp_path).read_bytes()
    for n in range(60):
        (tmp_path / f"2020-{n:02}.jsonl").write_bytes(content)
    (tmp_path / "2020-03.jsonl").write_bytes(content[:-9])
    JournalFolder(tmp_path).prune()
    names = [path.stem for path in JournalFolder(tmp_path).paths()]

    assert names == ["2020-03", *(f"2020-{n}" for n in range(11, 60)), RUN]


def test_two_runs_never_share_a_journal(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    started(folder).close(stop_requested=False)

    with pytest.raises(StateError, match="File exists"):
        started(folder)


def test_an_execution_that_breaks_off_has_no_end(tmp_path: Path) -> None:
    journal = started(JournalFolder(tmp_path))
    journal.close(stop_requested=True)

    assert run_of(tmp_path / f"{RUN}.jsonl").state == "killed"


@pytest.mark.parametrize(("stop_requested", "state"), [(True, "interrupted"), (False, "incomplete")])
def test_what_was_stopped_is_told_from_what_failed(tmp_path: Path, stop_requested: bool, state: str) -> None:  # noqa: FBT001
    def outcome(operation: Operation) -> Outcome:
        return Outcome(operation, "skipped", "")

    journal = started(JournalFolder(tmp_path))
    for operation in NEW.operations:
        journal.outcome(outcome(operation))
    journal.close(stop_requested=stop_requested)

    assert run_of(tmp_path / f"{RUN}.jsonl").state == state


def test_a_disk_that_is_full_leaves_no_journal_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(FileLog):
        def append(self, data: bytes) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), data)

    monkeypatch.setattr("reconciler.storage.journal.folder.FileLog", Full)
    with pytest.raises(StateError, match=r"No space left on device .*nothing was written to the account"):
        started(JournalFolder(tmp_path))

    assert JournalFolder(tmp_path).paths() == []


def test_once_a_line_is_lost_none_is_written_any_more_even_if_there_is_room_again() -> None:
    class Hiccup(FakeLog):
        """Fails once."""

        def _use_room(self) -> None:
            self.room -= 1
            if self.room == -1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log = Hiccup(room=4)
    outcomes = kept(log)

    assert log.kinds == ["run", "intent"]
    assert [outcome.result for outcome in outcomes] == ["done", "skipped", "skipped"]


def test_a_stop_that_came_when_all_was_done_interrupted_nothing(tmp_path: Path) -> None:
    journal = started(JournalFolder(tmp_path))
    for operation in NEW.operations:
        journal.outcome(Outcome(operation, "done"))
    journal.close(stop_requested=True)

    assert not run_of(tmp_path / f"{RUN}.jsonl").interrupted


def test_an_outcome_that_could_not_be_noted_leaves_the_run_without_an_end(tmp_path: Path) -> None:
    times = iter([now(), now()])  # a defect where there should be a third
    journal = JournalFolder(tmp_path).start(header(), now=lambda: next(times), requests=lambda: 0)
    for operation in NEW.operations:
        with suppress(StopIteration):
            journal.outcome(Outcome(operation, "done"))
    journal.close(stop_requested=False)

    assert run_of(tmp_path / f"{RUN}.jsonl").state == "killed"


class Syncs:
    """Notes what was on disk, folders and the content of files, whenever the system is asked to put it there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[bytes | None] = []
        monkeypatch.setattr(os, "fsync", self.note)

    def note(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        self.seen.append(None if path.is_dir() else path.read_bytes())


def test_the_name_of_a_new_journal_is_on_disk_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = Syncs(monkeypatch)
    started(JournalFolder(tmp_path))

    assert syncs.seen == [None, (tmp_path / f"{RUN}.jsonl").read_bytes()]


def test_that_a_run_is_settled_is_on_disk_in_the_place_of_its_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = whole(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:-1] + b" " * 500)
    syncs = Syncs(monkeypatch)
    JournalFolder(tmp_path).resolve(RUN, by="next", at=now())

    first, second = path.read_bytes().splitlines(keepends=True)
    assert first == lines[0]
    assert json.loads(second) == {"kind": "resolved", "at": now(), "by": "next"}
    assert syncs.seen == [first + second]


def test_a_journal_that_is_gone_cannot_be_read_or_settled(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"cannot read .*No such file"):
        read_run(tmp_path / "gone.jsonl")
    with pytest.raises(StateError, match=r"cannot write .*No such file"):
        JournalFolder(tmp_path).resolve("gone", by="next", at=now())


def test_a_file_that_is_no_journal_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("not json\n")
    with pytest.raises(StateError, match=":1 is not a line of a journal"):
        JournalFolder(tmp_path).check()

    (tmp_path / "a.jsonl").write_text('{"kind": "resolved", "format_version": "1.0", "at": "then", "by": "next"}\n')
    with pytest.raises(StateError, match=":1 is not a line of a journal"):
        read_run(tmp_path / "a.jsonl")


NONSENSE: Mapping[str, bytes] = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep in a line": b'{"kind": "run", "format_version": "1.0", "operations": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    "binary": bytes(range(256)),
    "wrong types": b'{"kind": "run", "format_version": "1.0", "run": {"a": 1}}',
    "a huge number": b'{"kind": "run", "format_version": "1.0", "run": ' + b"9" * 10_000 + b"}",
    "no mapping": b"[1, 2]",
    "nothing": b"",
}


@pytest.mark.parametrize("where", [0, 1])
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_told_in_words(tmp_path: Path, name: str, where: int) -> None:
    path = whole(tmp_path)
    lines = path.read_bytes().splitlines()[:2]
    lines[where] = NONSENSE[name].replace(b"\n", b"")
    path.write_bytes(b"\n".join(lines) + b"\n")

    with pytest.raises(StateError, match=r"is not a line of a journal|is a journal of version"):
        read_run(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("run", "../../elsewhere"),
        ("run", ""),
        ("started_at", "\x1b[31mnow"),
        ("started_at", "yesterday"),
        ("operations", {"add_user": 10**40}),
        ("operations", {"add_user": -1}),
    ],
)
def test_what_no_run_writes_is_no_line(tmp_path: Path, key: str, value: object) -> None:
    path = whole(tmp_path)
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(json.dumps(json.loads(first) | {key: value}).encode() + b"\n" + b"".join(rest))

    with pytest.raises(StateError, match=":1 is not a line of a journal"):
        read_run(path)


@pytest.mark.parametrize("totals", [{}, {"done": 3}, {"done": "all"}, []])
def test_totals_that_no_run_writes_are_read_from_no_journal_and_no_mark(tmp_path: Path, totals: object) -> None:
    path = whole(tmp_path)
    outline = read_outline(path)
    assert outline is not None
    mark = json.loads(outline_bytes(outline)) | {"counted": totals}
    *lines, end = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines) + json.dumps(json.loads(end) | {"totals": totals}).encode() + b"\n")

    assert read_outline_bytes(json.dumps(mark).encode()) is None
    with pytest.raises(StateError, match=f":{len(lines) + 1} is not a line of a journal"):
        read_outline(path)


def test_a_journal_under_another_name_settles_nobody_elses(tmp_path: Path) -> None:
    path = whole(tmp_path)
    (tmp_path / "other.jsonl").write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    with pytest.raises(StateError, match=f"is the journal of the run {RUN}: give it that name"):
        JournalFolder(tmp_path).unresolved(**ACCOUNT)


def test_neither_a_link_in_the_place_of_the_folder_nor_of_a_journal_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    journal = whole(tmp_path / "real")
    before = journal.read_bytes()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / journal.name).symlink_to(journal)

    with pytest.raises(StateError, match="is a link"):
        JournalFolder(tmp_path / "link").check()
    with pytest.raises(StateError, match="is a link"):
        started(JournalFolder(tmp_path / "link"), "new")
    with pytest.raises(StateError, match="cannot write"):
        JournalFolder(tmp_path / "folder").resolve(RUN, by="next", at=now())
    assert journal.read_bytes() == before


@pytest.mark.parametrize("make", ["mkfifo", "mkdir"])
def test_what_is_no_file_is_no_journal(tmp_path: Path, make: str) -> None:
    if not hasattr(os, make):
        pytest.skip("not on this system")
    getattr(os, make)(tmp_path / "20260101T000000000Z-aaaaaaaa.jsonl")

    assert [*JournalFolder(tmp_path).runs()] == []
