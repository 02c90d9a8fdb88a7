"""What a use case works with: the reporter that speaks to the operator, the clock, the masker and the readers."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.concurrency import Stop
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import Shard
from reconciler.core.plan.measures import Allowance
from reconciler.observe import Observing, ReaderChoice


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


OnProgress = Callable[[int, int], None]
"""Take how much is done, and of how much."""


class Run(Struct, frozen=True):
    """
    What a run works with: names for the record, how to read, how much may go on at once, whom to tell, the time.

    `masker` gives the digests of values. `snapshot_taken_at` is the time of the snapshot that is read in the account's
    place, if one is. `allowance` says what the requests of an apply meet,
    `shard` which part of what is declared the run is for. `on_cost` is told what reading takes.
    """

    environment: str
    api: str
    reader: ReaderChoice
    known_ids: Mapping[str, str]
    concurrency: int
    masker: Masker
    on_progress: OnProgress
    on_notice: Callable[[str], None]
    clock: Clock = SYSTEM_CLOCK
    snapshot_taken_at: str | None = None
    allowance: Callable[[], Allowance] = Allowance
    shard: Shard | None = None
    on_cost: Callable[[int, int], None] = lambda _memories, _requests: None

    @property
    def observing(self) -> Observing:
        """Return how the account is read."""
        return Observing(self.reader, self.known_ids, self.concurrency, self.on_progress, self.on_notice, self.on_cost)
