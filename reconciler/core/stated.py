"""What is declared, value by value, each under its address: what environments are compared by."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from reconciler.core.address import fact_address, keyed_address, user_address
from reconciler.core.catalogue import sensitive_keys
from reconciler.core.desired import Contact, ContactMemory, Desired, Fact, Identifier, Memory, Upkeep, User
from reconciler.core.value import Json

HIDDEN = "(sensitive)"
"""What others see in the place of a value that is not for them, where there is no key for digests."""


class Stated(Struct, frozen=True):
    """
    One value; `upkeep` is that of a declared fact, and None for all else.

    A value that an account holds has a `live_path`, by which it may be shown or not (`Masker.live`).
    """

    value: Json
    upkeep: Upkeep | None = None
    live_path: tuple[str, ...] | None = None


def stated(desired: Desired) -> Mapping[str, Stated]:
    """Give all that is declared by address, parts after what they are part of."""
    found: dict[str, Stated] = {}
    for contact in desired.contacts:
        found.update(_contact(contact))
    for memory in desired.memories:
        found.update(_memory(memory))
    return found


def hidden_addresses(desired: Desired) -> frozenset[str]:
    """Give the addresses of hidden values: of sensitive facts, or of all where some came from an account."""
    if desired.live_values:
        return frozenset(stated(desired))
    keys = sensitive_keys(desired.catalogue)
    memories = desired.contact_memories if keys else ()
    return frozenset(fact_address(one.address, fact.key) for one in memories for fact in one.facts if fact.key in keys)


def _contact(contact: Contact) -> Iterator[tuple[str, Stated]]:
    identity = contact.identity
    kind = identity.kind if isinstance(identity, Identifier) else "contact_id"
    value = identity.value if isinstance(identity, Identifier) else identity.contact_id
    yield contact.address, Stated({kind: value})
    for fact in contact.profile:
        if isinstance(fact.value, dict):
            for key, item in sorted(fact.value.items()):
                yield keyed_address(f"{contact.address}.{fact.key}", key), Stated(item)
        else:
            yield f"{contact.address}.{fact.key}", Stated(fact.value)


def _memory(memory: Memory) -> Iterator[tuple[str, Stated]]:
    if isinstance(memory, ContactMemory):
        fields: Mapping[str, Json] = memory.scope_key.fields
        yield memory.address, Stated(fields)
        yield from _facts(memory.address, memory.facts)
    else:
        yield memory.address, Stated({"memory_id": memory.memory_id})
    for user in memory.users:
        yield from _user(user_address(memory.address, user.phone_number), user)


def _facts(memory: str, facts: Iterable[Fact]) -> Iterator[tuple[str, Stated]]:
    for fact in facts:
        yield fact_address(memory, fact.key), Stated(fact.value, fact.upkeep)


def _user(address: str, user: User) -> Iterator[tuple[str, Stated]]:
    yield address, Stated({"phone_number": user.phone_number})
    for key in ("metadata", "summary", "external_memory_key"):
        text: str | None = getattr(user, key)
        if text is not None:
            yield f"{address}.{key}", Stated(text)
