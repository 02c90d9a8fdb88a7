"""How a workflow speaks to the operator; the command line and the watch implement it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from reconciler.stopping import Stop


class Reporter(Protocol):
    """Shows notes and progress, learns what must never be shown, and waits."""

    @property
    def shows_live_values(self) -> bool:
        """Return whether notes are read by the operator alone, so that they may hold live values."""

    def note(self, line: str) -> None:
        """Show a line beside the document that the command prints."""

    def progress(self, label: str) -> Callable[[int, int], None]:
        """Return a function that shows how many items are done, and of how many."""

    def secret(self, text: str) -> None:
        """Learn a secret of the specs, which no output but JSON may hold."""

    def key(self, text: str, variable: str = "") -> None:
        """Learn a key, which no output may hold, and the environment variable that it was read from."""

    def waiting(self, stop: Stop) -> Callable[[float, str], Awaitable[None]]:
        """Return a function that waits for so many seconds, shows why, and returns early when `stop` is requested."""


class Surroundings(Struct, frozen=True):
    """
    What a workflow needs of the process around it.

    `environ` holds the environment variables. `open_sandbox` opens the embedded sandbox that keeps its state in a file,
    as an application to call in process.
    """

    environ: Mapping[str, str]
    reporter: Reporter
    open_sandbox: Callable[[Path], AbstractContextManager[Any]]
