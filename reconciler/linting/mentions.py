"""Where specs and overlays name scopes and keys of facts, as they are written."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from reconciler.core.model.references import meant_key
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node
from reconciler.specs.addresses import FACTS, spec_address


class Mention(Struct, frozen=True):
    """A place that gives a fact a value."""

    key: str
    address: str
    source: Source


class Mentions(Struct, frozen=True):
    """
    Facts by key, in the order of the files; the scopes that are declared, and those that contacts are in.

    `idle` are the places of contacts, by address, that have facts and are in no scope.
    """

    facts: Mapping[str, Sequence[Mention]]
    idle: Mapping[str, Source]
    scopes: Mapping[str, Source]
    scopes_in_use: frozenset[str]


def mentions_of(documents: Sequence[Node], patches: Sequence[Node]) -> Mentions:
    """Return what documents and their patches name."""
    facts: dict[str, list[Mention]] = {}
    everything = [*documents, *patches]
    for document in everything:
        for mention in _facts(document):
            facts.setdefault(mention.key, []).append(mention)
    scopes = {name: node.key_source for document in documents for name, node in _entries(document, "scopes")}
    in_use = (
        scope
        for document in everything
        for _, contact in _contacts(document)
        for scope, _ in _entries(contact, "scopes")
    )
    idle = {
        spec_address(path): contact.key_source
        for document in documents
        for path, contact in _contacts(document)
        if any(_layers(contact, path)) and not any(_entries(contact, "scopes"))
    }
    return Mentions(facts, idle, scopes, frozenset(in_use))


def _facts(document: Node) -> Iterator[Mention]:
    """Return the facts of scopes, of contacts and what makes them, and of the scopes of those."""
    for name, scope in _entries(document, "scopes"):
        yield from _layers(scope, ("scopes", name))
    for path, contact in _contacts(document):
        yield from _layers(contact, path)
        for name, memory in _entries(contact, "scopes"):
            yield from _layers(memory, (*path, "scopes", name))


def _contacts(document: Node) -> Iterator[tuple[KeyPath, Node]]:
    """Yield the contacts that a document declares, and those that it makes of rows, each with its path."""
    for name, contact in _entries(document, "contacts"):
        yield ("contacts", name), contact
    section = dict(document.entries()).get("contacts_from")
    for index, entry in enumerate(section.items() if section else ()):
        made = dict(entry.entries()).get("contact")
        if made:
            yield ("contacts_from", index, "contact"), made


def _layers(node: Node, owner: KeyPath) -> Iterator[Mention]:
    for section in sorted(FACTS):
        for key, below in _entries(node, section):
            yield Mention(meant_key(key), spec_address((*owner, section, key)), below.key_source)


def _entries(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    for name, below in node.entries():
        if name == key:
            yield from below.entries()
