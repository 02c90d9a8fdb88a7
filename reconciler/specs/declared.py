"""What a document declares, before it is put together with what others declare."""

from dataclasses import dataclass

from reconciler.core.desired import Contact, ExistingMemory, ScopeKey, User
from reconciler.errors import Source
from reconciler.specs.layers import Facts


@dataclass(frozen=True, slots=True)
class DeclaredName:
    """A name that a document gives to a scope, a contact or a memory, be the declaration itself sound or not."""

    section: str
    name: str
    source: Source


@dataclass(frozen=True, slots=True)
class ScopeReference:
    """A scope that a contact names in whose declaration something is wrong."""

    contact: str
    scope: str
    source: Source


@dataclass(frozen=True, slots=True)
class DeclaredScope:
    """A scope with its layer of facts."""

    name: str
    key: ScopeKey
    facts: Facts


@dataclass(frozen=True, slots=True)
class DeclaredMemory:
    """A contact's memory in a scope, with its layer of facts."""

    scope: str
    facts: Facts
    users: tuple[User, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class DeclaredContact:
    """A contact with its layer of facts and its memories."""

    contact: Contact
    facts: Facts
    memories: tuple[DeclaredMemory, ...]


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that a document declares; `unsound` are the scopes that are named where something else is wrong."""

    names: tuple[DeclaredName, ...]
    unsound: tuple[ScopeReference, ...]
    scopes: tuple[DeclaredScope, ...]
    contacts: tuple[DeclaredContact, ...]
    memories: tuple[ExistingMemory, ...]
