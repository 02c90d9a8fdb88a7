"""Declarations: what one document declares, checked without knowing any other document."""

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import partial

from msgspec import Struct

from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.desired import (
    IDENTIFIER_KINDS,
    AgentNumber,
    Contact,
    ContactId,
    ExistingMemory,
    Identifier,
    Identity,
    Persona,
    ScopeKey,
    User,
)
from reconciler.core.model.rules import Rule
from reconciler.core.model.value import Json
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node, check
from reconciler.specs.layers import (
    Facts,
    check_users,
    declared_labels,
    declared_layer,
    declared_profile,
    declared_users,
)
from reconciler.specs.problems import Problems, is_marked_live, spec_address
from reconciler.specs.schema import ScopeSpec, SpecDocument


class DeclaredName(Struct, frozen=True, gc=False):
    """A name that a document declares, whether the declaration is valid or not."""

    section: str
    name: str
    source: Source


class ScopeReference(Struct, frozen=True):
    """A scope that a contact names in whose declaration something is wrong."""

    contact: str
    scope: str
    source: Source


class DeclaredLayer(Struct, frozen=True):
    """The facts of one layer; `owner` is the path of the scope, the contact or the contact's memory."""

    owner: KeyPath
    facts: Facts


class DeclaredRule(Struct, frozen=True):
    """A rule, with the places of its expressions."""

    rule: Rule
    places: Mapping[str, Source]


class Invalid(Struct, frozen=True):
    """What is still known of invalid declarations: the scopes that they name, and their layers of facts."""

    references: tuple[ScopeReference, ...] = ()
    layers: tuple[DeclaredLayer, ...] = ()


class DeclaredScope(Struct, frozen=True):
    """A scope with its layer of facts."""

    name: str
    key: ScopeKey
    facts: Facts


class DeclaredMemory(Struct, frozen=True, gc=False):
    """A contact's memory in a scope, with its layer of facts."""

    scope: str
    facts: Facts
    users: tuple[User, ...]
    source: Source


class DeclaredContact(Struct, frozen=True, gc=False):
    """A contact with its layer of facts and its memories."""

    contact: Contact
    facts: Facts
    memories: tuple[DeclaredMemory, ...]


class Declarations(Struct, frozen=True):
    """
    All that a document declares; `fact_keys` are its part of the catalogue.

    With `live_values`, the values came from an account.
    """

    names: tuple[DeclaredName, ...]
    invalid: Invalid
    fact_keys: tuple[FactKey, ...]
    scopes: tuple[DeclaredScope, ...]
    contacts: tuple[DeclaredContact, ...]
    memories: tuple[ExistingMemory, ...]
    live_values: bool = False
    rules: tuple[DeclaredRule, ...] = ()

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


_SECTIONS = ("scopes", "contacts", "memories")


def check_invalid(parts: Mapping[str, Node], valid: SpecDocument, problems: Problems) -> Invalid:
    """Check the invalid declarations of a document; return what is still known of them."""
    references: list[ScopeReference] = []
    layers: list[DeclaredLayer] = []
    for section in _SECTIONS:
        for name, node in parts[section].entries() if section in parts else ():
            if name not in getattr(valid, section):
                layers.extend(_layers(node, (section, name), problems))
                references.extend(_references(name, node) if section == "contacts" else ())
    return Invalid(tuple(references), tuple(layers))


def _layers(node: Node, path: KeyPath, problems: Problems) -> Iterator[DeclaredLayer]:
    parts = dict(node.entries())
    yield DeclaredLayer(path, declared_layer(parts, path, problems))
    check_users(parts, path, problems)
    for scope, memory in parts["scopes"].entries() if "scopes" in parts else ():
        yield from _layers(memory, (*path, "scopes", scope), problems)


def _references(contact: str, node: Node) -> Iterator[ScopeReference]:
    for key, scopes in node.entries():
        for scope, _, source in scopes.keyed() if key == "scopes" else ():
            yield ScopeReference(contact, scope, source)


_NAMELESS = {"contacts_from", "live_values"}
"""Keys of a document that declare nothing by name."""


def declarations(document: Node, problems: Problems) -> Declarations:
    """Read the declarations of a document, and note all that is wrong with it."""
    is_live = is_marked_live(document.value)
    known = None if is_live else document.value
    checked = check(SpecDocument, document, address=partial(spec_address, document=known), without="contacts")
    problems.take(checked.problems)
    spec = checked.model or _valid_part(document.value, checked.wrong)
    parts = dict(document.entries())
    return Declarations(
        names=tuple(_names(parts)),
        invalid=Invalid() if checked.model or not checked.is_whole else check_invalid(parts, spec, problems),
        fact_keys=tuple(_fact_keys(spec, parts)),
        scopes=tuple(_scopes(spec, parts, problems)),
        contacts=tuple(_contacts(None if checked.model else spec.contacts, parts, problems)),
        memories=tuple(_memories(spec, parts, problems)),
        live_values=is_live,
        rules=tuple(_rules(spec, parts)),
    )


def _valid_part(value: Json, wrong: Iterable[KeyPath]) -> SpecDocument:
    """Leave out each declaration in which something is wrong, so that the others can be checked against each other."""
    left_out = {path[:2] for path in wrong}
    if not isinstance(value, dict):
        return SpecDocument()
    sections = {
        section: {name: entry for name, entry in entries.items() if (section, name) not in left_out}
        for section, entries in value.items()
        if isinstance(entries, dict) and (section,) not in left_out
    }
    return SpecDocument.model_validate(sections)


def _names(parts: Mapping[str, Node]) -> Iterator[DeclaredName]:
    for section in (one for one in SpecDocument.model_fields if one not in _NAMELESS):
        for name, _, source in parts[section].keyed() if section in parts else ():
            yield DeclaredName(section, name, source)


def _fact_keys(spec: SpecDocument, parts: Mapping[str, Node]) -> Iterator[FactKey]:
    for name, node in _entries(parts, "fact_keys"):
        if name in spec.fact_keys:
            yield spec.fact_keys[name].as_key(name, node.key_source)


def _rules(spec: SpecDocument, parts: Mapping[str, Node]) -> Iterator[DeclaredRule]:
    for name, node in _entries(parts, "rules"):
        if name in spec.rules:
            written = spec.rules[name]
            message = " ".join(written.message.split())
            rule = Rule(
                name, written.kind, written.where, written.require, message, written.level, source=node.key_source
            )
            yield DeclaredRule(rule, {key: below.source for key, below in node.entries()})


def _scopes(spec: SpecDocument, parts: Mapping[str, Node], problems: Problems) -> Iterator[DeclaredScope]:
    for name, node in _entries(parts, "scopes"):
        if name in spec.scopes:
            facts = declared_layer(dict(node.entries()), ("scopes", name), problems)
            yield DeclaredScope(name, _scope_key(spec.scopes[name]), facts)


def _scope_key(spec: ScopeSpec) -> ScopeKey:
    return Persona(spec.persona_id) if spec.persona_id else AgentNumber(spec.agent_number)


def _contacts(valid: Container[str] | None, parts: Mapping[str, Node], problems: Problems) -> Iterator[DeclaredContact]:
    for name, node in _entries(parts, "contacts"):
        if valid is None or name in valid:
            yield _contact(name, node, problems)


def _contact(name: str, node: Node, problems: Problems) -> DeclaredContact:
    parts, path = dict(node.entries()), ("contacts", name)
    memories = (_memory(memory, (*path, "scopes", scope), problems) for scope, memory in _entries(parts, "scopes"))
    profile, labels = declared_profile(parts, path, problems), declared_labels(parts)
    contact = Contact(name, _identity(parts), profile, node.key_source, labels)
    return DeclaredContact(contact, declared_layer(parts, path, problems), tuple(memories))


def _identity(parts: Mapping[str, Node]) -> Identity:
    """Return the identity of a checked contact; a secret stays a `Secret`."""
    if "contact_id" in parts:
        return ContactId(_text(parts["contact_id"]))
    kind = next(kind for kind in IDENTIFIER_KINDS if kind in parts)
    return Identifier(kind, _text(parts[kind]))


def _text(node: Node) -> str:
    assert isinstance(node.value, str)  # noqa: S101  checked with the document
    return node.value


def _memory(node: Node, path: KeyPath, problems: Problems) -> DeclaredMemory:
    parts = dict(node.entries())
    facts = declared_layer(parts, path, problems)
    users = declared_users(parts, path, problems)
    return DeclaredMemory(str(path[-1]), facts, users, node.key_source)


def _memories(spec: SpecDocument, parts: Mapping[str, Node], problems: Problems) -> Iterator[ExistingMemory]:
    for name, node in _entries(parts, "memories"):
        if name in spec.memories:
            users = declared_users(dict(node.entries()), ("memories", name), problems)
            yield ExistingMemory(name, spec.memories[name].memory_id, users, node.key_source)


def _entries(parts: Mapping[str, Node], key: str) -> Iterable[tuple[str, Node]]:
    return parts[key].entries() if key in parts else ()
