"""Facts at a scope: those that all memories of it share, and those that the specs have there already."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from reconciler.core.export.bodies import ContactBody, Layers
from reconciler.core.export.declared import ScopeLayer
from reconciler.core.model.desired import Fact, ScopeKey
from reconciler.core.model.value import Json
from reconciler.core.remote import ContactRecord

FEWEST = 2
"""The fewest exported memories that have to share a fact: of one alone it says nothing about the scope."""


def layers_of(facts: Iterable[Fact]) -> Layers:
    """Return the layers of declared facts."""
    found = tuple(facts)
    return Layers(
        {fact.key: fact.value for fact in found if fact.policy == "enforce"},
        {fact.key: fact.value for fact in found if fact.policy == "seed"},
    )


def shared_layers(
    bodies: Sequence[ContactBody], new_scopes: Mapping[str, ScopeKey], listed: Iterable[ContactRecord]
) -> dict[str, Layers]:
    """
    Return the facts of each new scope that stand at the scope: all memories of it have them.

    All memories of the account count, exported or not, so that a later export can use the scope as it is.
    """
    shared: dict[str, Layers] = {}
    times: dict[str, int] = {}
    for body in bodies:
        for scope, memory in body.memories.items():
            if scope in new_scopes:
                shared[scope] = shared[scope].common(memory.layers) if scope in shared else memory.layers
                times[scope] = times.get(scope, 0) + 1
    names = {key: scope for scope, key in new_scopes.items()}
    for scope, facts in _live_facts(listed, names):
        if shared.get(scope):
            shared[scope] = shared[scope].common_with_live(facts)
    return {scope: layers for scope, layers in shared.items() if layers and times[scope] >= FEWEST}


def usable_scopes(
    declared: Mapping[ScopeKey, Sequence[ScopeLayer]],
    selected: Iterable[ContactRecord],
    declares: Callable[[str, Json], bool],
) -> dict[ScopeKey, ScopeLayer]:
    """
    Return the declared scope that memories of each scope can use, where there is one.

    A scope with facts of its own would add them where a memory has none under their keys, or none that is declared.
    """
    memories: dict[ScopeKey, list[Mapping[str, Json]]] = {key: [] for key in declared}
    for contact in selected:
        for memory in contact.memories or ():
            if memory.scope_key is not None and memory.scope_key in memories:
                memories[memory.scope_key].append(memory.facts)

    def fits(layer: ScopeLayer) -> bool:
        keys = [fact.key for fact in layer.facts]
        return all(key in facts and declares(key, facts[key]) for key in keys for facts in memories[layer.key])

    found = {key: next(filter(fits, layers), None) for key, layers in declared.items()}
    return {key: layer for key, layer in found.items() if layer is not None}


def _live_facts(
    listed: Iterable[ContactRecord], names: Mapping[ScopeKey, str]
) -> Iterable[tuple[str, Mapping[str, Json]]]:
    for contact in listed:
        for memory in contact.memories or ():
            if memory.scope_key is not None and memory.scope_key in names:
                yield names[memory.scope_key], memory.facts
