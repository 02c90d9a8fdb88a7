"""Observed: what the account was seen to hold, and how much of that is known."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import Contact, Desired, number_key
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
    it lists no memory of that id. `ambiguous` are declared numbers of which several live ones are other forms.
    """

    known: Mapping[str, LiveUser | None]
    listed: bool
    memory_missing: bool = False
    ambiguous: frozenset[str] = frozenset()

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
    """Several memories for one contact and scope, where the API promises one: which is meant cannot be known."""

    memory_ids: tuple[str, ...]


ObservedMemory: TypeAlias = Present | Absent | Unseen | Unreadable | Ambiguous


class FoundContact(Struct, frozen=True):
    """A contact that exists; `profile` holds its `name` and `metadata`, and is None where they cannot be read."""

    contact_id: str
    profile: Mapping[str, Json] | None


class UnlistedContact(Struct, frozen=True):
    """A contact declared by an id that the account does not show; the API decides what comes of it."""

    contact_id: str


class MissingContact(Struct, frozen=True):
    """A contact declared by an identifier that no live contact has."""


class UnreadableContact(Struct, frozen=True):
    """A contact declared by an identifier that cannot be looked up here."""


ObservedContact: TypeAlias = FoundContact | UnlistedContact | MissingContact | UnreadableContact


def contact_id_of(contact: ObservedContact) -> str | None:
    """Return the id of a contact, or None where there is none yet."""
    return contact.contact_id if isinstance(contact, FoundContact | UnlistedContact) else None


class Observed(Struct, frozen=True):
    """What was read, by the address of the declared contact or memory, and what it cost in requests."""

    contacts: Mapping[str, ObservedContact]
    memories: Mapping[str, ObservedMemory]
    requests: int


def same_contact_problems(desired: Desired, observed: Observed) -> tuple[Problem, ...]:
    """Return a problem for each declared contact that is, in the account, one that was declared before."""
    first: dict[str, Contact] = {}
    problems: list[Problem] = []
    for contact in desired.contacts:
        contact_id = contact_id_of(observed.contacts[contact.address])
        if contact_id is not None and first.setdefault(contact_id, contact) is not contact:
            problems.append(_problem(contact, first[contact_id]))
    return tuple(problems)


def _problem(contact: Contact, known: Contact) -> Problem:
    return Problem(
        contact.source.file,
        contact.source.line,
        contact.source.column,
        contact.address,
        f"in this account this is the same contact as {known.address} at {known.source}",
        "declare the contact once",
    )
