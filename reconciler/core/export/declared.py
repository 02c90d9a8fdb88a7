"""What the specs of a repository declare already: an export declares none of it again, and follows their catalogue."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from reconciler.core.export.left_out import Reason
from reconciler.core.matching import is_alike
from reconciler.core.model.catalogue import Catalogue, broken_rule
from reconciler.core.model.desired import (
    Contact,
    ContactId,
    ContactMemory,
    Desired,
    Fact,
    ScopeKey,
    id_key,
    identifier_key,
)
from reconciler.core.model.text import holds_secret
from reconciler.core.model.value import Json
from reconciler.core.remote import ContactRecord, Record


class ScopeLayer(Struct, frozen=True):
    """A declared scope: its name, what it remembers for, and the facts that it gives to all of its memories."""

    name: str
    key: ScopeKey
    facts: tuple[Fact, ...] = ()


class ExistingSpecs(Struct, frozen=True):
    """
    What is declared: contacts by identity, with their scopes; memories by id; and names that are taken.

    `scopes` are the declared names of each scope, those without facts of their own first. `secret_keys` are keys whose
    value is read from an environment variable in any spec. `hidden` counts the contacts whose identifier is such a
    secret, so that they cannot be recognised in the account.
    """

    contacts: Mapping[tuple[str, str], Contact]
    scopes_of: Mapping[str, frozenset[ScopeKey]]
    memory_ids: frozenset[str]
    contact_names: frozenset[str]
    scope_names: frozenset[str]
    scopes: Mapping[ScopeKey, tuple[ScopeLayer, ...]]
    catalogue: Catalogue
    secret_keys: frozenset[str]
    hidden: int

    def contact(self, contact: ContactRecord) -> Contact | None:
        """Return the declaration of a live contact, by its id or by any of its identifiers."""
        keys = [ContactId(contact.contact_id).key, *(identifier_key(*one) for one in contact.identifiers or ())]
        return next((self.contacts[key] for key in keys if key in self.contacts), None)

    def declares_memory(self, memory_id: str) -> bool:
        """Return whether a memory is declared by its id, in whatever case."""
        return id_key(memory_id) in self.memory_ids

    def undeclared_memories(self, contact: ContactRecord) -> tuple[Record, ...]:
        """Return the memories of a declared contact that its declaration does not name."""
        known = self.contact(contact)
        scopes = self.scopes_of.get(known.name, frozenset()) if known else frozenset()
        return tuple(
            memory
            for memory in contact.memories or ()
            if not self.declares_memory(memory.memory_id)
            and not any(is_alike(memory.scope_key, scope_key) for scope_key in scopes)
        )

    def refusal(self, key: str, value: Json) -> Reason | None:
        """Return why a fact must not be written, or None: its key is secret, or the catalogue refuses it."""
        known = self.catalogue.get(key)
        if key in self.secret_keys or (known is not None and known.sensitive):
            return "sensitive"
        if known is None:
            return "uncatalogued" if self.catalogue else None
        return "rule" if broken_rule(known, value) else None


def declared_in(
    desired: Desired,
    scope_layers: Iterable[ScopeLayer] = (),
    secret_keys: frozenset[str] = frozenset(),
) -> ExistingSpecs:
    """Return what specs declare; `secret_keys` are further keys of secrets, which `desired` need not contain."""
    of_secrets = (fact.key for fact in _facts(desired.contact_memories) if holds_secret(fact.value))
    scopes_of: dict[str, set[ScopeKey]] = {}
    for memory in desired.contact_memories:
        scopes_of.setdefault(memory.contact.name, set()).add(memory.scope_key)
    return ExistingSpecs(
        contacts={contact.identity.key: contact for contact in desired.contacts},
        scopes_of={name: frozenset(keys) for name, keys in scopes_of.items()},
        memory_ids=frozenset(id_key(memory.memory_id) for memory in desired.existing_memories),
        contact_names=frozenset(contact.name for contact in desired.contacts),
        scope_names=frozenset(desired.scopes),
        scopes=_by_key(scope_layers),
        catalogue=desired.catalogue,
        secret_keys=secret_keys.union(of_secrets),
        hidden=sum(holds_secret(contact.identity.value) for contact in desired.contacts),
    )


def _by_key(layers: Iterable[ScopeLayer]) -> Mapping[ScopeKey, tuple[ScopeLayer, ...]]:
    found: dict[ScopeKey, tuple[ScopeLayer, ...]] = {}
    for one in sorted(layers, key=lambda layer: (bool(layer.facts), layer.name)):
        found[one.key] = (*found.get(one.key, ()), one)
    return found


def _facts(memories: Iterable[ContactMemory]) -> Iterable[Fact]:
    return (fact for memory in memories for fact in memory.facts)


NOTHING_DECLARED = declared_in(Desired((), (), (), ()))
