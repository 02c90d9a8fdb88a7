"""Two revisions of the declarations: what changed since the earlier one, and the part of it that a run looks at."""

from collections.abc import Sequence

from msgspec.structs import replace

from reconciler.core.model.desired import Contact, ContactMemory, Desired, ExistingMemory, Fact, Memory
from reconciler.core.model.selection import Chosen, Selection, Shard, select
from reconciler.core.model.value import same
from reconciler.core.plan.base import UnitKey, memory_identity


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


def counterpart(  # noqa: PLR0913  one parameter a part of the choice
    earlier: Desired,
    declared: Desired,
    selection: Selection,
    chosen: Chosen,
    *,
    shard: Shard | None = None,
    since: Desired | None = None,
) -> Desired:
    """
    Return the part of the `earlier` declarations that corresponds to the `selection` from those `declared` now.

    Contacts and memories are matched by identity, and carry the names that they have now. Addresses narrow both
    revisions alike; labels and changes count as they are now. What is no longer declared is kept where the options
    choose it. With `since`, the declarations at the revision of `--changed-since`, these must hold it, too.
    """
    earlier = _named_as(declared, earlier)
    own = replace(chosen, changed_since=None)
    was = select(earlier, replace(own, labels=()), shard).desired
    gone = _units(select(earlier, own, shard).desired if own.labels else was) - _units(declared)
    gone = gone if since is None else gone & _units(since)
    changed = None if since is None else changed_addresses(since, declared)
    fitting = select(declared, replace(chosen, targets=(), excludes=()), changed=changed).desired
    units = gone | _units(fitting)
    needed = {one.identity.key for one in selection.desired.contacts if one.name in selection.needed}
    contacts = (replace(one, profile=()) if one.identity.key in needed else one for one in was.contacts)
    return replace(
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
        return was if is_same else replace(was, contact=contact, scope=scope)

    def existing(was: ExistingMemory) -> ExistingMemory:
        known = memories.get(memory_identity(was))
        return replace(was, name=known.name) if isinstance(known, ExistingMemory) else was

    return replace(
        earlier,
        contacts=tuple(contacts.values()),
        contact_memories=tuple(map(of_contact, earlier.contact_memories)),
        existing_memories=tuple(map(existing, earlier.existing_memories)),
    )


def _renamed(contact: Contact, name: str) -> Contact:
    return contact if contact.name == name else replace(contact, name=name)


def _units(desired: Desired) -> set[UnitKey]:
    return {*(one.identity.key for one in desired.contacts), *map(memory_identity, desired.memories)}
