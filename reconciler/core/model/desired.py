"""Desired: what the specs declare, layers already merged, every value with the place it comes from."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Literal, TypeAlias

from msgspec import Struct, field

from reconciler.core.model.address import contact_address, existing_address, memory_address
from reconciler.core.model.catalogue import Catalogue
from reconciler.core.model.rules import Rule
from reconciler.core.model.text import Secret, holds_secret
from reconciler.core.model.value import NORMAL, Json, canonical, is_list, normal, sha256_of_list
from reconciler.errors import Source

Policy: TypeAlias = Literal["enforce", "seed"]
"""`enforce`: added when missing, updated when different. `seed`: added when missing, never overwritten."""

TextKind: TypeAlias = Literal[
    "contact_id", "external_id", "phone_number", "email", "persona_id", "agent_number", "fact_key"
]
"""The kinds of text that specs have rules for."""


class Persona(Struct, frozen=True):
    """A scope that remembers for a persona."""

    persona_id: str

    @property
    def fields(self) -> dict[str, str]:
        """Return the scope as the field that requests carry."""
        return {"persona_id": self.persona_id}

    @property
    def key(self) -> tuple[str, str]:
        """Return what two scopes are compared by."""
        return ("persona_id", id_key(self.persona_id))


class AgentNumber(Struct, frozen=True):
    """A scope that remembers for an agent's phone number, in E.164."""

    agent_number: str

    @property
    def fields(self) -> dict[str, str]:
        """Return the scope as the field that requests carry."""
        return {"agent_number": self.agent_number}

    @property
    def key(self) -> tuple[str, str]:
        """Return what two scopes are compared by."""
        return ("agent_number", number_key(self.agent_number))


ScopeKey: TypeAlias = Persona | AgentNumber
"""What the API knows a scope by: exactly one of the two (`POST /v1/memory/contact`)."""

IdentifierKind: TypeAlias = Literal["external_id", "phone_number", "email"]
IDENTIFIER_KINDS: tuple[IdentifierKind, ...] = ("external_id", "phone_number", "email")
IDENTITY_KEYS = ("contact_id", *IDENTIFIER_KINDS)
"""What a contact can be known by; a spec writes exactly one of them."""


_UUID = re.compile(r"(?:mem-)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
_UUID_LENGTHS = (36, 40)
_BETWEEN_DIGITS = re.compile(r"[\s().\-/\u2010-\u2015]")
_NUMBER = re.compile(r"(?:\+|00)?([0-9]+)")


def memory_key(contact_id: str, scope_key: ScopeKey) -> str:
    """Return what the API knows a contact memory by, as one text."""
    return canonical([contact_id, scope_key.fields])


class Fact(Struct, frozen=True, gc=False):
    """One declared fact; `value` is never null."""

    key: str
    value: Json
    policy: Policy
    source: Source


class User(Struct, frozen=True, gc=False):
    """One declared memory user; a field that is None is not declared."""

    phone_number: str
    metadata: str | None
    summary: str | None
    external_memory_key: str | None
    source: Source


class ContactId(Struct, frozen=True, gc=False):
    """A contact known by the API's own id, which differs from environment to environment."""

    kind = "contact_id"
    contact_id: str

    @property
    def value(self) -> str:
        """Return the id."""
        return self.contact_id

    @property
    def key(self) -> tuple[str, str]:
        """Return what two ids are compared by."""
        return (self.kind, id_key(self.contact_id))


class Identifier(Struct, frozen=True, gc=False):
    """A contact known by something that people know, the same in every environment."""

    kind: IdentifierKind
    value: str

    @property
    def key(self) -> tuple[str, str]:
        """Return what two identifiers are compared by."""
        return identifier_key(self.kind, self.value)


def identifier_key(kind: str, value: str) -> tuple[str, str]:
    """Return what identifiers are compared by: the case of an email address and the form of a number mean nothing."""
    return (kind, compared_text(kind, value))


def compared_text(kind: str, value: str) -> str:
    """Return the text that an identifier of a kind is compared by."""
    match kind:
        case "email":
            return value.casefold()
        case "phone_number":
            return number_key(value)
        case _:
            return value


def number_key(text: str) -> str:
    """
    Return what phone numbers are compared by: their digits, without "+" or a leading "00".

    A text with more than digits and common separators is not a number, and is returned unchanged.
    """
    bare = _BETWEEN_DIGITS.sub("", text)
    found = _NUMBER.fullmatch(bare)
    return found[1] if found else text


def id_key(text: str) -> str:
    """Return what ids are compared by: the case of a UUID means nothing, nor does the "mem-" before it."""
    found = _UUID.fullmatch(text) if len(text) in _UUID_LENGTHS else None
    key = found[1].lower() if found else text
    return text if key == text else key


Identity: TypeAlias = ContactId | Identifier


LABEL_KEY = "[A-Za-z0-9][A-Za-z0-9_./-]*"
"""A pattern for the names of labels, which options write before `=` and `!=`."""

NO_LABELS: Mapping[str, str] = MappingProxyType({})


class Contact(Struct, frozen=True, gc=False):
    """
    A declared contact; `profile` holds its declared `name` and `metadata`, sorted by key.

    `labels` are for `--label` and for rules, and never sent to the account.
    """

    name: str
    identity: Identity
    profile: tuple[Fact, ...]
    source: Source
    labels: Mapping[str, str] = NO_LABELS

    @property
    def address(self) -> str:
        """Return the contact's address."""
        return contact_address(self.name)


class ContactMemory(Struct, frozen=True, gc=False):
    """
    The memory that a contact should have in a scope; facts are sorted by key and users by phone number.

    `left_out` are the keys of facts that are declared too, but not chosen by a target.
    """

    contact: Contact
    scope: str
    scope_key: ScopeKey
    facts: tuple[Fact, ...]
    left_out: frozenset[str]
    users: tuple[User, ...]
    source: Source

    @property
    def address(self) -> str:
        """Return the memory's address."""
        return memory_address(self.contact.name, self.scope)


class ExistingMemory(Struct, frozen=True):
    """A memory that exists already, declared by its id, for its users (sorted by phone number)."""

    name: str
    memory_id: str
    users: tuple[User, ...]
    source: Source

    @property
    def address(self) -> str:
        """Return the memory's address."""
        return existing_address(self.name)


Memory: TypeAlias = ContactMemory | ExistingMemory


class Elsewhere(Struct, frozen=True):
    """
    What loading passed over, since it belongs to other shards: how many memories, and how often they hold each fact.

    `content` says what all files hold, secrets included. It stands for declarations that were not loaded.
    """

    memories: int
    keys: Mapping[str, int]
    content: Json


class Desired(Struct, frozen=True):
    """
    All that a repository declares for one environment, sorted by name, whatever the order of files and keys.

    With `live_values`, some declared values came from an account, as those of an undo file do. `elsewhere` is set where
    a shard alone was loaded.
    """

    scopes: tuple[str, ...]
    contacts: tuple[Contact, ...]
    contact_memories: tuple[ContactMemory, ...]
    existing_memories: tuple[ExistingMemory, ...]
    catalogue: Catalogue = field(default_factory=dict)
    live_values: bool = False
    rules: tuple[Rule, ...] = ()
    elsewhere: Elsewhere | None = None

    @property
    def memories(self) -> tuple[Memory, ...]:
        """Return every declared memory, those of contacts first."""
        return (*self.contact_memories, *self.existing_memories)


_Normalize: TypeAlias = Callable[[Json], Json]
"""Return the normal form of a value, with secrets as digests."""


def specs_digest(desired: Desired, digest: Callable[[Json], str]) -> str:
    """
    Return `sha256:…` over a canonical list of all declarations; places in files do not count.

    Secrets are replaced by the keyed `digest`. With a plain one they could be guessed, since all else may be known.
    Where a shard alone was loaded, the list is of what all files hold.
    """
    norm = partial(_normalized, digest=digest)
    content = chain(
        (_contact(contact, norm) for contact in desired.contacts),
        (_memory(memory, norm) for memory in desired.memories),
    )
    if desired.elsewhere:
        content = chain((norm(desired.elsewhere.content),))
    return f"sha256:{sha256_of_list(content)}"


def _normalized(value: Json, digest: Callable[[Json], str]) -> Json:
    """Return a value in normal form, with secrets as digests; plain text, the usual case, is returned unchanged."""
    return value if type(value) in NORMAL else normal(_guarded(value, digest))


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
    profile: list[Json] = [[fact.key, norm(fact.value)] for fact in contact.profile]
    labels: list[Json] = [dict(contact.labels)] if contact.labels else []
    return [contact.address, known_by, profile, *labels]


def _memory(memory: Memory, norm: _Normalize) -> Json:
    users = [_user(user, norm) for user in memory.users]
    if isinstance(memory, ContactMemory):
        facts: list[Json] = [[fact.key, fact.policy, norm(fact.value)] for fact in memory.facts]
        return [memory.address, memory.scope_key.fields, facts, users]
    return [memory.address, norm(memory.memory_id), users]


def _user(user: User, norm: _Normalize) -> Json:
    return [norm(text) for text in (user.phone_number, user.metadata, user.summary, user.external_memory_key)]
