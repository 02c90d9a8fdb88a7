"""What holds of every place of state, a folder and a bucket."""

import asyncio
import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from reconciler.clock import Clock
from reconciler.core.model.observed import KeptUsers
from reconciler.core.model.selection import parse_shard
from reconciler.core.model.settings import state_problem
from reconciler.errors import InputError, RefusedError, StateError, lacks_files
from reconciler.storage import store as storing
from reconciler.storage.bucket import BucketStore, open_bucket
from reconciler.storage.lease import SHARED_LIFETIME, Lease, holding, outlasting, running
from reconciler.storage.memory_ids import MemoryIds
from reconciler.storage.store import ChangedError, FolderStore, Kept, Store, changed
from tests.buckets import new_bucket, variables
from tests.builders import NOON
from tests.fakes import MovingTime


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    return FolderStore(tmp_path) if request.param == "folder" else open_bucket(new_bucket(monkeypatch))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    return open_bucket(new_bucket(monkeypatch))


def lease(store: Store, run: str, shard: str = "", clock: Clock | None = None) -> AbstractContextManager[Lease]:
    part = parse_shard(shard) if shard else None
    return holding(store, account="a", run=run, environment="e", clock=clock or Clock(lambda: NOON), shard=part)


def test_what_is_written_is_read_again_and_listed(store: Store) -> None:
    assert store.read("a.json") == Kept(None)
    assert store.names() == []

    store.write("a.json", b"1", over=Kept(None))

    assert store.read("a.json").data == b"1"
    assert "a.json" in store.names()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_what_may_not_be_opened_is_neither_missing_nor_written_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def no_file(path: Path) -> bytes:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(storing, "read_kept", no_file)

    with pytest.raises(StateError, match=f"cannot read .*a.json: {os.strerror(number)}") as caught:
        changed(FolderStore(tmp_path), "a.json", lambda _: b"1")
    assert lacks_files(caught.value)


def test_nothing_is_written_over_what_was_not_read(store: Store) -> None:
    first = store.write("a.json", b"1", over=Kept(None))
    with pytest.raises(ChangedError):
        store.write("a.json", b"2", over=Kept(None))
    store.write("a.json", b"2", over=first)
    with pytest.raises(ChangedError):
        store.write("a.json", b"3", over=first)

    assert store.read("a.json").data == b"2"


def test_of_many_who_add_something_at_once_nobody_is_lost(store: Store) -> None:
    def add(number: int) -> None:
        changed(store, "names", lambda data: (data or b"") + b"%d " % number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))

    assert sorted((store.read("names").data or b"").split()) == sorted(b"%d" % number for number in range(12))


def test_two_who_learn_ids_and_users_at_once_keep_those_of_both(store: Store) -> None:
    def learn(n: int) -> None:
        ids = MemoryIds(store, "test", "sandbox", "hmac:0")
        ids.remember({f"memory-{n}": f"id-{n}"})
        users = {f"id-{n}": {"user": ("hmac:1", "2026-01-02T12:00:00.000Z")}}
        ids.remember_users(KeptUsers(users, "", is_writing=False), is_applying=False)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(learn, range(6)))

    ids = MemoryIds(store, "test", "sandbox", "hmac:0")
    assert ids.load() == {f"memory-{n}": f"id-{n}" for n in range(6)}
    assert set(ids.load_users().memories) == {f"id-{n}" for n in range(6)}


def test_an_older_copy_of_ids_replaces_nothing(store: Store) -> None:
    ids, older = (MemoryIds(store, "test", "sandbox", "hmac:0") for _ in range(2))
    newer = KeptUsers({"id": {"user": ("hmac:2", "2026-01-02T13:00:00.000Z")}}, "", is_writing=False)
    ids.remember_users(newer, is_applying=False)
    older.remember_users(
        KeptUsers({"id": {"user": ("hmac:1", "2026-01-02T12:00:00.000Z")}}, "", is_writing=False), is_applying=False
    )

    assert ids.load_users().memories == newer.memories


def test_a_half_written_object_counts_as_nothing_and_is_replaced(store: Store) -> None:
    store.write("ids.json", b'{"format_version": "1.0", "enviro', over=Kept(None))
    ids = MemoryIds(store, "test", "sandbox", "hmac:0")

    assert ids.load() == {}
    ids.remember({"memory": "id"})
    assert ids.load() == {"memory": "id"}


@pytest.mark.parametrize(("one", "other"), [("", ""), ("0/4", "0/4"), ("0/2", "2/4"), ("0/4", ""), ("", "0/4")])
def test_what_may_have_a_contact_in_common_is_held_once(store: Store, one: str, other: str) -> None:
    with lease(store, "run-1", one), pytest.raises(RefusedError, match="run run-1"), lease(store, "run-2", other):
        pass
    with lease(store, "run-2", other):
        assert running(store, NOON) == {"run-2"}
    assert running(store, NOON) == frozenset()


def test_shards_without_a_contact_in_common_are_held_side_by_side(store: Store) -> None:
    with lease(store, "run-1", "0/4"), lease(store, "run-2", "1/4"):
        assert running(store, NOON) == {"run-1", "run-2"}


@pytest.mark.parametrize(("one", "other"), [("", ""), ("0/2", "0/2"), ("", "0/2"), ("0/2", "2/4")])
def test_of_two_who_take_a_lease_at_once_never_both_have_it(store: Store, one: str, other: str) -> None:
    inside: set[str] = set()
    together = Barrier(2)

    def take(run: str, shard: str) -> int:
        together.wait(10)
        with suppress(RefusedError), lease(store, run, shard):
            inside.add(run)
            sleep(0.05)
            seen = len(inside)
            inside.discard(run)
            return seen
        return 0

    with ThreadPoolExecutor(2) as pool:
        assert max(pool.map(take, ["run-1", "run-2"], [one, other])) <= 1


def left_behind(bucket: BucketStore, run: str) -> None:
    """Leave the lease of a run that was killed."""
    with lease(bucket, run):
        (note,) = bucket.names()
        kept = bucket.read(note)
    bucket.put(note, kept.data or b"")


def test_the_lease_of_a_killed_run_is_taken_over_once_it_expires(bucket: BucketStore) -> None:
    left_behind(bucket, "run-1")

    with pytest.raises(RefusedError, match=r"expires at 2026-01-02T12:05:00Z, or at once when you remove s3:"):
        lease(bucket, "run-2").__enter__()
    with lease(bucket, "run-2", clock=Clock(lambda: NOON + SHARED_LIFETIME)):
        assert running(bucket, NOON + SHARED_LIFETIME) == {"run-2"}


def outlasted(bucket: BucketStore, *events: Callable[[], object]) -> tuple[float, list[str]]:
    """Wait for another run, one of the events a look, and return the seconds and what was told."""
    time, told, left = MovingTime(NOON), list[str](), list(events)

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds)
        if left:
            left.pop(0)()

    clock = Clock(lambda: time.now, sleep=sleep)
    asyncio.run(outlasting(bucket, account="a", shard=None, clock=clock, tell=told.append))
    return (time.now - NOON).total_seconds(), told


def test_a_killed_run_is_waited_for_until_its_lease_expires(bucket: BucketStore) -> None:
    left_behind(bucket, "run-1")
    waited, told = outlasted(bucket)

    assert waited == SHARED_LIFETIME.total_seconds()
    assert len(told) == 1
    assert "run run-1) has the lease; waiting for its end, or for 2026-01-02T12:05:00Z if it was killed" in told[0]


def test_a_run_that_ends_is_waited_for_and_one_that_lives_is_not(bucket: BucketStore) -> None:
    held = lease(bucket, "run-1", clock=Clock(lambda: moment))
    moment = NOON
    living = held.__enter__()
    moment += timedelta(minutes=1)

    assert outlasted(bucket, lambda: None, living.renew)[0] == 2
    assert outlasted(bucket, lambda: held.__exit__(None, None, None))[0] == 1
    assert outlasted(bucket) == (0, [])


def test_who_lost_the_lease_is_told_and_takes_nothing_back(bucket: BucketStore) -> None:
    times = iter([NOON, NOON, *[NOON + timedelta(minutes=6)] * 9])
    first = lease(bucket, "run-1", clock=Clock(lambda: next(times)))
    second = lease(bucket, "run-2", clock=Clock(lambda: NOON + timedelta(minutes=5)))
    with first as lost, second:
        with pytest.raises(RefusedError, match=r"lease of this run expired, and another apply .* has taken it"):
            lost.renew()
        lost.release()
        assert running(bucket, NOON + timedelta(minutes=6)) == {"run-2"}


def unreachable(monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    for name, value in variables("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("reconciler.storage.bucket._RETRIES", {"max_retries": 0})
    return open_bucket("s3://bucket/prefix")


@pytest.mark.parametrize(
    "do",
    [
        lambda store: store.read("a"),
        lambda store: store.write("a", b"", over=Kept(None)),
        lambda store: store.names(),
        lambda store: lease(store, "run-1").__enter__(),
    ],
)
def test_a_store_that_cannot_be_reached_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, do: Callable[[Store], object]
) -> None:
    with pytest.raises(StateError, match=r"s3://bucket/prefix/.*: the store cannot be reached; check") as error:
        do(unreachable(monkeypatch))

    assert "test-secret-key" not in str(error.value)


def test_a_store_of_plain_http_is_read_only_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    new_bucket(monkeypatch)
    monkeypatch.delenv("AWS_ALLOW_HTTP")

    with pytest.raises(StateError, match=r"a: AWS_ENDPOINT_URL is plain HTTP; .* set AWS_ALLOW_HTTP=true$"):
        open_bucket("s3://bucket/state").read("a")


def test_a_bucket_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    new_bucket(monkeypatch)
    store = open_bucket("s3://no-such-bucket/state")

    with pytest.raises(StateError, match="cannot read s3://no-such-bucket/state/a: there is no such bucket"):
        store.read("a")


def test_the_condition_on_writes_is_tried(bucket: BucketStore, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.write("note", b"1", over=Kept(None))
    bucket.verify("note")

    monkeypatch.setattr(BucketStore, "write", lambda *_args, **_how: Kept(b""))
    with pytest.raises(StateError, match="If-None-Match"):
        bucket.verify("note")


def test_no_lease_is_taken_where_the_store_honours_no_condition(
    bucket: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over_anything(store: BucketStore, name: str, data: bytes, *, over: Kept) -> Kept:
        store.put(name, data)
        return over

    monkeypatch.setattr(BucketStore, "write", over_anything)
    with pytest.raises(StateError, match="If-None-Match"), lease(bucket, "run-1"):
        pytest.fail("two runs could hold this lease")


def test_two_who_write_the_same_over_the_same_have_both_written(bucket: BucketStore) -> None:
    kept = bucket.write("doctor.json", b"checked", over=Kept(None))
    bucket.write("doctor.json", b"checked", over=kept)
    bucket.put("doctor.json", b"other")
    bucket.put("doctor.json", b"checked")

    assert bucket.write("doctor.json", b"checked", over=Kept(b"checked", {"e_tag": "older"})).data == b"checked"


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/a/b", "gs://bucket/a/", "az://container/a"])
def test_urls_of_buckets_are_known(url: str) -> None:
    assert state_problem(url) == ""


@pytest.mark.parametrize(
    "url", ["s3://", "s3://user:pass@bucket/a", "s3://bucket/../a", "s3://b//a", "s3://b/a?x=1", "ftp://host/a"]
)
def test_other_urls_are_none(url: str) -> None:
    assert "neither a folder nor the URL of a bucket" in state_problem(url)


@pytest.mark.parametrize("place", ["~", "~/state", "~ops/state"])
def test_no_home_folder_is_meant(place: str) -> None:
    assert state_problem(place) == "~ stands for no home folder here"


@pytest.mark.parametrize("place", ["state", "./~", "/var/lib/reconciler"])
def test_folders_are_known(place: str) -> None:
    assert state_problem(place) == ""


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)

    with pytest.raises(InputError, match="needs obstore, which is not installed: install reconciler with its extra"):
        open_bucket("s3://bucket/prefix")
