"""Observed: what the account was seen to hold, and how much of that is known."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import Contact, ContactId, ContactMemory, Desired, Memory, id_key, number_key
from reconciler.core.model.value import Json
from reconciler.errors import Problem


class LiveUser(Struct, frozen=True):
    """
    A memory user as the account holds it.

    `comparable` is False where the account gives metadata in another form than the one in which they are written.
    `external_memory_key` is None where the account does not show it; no page of its documentation does. `shown_as` is
    the phone number in the account's form, where that is another than the declared one.
    """

    metadata: str | None
    summary: str | None
    comparable: bool = True
    external_memory_key: str | None = None
    shown_as: str | None = None


class LiveUsers(Struct, frozen=True):
    """
    What is known of a memory's users.

    `known` gives, by phone number, a user or None for one that is not there. A number that it does not hold is not
    there either when the memory's users were `listed`, and else unknown. `memory_missing` when the account said that
    it lists no memory of that id. `ambiguous` gives, by declared number, how many live ones are other forms of it.
    """

    known: Mapping[str, LiveUser | None]
    listed: bool
    memory_missing: bool = False
    ambiguous: Mapping[str, int] = {}

    def is_known(self, phone_number: str) -> bool:
        """Return whether it is known if the number is in the memory."""
        return phone_number in self.known or (self.listed and phone_number not in self.ambiguous)

    def may_hold(self, phone_number: str) -> bool:
        """Return whether the number, in any form, is in the memory, as far as that is known."""
        forms = {number_key(number) for number, user in self.known.items() if user is not None}
        return not self.listed or number_key(phone_number) in forms


NOTHING_KNOWN = LiveUsers({}, listed=False)
NO_USERS = LiveUsers({}, listed=True)


class Present(Struct, frozen=True):
    """A memory that exists; `memory_id` is None where the reader shows no id (`GET /v1/memory/context`)."""

    memory_id: str | None
    facts: Mapping[str, Json]
    users: LiveUsers = NOTHING_KNOWN


class Absent(Struct, frozen=True):
    """A memory that is known not to exist."""


class Unseen(Struct, frozen=True):
    """A memory that holds nothing, or does not exist: `GET /v1/memory/context` answers both alike."""


class Unreadable(Struct, frozen=True):
    """A memory of a contact that cannot be looked up: nothing is known of it."""


class Ambiguous(Struct, frozen=True):
    """
    Several memories for one contact and scope, where the API promises one: which is meant cannot be known.

    `memory_ids` is empty where the contact itself is one of several.
    """

    memory_ids: tuple[str, ...]


ObservedMemory: TypeAlias = Present | Absent | Unseen | Unreadable | Ambiguous


class FoundContact(Struct, frozen=True):
    """
    A contact that exists; `profile` holds its `name` and `metadata`, and is None where they cannot be read.

    `known_by` are its identifiers, in the form in which they are compared, as far as the account shows them.
    """

    contact_id: str
    profile: Mapping[str, Json] | None
    known_by: frozenset[tuple[str, str]] = frozenset()


class UnlistedContact(Struct, frozen=True):
    """A contact declared by an id that the account does not show; the API decides what comes of it."""

    contact_id: str


class MissingContact(Struct, frozen=True):
    """A contact declared by an identifier that no live contact has."""


class UnreadableContact(Struct, frozen=True):
    """A contact declared by an identifier that cannot be looked up here."""


class AmbiguousContact(Struct, frozen=True):
    """Several live contacts have the declared identifier, or are alike it: which is meant cannot be known."""

    contact_ids: tuple[str, ...]


ObservedContact: TypeAlias = FoundContact | UnlistedContact | MissingContact | UnreadableContact | AmbiguousContact


def contact_id_of(contact: ObservedContact) -> str | None:
    """Return the id of a contact, or None where there is none yet."""
    return contact.contact_id if isinstance(contact, FoundContact | UnlistedContact) else None


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
    owners = _owners(observed)
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
    by_identifier = {key: contact.contact_id for contact in found for key in contact.known_by}
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
    """Return whether two declarations of one memory both say something of its facts, or of one user."""
    if isinstance(left, ContactMemory) and isinstance(right, ContactMemory):
        return True
    numbers = [{number_key(user.phone_number) for user in memory.users} for memory in (left, right)]
    return bool(numbers[0] & numbers[1])


def _problem(item: Contact | Memory, what: str, known: Contact | Memory) -> Problem:
    return Problem(
        item.source.file,
        item.source.line,
        item.source.column,
        item.address,
        f"in this account this is the same {what} as {known.address} at {known.source}",
        f"declare the {what} once",
    )
