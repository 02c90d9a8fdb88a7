"""Layers of facts: contact in scope beats contact beats scope, key by key, each fact with its upkeep and its source."""

from collections.abc import Iterable
from typing import TypeAlias

from reconciler.core.model.desired import Fact

Facts: TypeAlias = tuple[Fact, ...]
"""The facts of one layer, or of several merged, sorted by key."""


def layer(facts: Iterable[Fact]) -> Facts:
    """Make a layer of facts with different keys."""
    return tuple(sorted(facts, key=_key))


def merge(*layers: Facts) -> Facts:
    """Merge layers, the most specific last; where only one says anything, it is shared and not copied."""
    speaking = [facts for facts in layers if facts]
    if len(speaking) <= 1:
        return speaking[0] if speaking else ()
    return layer({fact.key: fact for facts in speaking for fact in facts}.values())


def _key(fact: Fact) -> str:
    return fact.key
