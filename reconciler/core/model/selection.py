"""
The part of the declarations that a run looks at: `--target`, `--label`, `--exclude`, `--changed-since` and `--shard`.

A contact's shard is a hash of its identity and not of its name, so that renaming changes no shard.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from math import gcd
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.desired import NO_LABELS, Contact, ContactMemory, Desired, ExistingMemory, Memory
from reconciler.core.model.value import DocumentPart

if TYPE_CHECKING:  # most runs choose nothing by labels
    from reconciler.core.model.labels import LabelCondition

_MOST = 999_999
_WRITTEN = r"([0-9]{1,6})/([1-9][0-9]{0,5})"


class Shard(Struct, frozen=True):
    """One of `count` parts, counted from 0."""

    index: int
    count: int

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.index}/{self.count}"

    def overlaps(self, other: "Shard") -> bool:
        """Return whether a contact can belong to both parts, which may be of different numbers of parts."""
        return (self.index - other.index) % gcd(self.count, other.count) == 0

    def holds(self, key: Sequence[str]) -> bool:
        """Return whether an identity belongs to this part; by SHA-256, which is the same on every machine."""
        canonical = f"[{','.join(map(encode_basestring_ascii, key))}]"
        digest = hashlib.sha256(canonical.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index


class Shards(DocumentPart, frozen=True):
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
    def alone(self) -> Shard | None:
        """Return the part, where it speaks of one."""
        return Shard(self.present[0], self.count) if len(self.present) == 1 else None

    @property
    def missing(self) -> tuple[int, ...]:
        """Return the parts that it does not speak of."""
        return tuple(sorted(set(range(self.count)) - set(self.present)))


def parse_shard(text: str) -> Shard:
    """Read `I/N` with I from 0 to N-1; raises `ValueError` for anything else."""
    found = re.fullmatch(_WRITTEN, text)
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


def shards_of(desired: Desired, shard: Shard | None) -> Shards | None:
    """Return what a document of a run for a shard says of it; None for a run without one."""
    return Shards(shard.count, (shard.index,), len(part_of(desired, shard).memories)) if shard else None


class Chosen(DocumentPart, frozen=True):
    """
    What options choose; each of them narrows what the others leave.

    `targets` are addresses, one of which must match. All `labels` must hold. What `excludes` match is left out, and so
    is what is declared as it was at the revision `changed_since`.
    """

    targets: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    changed_since: str | None = None

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Return it as it is written: options with their values."""
        since = (self.changed_since,) if self.changed_since is not None else ()
        return tuple(
            (option, text)
            for option, texts in (
                ("--target", self.targets),
                ("--label", self.labels),
                ("--exclude", self.excludes),
                ("--changed-since", since),
            )
            for text in texts
        )


ALL = Chosen()


class Selection(Struct, frozen=True):
    """
    The declarations that were chosen, and the options, with their values, that name nothing in any shard.

    Of the other memories, the options left some out, and the others are `elsewhere`: in other shards. The contacts in
    `needed` are not chosen themselves: they have to exist for their memories.
    """

    desired: Desired
    left_out: int
    unmatched: tuple[tuple[str, str], ...]
    elsewhere: int = 0
    needed: frozenset[str] = frozenset()


def select(
    desired: Desired, chosen: Chosen, shard: Shard | None = None, *, changed: Collection[str] | None = None
) -> Selection:
    """
    Keep what is chosen of a shard.

    An address selects all below it, and `*` matches any part of one name. The bare name of a contact or a memory is
    its address, too. `changed` are the addresses of the contacts and memories that `changed_since` chooses.
    """
    part = part_of(desired, shard)
    elsewhere = len(desired.memories) - len(part.memories)
    elsewhere += desired.elsewhere.memories if desired.elsewhere else 0
    if chosen == ALL:
        return Selection(part, 0, (), elsewhere)
    rule = _rule(chosen, changed)
    kept = _kept(part, rule)
    needed = frozenset(one.name for one in kept.contacts if not rule.takes(one))
    left_out = len(part.memories) - len(kept.memories)
    return Selection(kept, left_out, tuple(_unmatched(desired, chosen)), elsewhere, needed)


class _Rule(Struct, frozen=True):
    """What is chosen: addresses, labels that hold, addresses that are left out, and addresses of what changed."""

    target: re.Pattern[str]
    conditions: "tuple[LabelCondition, ...]"
    excluded: re.Pattern[str] | None
    changed: Collection[str] | None

    def takes(self, contact: Contact) -> bool:
        """Return whether a contact is chosen itself, with its own fields."""
        return self._holds(contact.labels, contact.address) and self._matches(contact.address)

    def narrowed(self, memory: Memory) -> Memory | None:
        """Return what is chosen of a memory: all, some facts and users, or None for nothing."""
        labels, address = memory.contact.labels if isinstance(memory, ContactMemory) else NO_LABELS, memory.address
        if not self._holds(labels, address) or self._excludes(address):
            return None
        is_whole = self.target.match(address) is not None
        if is_whole and self.excluded is None:
            return memory
        users = tuple(user for user in memory.users if self._matches(user_address(address, user.phone_number)))
        if isinstance(memory, ExistingMemory):
            return replace(memory, users=users) if users or is_whole else None
        facts = tuple(fact for fact in memory.facts if self._matches(fact_address(address, fact.key)))
        left_out = frozenset(fact.key for fact in memory.facts) - {fact.key for fact in facts}
        return replace(memory, facts=facts, users=users, left_out=left_out) if facts or users or is_whole else None

    def _holds(self, labels: Mapping[str, str], address: str) -> bool:
        return all(one.holds(labels) for one in self.conditions) and (self.changed is None or address in self.changed)

    def _excludes(self, address: str) -> bool:
        return self.excluded is not None and self.excluded.match(address) is not None

    def _matches(self, address: str) -> bool:
        return self.target.match(address) is not None and not self._excludes(address)


def _rule(chosen: Chosen, changed: Collection[str] | None) -> _Rule:
    excluded = _pattern(chosen.excludes) if chosen.excludes else None
    return _Rule(_pattern(chosen.targets), _conditions(chosen.labels), excluded, changed)


def _conditions(labels: Sequence[str]) -> "tuple[LabelCondition, ...]":
    if not labels:
        return ()
    from reconciler.core.model.labels import parse_label  # noqa: PLC0415  see above

    return tuple(map(parse_label, labels))


def _kept(desired: Desired, rule: _Rule) -> Desired:
    memories = tuple(filter(None, map(rule.narrowed, desired.memories)))
    of_contacts = tuple(one for one in memories if isinstance(one, ContactMemory))
    needed = {memory.contact.name for memory in of_contacts}
    contacts = (contact if rule.takes(contact) else replace(contact, profile=()) for contact in desired.contacts)
    return replace(
        desired,
        contacts=tuple(one for one in contacts if one.name in needed or rule.takes(one)),
        contact_memories=of_contacts,
        existing_memories=tuple(one for one in memories if isinstance(one, ExistingMemory)),
    )


def _unmatched(desired: Desired, chosen: Chosen) -> Iterator[tuple[str, str]]:
    """Yield the options, with their values, that name nothing that is declared; other shards may declare it."""
    for option, text in () if desired.elsewhere else chosen.options:
        match option:
            case "--target" | "--exclude":
                named = _kept(desired, _rule(Chosen(targets=(text,)), None))
                is_unmatched = not (named.contacts or named.memories)
            case "--label":
                from reconciler.core.model.labels import is_unmatched_label  # noqa: PLC0415  see above

                is_unmatched = is_unmatched_label(text, desired.contacts)
            case _:
                is_unmatched = False
        if is_unmatched:
            yield option, text


def _pattern(addresses: Sequence[str]) -> re.Pattern[str]:
    """Return what matches any of these addresses, and what is below it; without addresses, everything."""
    return re.compile("|".join(map(_expression, addresses)))


def _expression(pattern: str) -> str:
    """
    Translate a pattern: it must end where a name of the address ends, and may begin with the name of a contact.

    What follows a `*` is taken where it comes first, as no later place would let more match: so many of them cost
    nothing. Only the last one may have to reach further.
    """
    first, *others = map(re.escape, pattern.split("*"))
    between = "".join(rf'(?>[^.\["]*?{part})' for part in others[:-1])
    last = rf'[^.\["]*{others[-1]}' if others else ""
    return rf"(?:contacts\.|memories\.)?{first}{between}{last}(?=$|[.\[])"


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
