"""SIGTERM and SIGHUP: the same as Ctrl-C at every moment of a run, but for the exit code."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from reconciler.cli.options import Invocation

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
                stack.enter_context(_handled(number, pass_on))
        yield


@contextmanager
def _handled(number: int, handler: "signal._HANDLER") -> Iterator[None]:
    try:
        kept = signal.signal(number, handler)
    except ValueError:  # signals can be watched in the main thread alone
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, kept)
