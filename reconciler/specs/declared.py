"""What a document declares, before it is put together with what others declare."""

from collections.abc import Iterator

from msgspec import Struct

from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.desired import Contact, ExistingMemory, ScopeKey, User
from reconciler.errors import Source
from reconciler.reading import KeyPath
from reconciler.specs.layers import Facts


class DeclaredName(Struct, frozen=True):
    """A name that a document gives to what it declares, be the declaration itself sound or not."""

    section: str
    name: str
    source: Source


class ScopeReference(Struct, frozen=True):
    """A scope that a contact names in whose declaration something is wrong."""

    contact: str
    scope: str
    source: Source


class DeclaredLayer(Struct, frozen=True):
    """The facts that stand at a place: `owner` leads to the scope, the contact or the contact's memory."""

    owner: KeyPath
    facts: Facts


class Invalid(Struct, frozen=True):
    """What can be told of declarations in which something is wrong: scopes that are named, and layers of facts."""

    references: tuple[ScopeReference, ...] = ()
    layers: tuple[DeclaredLayer, ...] = ()


class DeclaredScope(Struct, frozen=True):
    """A scope with its layer of facts."""

    name: str
    key: ScopeKey
    facts: Facts


class DeclaredMemory(Struct, frozen=True):
    """A contact's memory in a scope, with its layer of facts."""

    scope: str
    facts: Facts
    users: tuple[User, ...]
    source: Source


class DeclaredContact(Struct, frozen=True):
    """A contact with its layer of facts and its memories."""

    contact: Contact
    facts: Facts
    memories: tuple[DeclaredMemory, ...]


class Declarations(Struct, frozen=True):
    """All that a document declares; `fact_keys` are its part of the catalogue, `live_values` came from an account."""

    names: tuple[DeclaredName, ...]
    invalid: Invalid
    fact_keys: tuple[FactKey, ...]
    scopes: tuple[DeclaredScope, ...]
    contacts: tuple[DeclaredContact, ...]
    memories: tuple[ExistingMemory, ...]
    live_values: bool = False

    def layers(self) -> Iterator[DeclaredLayer]:
        """Return every layer of facts, those of invalid declarations included."""
        for scope in self.scopes:
            yield DeclaredLayer(("scopes", scope.name), scope.facts)
        for contact in self.contacts:
            owner = ("contacts", contact.contact.name)
            yield DeclaredLayer(owner, contact.facts)
            for memory in contact.memories:
                yield DeclaredLayer((*owner, "scopes", memory.scope), memory.facts)
        yield from self.invalid.layers
