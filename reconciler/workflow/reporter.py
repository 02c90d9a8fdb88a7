"""How a workflow speaks to the operator; the command line implements it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from reconciler.stopping import Stop


class Reporter(Protocol):
    """Notes lines, learns what must never be shown, and waits."""

    def note(self, line: str) -> None:
        """Show a line beside the document that the command prints."""

    def secret(self, text: str) -> None:
        """Learn a text that no output may show."""

    def waiting(self, stop: Stop) -> Callable[[float, str], Awaitable[None]]:
        """Return what waits so many seconds, tells why, and ends early when it is time to stop."""
