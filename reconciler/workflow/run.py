"""What a use case works with: the reporter that speaks to the operator, the clock, the masker and the readers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.core.model.masking import MOST_LINES, Masker, first_of_each, worded_error
from reconciler.core.model.selection import Shard
from reconciler.core.model.text import visible
from reconciler.errors import Problem, SpecError

if TYPE_CHECKING:  # what only loads specs reads no account; many specs declare no users
    from reconciler.concurrency import Stop
    from reconciler.core.plan.measures import Allowance
    from reconciler.observe import Observing, ReaderChoice
    from reconciler.workflow.remembering import UserRecords


class Reporter(Protocol):
    """Shows notes and progress, learns what outputs must leave out, and waits."""

    @property
    def shows_live_values(self) -> bool:
        """Return whether the operator alone reads the notes, which may then hold live values."""

    def note(self, line: str) -> None:
        """Show a line beside the document that the command prints."""

    def progress(self, label: str, *, has_eta: bool = True) -> Callable[[int, int], None]:
        """Return a function that shows how many items of how many are done, and where it `has_eta`, the time left."""

    def secret(self, text: str) -> None:
        """Learn a secret of the specs, which only JSON may show."""

    def key(self, text: str, source: str = "") -> None:
        """Learn a key, which no output may show, and where it comes from: `the environment variable BLAND_API_KEY`."""

    def leaving(self, text: str) -> str:
        """Return a text as it may leave the program: without the keys and secrets that were learned."""

    def waiting(self, stop: "Stop") -> Callable[[float, str], Awaitable[None]]:
        """Return a function that waits some seconds and shows why; a request of `stop` ends the wait."""


def warn(problems: Sequence[Problem], reporter: Reporter, *, rest: str, most: int = MOST_LINES) -> None:
    """Show what is no mistake, but worth a look, a line each; `rest` says of more than `most` where the others are."""
    first = SpecError(first_of_each(problems, most))
    for line in worded_error(first, reveal=reporter.shows_live_values).splitlines():
        reporter.note(f"warning: {visible(line)}")
    if (more := len(problems) - most) > 0:
        reporter.note(f"warning: and {more:,} more{rest}")


class Surroundings(Struct, frozen=True):
    """
    What a workflow needs of the process around it.

    `environ` holds the environment variables. `open_sandbox` takes the file of the embedded sandbox's state, and opens
    the sandbox as an application in this process. `command_keys` are what commands gave as keys, each run once.
    """

    environ: Mapping[str, str]
    reporter: Reporter
    open_sandbox: Callable[[Path], AbstractContextManager[Any]]
    command_keys: dict[tuple[str, ...], str] = field(default_factory=dict)


OnProgress = Callable[[int, int], None]
"""Take how much is done, and of how much."""


def _no_limit() -> "Allowance":
    from reconciler.core.plan.measures import Allowance

    return Allowance()


class Run(Struct, frozen=True):
    """
    What a run works with: names for the record, how to read, how much may go on at once, whom to tell, the time.

    `masker` gives the digests of values. `snapshot_taken_at` is the time of the snapshot that replaces the account, if
    one does. `allowance` returns the state of the rate limit that an apply meets. `shard` is the part of the
    declarations that the run is for. `on_cost` takes the numbers of memories and of requests to read. `users` are those
    that are remembered; without it, all are read.
    """

    environment: str
    api: str
    reader: "ReaderChoice"
    known_ids: Mapping[str, str]
    concurrency: int
    masker: Masker
    on_progress: OnProgress
    on_notice: Callable[[str], None]
    clock: Clock = SYSTEM_CLOCK
    snapshot_taken_at: str | None = None
    allowance: "Callable[[], Allowance]" = _no_limit
    shard: Shard | None = None
    on_cost: Callable[[int, int], None] = lambda _memories, _requests: None
    users: "UserRecords | None" = None

    @property
    def observing(self) -> "Observing":
        """Return how the account is read."""
        from reconciler.observe import Observing

        return Observing(
            self.reader,
            self.known_ids,
            self.concurrency,
            self.on_progress,
            self.on_notice,
            self.on_cost,
            self.users.users if self.users else None,
        )
