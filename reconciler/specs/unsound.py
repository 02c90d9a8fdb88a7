"""Declarations in which something is wrong: what can be checked of them all the same, so that one run tells all."""

from collections.abc import Iterator, Mapping

from reconciler.reading import KeyPath, Node
from reconciler.specs.declared import ScopeReference
from reconciler.specs.facts import declared_layer
from reconciler.specs.findings import Findings
from reconciler.specs.schema import SpecDocument
from reconciler.specs.users import check_users


def check_unsound(parts: Mapping[str, Node], sound: SpecDocument, findings: Findings) -> Iterator[ScopeReference]:
    """Check all declarations of a document but the sound ones; gives the scopes that contacts name there."""
    for section in SpecDocument.model_fields:
        for name, node in parts[section].entries() if section in parts else ():
            if name not in getattr(sound, section):
                _check(node, (section, name), findings)
                yield from _references(name, node) if section == "contacts" else ()


def _check(node: Node, path: KeyPath, findings: Findings) -> None:
    parts = dict(node.entries())
    declared_layer(parts, path, findings)
    check_users(parts, path, findings)
    for scope, memory in parts["scopes"].entries() if "scopes" in parts else ():
        _check(memory, (*path, "scopes", scope), findings)


def _references(contact: str, node: Node) -> Iterator[ScopeReference]:
    for key, scopes in node.entries():
        for scope, _, source in scopes.keyed() if key == "scopes" else ():
            yield ScopeReference(contact, scope, source)
