"""The plan: what an apply would do, as data, and the one function that decides it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from reconciler.core.address import user_address
from reconciler.core.desired import ContactMemory, Desired, ExistingMemory, Fact, Memory, User
from reconciler.core.diff import FactWrite, diff_facts
from reconciler.core.observed import Absent, Observed, ObservedMemory, Present, Unseen
from reconciler.errors import Source


@dataclass(frozen=True, slots=True)
class CreateMemory:
    """Get or create a memory (`POST /v1/memory/contact`); not `certain` where it may exist and hold nothing."""

    type = "create_memory"
    memory: ContactMemory
    certain: bool

    @property
    def address(self) -> str:
        """Give the memory's address."""
        return self.memory.address

    @property
    def source(self) -> Source:
        """Give where the memory is declared."""
        return self.memory.source


@dataclass(frozen=True, slots=True)
class WriteFacts:
    """Add and update facts of a memory, all in one request (`PATCH /v1/memory/contact/{memory_id}/facts`)."""

    type = "write_facts"
    certain = True
    memory: ContactMemory
    facts: tuple[FactWrite, ...]

    @property
    def address(self) -> str:
        """Give the memory's address."""
        return self.memory.address

    @property
    def source(self) -> Source:
        """Give where the memory is declared."""
        return self.memory.source


@dataclass(frozen=True, slots=True)
class AddUser:
    """Add a user to a memory (`POST /v1/memory/{memory_id}/add-user`); not `certain` where users cannot be listed."""

    type = "add_user"
    memory: Memory
    user: User
    certain: bool

    @property
    def address(self) -> str:
        """Give the user's address."""
        return user_address(self.memory.address, self.user.phone_number)

    @property
    def source(self) -> Source:
        """Give where the user is declared."""
        return self.user.source


Operation: TypeAlias = CreateMemory | WriteFacts | AddUser
"""One operation is one write request."""


@dataclass(frozen=True, slots=True)
class MemoryWork:
    """The operations on one memory, in the order in which they must be done; `memory_id` is None while unknown."""

    memory: Memory
    memory_id: str | None
    operations: tuple[Operation, ...]

    @property
    def needs_lookup(self) -> bool:
        """Say whether the id has to be asked for first, with the get-or-create call, of a memory known to exist."""
        return self.memory_id is None and not any(isinstance(item, CreateMemory) for item in self.operations)


NoticeType: TypeAlias = Literal["not_read", "unknown_contact", "unmanaged", "unverifiable"]


@dataclass(frozen=True, slots=True)
class Notice:
    """
    What cannot or need not be done; it never blocks.

    `count` is of live keys (`unmanaged`), users (`unverifiable`) or memories (`unknown_contact`, `not_read`).
    """

    type: NoticeType
    address: str
    count: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan comes from; `created_at` is an ISO 8601 time in UTC."""

    environment: str
    api: str
    specs_digest: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an apply would do. `memories` counts all that were looked at, `requests_read` what that took."""

    origin: Origin
    work: tuple[MemoryWork, ...]
    notices: tuple[Notice, ...]
    memories: int
    requests_read: int

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Give all operations in the order of the plan."""
        return tuple(operation for work in self.work for operation in work.operations)

    @property
    def has_changes(self) -> bool:
        """Say whether changes are pending; what is uncertain does not count."""
        return any(operation.certain for operation in self.operations)

    @property
    def requests_to_write(self) -> int:
        """Count the requests of an apply: one an operation, and one for each id that has to be asked for."""
        return len(self.operations) + sum(work.needs_lookup for work in self.work)


def build_plan(desired: Desired, observed: Observed, *, origin: Origin, left_out: int) -> Plan:
    """
    Decide what has to be added and updated so that the account holds all that is declared.

    `left_out` is the number of declared memories that a target kept from being read.
    """
    work = [_plan_memory(memory, observed.memories[memory.address]) for memory in desired.memories]
    notices = [notice for item in desired.memories for notice in _notices(item, observed.memories[item.address])]
    if left_out:
        notices.append(Notice("not_read", "", left_out))
    return Plan(
        origin=origin,
        work=tuple(item for item in work if item.operations),
        notices=tuple(sorted(notices, key=lambda notice: (notice.type, notice.address))),
        memories=len(work),
        requests_read=observed.requests,
    )


def _plan_memory(memory: Memory, seen: ObservedMemory) -> MemoryWork:
    operations: tuple[Operation, ...]
    match memory:
        case ContactMemory():
            operations = (*_create(memory, seen), *_write(memory, seen), *_add_users(memory, seen))
        case ExistingMemory():
            operations = tuple(_add_users(memory, seen))
        case _:
            assert_never(memory)
    return MemoryWork(memory, seen.memory_id if isinstance(seen, Present) else None, operations)


def _create(memory: ContactMemory, seen: ObservedMemory) -> Iterator[CreateMemory]:
    match seen:
        case Absent():
            yield CreateMemory(memory, certain=True)
        case Unseen():
            yield CreateMemory(memory, certain=False)
        case Present():
            pass
        case _:
            assert_never(seen)


def _write(memory: ContactMemory, seen: ObservedMemory) -> Iterator[WriteFacts]:
    facts = diff_facts(memory.facts, seen.facts if isinstance(seen, Present) else {})
    if facts:
        yield WriteFacts(memory, facts)


def _add_users(memory: Memory, seen: ObservedMemory) -> Iterator[AddUser]:
    listed = _listed_users(seen)
    for user in memory.users:
        if listed is None or user.phone_number not in listed:
            yield AddUser(memory, user, certain=listed is not None)


def _listed_users(seen: ObservedMemory) -> Iterable[str] | None:
    """Give the phone numbers in a memory, or None where that cannot be known."""
    match seen:
        case Present(users=users):
            return users
        case Absent():
            return ()
        case Unseen():
            return None
        case _:
            assert_never(seen)


def _notices(memory: Memory, seen: ObservedMemory) -> Iterator[Notice]:
    if isinstance(seen, Unseen) and not seen.contact_known:
        yield Notice("unknown_contact", memory.address, 1)
    if memory.users and _listed_users(seen) is None:
        yield Notice("unverifiable", memory.address, len(memory.users))
    if isinstance(memory, ContactMemory) and isinstance(seen, Present):
        unmanaged = len(seen.facts.keys() - _keys(memory.facts))
        if unmanaged:
            yield Notice("unmanaged", memory.address, unmanaged)


def _keys(facts: Iterable[Fact]) -> set[str]:
    return {fact.key for fact in facts}
