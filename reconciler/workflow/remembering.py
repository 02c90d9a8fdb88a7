"""What a run remembers of users: taken from the state folder before it reads, and kept there after it."""

from collections.abc import Callable
from datetime import timedelta

from reconciler.clock import SYSTEM_CLOCK, Clock, time_text
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.model.desired import Desired
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import MemoryWork, Plan
from reconciler.core.plan.remembered import LearnedUsers, RememberedUsers, changed_users
from reconciler.errors import StateError
from reconciler.render.words import counted
from reconciler.storage.memory_ids import MemoryIds

_USER_WRITES = {"add_user", "update_user"}


class UserRecords:
    """
    The remembered users of an account, with what a run adds.

    What was seen longer ago than `longest` does not count; None is for ever. A run that holds the lease of the account
    `is_applying`. Others keep no user as declared whom they read while an apply was at work: it may have been
    overwritten since.
    """

    def __init__(  # noqa: PLR0913  one parameter a part of the run
        self,
        ids: MemoryIds,
        digest: Callable[[Json], str],
        note: Callable[[str], None],
        *,
        longest: timedelta | None,
        is_applying: bool,
        clock: Clock,
    ) -> None:
        self._ids = ids
        self._note = note
        self._is_applying = is_applying
        self._kept = ids.load_users()
        now = clock.now()
        since = None if longest is None else time_text(now - longest)
        self.users = RememberedUsers(self._kept, digest, at=time_text(now), since=since)

    def read_changed_since(self, desired: Desired, earlier: Desired) -> None:
        """Read the users that a revision declares otherwise."""
        self.users.read_anew(changed_users(desired, earlier))

    def read_planned(self, saved: PlanDocument) -> None:
        """Read the users that a saved plan writes."""
        self.users.read_anew(frozenset(entry.address for entry in saved.operations))

    def note_written(self, learned: LearnedUsers) -> None:
        """Learn from an apply."""
        for memory_id in learned.gone:
            self.users.forget(memory_id)
        for seen in learned.seen:
            self.users.note_seen(seen)

    def keep(self) -> None:
        """Keep what was learned, and tell what holds no more; a cache that cannot be kept is a warning."""
        learned, contradicted = self.users.learned, self.users.contradicted
        if contradicted:
            users, day = counted(len(contradicted), "remembered user"), min(contradicted).partition("T")[0]
            verb = "is" if len(contradicted) == 1 else "are"
            self._note(f"note: {users} {verb} not as the account showed them on {day}, and remembered no more")
        if not (learned.memories or (self._is_applying and self._kept.is_writing)):
            return
        try:
            self._ids.remember_users(learned, is_applying=self._is_applying)
        except StateError as error:
            self._note(f"warning: users are not remembered: {error}")


def begin_writing(ids: MemoryIds, plan: Plan, note: Callable[[str], None], clock: Clock = SYSTEM_CLOCK) -> None:
    """Note that users are about to be written, so that no other run keeps what it read of them before."""
    written = [item for item in plan.work if any(one.type in _USER_WRITES for one in item.operations)]
    if not written:
        return
    memory_ids = {item.memory_id for item in written if isinstance(item, MemoryWork) and item.memory_id}
    try:
        ids.begin_writing(time_text(clock.now()), memory_ids)
    except StateError as error:
        note(f"warning: users are not remembered: {error}")
