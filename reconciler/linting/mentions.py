"""Where specs and overlays name scopes and keys of facts, as they are written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import Source
from reconciler.reading import KeyPath, Node
from reconciler.specs.addresses import FACTS, spec_address


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that says the value of a fact."""

    key: str
    address: str
    source: Source


@dataclass(frozen=True, slots=True)
class Mentions:
    """Facts by key, in the order of the files; the scopes that are declared, and those that contacts are in."""

    facts: Mapping[str, Sequence[Mention]]
    scopes: Mapping[str, Source]
    scopes_in_use: frozenset[str]


def mentions_of(documents: Sequence[Node], patches: Sequence[Node]) -> Mentions:
    """Give what documents and their patches name."""
    facts: dict[str, list[Mention]] = {}
    everything = [*documents, *patches]
    for document in everything:
        for mention in _facts(document, ()):
            facts.setdefault(mention.key, []).append(mention)
    scopes = {name: node.key_source for document in documents for name, node in _entries(document, "scopes")}
    in_use = (
        scope
        for document in everything
        for _, contact in _entries(document, "contacts")
        for scope, _ in _entries(contact, "scopes")
    )
    return Mentions(facts, scopes, frozenset(in_use))


def _facts(node: Node, path: KeyPath) -> Iterator[Mention]:
    """Go down to the layers of facts: below scopes, below contacts, and below the scopes of those."""
    for section in ("scopes", "contacts") if len(path) in (0, 2) else ():
        for name, below in _entries(node, section):
            inner = (*path, section, name)
            yield from _layers(below, inner)
            yield from _facts(below, inner)


def _layers(node: Node, owner: KeyPath) -> Iterator[Mention]:
    for section in sorted(FACTS):
        for key, below in _entries(node, section):
            yield Mention(key.replace("$${", "${"), spec_address((*owner, section, key)), below.key_source)


def _entries(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    for name, below in node.entries():
        if name == key:
            yield from below.entries()
