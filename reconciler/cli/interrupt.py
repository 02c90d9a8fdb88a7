"""Ctrl-C, and SIGTERM with it, while an apply writes: the first finishes what is in flight, the second ends that."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.screen import remark
from reconciler.stopping import Stop


@contextmanager
def watching_for_interrupts(stop: Stop) -> Iterator[None]:
    """Let Ctrl-C request a stop; where signals cannot be watched, it ends the program at once."""
    loop = asyncio.get_running_loop()

    def note() -> None:
        if not stop.requested:
            remark("stopping: what is in flight is finished first; Ctrl-C again stops at once")
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
