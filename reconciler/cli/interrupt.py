"""Ctrl-C while an apply writes: the first finishes what is in flight, the second stops at once."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.screen import remark


@contextmanager
def watching_for_interrupts() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether to stop; where signals cannot be watched, Ctrl-C stops at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    seen: list[int] = []

    def note() -> None:
        seen.append(signal.SIGINT)
        if len(seen) == 1:
            remark("stopping: what is in flight is finished first; Ctrl-C again stops at once")
        elif task is not None:
            task.cancel()

    try:
        loop.add_signal_handler(signal.SIGINT, note)
    except (NotImplementedError, RuntimeError, ValueError):  # not on this system, or not in this thread
        yield lambda: False
        return
    try:
        yield lambda: bool(seen)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
