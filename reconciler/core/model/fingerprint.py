"""A digest of all declarations: the same for the same declarations, in whichever files they are."""

import hashlib
from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import TypeAlias

from reconciler.core.model.desired import Contact, ContactMemory, Desired, Identifier, Memory, User
from reconciler.core.model.secret import Secret, holds_secret
from reconciler.core.model.value import Json, is_list, normal, write_normal

_Normalize: TypeAlias = Callable[[Json], Json]
"""Return the normal form of a value, with secrets as digests."""


def specs_digest(desired: Desired, digest: Callable[[Json], str]) -> str:
    """
    Return `sha256:…` over a canonical list of all declarations; places in files do not count.

    Secrets are replaced by the keyed `digest`. With a plain one they could be guessed, since all else may be known.
    """
    norm = partial(_normalized, digest=digest)
    content = chain(
        (_contact(contact, norm) for contact in desired.contacts),
        (_memory(memory, norm) for memory in desired.memories),
    )
    hashed = hashlib.sha256(b"[")
    for number, declaration in enumerate(content):  # one by one: the whole list as text would be large
        hashed.update(b"," if number else b"")
        hashed.update(write_normal(declaration).encode())
    hashed.update(b"]")
    return f"sha256:{hashed.hexdigest()}"


def _normalized(value: Json, digest: Callable[[Json], str]) -> Json:
    """Return a value in normal form, with secrets as digests; plain text, the usual case, is returned unchanged."""
    return value if type(value) is str or value is None else normal(_guarded(value, digest))


def _guarded(value: Json, digest: Callable[[Json], str]) -> Json:
    if isinstance(value, Secret):
        return {"secret": digest(value.plain)}
    if not holds_secret(value):
        return value
    if isinstance(value, dict):
        return {key: _guarded(item, digest) for key, item in value.items()}
    assert is_list(value)  # noqa: S101  nothing else holds a secret
    return [_guarded(item, digest) for item in value]


def _contact(contact: Contact, norm: _Normalize) -> Json:
    identity = contact.identity
    known_by = (
        [identity.kind, norm(identity.value)] if isinstance(identity, Identifier) else ["id", norm(identity.contact_id)]
    )
    return [contact.address, known_by, [[fact.key, norm(fact.value)] for fact in contact.profile]]


def _memory(memory: Memory, norm: _Normalize) -> Json:
    users = [_user(user, norm) for user in memory.users]
    if isinstance(memory, ContactMemory):
        facts: list[Json] = [[fact.key, fact.policy, norm(fact.value)] for fact in memory.facts]
        return [memory.address, memory.scope_key.fields, facts, users]
    return [memory.address, norm(memory.memory_id), users]


def _user(user: User, norm: _Normalize) -> Json:
    return [norm(text) for text in (user.phone_number, user.metadata, user.summary, user.external_memory_key)]
