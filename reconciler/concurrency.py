"""Work in an event loop: a few workers on one iterator, and a request to stop, which lets requests in flight finish."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from reconciler import RESERVE
from reconciler.errors import lack_of, lacks_memory

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_LACKING: list[BaseException] = []


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a line of the event loop is shown; a lack of memory or of files is reported by the command."""
    return not (record.exc_info and record.exc_info[1] and lack_of(record.exc_info[1]))


logging.getLogger("asyncio").addFilter(_is_news)


def run_in_loop(work: Coroutine[Any, Any, _Result]) -> _Result:
    """
    Do the work in an event loop of its own, and return its result; raises what it raises.

    The loop itself catches a lack of memory, and closes or forgets a connection: whoever waits for it would wait for
    long, and ask again. So that ends the work with a `MemoryError`.

    The task has no result: `asyncio.run` makes a text of the task and its result, twice, when it looks whose handler of
    Ctrl-C is in place. For a large plan that takes seconds.
    """
    results: list[_Result] = []

    async def keep() -> None:
        asyncio.get_running_loop().set_exception_handler(partial(_note_lack, asyncio.current_task()))
        try:
            results.append(await work)
        except asyncio.CancelledError:
            if _LACKING:
                raise MemoryError from _LACKING[0]
            raise

    running = keep()
    _LACKING.clear()
    try:
        asyncio.run(running)
    finally:
        running.close()  # where there is no memory to begin it
        work.close()
    return results[0]


def _note_lack(task: "asyncio.Task[Any] | None", loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle an error that the event loop caught, and end the work where memory gave out."""
    error = context.get("exception")
    if error is None or not lacks_memory(error):
        loop.default_exception_handler(context)
    elif not _LACKING and task is not None:
        RESERVE.clear()
        _LACKING.append(error)
        task.cancel()


def ends_for_lack_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the memory gave out, here or in the event loop."""
    return isinstance(error, MemoryError) or (isinstance(error, asyncio.CancelledError) and bool(_LACKING))


async def for_each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]], *, concurrency: int) -> None:
    """
    Do the work on every item, at most `concurrency` at once; the first error stops the others and is raised.

    The group has a task of its own: a group whose part fails leaves its task counted as cancelled (Python 3.11, 3.12).
    """
    await asyncio.create_task(_work_through(iter(items), work, concurrency))


async def _work_through(remaining: Iterator[_Item], work: Callable[[_Item], Awaitable[None]], concurrency: int) -> None:
    async def pull() -> None:
        try:
            for item in remaining:
                await work(item)
        except MemoryError:
            RESERVE.clear()
            raise

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(pull())
    except BaseExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__


NOT_REACHED = "not reached: the apply was stopped"


class Stop:
    """Whether a stop was requested, sleeps that it ends, and the work in flight."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._cut: set[asyncio.Task[Any]] = set()

    @property
    def requested(self) -> bool:
        """Return whether to stop."""
        return self._event.is_set()

    def request(self) -> None:
        """Request a stop; the second time, cancel what is in flight."""
        if self.requested:
            for task in self._in_flight - self._cut:
                self._cut.add(task)
                task.cancel()
        self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds, or until a stop is requested."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)

    async def guard(self, work: Awaitable[_Result]) -> _Result:
        """Await work that a second request cancels, and not its caller; raises `asyncio.CancelledError` then."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  this runs in one
        self._in_flight.add(task)
        try:
            result = await work
        finally:
            self._in_flight.discard(task)
            if task in self._cut:
                self._cut.discard(task)
                task.uncancel()
        if task.cancelling():  # the caller was cancelled, not only this work
            raise asyncio.CancelledError
        return result


@contextmanager
def watching_for_interrupts(
    stop: Stop, note: Callable[[str], None], *, again: Callable[[], None] | None = None
) -> Iterator[None]:
    """
    Let Ctrl-C request a stop, with a note, and call `again` when it comes another time.

    Where signals cannot be watched, Ctrl-C ends the program at once.
    """
    loop = asyncio.get_running_loop()

    def request() -> None:
        if not stop.requested:
            note("stopping: what is in flight is finished first; Ctrl-C again stops at once")
        elif again:
            again()
        stop.request()

    try:
        loop.add_signal_handler(signal.SIGINT, request)
    except (NotImplementedError, RuntimeError, ValueError):  # not on this system, or not in this thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
