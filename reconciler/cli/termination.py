"""SIGTERM: the same as Ctrl-C at every moment of a run, but for the exit code."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.options import Invocation


@contextmanager
def passing_on_termination(invocation: Invocation) -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, and note on the invocation that it was SIGTERM."""

    def pass_on(_signal: int, _frame: object) -> None:
        invocation.terminated = True
        if not callable(signal.getsignal(signal.SIGINT)):  # a shell starts what runs in the background deaf to Ctrl-C
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    try:
        kept = signal.signal(signal.SIGTERM, pass_on)
    except ValueError:  # signals can be watched in the main thread alone
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)
