"""What every job works with, whatever it is."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import Shard
from reconciler.core.plan.cost import Allowance
from reconciler.observe import Observing, ReaderChoice

OnProgress = Callable[[int, int], None]
"""Take how much is done, and of how much."""


class Run(Struct, frozen=True):
    """
    What a run works with: names for the record, how to read, how much may go on at once, whom to tell, the time.

    `masker` gives the digests of values. `snapshot_taken_at` is the time of the snapshot that is read in the account's
    place, if one is. `allowance` says what the requests of an apply meet,
    `shard` which part of what is declared the run is for.
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

    @property
    def observing(self) -> Observing:
        """Return how the account is read."""
        return Observing(self.reader, self.known_ids, self.concurrency, self.on_progress, self.on_notice)
