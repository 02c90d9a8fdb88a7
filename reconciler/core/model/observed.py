"""Observed: what the account holds, as far as it was read, and the keys of facts that are known from it."""

from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import (
    Contact,
    ContactId,
    ContactMemory,
    Desired,
    Memory,
    id_key,
    identifier_key,
    number_key,
)
from reconciler.core.model.value import Json
from reconciler.errors import Problem, Source


class LiveUser(Struct, frozen=True, gc=False):
    """
    A memory user as the account holds it.

    `comparable` is False if the account returns metadata in another form than the one in which it is written.
    `external_memory_key` is None if the account does not show it; its documentation never does. `shown_as` is the phone
    number in the account's form, if it differs from the declared one.
    """

    metadata: str | None
    summary: str | None
    comparable: bool = True
    external_memory_key: str | None = None
    shown_as: str | None = None


class LiveUsers(Struct, frozen=True):
    """
    What is known of a memory's users.

    `known` maps a phone number to a user, or to None if the memory has no such user. If the memory's users were
    `listed`, a number that is not in `known` is not in the memory; else it is unknown. `memory_missing` is whether the
    account lists no memory with that id. `ambiguous` counts, by declared number, the live users with other forms of it.
    `remembered` are the numbers in `known` that were not read, with the times when they were seen as declared. Where no
    call of the account shows users, they are not `readable`.
    """

    known: Mapping[str, LiveUser | None]
    listed: bool
    memory_missing: bool = False
    ambiguous: Mapping[str, int] = {}
    remembered: Mapping[str, str] = {}
    readable: bool = True

    def is_known(self, phone_number: str) -> bool:
        """Return whether it is known if the number is in the memory."""
        return phone_number in self.known or (self.listed and phone_number not in self.ambiguous)

    def may_hold(self, phone_number: str) -> bool:
        """Return whether the memory is known to have the number, in any form."""
        forms = {number_key(number) for number, user in self.known.items() if user is not None}
        return not self.listed or number_key(phone_number) in forms


Confirmation: TypeAlias = tuple[str | None, str]
"""The digest of a user who was seen as declared, None for one who was not, and when (ISO 8601 in UTC)."""


class KeptUsers(Struct, frozen=True):
    """
    What is kept of users, by memory id and digest of the phone number (`core/plan/remembered.py`).

    `writes` names the last apply that wrote users, and `is_writing` is whether it is not known to have ended.
    """

    memories: Mapping[str, Mapping[str, Confirmation]]
    writes: str
    is_writing: bool


NOTHING_KNOWN = LiveUsers({}, listed=False)
NO_USERS = LiveUsers({}, listed=True)


class Present(Struct, frozen=True, gc=False):
    """A memory that exists; `memory_id` is None where the reader shows no id (`GET /v1/memory/context`)."""

    memory_id: str | None
    facts: Mapping[str, Json]
    users: LiveUsers = NOTHING_KNOWN


class Absent(Struct, frozen=True):
    """A memory that is known not to exist."""


class Unseen(Struct, frozen=True):
    """A memory that is empty or does not exist: `GET /v1/memory/context` answers both the same way."""


class Unreadable(Struct, frozen=True):
    """A memory of a contact that cannot be looked up: nothing is known of it."""


class Ambiguous(Struct, frozen=True):
    """
    Several memories for one contact and scope, where the API promises one: which is meant cannot be known.

    `memory_ids` is empty where the contact itself is one of several.
    """

    memory_ids: tuple[str, ...]


ObservedMemory: TypeAlias = Present | Absent | Unseen | Unreadable | Ambiguous


class FoundContact(Struct, frozen=True, gc=False):
    """
    A contact that exists; `profile` holds its `name` and `metadata`, and is None if they cannot be read.

    `identifiers` are pairs of kind and value, as far as the account shows them.
    """

    contact_id: str
    profile: Mapping[str, Json] | None
    identifiers: tuple[tuple[str, str], ...] = ()


class UnlistedContact(Struct, frozen=True):
    """A contact declared by an id that the account does not show; only the API can decide whether it exists."""

    contact_id: str


class MissingContact(Struct, frozen=True):
    """A contact declared by an identifier that no live contact has."""


class UnreadableContact(Struct, frozen=True):
    """A contact declared by an identifier that cannot be looked up here."""


class AmbiguousContact(Struct, frozen=True):
    """Several live contacts have the declared identifier, or a similar one, so it is not known which is meant."""

    contact_ids: tuple[str, ...]


ObservedContact: TypeAlias = FoundContact | UnlistedContact | MissingContact | UnreadableContact | AmbiguousContact


def contact_id_of(contact: ObservedContact) -> str | None:
    """Return the id of a contact, or None if it does not exist yet."""
    return contact.contact_id if isinstance(contact, (FoundContact, UnlistedContact)) else None


class Observed(Struct, frozen=True):
    """What was read, by the address of the declared contact or memory, and what it cost in requests."""

    contacts: Mapping[str, ObservedContact]
    memories: Mapping[str, ObservedMemory]
    requests: int


def same_contact_problems(declared: Desired, observed: Observed) -> tuple[Problem, ...]:
    """
    Return a problem for each declared contact that is, in the account, one that was declared before.

    One that was not read, because it is in another shard or left out by a target, is known by its identifier.
    """
    first: dict[str, Contact] = {}
    is_part = len(observed.contacts) < len(declared.contacts)
    owners = _owners(observed) if is_part else {}
    problems: list[Problem] = []
    for contact in declared.contacts:
        seen = observed.contacts.get(contact.address)
        contact_id = contact_id_of(seen) if seen else owners.get(contact.identity.key)
        contact_key = id_key(contact_id) if contact_id is not None else None
        if contact_key is not None and first.setdefault(contact_key, contact) is not contact:
            problems.append(_problem(contact, "contact", first[contact_key]))
    return tuple(problems)


def _owners(observed: Observed) -> Mapping[tuple[str, str], str]:
    """Return the contacts that were found, by everything that they are known by."""
    found = [contact for contact in observed.contacts.values() if isinstance(contact, FoundContact)]
    by_identifier = {identifier_key(*one): contact.contact_id for contact in found for one in contact.identifiers}
    by_id = {ContactId(contact.contact_id).key: contact.contact_id for contact in found}
    return by_identifier | by_id


def same_memory_problems(declared: Desired, observed: Observed) -> tuple[Problem, ...]:
    """Return a problem for each declared memory that is, in the account, one whose facts or users others declare."""
    known: dict[str, list[Memory]] = {}
    problems: list[Problem] = []
    for memory in declared.memories:
        seen = observed.memories.get(memory.address)
        if isinstance(seen, Present) and seen.memory_id is not None:
            others = known.setdefault(id_key(seen.memory_id), [])
            problems += [_problem(memory, "memory", other) for other in others if _share(memory, other)][:1]
            others.append(memory)
    return tuple(problems)


def _share(left: Memory, right: Memory) -> bool:
    """Return whether two declarations of one memory overlap: in facts, or in a user."""
    if isinstance(left, ContactMemory) and isinstance(right, ContactMemory):
        return True
    numbers = [{number_key(user.phone_number) for user in memory.users} for memory in (left, right)]
    return bool(numbers[0] & numbers[1])


def _problem(item: Contact | Memory, what: str, known: Contact | Memory) -> Problem:
    return item.source.problem(
        item.address,
        f"in this account this is the same {what} as {known.address} at {known.source}",
        f"declare the {what} once",
    )


class KnownKeys(Struct, frozen=True):
    """
    How often each key is declared, in all targets and shards, and which keys are live in what was read.

    With `guessed`, typos are searched for; a catalogue, which lists the keys, makes that needless.
    """

    declared: Mapping[str, int]
    live: frozenset[str]
    guessed: bool = True

    def is_better(self, other: str, key: str) -> bool:
        """Return whether `other` is more likely than `key` to be the intended spelling; no memory holds both."""
        if key in self.live:
            return False
        return other in self.live or (-self.declared[other], other) < (-self.declared[key], key)


NO_KEYS = KnownKeys({}, frozenset())


class NewKey(Struct, frozen=True):
    """
    A key that a plan adds to the memory at an address.

    `similar` are the known keys that are one typo away, `similar_here` those of them that this memory holds.
    """

    key: str
    source: Source
    address: str
    similar: frozenset[str]
    similar_here: frozenset[str]


def known_keys(declared: Desired, observed: Observed) -> KnownKeys:
    """Return the keys of all declarations, and the live keys of the memories that were read."""
    counts = Counter(fact.key for memory in declared.contact_memories for fact in memory.facts)
    counts.update(declared.elsewhere.keys if declared.elsewhere else {})
    live = (seen.facts for seen in observed.memories.values() if isinstance(seen, Present))
    return KnownKeys(counts, frozenset[str]().union(*live), guessed=not declared.catalogue)
