"""The keys of facts that a plan knows: declared, live and new ones."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from reconciler.core.model.desired import Desired
from reconciler.core.model.observed import Observed, Present
from reconciler.errors import Source


class KnownKeys(Struct, frozen=True):
    """
    How often each key is declared, in all targets and shards, and which keys are live in what was read.

    With `guessed`, typos are searched for; a catalogue, which lists the keys, makes that needless.
    """

    declared: Mapping[str, int]
    live: frozenset[str]
    guessed: bool = True

    def is_better(self, other: str, key: str) -> bool:
        """Return whether `other` is more likely than `key` to be the intended spelling; no memory holds both."""
        if key in self.live:
            return False
        return other in self.live or (-self.declared[other], other) < (-self.declared[key], key)


NO_KEYS = KnownKeys({}, frozenset())


class NewKey(Struct, frozen=True):
    """
    A key that a plan adds to the memory at an address.

    `similar` are the known keys that are one typo away, `similar_here` those of them that this memory holds.
    """

    key: str
    source: Source
    address: str
    similar: frozenset[str]
    similar_here: frozenset[str]


def known_keys(declared: Desired, observed: Observed) -> KnownKeys:
    """Return the keys of all declarations, and the live keys of the memories that were read."""
    counts = Counter(fact.key for memory in declared.contact_memories for fact in memory.facts)
    live = (seen.facts for seen in observed.memories.values() if isinstance(seen, Present))
    return KnownKeys(counts, frozenset[str]().union(*live), guessed=not declared.catalogue)
