"""`--shard I/N`: the part of what is declared that one of N runs looks at, the same on every machine."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from reconciler.core.desired import Desired
from reconciler.core.value import canonical

_MOST = 999_999
_WRITTEN = re.compile(r"([0-9]{1,6})/([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts, counted from 0."""

    index: int
    count: int

    def __str__(self) -> str:
        """Give it as it is written."""
        return f"{self.index}/{self.count}"

    def holds(self, key: Sequence[str]) -> bool:
        """Say whether what is known by a key belongs to this part; by SHA-256, which is the same everywhere."""
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
        """Say whether `--shard` and merging could make it: different parts of the count, all of them only of one."""
        if not 1 <= self.count <= _MOST or self.memories < 0:
            return False
        different = len(set(self.present)) == len(self.present) and set(self.present) <= set(range(self.count))
        return different and 1 <= len(self.present) <= max(1, self.count - 1)

    @property
    def missing(self) -> tuple[int, ...]:
        """Give the parts that it does not speak of."""
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
