"""Overlay entries that match no declaration: what they say is checked all the same, be they optional or not."""

from collections.abc import Mapping
from typing import TypeAlias

from reconciler.reading import Node, mapping
from reconciler.specs.declarations import declarations
from reconciler.specs.findings import Findings
from reconciler.specs.references import References, resolve

Target: TypeAlias = tuple[str, str]
"""What a patch is for: the section and the name of a declaration."""

OPTIONAL = "optional"
_IDENTITIES: Mapping[str, tuple[str, ...]] = {
    "scopes": ("persona_id", "agent_number"),
    "contacts": ("contact_id", "external_id", "phone_number", "email"),
    "memories": ("memory_id",),
}


def check_passed_over(entry: Node, target: Target, references: References, findings: Findings) -> None:
    """
    Check an entry as if what it patches were declared, with nothing but an identity.

    What its references stand for is not in effect here: a variable that is not defined is no mistake.
    """
    section, name = target
    parts = {key: _stripped(below) if key == "scopes" else below for key, below in entry.entries() if key != OPTIONAL}
    if not parts.keys() & set(_IDENTITIES[section]):
        parts[_IDENTITIES[section][0]] = Node("declared-elsewhere", entry.lines, entry.mark)
    whole = mapping(entry, {section: mapping(entry, {name: mapping(entry, parts)})})
    declarations(resolve(whole, references.unread, Findings()), findings)


def _stripped(scopes: Node) -> Node:
    if not isinstance(scopes.value, dict):
        return scopes
    memories = {
        name: mapping(node, {key: below for key, below in node.entries() if key != OPTIONAL})
        if isinstance(node.value, dict)
        else node
        for name, node in scopes.entries()
    }
    return mapping(scopes, memories)
