"""The account to export: everything it lists, and the part that is wanted."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.desired import AgentNumber, Persona, ScopeKey, identifier_key, number_key
from reconciler.core.model.observed import LiveUser
from reconciler.core.remote import ContactRecord, Record


class Wanted(Struct, frozen=True):
    """
    Which contacts to export; an empty filter matches all.

    `contacts` are ids or values of identifiers, `scopes` persona ids or agent numbers, `names` globs. One of each must
    match; with `scopes`, memories of other scopes are left out as well.
    """

    contacts: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class LiveAccount(Struct, frozen=True):
    """
    What was read, sorted by contact id.

    `listed` are all contacts, from which names are chosen, so that names do not depend on the selection. `selected` are
    the wanted contacts with their wanted memories. `users` maps a memory's id and a phone number to a user. It lacks
    the memories whose users the account does not list; it is empty where `lists_users` is False.
    """

    listed: tuple[ContactRecord, ...]
    selected: tuple[ContactRecord, ...]
    users: Mapping[str, Mapping[str, LiveUser]]
    is_complete: bool
    lists_users: bool


def select(contacts: Iterable[ContactRecord], wanted: Wanted) -> tuple[ContactRecord, ...]:
    """Return the wanted contacts, each with its wanted memories."""
    narrowed = (_narrowed(contact, wanted) for contact in contacts if _is_wanted(contact, wanted))
    return tuple(contact for contact in narrowed if contact.memories or not wanted.scopes)


def scope_value(scope_key: ScopeKey) -> str:
    """Return the persona id or the agent number."""
    return next(iter(scope_key.fields.values()))


def _narrowed(contact: ContactRecord, wanted: Wanted) -> ContactRecord:
    if not wanted.scopes:
        return contact
    memories = tuple(memory for memory in contact.memories or () if _is_of(memory, wanted.scopes))
    return replace(contact, memories=memories)


def _is_of(memory: Record, scopes: tuple[str, ...]) -> bool:
    match memory.scope_key:
        case None:
            return False
        case AgentNumber(agent_number=number):
            return number_key(number) in set(map(number_key, scopes))
        case Persona(persona_id=persona_id):
            return persona_id in scopes


def _is_wanted(contact: ContactRecord, wanted: Wanted) -> bool:
    by_contact = not wanted.contacts or any(_is_known_by(contact, value) for value in wanted.contacts)
    return by_contact and (not wanted.names or _is_called(contact, wanted.names))


def _is_known_by(contact: ContactRecord, value: str) -> bool:
    return value == contact.contact_id or any(
        identifier_key(kind, value) == identifier_key(kind, live) for kind, live in contact.identifiers or ()
    )


def _is_called(contact: ContactRecord, patterns: tuple[str, ...]) -> bool:
    """Return whether a contact's name matches, regardless of case."""
    name = contact.profile.get("name")
    return isinstance(name, str) and any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)
