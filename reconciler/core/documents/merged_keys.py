"""
What the plans of shards know about keys, and what follows for all shards together: new keys, and likely typos.

The plan of a shard does not list undeclared live keys: saying that a masked key is close to a known word would give the
key away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.core.documents.plan import (
    FactAdded,
    KeysEntry,
    NoticeEntry,
    OperationEntry,
    PlaceEntry,
    PlanDocument,
    SimilarKeyEntry,
    WriteFactsEntry,
)
from reconciler.core.model.masking import Masked, Masker, Text
from reconciler.core.model.nearest import similar_keys
from reconciler.core.plan.keys import KnownKeys, NewKey
from reconciler.core.plan.notices import likely_typos
from reconciler.core.plan.operations import Plan
from reconciler.errors import Source

DOUBT = "near_duplicate"


def describe_keys(plan: Plan, masker: Masker) -> KeysEntry | None:
    """Return what the plan of a shard knows about keys; None for a whole plan, which is never merged."""
    if plan.origin.shards is None:
        return None
    declared = plan.keys.declared
    near = similar_keys(declared, declared) if plan.keys.guessed else {}
    return KeysEntry(
        declared={key: declared[key] for key in near},
        live=tuple(sorted(plan.keys.live & declared.keys())),
        similar_here=tuple(
            SimilarKeyEntry(one.address, one.key, in_order(_shown(key, declared, masker) for key in one.similar_here))
            for one in plan.similar_keys
            if one.similar_here
        ),
    )


def in_order(keys: Iterable[Text]) -> tuple[Text, ...]:
    """Return keys sorted as they are shown: masked ones by their digests."""
    return tuple(sorted(keys, key=_name))


def merge_keys(plans: Iterable[PlanDocument]) -> KeysEntry:
    """Return what the plans of several shards know about keys."""
    known = [plan.keys for plan in plans if plan.keys]
    similar = (entry for keys in known for entry in keys.similar_here)
    return KeysEntry(
        declared=known[0].declared if known else {},
        live=tuple(sorted({key for keys in known for key in keys.live})),
        similar_here=tuple(sorted(similar, key=lambda entry: (entry.address, entry.key))),
    )


def merged_doubts(
    operations: Sequence[OperationEntry], doubts: Sequence[NoticeEntry], keys: KeysEntry
) -> Iterator[NoticeEntry]:
    """
    Yield a notice for each new key that looks like a typo in view of all shards; `doubts` are the notices of each.

    A live key that no spec declares, and that only another shard read, cannot be compared: shards do not list these.
    """
    hidden = _hidden(doubts, keys)
    texts: dict[str, Text] = {_name(key): key for others in hidden.values() for key in others}
    texts |= {_name(key): key for entry in keys.similar_here for key in entry.similar}
    known = KnownKeys(keys.declared, frozenset(keys.live).union(*(map(_name, others) for others in hidden.values())))
    for one, others in likely_typos(_new_keys(operations, hidden, keys), known):
        declared = sorted(others & keys.declared.keys())
        live = in_order(texts[name] for name in others - keys.declared.keys())
        place = PlaceEntry(one.source.file, one.source.line)
        yield NoticeEntry(DOUBT, one.address, 1, place, (one.key, *declared, *live))


def _hidden(doubts: Iterable[NoticeEntry], keys: KeysEntry) -> Mapping[str, set[Text]]:
    """Return, for each doubted key, the similar keys that only the account knows."""
    found: dict[str, set[Text]] = {}
    for notice in doubts:
        key, *others = notice.keys
        found.setdefault(_name(key), set()).update(other for other in others if _name(other) not in keys.declared)
    return found


def _new_keys(
    operations: Iterable[OperationEntry], hidden: Mapping[str, set[Text]], keys: KeysEntry
) -> Iterator[NewKey]:
    near = similar_keys(keys.declared, keys.declared)
    similar = {(entry.address, entry.key): frozenset(map(_name, entry.similar)) for entry in keys.similar_here}
    for entry in (entry for entry in operations if isinstance(entry, WriteFactsEntry)):
        for fact in entry.facts:
            if isinstance(fact, FactAdded) and fact.path == (fact.key,):
                beside = similar.get((entry.address, fact.key), frozenset())
                others = near.get(fact.key, frozenset()).union(beside, map(_name, hidden.get(fact.key, ())))
                yield NewKey(fact.key, Source(fact.source.file, fact.source.line), entry.address, others, beside)


def _shown(key: str, declared: Mapping[str, int], masker: Masker) -> Text:
    return key if key in declared else masker.live_key(key)


def _name(key: Text) -> str:
    return key.masked if isinstance(key, Masked) else key
