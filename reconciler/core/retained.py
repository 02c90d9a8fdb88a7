"""What was declared at a revision and is no longer: facts and users cannot be deleted, so they stay live."""

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.core.address import fact_address, user_address
from reconciler.core.base import Base, memory_identity
from reconciler.core.desired import ContactMemory, Desired, Memory
from reconciler.core.observed import FoundContact, Observed, Present
from reconciler.core.plan import Notice
from reconciler.core.value import Json

_GONE: Final = object()


def retained_notices(base: Base, desired: Desired, observed: Observed) -> Iterator[Notice]:
    """Give what was declared and is no longer: it stays live, where it is not known to be gone."""
    yield from _of_contacts(base, desired, observed)
    by_identity = {memory_identity(memory): memory for memory in desired.memories}
    by_address = {memory.address: memory for memory in desired.memories}
    for memory in base.memories.values():
        # a contact may be declared by something else by now, under the same name
        now = by_identity.get(memory_identity(memory)) or by_address.get(memory.address)
        keys = [*_removed_facts(memory, now, observed), *_removed_users(memory, now, observed)]
        if keys:
            yield Notice("retained", (now or memory).address, len(keys), now.source if now else None, tuple(keys))


def _of_contacts(base: Base, desired: Desired, observed: Observed) -> Iterator[Notice]:
    for contact in desired.contacts:
        was, seen = base.contacts.get(contact.identity.key, {}), observed.contacts.get(contact.address)
        live = seen.profile if isinstance(seen, FoundContact) else None
        keys = [".".join(path) for path in _removed(was, {fact.key: fact.value for fact in contact.profile}, live)]
        if keys:
            yield Notice("retained", contact.address, len(keys), contact.source, tuple(keys))


def _removed_facts(memory: Memory, now: Memory | None, observed: Observed) -> Iterator[str]:
    if not isinstance(memory, ContactMemory):
        return
    declared: dict[str, Json] = {}
    if isinstance(now, ContactMemory):
        before = {fact.key: fact.value for fact in memory.facts}
        declared = {key: before.get(key) for key in now.left_out} | {fact.key: fact.value for fact in now.facts}
    seen = observed.memories.get(now.address) if now else None
    live = seen.facts if isinstance(seen, Present) else None
    for first, *rest in _removed({fact.key: fact.value for fact in memory.facts}, declared, live):
        yield ".".join([fact_address("", first).removeprefix("."), *rest])


def _removed(was: Mapping[str, Json], declared: Mapping[str, Json], live: Json) -> Iterator[tuple[str, ...]]:
    """Give the paths of what was declared, is not any more, and is live as far as that is known."""
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
