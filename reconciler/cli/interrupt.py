"""Ctrl-C, and SIGTERM with it, while an apply writes: the first finishes what is in flight, the second ends that."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.terminal import remark
from reconciler.stopping import Stop


def _nothing() -> None:
    """Do no more than the stop does."""


@contextmanager
def watching_for_interrupts(
    stop: Stop, *, tell: Callable[[str], None] = remark, again: Callable[[], None] = _nothing
) -> Iterator[None]:
    """
    Let Ctrl-C request a stop, and do `again` when it comes another time.

    Where signals cannot be watched, Ctrl-C ends the program at once.
    """
    loop = asyncio.get_running_loop()

    def note() -> None:
        if stop.requested:
            again()
        else:
            tell("stopping: what is in flight is finished first; Ctrl-C again stops at once")
        stop.request()

    try:
        loop.add_signal_handler(signal.SIGINT, note)
    except (NotImplementedError, RuntimeError, ValueError):  # not on this system, or not in this thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
