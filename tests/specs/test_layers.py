"""Layers of facts are merged key by key, the most specific last."""

from reconciler.core.model.desired import Fact, Policy
from reconciler.core.model.value import Json
from reconciler.errors import Source
from reconciler.specs.layers import layer, merge


def fact(key: str, value: Json, policy: Policy = "enforce") -> Fact:
    return Fact(key, value, policy, Source("a.yaml", 1, 1))


def test_the_last_layer_that_says_something_about_a_key_wins_with_all_it_says() -> None:
    scope = layer([fact("b", 1), fact("a", 1, "seed")])
    contact = layer([fact("b", {"x": 2}, "seed")])
    memory = layer([fact("c", 3)])

    assert merge(scope, contact, memory) == (fact("a", 1, "seed"), fact("b", {"x": 2}, "seed"), fact("c", 3))


def test_a_layer_that_speaks_alone_is_not_copied() -> None:
    only = layer([fact("a", 1)])

    assert merge((), only, ()) is only
    assert merge((), ()) == ()
