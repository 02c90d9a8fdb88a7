"""The data of a snapshot, masked (`Snapshot`) and plain (`Holdings`)."""

from collections.abc import Mapping
from typing import Literal

from typing_extensions import TypeAliasType

from reconciler.core.model.desired import AgentNumber, Persona, ScopeKey, identifier_key
from reconciler.core.model.masking import Masked
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import DocumentPart, Json
from reconciler.core.remote import ContactRecord, Context, Record

Seen = TypeAliasType("Seen", "Masked | SeenMapping")
"""A live value."""


class SeenMapping(DocumentPart, frozen=True):
    """A live mapping: `whole` masks it, and `parts` are its values by the digests of their keys."""

    whole: Masked
    parts: Mapping[str, Seen]


class SeenMemory(DocumentPart, frozen=True):
    """A contact memory; one of `persona_id` and `agent_number` is set where the account names its scope."""

    memory_id: str
    contact_id: str
    persona_id: str | None
    agent_number: str | None
    facts: Mapping[str, Seen]


class SeenContact(DocumentPart, frozen=True):
    """A contact; `identifiers` are pairs of kind and digest. Null is what the account did not show."""

    contact_id: str
    profile: Mapping[str, Seen]
    identifiers: tuple[tuple[str, str], ...] | None
    memories: tuple[SeenMemory, ...] | None


class SeenContext(DocumentPart, frozen=True):
    """The facts of a contact in a scope, as the context call gives them."""

    contact_id: str
    persona_id: str | None
    agent_number: str | None
    facts: Mapping[str, Seen]
    is_empty: bool
    contact_known: bool


class SeenUser(DocumentPart, frozen=True):
    """A memory user; null is what the account does not hold."""

    metadata: Masked | None
    summary: Masked | None
    comparable: bool
    external_memory_key: Masked | None = None


class SeenUsers(DocumentPart, frozen=True):
    """The users of a memory by the digest of their phone number, null for one that is not there."""

    memory_id: str
    listed: bool
    users: Mapping[str, SeenUser | None]


class Snapshot(DocumentPart, frozen=True):
    """
    What was read of an account, masked; `taken_at` is an ISO 8601 time in UTC, `key_check` identifies the digest key.

    `contacts` holds the whole listing and is null where the account offers none; `is_complete` is whether the listing
    did not change while it was read. `memories` were read by their ids, `contexts` by contact and scope.
    """

    format_version: str
    kind: Literal["snapshot"]
    environment: str
    api: str
    taken_at: str
    key_check: str
    is_complete: bool
    contacts: tuple[SeenContact, ...] | None
    memories: tuple[SeenMemory, ...]
    contexts: tuple[SeenContext, ...]
    users: tuple[SeenUsers, ...]


class Holdings(DocumentPart, frozen=True):
    """
    What was read of an account, as a reader returns it; what is read later is added.

    `contacts` is None where there is no listing; `is_complete` is whether the listing did not change while it was read.
    `users` maps a memory's id to its users by phone number, and to whether these are all of them.
    """

    contacts: tuple[ContactRecord, ...] | None
    is_complete: bool
    memories: dict[str, Record]
    contexts: dict[tuple[str, ScopeKey], Context]
    users: dict[str, tuple[dict[str, LiveUser | None], bool]]


def scope_key_of(seen: SeenMemory | SeenContext) -> ScopeKey | None:
    """Return the scope of a memory or context; None where the snapshot has none."""
    if seen.persona_id is not None:
        return Persona(seen.persona_id)
    return AgentNumber(seen.agent_number) if seen.agent_number is not None else None


def one_of_several(own: str, alike: str) -> str:
    """Return the two digests of an identifier that several share a form of, its own one first."""
    return f"{own} {alike}"


def compared(kind: str, value: str) -> Json:
    """Return an identifier or phone number in the form in which it is compared, as a list, which equals no text."""
    return list(identifier_key(kind, value))
