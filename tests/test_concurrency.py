"""Work in an event loop: how it begins and ends."""

import asyncio
import errno
from typing import Any

import pytest

from reconciler.concurrency import Stop, for_each, run_in_loop


class _Large:
    def __repr__(self) -> str:
        raise AssertionError("it was made a text, which takes long")


def test_no_text_is_made_of_what_a_loop_returns() -> None:
    large = _Large()

    async def work() -> Any:
        return large

    assert run_in_loop(work()) is large


async def _cut(stop: Stop, requests: int) -> tuple[list[str], list[str]]:
    """Have two workers do two pieces of work each, of which a stop cuts the first; return what they noted."""
    noted: list[str] = []

    async def piece(name: str) -> str:
        try:
            await asyncio.Event().wait() if name.endswith("1") else await asyncio.sleep(0)
        except asyncio.CancelledError:
            return f"{name} cut"
        return f"{name} done"

    async def worker(name: str) -> None:
        noted.append(await stop.guard(piece(f"{name}1")))
        noted.append(await stop.guard(piece(f"{name}2")))

    workers = [asyncio.create_task(worker(name)) for name in "ab"]
    await asyncio.sleep(0)
    for _ in range(requests):
        stop.request()
    await asyncio.wait(workers)
    return sorted(noted), [str(worker.cancelling()) for worker in workers if worker.cancelled() or worker.cancelling()]


@pytest.mark.parametrize("requests", [2, 3, 4])
def test_what_is_cut_is_the_work_in_flight_and_never_its_worker(requests: int) -> None:
    assert asyncio.run(_cut(Stop(), requests)) == (["a1 cut", "a2 done", "b1 cut", "b2 done"], [])


@pytest.mark.parametrize("cuts", [0, 1])
def test_a_worker_that_is_cancelled_itself_ends_though_its_work_took_no_notice(cuts: int) -> None:
    stop, over = Stop(), asyncio.Event()
    noted: list[str] = []

    async def deaf() -> None:
        try:
            await over.wait()
        except asyncio.CancelledError:
            noted.append("deaf")

    async def worker() -> None:
        while not over.is_set():
            await stop.guard(deaf())

    async def turns() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def run() -> bool:
        task = asyncio.create_task(worker())
        await turns()
        for _ in range(2 * cuts):
            stop.request()
        await turns()
        task.cancel()
        await turns()
        over.set()
        await asyncio.wait([task])
        return task.cancelled()

    assert run_in_loop(run())
    assert len(noted) == 1 + cuts


async def _counted_after(items: list[str]) -> tuple[str, int]:
    """Have the second of three workers fail while the group waits for them; return the error and what is counted."""

    async def work(item: str) -> None:
        await asyncio.sleep(0)
        if item == "bad":
            raise ValueError(item)
        await asyncio.Event().wait()

    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the text is the subject
        await for_each(items, work, concurrency=len(items))
    return str(caught.value), task.cancelling()


@pytest.mark.parametrize("items", [["bad"], ["good", "bad"], ["good", "bad", "good"]])
def test_work_that_fails_does_not_count_its_caller_as_cancelled(items: list[str]) -> None:
    assert asyncio.run(_counted_after(items)) == ("bad", 0)


def test_a_caller_that_is_cancelled_cancels_its_workers() -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    async def run() -> bool:
        task = asyncio.create_task(for_each(range(3), work, concurrency=2))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run_in_loop(run())
    assert sorted(ended) == [0, 1]


@pytest.mark.parametrize("caught", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_a_lack_of_memory_that_the_loop_itself_catches_ends_the_work_and_is_told_by_nobody_else(
    caught: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        for _ in range(2):
            asyncio.get_running_loop().call_soon(_fail, caught)
        await asyncio.Event().wait()

    with pytest.raises(MemoryError):
        run_in_loop(work())
    assert caplog.messages == []
    assert run_in_loop(asyncio.sleep(0, "the next one is not ended")) == "the next one is not ended"


def test_what_else_the_loop_catches_is_logged_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> str:
        asyncio.get_running_loop().call_soon(_fail, ValueError("a defect"))
        await asyncio.sleep(0)
        return "done"

    assert run_in_loop(work()) == "done"
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == ["a defect"]


def _fail(error: Exception) -> None:
    raise error


def test_that_no_more_files_may_be_open_is_no_line_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    run_in_loop(_caught(OSError(errno.EMFILE, "Too many open files")))

    assert caplog.messages == []


async def _caught(error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "socket.accept() failed", "exception": error})
