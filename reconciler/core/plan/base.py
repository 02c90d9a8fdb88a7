"""The declarations at a revision, which show why each change is planned."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import ContactMemory, Desired, Fact, Identity, Memory, User
from reconciler.core.model.value import Json, same
from reconciler.core.plan.diff import Added, Change

Cause: TypeAlias = Literal["specs", "live", "both"]
"""Who made a change necessary: the specs changed since the revision, the account differs from it, or both do."""

UnitKey: TypeAlias = tuple[str, ...]
"""What the account identifies a declared contact or memory by."""


class _Nothing(Enum):
    """The lack of a declared or live value; null is a value."""

    NOTHING = "nothing"


class Base(Struct, frozen=True):
    """The declarations of a revision by identity, so that renaming a contact changes nothing."""

    ref: str
    contacts: Mapping[UnitKey, Mapping[str, Json]]
    memories: Mapping[UnitKey, Memory]
    users: Mapping[UnitKey, Mapping[str, User]]

    def cause_of_creation(self, thing: Identity | Memory, user: User | None = None) -> Cause:
        """Return why a contact, a memory or a user is created."""
        if isinstance(thing, Memory):
            was = self.users.get(memory_identity(thing))
            return "live" if was is not None and (user is None or user.phone_number in was) else "specs"
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
        user = self.users.get(memory_identity(memory), {}).get(phone_number)
        return None if user is None else {"metadata": user.metadata, "summary": user.summary}


def base_of(desired: Desired, ref: str) -> Base:
    """Return the base that the declarations of a revision make."""
    memories = {memory_identity(memory): memory for memory in desired.memories}
    return Base(
        ref,
        {contact.identity.key: values_of(contact.profile) for contact in desired.contacts},
        memories,
        {key: {user.phone_number: user for user in memory.users} for key, memory in memories.items()},
    )


def memory_identity(memory: Memory) -> UnitKey:
    """Return the key by which the account identifies a declared memory."""
    if isinstance(memory, ContactMemory):
        return (*memory.contact.identity.key, *next(iter(memory.scope_key.fields.items())))
    return ("memory_id", memory.memory_id)


def values_of(facts: Iterable[Fact]) -> dict[str, Json]:
    """Return the declared values by key."""
    return {fact.key: fact.value for fact in facts}


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
