"""The declarations at a revision, which show why each change is planned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Literal, TypeAlias

from msgspec import Struct, structs

from reconciler.core.model.desired import (
    Contact,
    ContactMemory,
    Desired,
    ExistingMemory,
    Fact,
    Identity,
    Memory,
    User,
)
from reconciler.core.model.selection import Chosen, Selection, Shard, select
from reconciler.core.model.value import Json, same
from reconciler.core.plan.diff import Added, Change

Cause: TypeAlias = Literal["specs", "live", "both"]
"""Who made a change necessary: the specs changed since the revision, the account differs from it, or both do."""

_MemoryIdentity: TypeAlias = tuple[str, ...]


class _Nothing(Enum):
    """The lack of a declared or live value; null is a value."""

    NOTHING = "nothing"


class Base(Struct, frozen=True):
    """The declarations of a revision by identity, so that renaming a contact changes nothing."""

    ref: str
    contacts: Mapping[_MemoryIdentity, Mapping[str, Json]]
    memories: Mapping[_MemoryIdentity, Memory]

    def cause_of_creation(self, thing: Identity | Memory, user: User | None = None) -> Cause:
        """Return why a contact, a memory or a user is created."""
        if isinstance(thing, Memory):
            was = self.memories.get(memory_identity(thing))
            return "live" if was and (user is None or _user(was, user.phone_number)) else "specs"
        return "live" if thing.key in self.contacts else "specs"

    def cause(self, declared: Mapping[str, Json] | None, change: Change) -> Cause:
        """Return why a value changes, given the `declared` values of the revision that hold its path."""
        was = _at(declared or {}, change.path)
        live = _Nothing.NOTHING if isinstance(change, Added) else change.before
        specs_changed, live_changed = not _equal(was, change.after), not _equal(was, live)
        if specs_changed and live_changed:
            return "both"
        return "specs" if specs_changed else "live"

    def profile(self, identity: Identity) -> Mapping[str, Json] | None:
        """Return the declared profile of a contact; None where it was not declared."""
        return self.contacts.get(identity.key)

    def facts(self, memory: Memory) -> Mapping[str, Json] | None:
        """Return the declared facts of a memory; None where it was not declared."""
        was = self.memories.get(memory_identity(memory))
        return values_of(was.facts) if isinstance(was, ContactMemory) else None

    def user(self, memory: Memory, phone_number: str) -> Mapping[str, Json] | None:
        """Return the declared texts of a user; None where the user was not declared."""
        was = self.memories.get(memory_identity(memory))
        user = _user(was, phone_number) if was else None
        return None if user is None else {"metadata": user.metadata, "summary": user.summary}


def base_of(desired: Desired, ref: str) -> Base:
    """Return the base that the declarations of a revision make."""
    return Base(
        ref,
        {contact.identity.key: values_of(contact.profile) for contact in desired.contacts},
        {memory_identity(memory): memory for memory in desired.memories},
    )


def changed_addresses(before: Desired, now: Desired) -> frozenset[str]:
    """
    Return the addresses of the contacts and memories that are declared otherwise than before, or newly.

    Places and labels do not count, since neither is sent.
    """
    contacts = {contact.identity.key: contact.profile for contact in before.contacts}
    memories = {memory_identity(memory): memory for memory in before.memories}
    changed = [one.address for one in now.contacts if not _alike(contacts.get(one.identity.key), one.profile)]
    for memory in now.memories:
        was = memories.get(memory_identity(memory))
        if was is None or not (_alike(_facts(was), _facts(memory)) and _users(was) == _users(memory)):
            changed.append(memory.address)
    return frozenset(changed)


def _alike(before: Sequence[Fact] | None, now: Sequence[Fact]) -> bool:
    if before is None or before is now:
        return before is now
    pairs = zip(before, now, strict=False)
    return len(before) == len(now) and all(
        (was.key, was.policy) == (fact.key, fact.policy) and same(was.value, fact.value) for was, fact in pairs
    )


def _facts(memory: Memory) -> Sequence[Fact]:
    return memory.facts if isinstance(memory, ContactMemory) else ()


def _users(memory: Memory) -> Sequence[tuple[str | None, ...]]:
    return [(one.phone_number, one.metadata, one.summary, one.external_memory_key) for one in memory.users]


class Counterpart(Struct, frozen=True):
    """
    Finds in earlier declarations the part that answers to what is chosen of the `declared` ones now.

    `since` is what was declared at the revision of `--changed-since`, None without one.
    """

    selection: Selection
    chosen: Chosen
    shard: Shard | None
    declared: Desired
    since: Desired | None

    def of(self, earlier: Desired) -> Desired:
        """
        Return the part of what was declared at a revision, under the names that it has now.

        Addresses narrow it as they narrow what is declared now. Labels and changes count as they are now: contacts and
        memories are the same by their identities. What is declared no longer is kept where the options choose it, and
        with `since`, where it was declared then.
        """
        earlier = _named_as(self.declared, earlier)
        own = replace(self.chosen, changed_since=None)
        was = select(earlier, replace(own, labels=()), self.shard).desired
        gone = _units(select(earlier, own, self.shard).desired if own.labels else was) - _units(self.declared)
        gone = gone if self.since is None else gone & _units(self.since)
        changed = None if self.since is None else changed_addresses(self.since, self.declared)
        fitting = select(self.declared, replace(self.chosen, targets=(), excludes=()), changed=changed).desired
        units = gone | _units(fitting)
        needed = {one.identity.key for one in self.selection.desired.contacts if one.name in self.selection.needed}
        contacts = (structs.replace(one, profile=()) if one.identity.key in needed else one for one in was.contacts)
        return structs.replace(
            was,
            contacts=tuple(one for one in contacts if one.identity.key in units),
            contact_memories=tuple(one for one in was.contact_memories if memory_identity(one) in units),
            existing_memories=tuple(one for one in was.existing_memories if memory_identity(one) in units),
        )


def _named_as(now: Desired, earlier: Desired) -> Desired:
    """Return what was declared earlier, under the names of now where it is declared still: addresses mean these."""
    names = {one.identity.key: one.name for one in now.contacts}
    memories = {memory_identity(one): one for one in now.memories}
    contacts = {one.name: _renamed(one, names.get(one.identity.key, one.name)) for one in earlier.contacts}

    def of_contact(was: ContactMemory) -> ContactMemory:
        contact, known = contacts[was.contact.name], memories.get(memory_identity(was))
        scope = known.scope if isinstance(known, ContactMemory) else was.scope
        is_same = contact.name == was.contact.name and scope == was.scope
        return was if is_same else structs.replace(was, contact=contact, scope=scope)

    def existing(was: ExistingMemory) -> ExistingMemory:
        known = memories.get(memory_identity(was))
        return structs.replace(was, name=known.name) if isinstance(known, ExistingMemory) else was

    return structs.replace(
        earlier,
        contacts=tuple(contacts.values()),
        contact_memories=tuple(map(of_contact, earlier.contact_memories)),
        existing_memories=tuple(map(existing, earlier.existing_memories)),
    )


def _renamed(contact: Contact, name: str) -> Contact:
    return contact if contact.name == name else structs.replace(contact, name=name)


def _units(desired: Desired) -> set[_MemoryIdentity]:
    return {*(one.identity.key for one in desired.contacts), *map(memory_identity, desired.memories)}


def memory_identity(memory: Memory) -> _MemoryIdentity:
    """Return the key by which the account identifies a declared memory."""
    if isinstance(memory, ContactMemory):
        return (*memory.contact.identity.key, *next(iter(memory.scope_key.fields.items())))
    return ("memory_id", memory.memory_id)


def values_of(facts: Iterable[Fact]) -> dict[str, Json]:
    """Return the declared values by key."""
    return {fact.key: fact.value for fact in facts}


def _user(memory: Memory, phone_number: str) -> User | None:
    return next((user for user in memory.users if user.phone_number == phone_number), None)


def _at(value: Json, path: Sequence[str]) -> Json | _Nothing:
    """Return the value at a path; a text of a user that is None counts as not declared."""
    for step in path:
        below = value.get(step) if isinstance(value, dict) else None
        if below is None:
            return _Nothing.NOTHING
        value = below
    return value


def _equal(left: Json | _Nothing, right: Json | _Nothing) -> bool:
    if isinstance(left, _Nothing) or isinstance(right, _Nothing):
        return left is right
    return same(left, right)
