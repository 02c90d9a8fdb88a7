"""
Whether an answer is about what was asked: ids, identifiers, scopes and numbers, held against each other.

What an answer does not show cannot be checked, and passes: the samples of the API reference differ in what they show.
Messages name ids. They name no identifier and no number, which may be somebody's, or a secret.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.desired import AgentNumber, Identifier, Persona, ScopeKey, id_key, identifier_key, number_key
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.text import Secret, quoted
from reconciler.core.remote import ContactRecord, Record
from reconciler.errors import ApiError, OtherRecordError

_Key = TypeVar("_Key")
_One = TypeVar("_One")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_NO_CALL = "no call can name it, so nothing was sent to it"
_MERGED = "if contacts were merged in the account, declare the one that is left"


class Asked(Struct, frozen=True):
    """What a request asks about; what is None is not asked. `user` is the phone number of a memory's user."""

    contact_id: str | None = None
    identifier: Identifier | None = None
    memory_id: str | None = None
    scope_key: ScopeKey | None = None
    user: str | None = None


NOBODY = Asked()
"""What a listing asks about: nobody in particular."""


def check_memory(asked: Asked, memory: Record) -> None:
    """Raise `OtherRecordError` unless a memory is of the id, the contact and the scope that were asked for."""
    check_memory_id(asked, memory.memory_id)
    check_contact_id(asked, memory.contact_id)
    check_scope(asked, memory.scope_key)


def check_scope(asked: Asked, scope_key: ScopeKey | None) -> None:
    """Raise `OtherRecordError` for the memory of another scope than the one that was asked for."""
    if asked.scope_key is None or scope_key is None or is_alike(asked.scope_key, scope_key):
        return
    both_numbers = isinstance(asked.scope_key, AgentNumber) and isinstance(scope_key, AgentNumber)
    answered = "another agent number" if both_numbers else _scope(scope_key)
    raise _other(f"the memory of {_scope(asked.scope_key)}", f"that of {answered}")


def check_contact(asked: Asked, contact: ContactRecord) -> None:
    """Raise `OtherRecordError` unless a contact is the one that was asked for, and its memories are its own."""
    check_usable("contact", contact.contact_id)
    check_contact_id(asked, contact.contact_id)
    shown = _keys(contact)
    if asked.identifier is not None and shown is not None and asked.identifier.key not in shown:
        other = f"{_contact(contact.contact_id)}, which does not have it"
        raise _other(f"the contact with the declared {asked.identifier.kind}", other)
    if reason := next(_doubts(contact, _ShownEntries([contact])), None):
        raise OtherRecordError(reason)


def check_contact_id(asked: Asked, contact_id: str | None) -> None:
    """Raise `OtherRecordError` for another contact than the one that was asked for."""
    if asked.contact_id and contact_id and not is_same_id(asked.contact_id, contact_id):
        raise _other(_contact(asked.contact_id), _contact(contact_id), cure=_MERGED)


def check_memory_id(asked: Asked, memory_id: str | None) -> None:
    """Raise `OtherRecordError` for another memory than the one that was asked for, and `ApiError` for no usable id."""
    if memory_id is None:
        return
    check_usable("memory", memory_id)
    if asked.memory_id and not is_same_id(asked.memory_id, memory_id):
        raise _other(f"the memory {_named(asked.memory_id)}", f"the memory {_named(memory_id)}")


def check_user(asked: Asked, phone_number: str | None) -> None:
    """Raise `OtherRecordError` for another user than the one that was asked for."""
    if asked.user and phone_number and number_key(asked.user) != number_key(phone_number):
        raise _other("one user of a memory", "a user with another phone number")


def check_listed_once(asked: Asked, first: LiveUser, other: LiveUser) -> None:
    """Raise `OtherRecordError` where a listing shows one number twice, with other texts."""
    if first != other:
        memory = f"the memory {_named(asked.memory_id)}" if asked.memory_id else "a memory"
        raise OtherRecordError(
            f"the API shows one user of {memory} twice, with different texts; nothing is written to it"
        )


def check_usable(what: str, text: str) -> None:
    """Raise `ApiError` for an id that cannot stand in the path of a call."""
    if reason := _unusable(text):
        raise ApiError(f"the id of a {what}, {_named(text)}, {reason}: {_NO_CALL}")


def is_alike(left: ScopeKey | None, right: ScopeKey | None) -> bool:
    """Return whether two scopes are one: the same persona, or an agent number with the same digits."""
    return left == right or (left is not None and right is not None and left.key == right.key)


class MemoryOwners:
    """Which contact and scope each memory was planned or answered for, since one memory is never that of two."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[str, ScopeKey]] = {}

    def complete(self, asked: Asked) -> Asked:
        """Return what is asked, with the contact and the scope of the memory where they are known."""
        owner = self._owners.get(id_key(asked.memory_id)) if asked.memory_id else None
        return replace(asked, contact_id=owner[0], scope_key=owner[1]) if owner else asked

    def check(self, memory_id: str, contact_id: str, scope_key: ScopeKey) -> None:
        """Note whose a memory is; raises `OtherRecordError` where it is known as another contact's, or scope's."""
        first, key = self._owners.setdefault(id_key(memory_id), (contact_id, scope_key))
        if not is_same_id(first, contact_id):
            raise _given_twice(memory_id, f"{_contact(contact_id)} and {_contact(first)}")
        if not is_alike(key, scope_key):
            raise _given_twice(memory_id, f"two scopes of {_contact(contact_id)}")


def _several(keyed: Iterable[tuple[str, _One]]) -> Mapping[str, Sequence[_One]]:
    """Return by key what has the key of another."""
    first: dict[str, _One] = {}
    found: dict[str, list[_One]] = {}
    for key, one in keyed:
        if key not in first:
            first[key] = one
        else:
            found.setdefault(key, [first[key]]).append(one)
    return found


class _ShownEntries:
    """What a listing shows several times, each entry for itself: of one contact, and of one memory."""

    def __init__(self, contacts: Sequence[ContactRecord] = ()) -> None:
        self._entries = _several((id_key(contact.contact_id), contact) for contact in contacts)
        self._owners = _several(
            (id_key(memory.memory_id), (contact.contact_id, memory.scope_key))
            for contact in contacts
            for memory in contact.memories or ()
            if not memory.contact_id or is_same_id(memory.contact_id, contact.contact_id)
        )

    def other_owner(self, contact: ContactRecord, memory: Record) -> str:
        """Return, in words, who else a memory is shown for; empty where it is nobody else."""
        for contact_id, scope_key in self._owners.get(id_key(memory.memory_id), ()) if self._owners else ():
            if not is_same_id(contact_id, contact.contact_id):
                return f"and under {_contact(contact_id)}"
            if scope_key and memory.scope_key and not is_alike(scope_key, memory.scope_key):
                return "for two scopes"
        return ""

    def contradiction(self, contact: ContactRecord) -> str:
        """Return what the entries of one contact show differently, though it cannot be both; empty for nothing."""
        for other in self._entries.get(id_key(contact.contact_id), ()) if self._entries else ():
            if not _is_one_within(_keys(contact), _keys(other)):
                return "identifiers"
            if not _is_one_within(_memory_keys(contact), _memory_keys(other)):
                return "memories"
        return ""


def contacts_in_doubt(contacts: Iterable[ContactRecord]) -> Mapping[str, str]:
    """Return, by contact id, why what is shown of a contact cannot be believed; takes each entry of a listing."""
    contacts = list({id(contact): contact for contact in contacts}.values())
    shown = _ShownEntries(contacts)
    found = ((contact.contact_id, next(_doubts(contact, shown), None)) for contact in contacts)
    return {contact_id: reason for contact_id, reason in found if reason}


def _keys(contact: ContactRecord) -> set[tuple[str, str]] | None:
    return None if contact.identifiers is None else {identifier_key(*item) for item in contact.identifiers}


def _memory_keys(contact: ContactRecord) -> set[str] | None:
    return None if contact.memories is None else {id_key(memory.memory_id) for memory in contact.memories}


def _is_one_within(left: set[_Key] | None, right: set[_Key] | None) -> bool:
    """Return whether one holds all of the other, as when something was added while a listing was read."""
    return left is None or right is None or left <= right or right <= left


def _doubts(contact: ContactRecord, shown: _ShownEntries) -> Iterator[str]:
    if reason := _unusable(contact.contact_id):
        yield f"the API shows a contact whose id, {_named(contact.contact_id)}, {reason}: {_NO_CALL}"
    if parts := shown.contradiction(contact):
        yield f"the API shows {_contact(contact.contact_id)} twice, with different {parts}; nothing is written to it"
    for memory in contact.memories or ():
        if reason := _unusable(memory.memory_id):
            named = _named(memory.memory_id)
            yield f"the API shows a memory under {_contact(contact.contact_id)} whose id, {named}, {reason}: {_NO_CALL}"
        if memory.contact_id and not is_same_id(memory.contact_id, contact.contact_id):
            other = f"and says that it is of {_contact(memory.contact_id)}; nothing is written to it; {_MERGED}"
            yield f"{_shown(memory, contact)} {other}"
        if other := shown.other_owner(contact, memory):
            yield f"{_shown(memory, contact)} {other}; nothing is written to it"


def _shown(memory: Record, contact: ContactRecord) -> str:
    return f"the API shows the memory {_named(memory.memory_id)} under {_contact(contact.contact_id)}"


def _unusable(text: str) -> str:
    """Return what is wrong with an id; empty for one that can stand in a path."""
    if not text:
        return "is empty"
    if text in {".", ".."}:
        return "is nothing but dots"
    if "/" in text:
        return "holds a slash"
    return "holds control characters" if _CONTROL.search(text) else ""


def is_same_id(left: str, right: str) -> bool:
    """Return whether two ids are one: the case of a UUID means nothing, nor does the "mem-" before it."""
    return left == right or id_key(left) == id_key(right)


def _named(text: str) -> str:
    """Return an id as a message names it; one that is declared as a secret stays one."""
    return "that is a secret" if isinstance(text, Secret) else quoted(text)


def _contact(contact_id: str) -> str:
    return f"the contact {_named(contact_id)}"


def _scope(scope_key: ScopeKey | None) -> str:
    match scope_key:
        case Persona():
            return f"the persona {_named(scope_key.persona_id)}"
        case AgentNumber():
            return "an agent number"
        case None:
            return "no scope"


def _other(asked: str, answered: str, *, cure: str = "") -> OtherRecordError:
    advice = f"; {cure}" if cure else ""
    return OtherRecordError(f"asked about {asked}, the API answered about {answered}{advice}")


def _given_twice(memory_id: str, owners: str) -> OtherRecordError:
    error = OtherRecordError(f"the API answered with the memory {_named(memory_id)} for {owners}")
    error.may_have_happened = True
    return error
