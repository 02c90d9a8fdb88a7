"""Declarations in which something is wrong: what can be checked of them all the same, so that one run tells all."""

from collections.abc import Iterator, Mapping

from reconciler.reading import KeyPath, Node
from reconciler.specs.declared import DeclaredLayer, ScopeReference, Unsound
from reconciler.specs.facts import declared_layer
from reconciler.specs.findings import Findings
from reconciler.specs.schema import SpecDocument
from reconciler.specs.users import check_users

_SECTIONS = ("scopes", "contacts", "memories")


def check_unsound(parts: Mapping[str, Node], sound: SpecDocument, findings: Findings) -> Unsound:
    """Check all declarations of a document but the sound ones; gives what can be told of them."""
    references: list[ScopeReference] = []
    layers: list[DeclaredLayer] = []
    for section in _SECTIONS:
        for name, node in parts[section].entries() if section in parts else ():
            if name not in getattr(sound, section):
                layers.extend(_layers(node, (section, name), findings))
                references.extend(_references(name, node) if section == "contacts" else ())
    return Unsound(tuple(references), tuple(layers))


def _layers(node: Node, path: KeyPath, findings: Findings) -> Iterator[DeclaredLayer]:
    parts = dict(node.entries())
    yield DeclaredLayer(path, declared_layer(parts, path, findings))
    check_users(parts, path, findings)
    for scope, memory in parts["scopes"].entries() if "scopes" in parts else ():
        yield from _layers(memory, (*path, "scopes", scope), findings)


def _references(contact: str, node: Node) -> Iterator[ScopeReference]:
    for key, scopes in node.entries():
        for scope, _, source in scopes.keyed() if key == "scopes" else ():
            yield ScopeReference(contact, scope, source)
