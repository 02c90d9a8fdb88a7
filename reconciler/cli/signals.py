"""Signals: which ones end a run in good order, and handlers that hold for a while."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from reconciler.cli.invocation import Invocation

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")
"""SIGHUP comes when a terminal is closed, and on Windows SIGBREAK does; no system has all three."""


@contextmanager
def passing_on_termination(invocation: Invocation) -> Iterator[None]:
    """Let these signals do what Ctrl-C does, and note on the invocation which one came."""

    def pass_on(number: int, _frame: object) -> None:
        invocation.signal = number
        if not callable(signal.getsignal(signal.SIGINT)):  # a shell starts what runs in the background deaf to Ctrl-C
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    with ExitStack() as stack:
        for number in numbers:
            if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` wants it
                stack.enter_context(handling(number, pass_on))
        yield


@contextmanager
def handling(number: int, handler: "signal._HANDLER") -> Iterator[None]:
    """Let a handler get a signal for as long as the block lasts; outside of the main thread, none can be set."""
    try:
        kept = signal.signal(number, handler)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, kept)
