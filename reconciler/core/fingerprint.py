"""The digest of what the specs declare: the same for the same declarations, in whatever order they stand."""

import hashlib
from collections.abc import Callable

from reconciler.core.desired import Contact, ContactMemory, Desired, Identifier, Memory, User
from reconciler.core.secret import Secret, holds_secret
from reconciler.core.value import Json, canonical, is_list


def specs_digest(desired: Desired, digest: Callable[[Json], str]) -> str:
    """
    Give `sha256:…` over a canonical list of all declarations; places in files do not count.

    Secrets enter it as the keyed `digest`: all the rest can be known, so that a plain one would let them be guessed.
    """
    content: list[Json] = [_contact(contact) for contact in desired.contacts]
    content.extend(_memory(memory) for memory in desired.memories)
    return "sha256:" + hashlib.sha256(canonical(_guarded(content, digest)).encode()).hexdigest()


def _guarded(value: Json, digest: Callable[[Json], str]) -> Json:
    if isinstance(value, Secret):
        return {"secret": digest(value.plain)}
    if not holds_secret(value):
        return value
    if isinstance(value, dict):
        return {key: _guarded(item, digest) for key, item in value.items()}
    assert is_list(value)  # noqa: S101  nothing else holds a secret
    return [_guarded(item, digest) for item in value]


def _contact(contact: Contact) -> Json:
    identity = contact.identity
    known_by = [identity.kind, identity.value] if isinstance(identity, Identifier) else ["id", identity.contact_id]
    return [contact.address, known_by, [[fact.key, fact.value] for fact in contact.profile]]


def _memory(memory: Memory) -> Json:
    users = [_user(user) for user in memory.users]
    if isinstance(memory, ContactMemory):
        facts: list[Json] = [[fact.key, fact.upkeep, fact.value] for fact in memory.facts]
        return [memory.address, memory.scope_key.fields, facts, users]
    return [memory.address, memory.memory_id, users]


def _user(user: User) -> Json:
    return [user.phone_number, user.metadata, user.summary, user.external_memory_key]
