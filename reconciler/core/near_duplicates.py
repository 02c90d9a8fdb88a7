"""Notices of keys that a plan adds although a known one is a slip away: once written, they could not be removed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from reconciler.core.desired import ContactMemory, Desired
from reconciler.core.observed import Observed, Present
from reconciler.core.plan import MemoryWork, Notice, Work, WriteFacts
from reconciler.core.slips import near_keys
from reconciler.errors import Source


def near_duplicate_notices(desired: Desired, observed: Observed, work: Iterable[Work]) -> tuple[Notice, ...]:
    """
    Give a notice for each place that declares such a key, at the first memory where it is added.

    A catalogue says which keys there are, so with one nothing is guessed.
    """
    added = [] if desired.catalogue else list(_added(work, observed))
    if not added:
        return ()
    declared = Counter(fact.key for memory in desired.contact_memories for fact in memory.facts)
    seen = (found.facts for found in observed.memories.values() if isinstance(found, Present))
    live = frozenset[str]().union(*seen)
    near = near_keys({one.key for one in added}, declared.keys() | live)
    return tuple(_notices(added, near, _Known(declared, live)) if near else ())


class _AddedKey(Struct, frozen=True):
    key: str
    source: Source
    memory: ContactMemory
    live: Mapping[str, object]


class _Known(Struct, frozen=True):
    """All keys: how often each is declared, and which are live anywhere."""

    declared: Mapping[str, int]
    live: frozenset[str]

    def is_better(self, other: str, key: str) -> bool:
        """Say whether of two keys that no memory holds together, the other is likely to be the right one."""
        if key in self.live:
            return False
        return other in self.live or (-self.declared[other], other) < (-self.declared[key], key)


def _added(work: Iterable[Work], observed: Observed) -> Iterator[_AddedKey]:
    for item in work:
        if isinstance(item, MemoryWork) and isinstance(item.memory, ContactMemory):
            seen = observed.memories[item.address]
            live = seen.facts if isinstance(seen, Present) else {}
            writes = (one for one in item.operations if isinstance(one, WriteFacts))
            for fact in (fact for write in writes for fact in write.facts if fact.key not in live):
                yield _AddedKey(fact.key, fact.source, item.memory, live)


def _notices(added: Iterable[_AddedKey], near: Mapping[str, frozenset[str]], known: _Known) -> Iterator[Notice]:
    found: dict[tuple[str, Source], tuple[_AddedKey, set[str]]] = {}
    for one in added:
        others = {key for key in near.get(one.key, ()) if key in one.live or known.is_better(key, one.key)}
        if others:
            found.setdefault((one.key, one.source), (one, set()))[1].update(others)
    for one, others in found.values():
        declared = sorted(others & known.declared.keys())
        live = sorted(others - known.declared.keys())
        yield Notice("near_duplicate", one.memory.address, 1, one.source, (one.key, *declared), tuple(live))
