"""Merges the plans, or receipts, of shards into the document that one run would have made, attempts included."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from reconciler.core.documents.attempts import merge_attempts, with_runs
from reconciler.core.documents.context import in_order, key_name
from reconciler.core.documents.plan import (
    MERGED,
    MOST_RULE_PLACES,
    CostEntry,
    FactAdded,
    KeysEntry,
    NoticeEntry,
    OperationEntry,
    PlaceEntry,
    PlanDocument,
    RuleEntry,
    WriteFactsEntry,
    operations_digest,
)
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.model.address import operation_key, unit_of
from reconciler.core.model.masking import Text
from reconciler.core.model.nearest import similar_keys
from reconciler.core.model.observed import KnownKeys, NewKey
from reconciler.core.model.selection import Chosen, Shards
from reconciler.core.model.settings import GUARD_NAMES, ExceededGuard, Measures, compare_guard
from reconciler.core.model.value import Json, normal, sha256_of_list
from reconciler.core.plan.measures import SummaryEntry
from reconciler.core.plan.notices import likely_typos
from reconciler.errors import InputError, Source

DOUBT = "near_duplicate"


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
    texts: dict[str, Text] = {key_name(key): key for others in hidden.values() for key in others}
    texts |= {key_name(key): key for entry in keys.similar_here for key in entry.similar}
    known = KnownKeys(keys.declared, frozenset(keys.live).union(*(map(key_name, others) for others in hidden.values())))
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
        found.setdefault(key_name(key), set()).update(other for other in others if key_name(other) not in keys.declared)
    return found


def _new_keys(
    operations: Iterable[OperationEntry], hidden: Mapping[str, set[Text]], keys: KeysEntry
) -> Iterator[NewKey]:
    near = similar_keys(keys.declared, keys.declared)
    similar = {(entry.address, entry.key): frozenset(map(key_name, entry.similar)) for entry in keys.similar_here}
    for entry in (entry for entry in operations if isinstance(entry, WriteFactsEntry)):
        for fact in entry.facts:
            if isinstance(fact, FactAdded) and fact.path == (fact.key,):
                beside = similar.get((entry.address, fact.key), frozenset())
                others = near.get(fact.key, frozenset()).union(beside, map(key_name, hidden.get(fact.key, ())))
                yield NewKey(fact.key, Source(fact.source.file, fact.source.line), entry.address, others, beside)


_Totals = TypeVar("_Totals", SummaryEntry, CostEntry, TotalsEntry)
_Saved: TypeAlias = PlanDocument | ReceiptDocument

_SAME: Mapping[str, Callable[[object, object], str]] = {
    "kind": lambda left, right: f"one is a {left}, the other a {right}",
    "environment": lambda left, right: f"they are for different environments, {left} and {right}",
    "api": lambda left, right: f"they are for different accounts, at {left} and {right}",
    "key_check": lambda _left, _right: "they were made with different keys; give all the same RECONCILER_DIGEST_KEY",
    "specs_digest": lambda _left, _right: "they were made from different specs, or with different secrets",
    "snapshot_taken_at": lambda left, right: f"one was read from {_seen(left)}, the other from {_seen(right)}",
    "chosen": lambda left, right: f"one is of {_part(left)}, the other of {_part(right)}",
    "base": lambda left, right: f"one has {_causes(left)}, the other {_causes(right)}",
}
"""The fields that must be equal in all documents, and the reason given where they are not."""
ELSEWHERE = "other_shard"
_SUMMED = ("not_read", "remembered")
"""Notices about a whole plan, of which a merged one has one."""


def merge(documents: Sequence[tuple[str, _Saved]]) -> _Saved:
    """Merge documents, each with the name of its file; raise `InputError` where they do not belong together."""
    for name, other in documents[1:]:
        _check_same(documents[0], (name, other))
    _check_runs(documents)
    documents = _tried_once(documents)
    if len(documents) == 1 and documents[0][1].shards is None:
        return documents[0][1]
    shards = _shards(documents)
    _check_apart(documents)
    _check_memories(documents, shards)
    plans = [document for _, document in documents if isinstance(document, PlanDocument)]
    receipts = [document for _, document in documents if isinstance(document, ReceiptDocument)]
    return _plan(plans, shards) if plans else _receipt(receipts, shards)


def _check_runs(documents: Sequence[tuple[str, _Saved]]) -> None:
    """Raise `InputError` for a run that comes again in a merged receipt, since it would count twice."""
    found: dict[str, tuple[str, ReceiptDocument]] = {}
    receipts = [(name, document) for name, document in documents if isinstance(document, ReceiptDocument)]
    for name, receipt in receipts:
        for record in receipt.every_run:
            known, other = found.setdefault(record.id, (name, receipt))
            if other is not receipt and (other.runs or receipt.runs):
                raise InputError(f"{known} and {name} cannot be merged: both hold the run {record.id}; leave one out")


def _tried_once(documents: Sequence[tuple[str, _Saved]]) -> Sequence[tuple[str, _Saved]]:
    """Return the documents with the receipts of one shard, or of none, merged: they are attempts at the same."""
    found: dict[object, list[tuple[str, _Saved]]] = {}
    for number, (name, document) in enumerate(documents):
        part = document.shards.present if document.shards else ()
        found.setdefault(part if isinstance(document, ReceiptDocument) else number, []).append((name, document))
    return [(same[0][0], _attempts([one for _, one in same])) for same in found.values()]


def _attempts(same: Sequence[_Saved]) -> _Saved:
    receipts = [one for one in same if isinstance(one, ReceiptDocument)]
    return merge_attempts(receipts) if len(receipts) > 1 else same[0]


def _shards(documents: Sequence[tuple[str, _Saved]]) -> Shards:
    """Return the shards of all documents together; each may come once."""
    owner: dict[int, str] = {}
    found: list[Shards] = []
    for name, document in documents:
        if document.shards is None:
            raise _no_shard(name)
        found.append(document.shards)
        if document.shards.count != found[0].count:
            raise InputError(f"{name} is of {document.shards.count} shards, and {documents[0][0]} of {found[0].count}")
        for index in document.shards.present:
            if owner.setdefault(index, name) is not name:
                raise InputError(f"{name} holds shard {index}/{found[0].count}, and so does {owner[index]}")
    return Shards(found[0].count, tuple(sorted(owner)), sum(shards.memories for shards in found))


def _no_shard(name: str) -> InputError:
    return InputError(f"{name} is not from a shard: only what --shard made can be merged")


def _check_same(first: tuple[str, _Saved], other: tuple[str, _Saved]) -> None:
    lone = next((name for name, document in (first, other) if document.shards is None), None)
    if lone and (first[1].shards or other[1].shards):
        raise _no_shard(lone)
    for field, reason in _SAME.items():
        left, right = getattr(first[1], field, None), getattr(other[1], field, None)
        if left != right:
            raise InputError(f"{first[0]} and {other[0]} cannot be merged: {reason(left, right)}")


def _seen(snapshot_taken_at: object) -> str:
    return f"a snapshot of {snapshot_taken_at}" if snapshot_taken_at else "the account"


def _part(chosen: object) -> str:
    options = chosen.options if isinstance(chosen, Chosen) else ()
    return " ".join(f"{option} {text}" for option, text in options) or "all that is declared"


def _causes(base: object) -> str:
    return f"causes since {base}" if base else "no causes"


def _check_apart(documents: Sequence[tuple[str, _Saved]]) -> None:
    owner: dict[tuple[str, str], str] = {}
    for name, document in documents:
        entries: Iterable[OperationEntry | OutcomeEntry] = (
            document.operations if isinstance(document, PlanDocument) else document.outcomes
        )
        for entry in entries:
            known = owner.setdefault(operation_key(entry), name)
            if known is not name:
                raise InputError(f"{name} and {known} cannot be merged: both hold {entry.type} of {entry.address}")


def _check_memories(documents: Sequence[tuple[str, _Saved]], shards: Shards) -> None:
    """Raise `InputError` unless all plans count the same declared memories, and their shards hold as many."""
    declared = {name: _declared(document) for name, document in documents if isinstance(document, PlanDocument)}
    for name, number in declared.items():
        first, expected = next(iter(declared.items()))
        if number != expected:
            reason = f"of all shards, one counts {expected} declared memories, the other {number}"
            raise InputError(f"{first} and {name} cannot be merged: {reason}")
        if shards.memories > number or (shards.memories < number and not shards.missing):
            reason = f"they count {number} declared memories of all shards, and hold {shards.memories}"
            raise InputError(f"{' and '.join(declared)} cannot be merged: {reason}")


def _declared(plan: PlanDocument) -> int:
    """Return how many memories are declared, those of other shards included."""
    here = plan.shards.memories if plan.shards else 0
    return here + sum(notice.count for notice in plan.notices if notice.type == ELSEWHERE)


def _plan(plans: Sequence[PlanDocument], shards: Shards) -> PlanDocument:
    operations = _in_order((entry for plan in plans for entry in plan.operations), lambda entry: entry.address)
    keys = merge_keys(plans)
    measures = _measures([plan.measures for plan in plans], keys.live)
    merged = replace(
        plans[0],
        created_at=min(plan.created_at for plan in plans),
        summary=_added([plan.summary for plan in plans]),
        cost=replace(
            _added([plan.cost for plan in plans]), is_rate_shared=any(one.cost.is_rate_shared for one in plans)
        ),
        operations=operations,
        memories=_in_order((entry for plan in plans for entry in plan.memories), lambda entry: entry.address),
        notices=_notices(plans, shards, [*merged_doubts(operations, _doubts(plans), keys)]),
        measures=measures,
        guards=_guards(plans, measures),
        rules=_rules(plans),
        shards=shards if shards.missing else None,
        keys=keys if shards.missing else None,
    )
    return replace(merged, operations_digest=operations_digest(merged, _digest))


def _receipt(receipts: Sequence[ReceiptDocument], shards: Shards) -> ReceiptDocument:
    merged = replace(
        receipts[0],
        started_at=min(receipt.started_at for receipt in receipts),
        finished_at=max(receipt.finished_at for receipt in receipts),
        interrupted=any(receipt.interrupted for receipt in receipts),
        totals=_added([receipt.totals for receipt in receipts]),
        outcomes=_in_order((entry for one in receipts for entry in one.outcomes), lambda entry: entry.address),
        shards=shards if shards.missing else None,
        resolved=all(receipt.resolved for receipt in receipts),
        refused_by=tuple(sorted({name for receipt in receipts for name in receipt.refused_by})),
    )
    return with_runs(merged, receipts)


def _digest(content: Iterable[Json]) -> str:
    """Return a digest without a key; it only distinguishes merged plans, which cannot be applied."""
    return MERGED + sha256_of_list(map(normal, content))


_Entry = TypeVar("_Entry")


def _in_order(entries: Iterable[_Entry], address: Callable[[_Entry], str]) -> tuple[_Entry, ...]:
    """Return entries in the order of a plan: contacts by name, then memories by id; each keeps its own order."""
    return tuple(sorted(entries, key=lambda entry: unit_of(address(entry))))


def _added(parts: Sequence[_Totals]) -> _Totals:
    names = parts[0].__struct_fields__
    return type(parts[0])(**{name: sum(getattr(part, name) for part in parts) for name in names})


def _doubts(plans: Iterable[PlanDocument]) -> list[NoticeEntry]:
    return [notice for plan in plans for notice in plan.notices if notice.type == DOUBT]


def _notices(plans: Sequence[PlanDocument], shards: Shards, doubts: list[NoticeEntry]) -> tuple[NoticeEntry, ...]:
    """Return all notices in order: one each for what was not read, and the doubts of the merged plan."""
    all_of_them = [notice for plan in plans for notice in plan.notices]
    found = doubts + [notice for notice in all_of_them if notice.type not in {ELSEWHERE, *_SUMMED, DOUBT}]
    for kind in _SUMMED:
        alike = [notice for notice in all_of_them if notice.type == kind]
        since = min((notice.since for notice in alike if notice.since), default=None)
        found += [NoticeEntry(kind, "", sum(notice.count for notice in alike), since=since)] if alike else []
    elsewhere = _declared(plans[0]) - shards.memories
    found += [NoticeEntry(ELSEWHERE, "", elsewhere)] if elsewhere else []
    return tuple(sorted(found, key=lambda notice: (notice.type, notice.address)))


def _measures(parts: Sequence[Measures], live: Sequence[str]) -> Measures:
    """Return the measures of all shards together; a key that is new to one and live in another is not new."""
    return Measures(
        changes=sum(part.changes for part in parts),
        facts_to_update=sum(part.facts_to_update for part in parts),
        enforced_facts_live=sum(part.enforced_facts_live for part in parts),
        new_keys=tuple(sorted({key for part in parts for key in part.new_keys} - set(live))),
    )


def _guards(plans: Sequence[PlanDocument], measures: Measures) -> tuple[ExceededGuard, ...]:
    """Return each guard that refuses a shard; the merged plan is checked against no guard of its own."""
    refusing = [guard for plan in plans for guard in plan.guards]
    by_name = ([guard for guard in refusing if guard.name == name] for name in GUARD_NAMES)
    return tuple(_worst(guards, measures) for guards in by_name if guards)


def _rules(plans: Sequence[PlanDocument]) -> tuple[RuleEntry, ...]:
    """Return each rule that refuses a shard, once; it is allowed where every shard that it refuses allows it."""
    found: dict[str, RuleEntry] = {}
    for entry in (entry for plan in plans for entry in plan.rules):
        known = found.get(entry.name)
        found[entry.name] = _joined(known, entry) if known else entry
    return tuple(found[name] for name in sorted(found))


def _joined(one: RuleEntry, other: RuleEntry) -> RuleEntry:
    """Return a rule with what breaks it in either of two shards."""
    return replace(
        one,
        count=one.count + other.count,
        places=(*one.places, *other.places)[:MOST_RULE_PLACES],
        allowed=one.allowed and other.allowed,
    )


def _worst(guards: Sequence[ExceededGuard], measures: Measures) -> ExceededGuard:
    """
    Return a guard with the value of the whole, or with that of the worst shard where the whole does not exceed it.

    Jobs may have different limits (`--max-changes`); the smallest one is reported.
    """
    limit = min(guard.limit for guard in guards)
    whole = compare_guard(measures, guards[0].name, limit)
    return whole if whole.value > limit else replace(max(guards, key=lambda guard: guard.value), limit=limit)
