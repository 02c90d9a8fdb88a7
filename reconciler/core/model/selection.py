"""
`--target` and `--shard`: the part of the declarations that address patterns select.

A contact's shard is a hash of its identity and not of its name, so that renaming changes no shard.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.desired import Contact, ContactMemory, Desired, ExistingMemory
from reconciler.core.model.value import canonical

_MOST = 999_999
_WRITTEN = re.compile(r"([0-9]{1,6})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts, counted from 0."""

    index: int
    count: int

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.index}/{self.count}"

    def holds(self, key: Sequence[str]) -> bool:
        """Return whether an identity belongs to this part; by SHA-256, which is the same on every machine."""
        digest = hashlib.sha256(canonical(list(key)).encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index


@dataclass(frozen=True, slots=True)
class Shards:
    """The parts that a document speaks of, of `count` in all, and how many declared `memories` belong to them."""

    count: int
    present: tuple[int, ...]
    memories: int

    @property
    def is_possible(self) -> bool:
        """Return whether `--shard` and merging could make it: different parts of the count, all of them only of one."""
        if not 1 <= self.count <= _MOST or self.memories < 0:
            return False
        different = len(set(self.present)) == len(self.present) and set(self.present) <= set(range(self.count))
        return different and 1 <= len(self.present) <= max(1, self.count - 1)

    @property
    def missing(self) -> tuple[int, ...]:
        """Return the parts that it does not speak of."""
        return tuple(sorted(set(range(self.count)) - set(self.present)))


def parse_shard(text: str) -> Shard:
    """Read `I/N` with I from 0 to N-1; raises `ValueError` for anything else."""
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found[1]) >= int(found[2]):
        raise ValueError(text)
    return Shard(int(found[1]), int(found[2]))


def part_of(desired: Desired, shard: Shard | None) -> Desired:
    """Keep the contacts, with all of their memories, and the memories declared by id that belong to a shard."""
    if shard is None:
        return desired
    contacts = tuple(contact for contact in desired.contacts if shard.holds(contact.identity.key))
    names = {contact.name for contact in contacts}
    return replace(
        desired,
        contacts=contacts,
        contact_memories=tuple(memory for memory in desired.contact_memories if memory.contact.name in names),
        existing_memories=tuple(
            memory for memory in desired.existing_memories if shard.holds(("memory_id", memory.memory_id))
        ),
    )


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
    Keep what the patterns select from a shard.

    An address selects all below it, and `*` matches any part of one name. The bare name of a contact or a memory is
    its address, too. Without patterns, everything is selected.
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
    """Return the contact; where only memories of it were named it has to exist, but its profile is left alone."""
    return contact if pattern.match(contact.address) else replace(contact, profile=())


def _expression(pattern: str) -> str:
    """Translate a pattern: it must end where a name of the address ends, and may begin with the name of a contact."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return r"(?:contacts\.|memories\.)?" + '[^.\\["]*'.join(parts) + r"(?=$|[.\[])"


def _narrowed(memories: Sequence[_Memory], pattern: re.Pattern[str]) -> tuple[_Memory, ...]:
    narrowed = (_narrow(memory, pattern) for memory in memories)
    return tuple(memory for memory in narrowed if memory is not None)


def _narrow(memory: _Memory, pattern: re.Pattern[str]) -> _Memory | None:
    """Return the memory with the part that the pattern selects: all, some facts and users, or None for nothing."""
    if pattern.match(memory.address):
        return memory
    users = tuple(user for user in memory.users if pattern.match(user_address(memory.address, user.phone_number)))
    if isinstance(memory, ContactMemory):
        facts = tuple(fact for fact in memory.facts if pattern.match(fact_address(memory.address, fact.key)))
        left_out = frozenset(fact.key for fact in memory.facts) - {fact.key for fact in facts}
        return replace(memory, facts=facts, users=users, left_out=left_out) if facts or users else None
    return replace(memory, users=users) if users else None
