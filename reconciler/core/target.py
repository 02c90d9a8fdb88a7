"""`--target` and `--shard`: the part of what is declared that an address pattern names."""

import re
from collections.abc import Collection, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.address import fact_address, user_address
from reconciler.core.desired import Contact, ContactMemory, Desired, ExistingMemory
from reconciler.core.shard import Shard, part_of

_Memory = TypeVar("_Memory", ContactMemory, ExistingMemory)


class Selection(Struct, frozen=True):
    """
    The declarations that were chosen, and the patterns that chose nothing, in any shard.

    Of the other memories, the patterns left some out, and the others are `elsewhere`: in other shards.
    """

    desired: Desired
    left_out: int
    unmatched: tuple[str, ...]
    elsewhere: int = 0


def select(desired: Desired, patterns: Sequence[str], shard: Shard | None = None) -> Selection:
    """
    Keep what the patterns name of a shard.

    An address names all that stands below it, `*` stands for any part of one name. No pattern at all chooses
    everything.
    """
    part = part_of(desired, shard)
    elsewhere = len(desired.memories) - len(part.memories)
    if not patterns:
        return Selection(part, 0, (), elsewhere)
    chosen = _choose(part, patterns)
    unmatched = tuple(pattern for pattern in patterns if not _names_something(_choose(desired, [pattern])))
    return Selection(chosen, len(part.memories) - len(chosen.memories), unmatched, elsewhere)


def restrict(desired: Desired, addresses: Collection[str]) -> Desired:
    """Keep the contacts and memories of these addresses, and the contacts of these memories."""
    memories = tuple(memory for memory in desired.contact_memories if memory.address in addresses)
    needed = {memory.contact.name for memory in memories}
    return replace(
        desired,
        contacts=tuple(item for item in desired.contacts if item.address in addresses or item.name in needed),
        contact_memories=memories,
        existing_memories=tuple(memory for memory in desired.existing_memories if memory.address in addresses),
    )


def _names_something(chosen: Desired) -> bool:
    return bool(chosen.contacts or chosen.memories)


def _choose(desired: Desired, patterns: Sequence[str]) -> Desired:
    pattern = re.compile("|".join(map(_expression, patterns)))
    memories = _narrowed(desired.contact_memories, pattern)
    needed = {memory.contact.name for memory in memories}
    contacts = (contact for contact in desired.contacts if contact.name in needed or pattern.match(contact.address))
    return replace(
        desired,
        contacts=tuple(_narrowed_contact(contact, pattern) for contact in contacts),
        contact_memories=memories,
        existing_memories=_narrowed(desired.existing_memories, pattern),
    )


def _narrowed_contact(contact: Contact, pattern: re.Pattern[str]) -> Contact:
    """Give the contact; where only memories of it were named it has to exist, but its profile is left alone."""
    return contact if pattern.match(contact.address) else replace(contact, profile=())


def _expression(pattern: str) -> str:
    """Translate a pattern: it must end where a name of the address ends."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return '[^.\\["]*'.join(parts) + r"(?=$|[.\[])"


def _narrowed(memories: Sequence[_Memory], pattern: re.Pattern[str]) -> tuple[_Memory, ...]:
    narrowed = (_narrow(memory, pattern) for memory in memories)
    return tuple(memory for memory in narrowed if memory is not None)


def _narrow(memory: _Memory, pattern: re.Pattern[str]) -> _Memory | None:
    """Give the memory with what the pattern names of it: all, some facts and users, or None for nothing."""
    if pattern.match(memory.address):
        return memory
    users = tuple(user for user in memory.users if pattern.match(user_address(memory.address, user.phone_number)))
    if isinstance(memory, ContactMemory):
        facts = tuple(fact for fact in memory.facts if pattern.match(fact_address(memory.address, fact.key)))
        left_out = frozenset(fact.key for fact in memory.facts) - {fact.key for fact in facts}
        return replace(memory, facts=facts, users=users, left_out=left_out) if facts or users else None
    return replace(memory, users=users) if users else None
