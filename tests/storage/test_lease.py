import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Timer

import pytest
from filelock import FileLock

from reconciler.clock import Clock
from reconciler.core.model.observed import Absent
from reconciler.core.model.selection import parse_shard
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import RefusedError, StateError
from reconciler.storage.lease import LIFETIME, Lease, holding, renewing, running
from reconciler.storage.store import FolderStore
from tests.builders import NOON, memory, plan
from tests.fakes import MovingTime

HOST = socket.gethostname()


def lease(
    folder: Path, run: str = "run-1", now: Callable[[], datetime] = lambda: NOON, shard: str = ""
) -> AbstractContextManager[Lease]:
    part = parse_shard(shard) if shard else None
    return holding(
        FolderStore(folder), account="sandbox hmac:0", run=run, environment="test", clock=Clock(now), shard=part
    )


def note_of(folder: Path) -> Path:
    (note,) = folder.glob("*.json")
    return note


def left_behind(folder: Path, *, host: str) -> None:
    """Leave the note of a run that was killed."""
    with lease(folder):
        text = note_of(folder).read_text()
        path = note_of(folder)
    path.write_text(text.replace(HOST, host))


def test_a_second_run_is_refused_with_the_holder_and_what_to_do(tmp_path: Path) -> None:
    with lease(tmp_path), pytest.raises(RefusedError) as refusal, lease(tmp_path, "run-2"):
        pass

    text = str(refusal.value)
    assert f"process {os.getpid()} on {HOST}, environment test, since 2026-01-02T12:00:00Z, run run-1" in text
    assert "nothing was written: wait for it to end, or stop it" in text


@pytest.mark.parametrize(("one", "other"), [("0/4", "1/4"), ("0/2", "1/4"), ("2/3", "0/9")])
def test_shards_without_a_contact_in_common_run_side_by_side(tmp_path: Path, one: str, other: str) -> None:
    with lease(tmp_path, shard=one), lease(tmp_path, "run-2", shard=other):
        assert running(FolderStore(tmp_path), NOON) == {"run-1", "run-2"}

    assert running(FolderStore(tmp_path), NOON) == frozenset()


@pytest.mark.parametrize(
    ("one", "other"), [("0/4", "0/4"), ("0/2", "2/4"), ("1/2", "2/3"), ("0/4", ""), ("", "0/4"), ("0/1", "3/4")]
)
def test_what_may_have_a_contact_in_common_does_not_run_at_once(tmp_path: Path, one: str, other: str) -> None:
    with lease(tmp_path, shard=one), pytest.raises(RefusedError) as refusal, lease(tmp_path, "run-2", shard=other):
        pass

    assert f"another apply{f' of shard {one}' if one else ''} (process" in str(refusal.value)
    with lease(tmp_path, "run-2", shard=other):
        assert running(FolderStore(tmp_path), NOON) == {"run-2"}


def test_the_shard_of_a_killed_run_holds_nobody_up_and_that_of_another_machine_until_it_expires(tmp_path: Path) -> None:
    with lease(tmp_path, shard="0/4"):
        text, path = note_of(tmp_path).read_text(), note_of(tmp_path)
    path.write_text(text)
    with lease(tmp_path, "run-2"):
        pass
    path.write_text(text.replace(HOST, "elsewhere"))

    with pytest.raises(RefusedError, match="its lease expires at"), lease(tmp_path, "run-2"):
        pass
    with lease(tmp_path, "run-2", now=lambda: NOON + LIFETIME):
        pass


def test_another_account_has_a_lease_of_its_own(tmp_path: Path) -> None:
    store, clock = FolderStore(tmp_path), Clock(lambda: NOON)
    with lease(tmp_path), holding(store, account="else", run="2", environment="test", clock=clock):
        assert running(store, NOON) == {"run-1", "2"}


def test_a_lease_that_was_given_back_is_free(tmp_path: Path) -> None:
    with lease(tmp_path):
        pass
    with lease(tmp_path, "run-2"):
        assert running(FolderStore(tmp_path), NOON) == {"run-2"}

    assert running(FolderStore(tmp_path), NOON) == frozenset()


def test_a_note_of_a_killed_run_on_this_machine_holds_nobody_up(tmp_path: Path) -> None:
    left_behind(tmp_path, host=HOST)

    with lease(tmp_path, "run-2"):
        assert running(FolderStore(tmp_path), NOON) == {"run-2"}


def test_a_note_of_another_machine_counts_until_it_expires(tmp_path: Path) -> None:
    left_behind(tmp_path, host="elsewhere")

    with pytest.raises(RefusedError, match="its lease expires at 2026-01-02T12:30:00Z"), lease(tmp_path, "run-2"):
        pass
    with lease(tmp_path, "run-2", now=lambda: NOON + LIFETIME):
        pass


def test_a_lease_is_renewed(tmp_path: Path) -> None:
    times = iter([NOON, NOON, NOON + timedelta(minutes=20)])
    with lease(tmp_path, now=lambda: next(times)) as held:
        held.renew()
        assert '"2026-01-02T12:50:00Z"' in note_of(tmp_path).read_text()


def test_a_lease_that_expired_and_was_taken_by_another_is_not_renewed(tmp_path: Path) -> None:
    with lease(tmp_path) as held:
        note = note_of(tmp_path)
        note.write_text(note.read_text().replace("run-1", "run-2"))
        with pytest.raises(RefusedError, match="has taken it"):
            held.renew()

    assert "run-2" in note.read_text()


def test_a_run_that_is_dead_does_not_seem_to_run(tmp_path: Path) -> None:
    left_behind(tmp_path, host=HOST)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    note = note_of(tmp_path)
    note.write_text(note.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {child.pid}'))

    assert running(FolderStore(tmp_path), NOON) == frozenset()


def test_a_run_whose_lock_may_not_be_tried_seems_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(_lock: FileLock, **_how: float) -> None:
        raise PermissionError

    left_behind(tmp_path, host=HOST)
    monkeypatch.setattr(FileLock, "acquire", forbid)

    assert running(FolderStore(tmp_path), NOON) == {"run-1"}


def test_no_process_is_asked_by_its_id_since_on_windows_that_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "kill")
    with lease(tmp_path):
        assert running(FolderStore(tmp_path), NOON) == {"run-1"}
    left_behind(tmp_path, host=HOST)

    assert running(FolderStore(tmp_path), NOON) == frozenset()


def test_who_lists_runs_holds_no_apply_up(tmp_path: Path) -> None:
    left_behind(tmp_path, host=HOST)
    looked_at = FileLock(note_of(tmp_path).with_suffix(".lock"), thread_local=False)
    looked_at.acquire()
    Timer(0.01, looked_at.release).start()

    with lease(tmp_path, "run-2"):
        assert running(FolderStore(tmp_path), NOON) == {"run-2"}


def test_who_lists_runs_leaves_no_file(tmp_path: Path) -> None:
    left_behind(tmp_path, host=HOST)
    note_of(tmp_path).with_suffix(".lock").unlink()
    before = sorted(tmp_path.iterdir())

    assert running(FolderStore(tmp_path), NOON) == frozenset()
    assert sorted(tmp_path.iterdir()) == before


def test_a_note_that_counts_for_centuries_says_how_to_be_rid_of_it(tmp_path: Path) -> None:
    left_behind(tmp_path, host="elsewhere")
    note = note_of(tmp_path)
    note.write_text(note.read_text().replace("2026-01-02T12:30", "2999-01-01T00:00"))

    with pytest.raises(RefusedError) as refusal, lease(tmp_path, "run-2"):
        pass
    assert f"expires at 2999-01-01T00:00:00Z, or at once when you remove {note}" in str(refusal.value)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"expires_at": "9999-12-31T23:59:59-23:00"},
        {"since": "0001-01-01T00:00:00+23:00"},
        {"expires_at": 10**40},
        {"pid": "[" * 5000},
        {"host": "x" * 10**6},
        {"run": {"a": [None]}},
        [],
    ],
)
def test_nonsense_in_a_note_holds_nobody_up(tmp_path: Path, nonsense: object) -> None:
    left_behind(tmp_path, host="elsewhere")
    note = note_of(tmp_path)
    whole = json.loads(note.read_text())
    note.write_text(json.dumps(whole | nonsense if isinstance(nonsense, dict) else nonsense))

    assert running(FolderStore(tmp_path), NOON) == frozenset()
    with lease(tmp_path, "run-2"):
        assert running(FolderStore(tmp_path), NOON) == {"run-2"}


@pytest.mark.parametrize("content", [b"\x00\xff", b"[" * 100_000, b"", b"1" * 10_000, b'{"run": 1}'])
def test_bytes_that_are_no_note_hold_nobody_up(tmp_path: Path, content: bytes) -> None:
    left_behind(tmp_path, host="elsewhere")
    note_of(tmp_path).write_bytes(content)

    with lease(tmp_path, "run-2"):
        assert running(FolderStore(tmp_path), NOON) == {"run-2"}


@pytest.mark.parametrize("suffix", [".json", ".lock"])
def test_a_lease_is_taken_through_no_link(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "leases"
    left_behind(folder, host=HOST)
    path = note_of(folder).with_suffix(suffix)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="is a link"), lease(folder, "run-2"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_another_machines_run_seems_to_run_until_its_note_expires(tmp_path: Path) -> None:
    left_behind(tmp_path, host="elsewhere")

    assert running(FolderStore(tmp_path), NOON) == {"run-1"}
    assert running(FolderStore(tmp_path), NOON + LIFETIME) == frozenset()


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("a file where the folder should be")

    with pytest.raises(StateError, match=r"cannot lock .*nothing was written"), lease(tmp_path / "leases"):
        pass


def test_a_lease_is_renewed_before_an_operation_now_and_then(tmp_path: Path) -> None:
    made = plan(memory({"a": 1}), Absent())
    times = iter([NOON, NOON, NOON + timedelta(seconds=30), *[NOON + timedelta(minutes=5)] * 2])

    async def work(held: Lease) -> list[str]:
        notes = []
        for operation in made.operations:
            await held.intent(operation)
            held.outcome(Outcome(operation, "done"))
            notes.append(note_of(tmp_path).read_text())
        return notes

    with lease(tmp_path, now=lambda: next(times)) as held:
        first, second = asyncio.run(work(held))

    assert '"2026-01-02T12:30:00Z"' in first
    assert '"2026-01-02T12:35:00Z"' in second


def test_a_lease_outlives_a_wait_that_is_longer_than_it_counts(tmp_path: Path) -> None:
    time = MovingTime(NOON)

    async def wait(held: Lease) -> None:
        async with renewing(held, time.clock):
            await time.until(NOON + timedelta(hours=1))

    with lease(tmp_path, now=time.clock.now) as held:
        asyncio.run(wait(held))
        note_of(tmp_path).write_text(note_of(tmp_path).read_text().replace(HOST, "elsewhere"))
        assert running(FolderStore(tmp_path), time.now) == {"run-1"}


@pytest.mark.parametrize(("trouble", "error"), [("taken", RefusedError), ("gone", StateError)])
def test_a_lease_that_cannot_be_renewed_in_a_wait_forbids_the_next_operation(
    tmp_path: Path, trouble: str, error: type[Exception]
) -> None:
    time = MovingTime(NOON)
    (operation, *_) = plan(memory({"a": 1}), Absent()).operations

    async def wait(held: Lease) -> None:
        async with renewing(held, time.clock):
            await time.until(NOON + timedelta(minutes=5))
        with pytest.raises(error):
            await held.intent(operation)

    with lease(tmp_path / "leases", now=time.clock.now) as held:
        note = note_of(tmp_path / "leases")
        if trouble == "taken":
            note.write_text(note.read_text().replace("run-1", "run-2"))
        else:
            (tmp_path / "leases").rename(tmp_path / "moved")
        asyncio.run(wait(held))
