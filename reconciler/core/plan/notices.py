"""Notices of new keys that are likely typos, and of what is declared no longer but still live."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.desired import ContactMemory, Desired, Memory
from reconciler.core.model.nearest import similar_keys, twins
from reconciler.core.model.observed import FoundContact, KnownKeys, NewKey, Observed, Present
from reconciler.core.model.value import Json
from reconciler.core.plan.base import Base, memory_identity, values_of
from reconciler.core.plan.operations import MemoryWork, Notice, Work, WriteFacts
from reconciler.errors import Source

_GONE: Final = object()
WHOLE_MEMORY = ("memory",)
"""What is counted of a memory that is declared no longer."""


def retained_notices(base: Base, desired: Desired, observed: Observed) -> Iterator[Notice]:
    """Yield notices of what was declared in the base and is no longer, unless it is known not to be live."""
    yield from _of_contacts(base, desired, observed)
    by_identity = {memory_identity(memory): memory for memory in desired.memories}
    by_address = {memory.address: memory for memory in desired.memories}
    for memory in base.memories.values():
        # the contact of this name may have another identifier now
        now = by_identity.get(memory_identity(memory)) or by_address.get(memory.address)
        keys = [*_removed_facts(memory, now, observed), *_removed_users(memory, now, observed)]
        if keys:
            yield Notice("retained", (now or memory).address, len(keys), now.source if now else None, tuple(keys))


def _of_contacts(base: Base, desired: Desired, observed: Observed) -> Iterator[Notice]:
    for contact in desired.contacts:
        was, seen = base.contacts.get(contact.identity.key, {}), observed.contacts.get(contact.address)
        live = seen.profile if isinstance(seen, FoundContact) else None
        keys = [".".join(path) for path in _removed(was, values_of(contact.profile), live)]
        if keys:
            yield Notice("retained", contact.address, len(keys), contact.source, tuple(keys))


def _removed_facts(memory: Memory, now: Memory | None, observed: Observed) -> Iterator[str]:
    if not isinstance(memory, ContactMemory):
        return
    before = values_of(memory.facts)
    declared: dict[str, Json] = {}
    if isinstance(now, ContactMemory):
        declared = {key: before.get(key) for key in now.left_out} | values_of(now.facts)
    seen = observed.memories.get(now.address) if now else None
    live = seen.facts if isinstance(seen, Present) else None
    for first, *rest in _removed(before, declared, live):
        yield ".".join([fact_address("", first).removeprefix("."), *rest])


def _removed(was: Mapping[str, Json], declared: Mapping[str, Json], live: Json) -> Iterator[tuple[str, ...]]:
    """Yield the paths of values that were declared, no longer are, and are live or may be."""
    for key, value in was.items():
        held = live.get(key, _GONE) if isinstance(live, dict) else None
        if key not in declared:
            if held is not _GONE:
                yield (key,)
        elif isinstance(value, dict) and isinstance(now := declared[key], dict):
            below = held if isinstance(held, dict) else None
            yield from ((key, *path) for path in _removed(value, now, below))


def _removed_users(memory: Memory, now: Memory | None, observed: Observed) -> Iterator[str]:
    declared = {user.phone_number for user in now.users} if now else set[str]()
    seen = observed.memories.get(now.address) if now else None
    for user in memory.users:
        gone = isinstance(seen, Present) and not seen.users.may_hold(user.phone_number)
        if user.phone_number not in declared and not gone:
            yield user_address("", user.phone_number).removeprefix(".")


def undeclared_notices(before: Desired, declared: Desired) -> Iterator[Notice]:
    """Yield notices of the whole contacts and memories that were declared and are no longer; nothing is deleted."""
    contacts = {one.identity.key for one in declared.contacts}
    gone = [one for one in before.contacts if one.identity.key not in contacts]
    for contact in gone:
        scopes = [f"scopes.{one.scope}" for one in before.contact_memories if one.contact.name == contact.name]
        yield Notice("undeclared", contact.address, 1 + len(scopes), keys=("contact", *scopes))
    lost = {one.name for one in gone}
    memories = {memory_identity(one) for one in declared.memories}
    for memory in before.memories:
        if memory_identity(memory) not in memories and _contact_of(memory) not in lost:
            yield Notice("undeclared", memory.address, 1, keys=WHOLE_MEMORY)


def _contact_of(memory: Memory) -> str | None:
    return memory.contact.name if isinstance(memory, ContactMemory) else None


def in_order(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Return notices in the order of a plan."""
    return tuple(sorted(notices, key=lambda notice: (notice.type, notice.address)))


def new_keys(work: Iterable[Work], observed: Observed, known: KnownKeys) -> Iterator[NewKey]:
    """
    Yield the keys that are new to a memory and one typo away from a known one, in the order of the plan.

    With a catalogue, which lists the keys, only keys that look the same are found.
    """
    added = list(_added(work, observed))
    find = similar_keys if known.guessed else twins
    near = find({key for key, *_ in added}, known.declared.keys() | known.live) if added else {}
    for key, source, address, live in added:
        if key in near:
            yield NewKey(key, source, address, near[key], near[key] & live.keys())


def near_duplicate_notices(new: Iterable[NewKey], known: KnownKeys) -> Iterator[Notice]:
    """Yield a notice for each place that declares a likely typo, at the first memory that gets it."""
    for one, others in likely_typos(new, known):
        declared = sorted(others & known.declared.keys())
        live = sorted(others - known.declared.keys())
        yield Notice("near_duplicate", one.address, 1, one.source, (one.key, *declared), tuple(live))


def likely_typos(new: Iterable[NewKey], known: KnownKeys) -> Iterator[tuple[NewKey, set[str]]]:
    """
    Yield the new keys that are likely typos, each with the keys that may be meant.

    A key that is declared on one line is reported once, however many memories get it.
    """
    found: dict[tuple[str, str, int], tuple[NewKey, set[str]]] = {}
    for one in new:
        others = {key for key in one.similar if key in one.similar_here or known.is_better(key, one.key)}
        if others:
            place = (one.key, one.source.file, one.source.line)
            found.setdefault(place, (one, set()))[1].update(others)
    yield from found.values()


def _added(work: Iterable[Work], observed: Observed) -> Iterator[tuple[str, Source, str, Mapping[str, object]]]:
    """Yield each key that is new to a memory, with its place, the memory's address and the live facts there."""
    for item in work:
        if isinstance(item, MemoryWork) and isinstance(item.memory, ContactMemory):
            seen = observed.memories[item.address]
            live = seen.facts if isinstance(seen, Present) else {}
            writes = (one for one in item.operations if isinstance(one, WriteFacts))
            for fact in (fact for write in writes for fact in write.facts if fact.key not in live):
                yield fact.key, fact.source, item.address, live
