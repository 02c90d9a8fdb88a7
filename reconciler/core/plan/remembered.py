"""
Users that the account showed as declared once, kept as keyed digests: they reveal no data of a person.

A digest covers all that a plan compares of a user, and what its notices say. While nobody else writes to the user, a
plan that recalls it decides what a plan that reads it would.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.address import user_address
from reconciler.core.model.desired import Desired, Memory, User, id_key
from reconciler.core.model.observed import Confirmation, KeptUsers, LiveUser, LiveUsers, ObservedMemory, Present
from reconciler.core.model.value import Json
from reconciler.core.plan.base import memory_identity
from reconciler.core.plan.diff import is_as_declared

_NONE: Confirmation = (None, "")


class SeenUser(Struct, frozen=True):
    """A user that the account shows as declared; `shows_key` is whether it shows the `external_memory_key`, too."""

    memory_id: str
    user: User
    shows_key: bool


class LearnedUsers(Struct, frozen=True):
    """What an apply learned: users that are as declared, and the ids of memories that the account does not have."""

    seen: tuple[SeenUser, ...]
    gone: frozenset[str]


def seen_user(memory_id: str, user: User, live: LiveUser) -> SeenUser | None:
    """Return a user as seen in the account, None where something differs from what is declared."""
    if not is_as_declared(user, live):
        return None
    return SeenUser(memory_id, user, shows_key=live.external_memory_key == user.external_memory_key)


class RememberedUsers:
    """
    What is kept of users, and what a run adds to it.

    `digest` is keyed, and `at` is when the run began. With `since`, only what was seen between then and now counts. The
    users at the addresses in `anew` are read, and so are all users of memories there. `contradicted` has the times of
    what was kept and holds no more.
    """

    def __init__(
        self,
        kept: KeptUsers,
        digest: Callable[[Json], str],
        *,
        at: str,
        since: str | None = None,
        anew: frozenset[str] = frozenset(),
    ) -> None:
        self._kept = kept
        self._digest = digest
        self._at = at
        self._since = since
        self._anew = anew
        self._learned: dict[str, dict[str, Confirmation]] = {}
        self.contradicted: list[str] = []

    @property
    def learned(self) -> KeptUsers:
        """Return what the run learned, beside what was known of the last apply when the run began."""
        return replace(self._kept, memories=self._learned)

    def read_anew(self, addresses: frozenset[str]) -> None:
        """Read the users at these addresses, and all users of the memories there."""
        self._anew |= addresses

    def recall(self, memory: Memory, memory_id: str) -> dict[str, tuple[LiveUser, str]]:
        """Return the declared users that need not be read, by phone number, each with the time it was seen."""
        kept = self._kept.memories.get(id_key(memory_id))
        if not kept or memory.address in self._anew:
            return {}
        recalled: dict[str, tuple[LiveUser, str]] = {}
        for user in memory.users:
            digest, at = kept.get(self._key(user), _NONE)
            live = self._live(memory_id, user, digest) if digest is not None and self._counts(at) else None
            if live is not None and user_address(memory.address, user.phone_number) not in self._anew:
                recalled[user.phone_number] = (live, at)
        return recalled

    def note_read(self, memory: Memory, seen: ObservedMemory, known_id: str | None) -> None:
        """Learn from a memory that was read; the users of `known_id` are forgotten where its id is another one now."""
        memory_id = seen.memory_id if isinstance(seen, Present) else None
        if known_id is not None and (memory_id is None or id_key(memory_id) != id_key(known_id)):
            self.forget(known_id)
        if isinstance(seen, Present) and memory_id is not None:
            for user in memory.users:
                if user.phone_number not in seen.users.remembered:
                    self._note_user(memory_id, user, seen.users)

    def note_seen(self, seen: SeenUser) -> None:
        """Learn that a user is as declared."""
        self._learn(seen.memory_id, self._key(seen.user), self._digest_of(seen))

    def forget(self, memory_id: str) -> None:
        """Forget all users of a memory."""
        for user, (digest, at) in self._kept.memories.get(id_key(memory_id), {}).items():
            if digest is not None:
                self.contradicted.append(at)
                self._learn(memory_id, user, None)

    def _note_user(self, memory_id: str, user: User, users: LiveUsers) -> None:
        live = users.known.get(user.phone_number)
        if live is not None and (seen := seen_user(memory_id, user, live)):
            self.note_seen(seen)
            return
        key = self._key(user)
        digest, at = self._kept.memories.get(id_key(memory_id), {}).get(key, _NONE)
        is_as_kept = digest is not None and self._live(memory_id, user, digest) is not None
        if digest is None or (is_as_kept and not users.readable):
            return
        self.contradicted += [at] if is_as_kept else []
        self._learn(memory_id, key, None)

    def _counts(self, at: str) -> bool:
        """Return whether it was seen recently enough; what another machine's clock puts into the future was not."""
        return self._since is None or self._since < at <= self._at

    def _learn(self, memory_id: str, user: str, digest: str | None) -> None:
        """Learn it as later than what was known of the user before, whatever the clock was then."""
        _, before = self._kept.memories.get(id_key(memory_id), {}).get(user, _NONE)
        self._learned.setdefault(id_key(memory_id), {})[user] = (digest, max(self._at, before))

    def _live(self, memory_id: str, user: User, digest: str) -> LiveUser | None:
        """Return a declared user as the account showed it; None where the digest is of another declaration."""
        for key in dict.fromkeys((user.external_memory_key, None)):
            if digest == self._digest_of(SeenUser(memory_id, user, shows_key=key == user.external_memory_key)):
                return LiveUser(user.metadata, user.summary, external_memory_key=key)
        return None

    def _key(self, user: User) -> str:
        return self._digest(["user", user.phone_number])

    def _digest_of(self, seen: SeenUser) -> str:
        user, shows_key = seen.user, seen.shows_key or seen.user.external_memory_key is None
        return self._digest(["user", id_key(seen.memory_id), user.phone_number, *_compared(user), shows_key])


def changed_users(desired: Desired, earlier: Desired) -> frozenset[str]:
    """
    Return the addresses of users that a revision does not declare like this, and of memories that declared others, too.

    What an apply of that revision wrote may be newer than what is remembered, and only a listing shows who is gone.
    """
    addresses: set[str] = set()
    declared = {memory_identity(memory): memory for memory in earlier.memories}
    for memory in desired.memories:
        was = declared.get(memory_identity(memory))
        before = {user.phone_number: _compared(user) for user in was.users} if was else {}
        now = {user.phone_number: _compared(user) for user in memory.users}
        addresses |= {user_address(memory.address, number) for number in now if now[number] != before.get(number)}
        addresses |= {memory.address} if before.keys() - now.keys() else set()
    return frozenset(addresses)


def _compared(user: User) -> tuple[str | None, ...]:
    return (user.metadata, user.summary, user.external_memory_key)
