"""One rate limit for many runs: on virtual time, against an account that refuses what is too much."""

import asyncio
import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

import pytest

from reconciler.api.answers import ThrottledError
from reconciler.api.pacer import Pacer, Waiting
from reconciler.api.row import RequestRow
from reconciler.api.sharing import SharedWindow
from reconciler.clock import Clock
from reconciler.concurrency import for_each
from reconciler.core.model.settings import Rate, parse_rate
from reconciler.errors import NotSentError, StateError
from reconciler.storage.allowance import SharedAllowance
from reconciler.storage.bucket import BucketStore, open_bucket
from reconciler.storage.store import ChangedError, FolderStore, Kept, Store
from tests.buckets import new_bucket

RATE = Rate(60, 10)


@dataclass
class Account:
    """An account with a sliding window, on a time that passes when all wait."""

    rate: Rate = RATE
    now: float = 1000.0
    refused: int = 0
    passed: deque[float] = field(default_factory=deque)
    sent: int = 0
    sent_at: list[float] = field(default_factory=list)
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    async def sleep(self, seconds: float, _why: str = "") -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), future))
        await future

    async def exchange(self) -> None:
        await self.sleep(0.05)
        self.sent += 1
        self.sent_at.append(self.now)
        while self.passed and self.passed[0] <= self.now - self.rate.seconds:
            self.passed.popleft()
        is_too_much = len(self.passed) >= self.rate.requests
        if is_too_much:
            self.refused += 1
        else:
            self.passed.append(self.now)
        await self.sleep(0.05)
        if is_too_much:
            raise ThrottledError("slow down", retry_after=None)

    async def until_done(self, work: "asyncio.Future[object]") -> None:
        """Let time pass whenever nobody has anything to do."""
        while not work.done():
            for _ in range(30):
                await asyncio.sleep(0)
            if self._sleepers and not work.done():
                self.now, _, future = heapq.heappop(self._sleepers)
                future.set_result(None)
        await work

    def pacer(self, window: SharedWindow | None) -> Pacer:
        waiting = Waiting(clock=Clock(monotonic=lambda: self.now), wait=self.sleep)
        return Pacer(concurrency=4, rate=self.rate, waiting=waiting, window=window)


class BusyStore(FolderStore, frozen=True):
    """A folder where a part of all writes come too late, as others write at the same time."""

    lost: float
    random: Random

    def write(self, name: str, data: bytes, *, over: Kept) -> Kept:
        if self.random.random() < self.lost:
            raise ChangedError("changed by another process")
        return super().write(name, data, over=over)


def shared(store: Store, account: Account, run: str) -> SharedWindow:
    allowance = SharedAllowance(store, "allowance.json", account.rate, run)
    return SharedWindow(account.rate, allowance.draw, time_of_day=lambda: account.now + 10**9, blocks=False)


def send(account: Account, pacers: list[Pacer], requests: int, *, row: int = 1) -> float:
    """Let each pacer send so many requests, in rows that begin once there is room, and return how long it took."""
    began = account.now

    async def work(pacer: Pacer) -> None:
        async def one(_number: int) -> None:
            piece = RequestRow(pacer)
            await piece.open(lambda: row)
            for _ in range(row):
                await piece.send(account.exchange, is_limited=True)
            piece.close()

        async def alone(_number: int) -> None:
            await pacer.send(account.exchange, is_limited=True)

        await for_each(range(requests // row), one if row > 1 else alone, concurrency=4)
        if isinstance(pacer.window, SharedWindow):
            pacer.window.settle(pacer.now)

    async def all_of_them() -> None:
        await account.until_done(asyncio.ensure_future(asyncio.gather(*map(work, pacers))))

    asyncio.run(all_of_them())
    return account.now - began


@pytest.mark.parametrize("jobs", [2, 8])
def test_jobs_that_share_a_window_are_refused_nothing_and_take_as_long_as_one(tmp_path: Path, jobs: int) -> None:
    alone, together = Account(), Account()
    took = send(alone, [alone.pacer(None)], 480)
    windows = [shared(FolderStore(tmp_path), together, f"run-{n}") for n in range(jobs)]

    shared_took = send(together, [together.pacer(window) for window in windows], 480 // jobs)

    assert together.refused == 0
    assert together.sent == 480
    assert shared_took <= 1.2 * took


@pytest.mark.parametrize(("row", "lost"), [(2, 0.0), (3, 0.3), (2, 0.7)])
def test_of_each_window_all_is_used_whatever_is_left_of_a_draw_and_however_many_write_at_once(
    tmp_path: Path, row: int, lost: float
) -> None:
    account, store = Account(), BusyStore(tmp_path, lost, Random(7))  # noqa: S311  no secret
    windows = [shared(store, account, f"run-{n}") for n in range(8)]

    send(account, [account.pacer(window) for window in windows], 30, row=row)

    sent = account.sent_at
    assert (account.refused, len(sent)) == (0, 240)
    assert max(later - one for one, later in zip(sent, sent[RATE.requests :], strict=False)) <= 1.1 * RATE.seconds


def test_jobs_that_share_nothing_are_refused_often() -> None:
    account = Account()
    send(account, [account.pacer(None) for _ in range(8)], 60)

    assert account.refused > 8


def test_a_window_takes_few_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[str] = []
    write = FolderStore.write

    def counted(store: FolderStore, name: str, data: bytes, *, over: Kept) -> Kept:
        writes.append(name)
        return write(store, name, data, over=over)

    monkeypatch.setattr(FolderStore, "write", counted)
    account = Account(Rate(100, 900))
    send(account, [account.pacer(shared(FolderStore(tmp_path), account, f"run-{n}")) for n in range(4)], 50)

    assert account.refused == 0
    assert len(writes) <= 2 * 2 * 20 + 4


def test_what_a_killed_run_has_drawn_counts_until_it_is_certainly_over(tmp_path: Path) -> None:
    store, rate = FolderStore(tmp_path), Rate(10, 10)
    killed, other = (SharedAllowance(store, "a.json", rate, run) for run in ("killed", "other"))

    assert killed.draw(0.0, least=10).granted == 10
    assert other.draw(1.0, least=1).granted == 0
    assert other.draw(79.0, least=1).granted == 0
    assert other.draw(80.0, least=10).granted == 10


def test_what_was_not_used_is_for_others_and_what_was_counts_for_a_window(tmp_path: Path) -> None:
    store, rate = FolderStore(tmp_path), Rate(10, 10)
    one, other = (SharedAllowance(store, "a.json", rate, run) for run in ("one", "other"))

    one.draw(0.0, least=10)
    one.draw(1.0, least=0, ended=[0.5, 0.6], unused=8)

    assert other.draw(2.0, least=8).granted == 8
    assert other.draw(3.0, least=1).seconds == pytest.approx(7.6, abs=0.21)
    assert other.draw(10.8, least=2).granted == 2


def test_a_half_written_window_counts_as_full(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"open": {"run":')
    allowance = SharedAllowance(FolderStore(tmp_path), "a.json", Rate(10, 10), "run")

    assert allowance.draw(0.0, least=1).granted == 0


def test_a_store_that_cannot_be_reached_ends_what_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*_args: object) -> None:
        raise StateError("cannot read s3://bucket/x: the store cannot be reached")

    monkeypatch.setattr(FolderStore, "read", unreachable)
    account = Account()
    with pytest.raises(NotSentError, match="the rate limit cannot be shared: cannot read s3://bucket/x"):
        send(account, [account.pacer(shared(FolderStore(tmp_path), account, "run"))], 1)
    assert account.sent == 0


def test_a_bucket_holds_a_window_too(monkeypatch: pytest.MonkeyPatch) -> None:
    store: BucketStore = open_bucket(new_bucket(monkeypatch))
    account = Account(Rate(6, 10))
    took = send(account, [account.pacer(shared(store, account, f"run-{n}")) for n in range(2)], 6)

    assert (account.sent, account.refused) == (12, 0)
    assert 10 <= took <= 14


@pytest.mark.parametrize(
    ("rate", "jobs", "part"), [("60/10s", 8, "7/10s"), ("100/15m", 200, "1/30m"), ("1/1s", 3, "1/3s")]
)
def test_a_part_of_a_rate_is_no_more_than_its_share(rate: str, jobs: int, part: str) -> None:
    assert str(parse_rate(rate).part(jobs)) == part


def test_a_new_window_is_all_free_until_it_has_drawn(tmp_path: Path) -> None:
    account = Account()
    window = shared(FolderStore(tmp_path), account, "run")

    assert window.used(account.now) == 0
    assert account.pacer(window).free() == RATE.requests
    assert window.wait(account.now) > 0


def test_what_finds_room_in_a_new_window_draws_before_it_would_wait(tmp_path: Path) -> None:
    async def never(_seconds: float, why: str) -> None:
        pytest.fail(f"waited for {why}")

    account = Account()
    window = shared(FolderStore(tmp_path), account, "run")
    pacer = Pacer(
        concurrency=1,
        rate=RATE,
        waiting=Waiting(clock=Clock(monotonic=lambda: account.now), wait=never),
        window=window,
    )
    asyncio.run(pacer.find_room())

    window.settle(account.now)
    other = SharedAllowance(FolderStore(tmp_path), "allowance.json", RATE, "other")
    assert other.draw(account.now + 10**9, least=1).granted > 0
