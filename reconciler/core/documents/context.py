"""Describe what a plan shows beside its operations: the values that it leaves unchanged, and the keys of its shard."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.core.documents.plan import (
    KeysEntry,
    MemoryEntry,
    PlaceEntry,
    SimilarKeyEntry,
    UnchangedFact,
    UnchangedUser,
)
from reconciler.core.model.desired import ContactMemory, Fact
from reconciler.core.model.masking import Masked, Masker, Text
from reconciler.core.model.nearest import similar_keys
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import Path
from reconciler.core.plan.operations import AddUser, MemoryWork, Plan, UpdateUser, WriteFacts


def describe_memory(work: MemoryWork, masker: Masker) -> MemoryEntry:
    """Return a memory with the declared facts and users that no operation of its work changes."""
    users = tuple(_users(work))
    if not isinstance(work.memory, ContactMemory):
        return MemoryEntry(work.address, contact=None, scope=None, unchanged=(), unchanged_users=users)
    changed = _changed(work)
    unchanged = tuple(
        entry for fact in work.memory.facts for entry in _unchanged(fact, changed.get(fact.key, ()), masker)
    )
    return MemoryEntry(work.address, work.memory.contact.name, work.memory.scope, unchanged, users)


def _users(work: MemoryWork) -> Iterator[UnchangedUser]:
    touched = {item.user.phone_number for item in work.operations if isinstance(item, AddUser | UpdateUser)}
    touched |= work.left_alone
    for user in work.memory.users:
        if user.phone_number not in touched:
            yield UnchangedUser(user.phone_number, PlaceEntry(user.source.file, user.source.line))


def _changed(work: MemoryWork) -> dict[str, tuple[Path, ...]]:
    """Return the paths of changes by fact, each from its value on."""
    writes = (operation for operation in work.operations if isinstance(operation, WriteFacts))
    return {fact.key: tuple(change.path[1:] for change in fact.changes) for write in writes for fact in write.facts}


def _unchanged(fact: Fact, changed: tuple[Path, ...], masker: Masker) -> Iterator[UnchangedFact]:
    place = PlaceEntry(fact.source.file, fact.source.line)
    for path, declared in _untouched((fact.key,), fact.value, changed):
        yield UnchangedFact(fact.key, path, fact.policy, masker.declared(declared, path), place)


def _untouched(path: Path, declared: Json, changed: Sequence[Path]) -> Iterator[tuple[Path, Json]]:
    """Yield the largest parts of a declared value without a change in them; the paths of changes begin in it."""
    if not changed:
        yield path, declared
    elif all(changed) and isinstance(declared, dict):
        inside: dict[str, list[Path]] = {}
        for step, *rest in changed:
            inside.setdefault(step, []).append(tuple(rest))
        for step, item in sorted(declared.items()):
            yield from _untouched((*path, step), item, inside.get(step, ()))


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
    return tuple(sorted(keys, key=key_name))


def _shown(key: str, declared: Mapping[str, int], masker: Masker) -> Text:
    return key if key in declared else masker.live_key(key)


def key_name(key: Text) -> str:
    """Return a key as it is shown: of a masked one, its digest."""
    return key.masked if isinstance(key, Masked) else key
