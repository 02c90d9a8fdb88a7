"""Build a plan from what is declared and what was observed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import assert_never

from reconciler.core.model.address import user_address
from reconciler.core.model.desired import Contact, ContactMemory, Desired, Memory, User
from reconciler.core.model.observed import (
    NO_USERS,
    NOTHING_KNOWN,
    Absent,
    Ambiguous,
    AmbiguousContact,
    FoundContact,
    LiveUser,
    LiveUsers,
    MissingContact,
    Observed,
    ObservedContact,
    ObservedMemory,
    Present,
    UnlistedContact,
    Unreadable,
    UnreadableContact,
    Unseen,
    contact_id_of,
    known_keys,
)
from reconciler.core.model.value import Json
from reconciler.core.plan.base import Base
from reconciler.core.plan.diff import diff_facts, diff_user
from reconciler.core.plan.notices import in_order, near_duplicate_notices, new_keys, retained_notices
from reconciler.core.plan.operations import (
    AddUser,
    ContactOperation,
    ContactWork,
    CreateContact,
    CreateMemory,
    MemoryOperation,
    MemoryWork,
    Notice,
    Plan,
    PlanOrigin,
    UpdateContact,
    UpdateUser,
    Work,
    WriteFacts,
)


def build_plan(  # noqa: PLR0913  one parameter a part of what is decided upon
    desired: Desired,
    observed: Observed,
    *,
    origin: PlanOrigin,
    left_out: int,
    elsewhere: int = 0,
    base: Base | None = None,
    declared: Desired | None = None,
) -> Plan:
    """
    Return the additions and updates after which the account holds all that is declared.

    `left_out` counts the declared memories outside of the targets, `elsewhere` those in other shards. With a `base`,
    notices name what it declares and `desired` does not. Where `desired` is a part, `declared` holds all declarations:
    typos are searched for among all keys.
    """
    work = tuple(_work(desired, observed))
    keys = known_keys(declared or desired, observed)
    near = tuple(new_keys(work, observed, keys))
    notices = [*_notices(desired, observed), *near_duplicate_notices(near, keys)]
    notices.extend(_remembered(observed))
    if left_out:
        notices.append(Notice("not_read", "", left_out))
    if elsewhere:
        notices.append(Notice("other_shard", "", elsewhere))
    if base is not None:
        notices.extend(retained_notices(base, desired, observed))
    return Plan(
        origin=origin,
        work=work,
        notices=in_order(notices),
        memories=len(desired.memories),
        requests_read=observed.requests,
        base=base,
        left_alone=sum(isinstance(seen, Ambiguous) for seen in observed.memories.values()),
        enforced_facts_live=sum(_enforced_facts_live(desired, observed)),
        keys=keys,
        similar_keys=near,
    )


def _enforced_facts_live(desired: Desired, observed: Observed) -> Iterator[int]:
    for memory in desired.contact_memories:
        live = _live_facts(observed.memories[memory.address])
        yield sum(fact.policy == "enforce" and fact.key in live for fact in memory.facts)


def _live_facts(seen: ObservedMemory) -> Mapping[str, Json]:
    return seen.facts if isinstance(seen, Present) else {}


def _work(desired: Desired, observed: Observed) -> Iterator[Work]:
    """Yield the work of each contact that has some, followed by that of its memories."""
    memories: dict[str, list[ContactMemory]] = {contact.name: [] for contact in desired.contacts}
    for memory in desired.contact_memories:
        memories[memory.contact.name].append(memory)
    for contact in desired.contacts:
        seen = observed.contacts[contact.address]
        if operations := tuple(_contact_operations(contact, seen)):
            yield ContactWork(contact, contact_id_of(seen), operations)
        for memory in memories[contact.name]:
            yield from _memory_work(memory, contact_id_of(seen), observed.memories[memory.address])
    for existing in desired.existing_memories:
        yield from _memory_work(existing, None, observed.memories[existing.address])


def _contact_operations(contact: Contact, seen: ObservedContact) -> Iterator[ContactOperation]:
    match seen:
        case FoundContact(profile=profile):
            writes = diff_facts(contact.profile, profile or {})
            if writes:
                yield UpdateContact(contact, writes, certain=profile is not None)
        case UnlistedContact():
            if contact.profile:
                yield UpdateContact(contact, diff_facts(contact.profile, {}), certain=False)
        case MissingContact():
            yield CreateContact(contact, certain=True)
        case UnreadableContact():
            yield CreateContact(contact, certain=False)
        case AmbiguousContact():
            return
        case _:
            assert_never(seen)


def _memory_work(memory: Memory, contact_id: str | None, seen: ObservedMemory) -> Iterator[MemoryWork]:
    if operations := tuple(_memory_operations(memory, seen)):
        memory_id = seen.memory_id if isinstance(seen, Present) else None
        yield MemoryWork(memory, contact_id, memory_id, operations, frozenset(_live_users(seen).ambiguous))


def _memory_operations(memory: Memory, seen: ObservedMemory) -> Iterator[MemoryOperation]:
    if isinstance(seen, Ambiguous):
        return
    if isinstance(memory, ContactMemory):
        if not isinstance(seen, Present):
            yield CreateMemory(memory, certain=isinstance(seen, Absent))
        if facts := diff_facts(memory.facts, _live_facts(seen)):
            yield WriteFacts(memory, facts, certain=not isinstance(seen, Unreadable))
    if memory.users:
        yield from _users(memory, seen)


def _users(memory: Memory, seen: ObservedMemory) -> Iterator[AddUser | UpdateUser]:
    live = _live_users(seen)
    for user in memory.users:
        if user.phone_number in live.ambiguous:
            continue
        known = live.known.get(user.phone_number)
        if known is None:
            yield AddUser(memory, user, certain=live.is_known(user.phone_number))
        elif changes := diff_user(user, known):
            yield UpdateUser(memory, user, changes, known.shown_as)


def _live_users(seen: ObservedMemory) -> LiveUsers:
    match seen:
        case Present(users=users):
            return users
        case Absent():
            return NO_USERS
        case Unseen() | Unreadable() | Ambiguous():
            return NOTHING_KNOWN
        case _:
            assert_never(seen)


def _notices(desired: Desired, observed: Observed) -> Iterator[Notice]:
    memories = Counter(memory.contact.name for memory in desired.contact_memories)
    for contact in desired.contacts:
        match observed.contacts[contact.address]:
            case UnlistedContact():
                yield Notice("unknown_contact", contact.address, memories[contact.name], contact.source)
            case UnreadableContact():
                yield Notice("unverifiable", contact.address, 1, contact.source)
            case AmbiguousContact(contact_ids=several):
                yield Notice("ambiguous_contact", contact.address, len(several), contact.source)
            case _:
                pass
    for memory in desired.memories:
        yield from _memory_notices(memory, observed.memories[memory.address])


def _memory_notices(memory: Memory, seen: ObservedMemory) -> Iterator[Notice]:
    if isinstance(seen, Ambiguous):
        if seen.memory_ids:
            yield Notice("ambiguous_memory", memory.address, len(seen.memory_ids), memory.source)
        return
    if memory.users:
        yield from _user_notices(memory, _live_users(seen))
    if isinstance(memory, ContactMemory) and isinstance(seen, Present):
        others = seen.facts.keys() - {fact.key for fact in memory.facts}
        if others and (unmanaged := sorted(others - memory.left_out)):
            yield Notice("unmanaged", memory.address, len(unmanaged), memory.source, tuple(unmanaged))


def _user_notices(memory: Memory, live: LiveUsers) -> Iterator[Notice]:
    for user in memory.users:
        if several := live.ambiguous.get(user.phone_number):
            yield Notice("ambiguous_user", user_address(memory.address, user.phone_number), several, user.source)
    clear = [user for user in memory.users if user.phone_number not in live.ambiguous]
    if unverifiable := sum(not _is_verifiable(user, live) for user in clear):
        yield Notice("unverifiable", memory.address, unverifiable, memory.source)
    if unconfirmed := sum(_is_unconfirmed(user, live.known.get(user.phone_number)) for user in memory.users):
        yield Notice("unconfirmed_key", memory.address, unconfirmed, memory.source)


def _remembered(observed: Observed) -> Iterator[Notice]:
    """Yield one notice for all users that were not read, with the oldest time at which one was seen as declared."""
    times = [at for seen in observed.memories.values() for at in _live_users(seen).remembered.values()]
    if times:
        yield Notice("remembered", "", len(times), since=min(times))


def _is_verifiable(user: User, live: LiveUsers) -> bool:
    """Return whether it is known if the user is there, and whether declared metadata differs."""
    known = live.known.get(user.phone_number)
    return live.is_known(user.phone_number) and (known is None or known.comparable or user.metadata is None)


def _is_unconfirmed(user: User, live: LiveUser | None) -> bool:
    """Return whether an existing user's declared key is not shown; only adding a user sets it."""
    declared = user.external_memory_key
    return live is not None and declared is not None and live.external_memory_key != declared
