"""Signals, while the tool runs: they are passed on to it, which then ends in good order and keeps its journal."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""The exit code of what ended because of a signal, where the tool itself gives no other."""

_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
"""What a runner sends to a step that is cancelled, in this order, before it kills it."""


class Relay:
    """Passes signals on to a process; what comes before there is one is kept for it."""

    def __init__(self) -> None:
        self._received: list[int] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def is_asked_to_stop(self) -> bool:
        """Return whether a signal came."""
        return bool(self._received)

    def pass_on_to(self, process: subprocess.Popen[str]) -> None:
        """Name the process."""
        self._process = process
        for number in self._received:
            process.send_signal(number)

    def receive(self, number: int, _frame: object) -> None:
        """Handle a signal."""
        self._received.append(number)
        if self._process is not None:
            self._process.send_signal(number)


@contextmanager
def relaying_signals() -> Iterator[Relay]:
    """Return a relay that handles signals for as long as the block lasts."""
    relay = Relay()
    kept = {number: signal.signal(number, relay.receive) for number in _PASSED_ON}
    try:
        yield relay
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
