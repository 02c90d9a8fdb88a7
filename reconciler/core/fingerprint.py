"""The digest of what the specs declare: the same for the same declarations, in whatever order they stand."""

import hashlib

from reconciler.core.desired import Contact, ContactMemory, Desired, Identifier, Memory, User
from reconciler.core.value import Json, canonical


def specs_digest(desired: Desired) -> str:
    """Give `sha256:…` over a canonical list of all declarations; places in files do not count."""
    content: list[Json] = [_contact(contact) for contact in desired.contacts]
    content.extend(_memory(memory) for memory in desired.memories)
    return "sha256:" + hashlib.sha256(canonical(content).encode()).hexdigest()


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
