"""Keys that a plan adds although a known one is a slip away: once written, they could not be removed."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.desired import ContactMemory
from reconciler.core.known_keys import KnownKeys, NewKey
from reconciler.core.observed import Observed, Present
from reconciler.core.plan import MemoryWork, Notice, Work, WriteFacts
from reconciler.core.slips import near_keys, twins
from reconciler.errors import Source


def new_keys(work: Iterable[Work], observed: Observed, known: KnownKeys) -> Iterator[NewKey]:
    """
    Give the keys that are new to a memory and one slip away from a known one, in the order of the plan.

    A catalogue says which keys there are, so with one nothing is guessed, but for keys that look the same.
    """
    added = list(_added(work, observed))
    find = near_keys if known.guessed else twins
    near = find({key for key, *_ in added}, known.declared.keys() | known.live) if added else {}
    for key, source, address, live in added:
        if key in near:
            yield NewKey(key, source, address, near[key], near[key] & live.keys())


def near_duplicate_notices(new: Iterable[NewKey], known: KnownKeys) -> Iterator[Notice]:
    """Give a notice for each place that declares a doubtful key, at the first memory where it is in doubt."""
    for one, others in doubtful(new, known):
        declared = sorted(others & known.declared.keys())
        live = sorted(others - known.declared.keys())
        yield Notice("near_duplicate", one.address, 1, one.source, (one.key, *declared), tuple(live))


def doubtful(new: Iterable[NewKey], known: KnownKeys) -> Iterator[tuple[NewKey, set[str]]]:
    """
    Give the new keys in whose place another one is likely to be meant, with those others.

    What is declared on one line is one mistake, however many memories it is added to.
    """
    found: dict[tuple[str, str, int], tuple[NewKey, set[str]]] = {}
    for one in new:
        others = {key for key in one.near if key in one.beside or known.is_better(key, one.key)}
        if others:
            place = (one.key, one.source.file, one.source.line)
            found.setdefault(place, (one, set()))[1].update(others)
    yield from found.values()


def _added(work: Iterable[Work], observed: Observed) -> Iterator[tuple[str, Source, str, Mapping[str, object]]]:
    """Give each key that is new to a memory, with its place, the memory's address and the facts that are live there."""
    for item in work:
        if isinstance(item, MemoryWork) and isinstance(item.memory, ContactMemory):
            seen = observed.memories[item.address]
            live = seen.facts if isinstance(seen, Present) else {}
            writes = (one for one in item.operations if isinstance(one, WriteFacts))
            for fact in (fact for write in writes for fact in write.facts if fact.key not in live):
                yield fact.key, fact.source, item.address, live
