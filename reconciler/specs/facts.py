"""The facts of one layer: `facts` and `seed_facts` as they are written, checked at every depth."""

from collections.abc import Iterator, Mapping

from reconciler.core.model.desired import Fact, Upkeep
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node
from reconciler.specs.findings import Findings
from reconciler.specs.layers import Facts, layer
from reconciler.specs.texts import has_control_characters


def declared_layer(parts: Mapping[str, Node], path: KeyPath, findings: Findings) -> Facts:
    """Read the layer of facts that a scope, a contact or a memory declares among its parts."""
    if "seed_facts" not in parts:
        return layer(_facts(parts, (*path, "facts"), "keep", findings))
    kept = {fact.key: fact for fact in _facts(parts, (*path, "facts"), "keep", findings)}
    seeds = list(_facts(parts, (*path, "seed_facts"), "seed", findings))
    for fact in seeds:
        if fact.key in kept:
            findings.add(
                fact.source,
                (*path, "seed_facts", fact.key),
                message=f"this fact stands in seed_facts and, at {kept[fact.key].source}, in facts",
                cure="keep one: facts are updated when they differ, seed_facts never",
            )
    return layer([*kept.values(), *seeds])


def declared_profile(parts: Mapping[str, Node], path: KeyPath, findings: Findings) -> tuple[Fact, ...]:
    """Read the name and the metadata that a contact declares among its parts, as facts of the contact itself."""
    for node in [parts["metadata"]] if "metadata" in parts else []:
        _check_value(node, (*path, "metadata"), findings)
    return tuple(
        Fact(key, parts[key].value, "keep", parts[key].key_source) for key in ("metadata", "name") if key in parts
    )


def _facts(parts: Mapping[str, Node], path: KeyPath, upkeep: Upkeep, findings: Findings) -> Iterator[Fact]:
    node = parts.get(str(path[-1]))
    if node is None:
        return
    for key, value, source in node.keyed():
        _check_key(key, source, path, findings)
        if value is None or isinstance(value, (dict, list)):
            _check_value(node.at((key,)), (*path, key), findings)
        yield Fact(key, value, upkeep, source)


def _check_key(key: str, source: Source, path: KeyPath, findings: Findings) -> None:
    if not key or has_control_characters(key):
        findings.add(
            source,
            (*path, key),
            message="a fact's key is empty or holds control characters",
            cure="name the fact in plain letters",
        )


def _check_value(node: Node, path: KeyPath, findings: Findings) -> None:
    if node.value is None:
        findings.add(
            node.source,
            path,
            message="a fact cannot be null: the API does not say what null does",
            cure="write a value, or remove it",
        )
    for key, below in node.entries():
        _check_key(key, below.key_source, path, findings)
        _check_value(below, (*path, key), findings)
    for index, below in enumerate(node.items()):
        _check_value(below, (*path, index), findings)
