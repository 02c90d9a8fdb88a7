"""
Decide which operations of a saved plan may still be applied, by comparing it with a new plan of the same things.

Only operations that the new plan contains unchanged are applied. What the account already holds needs no request; what
changed since the plan was saved is left for the next plan.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, TypeVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import (
    MERGED,
    CreateContactEntry,
    CreateMemoryEntry,
    FactEntry,
    FactUpdated,
    OperationEntry,
    PlanDocument,
    UpdateContactEntry,
    changes_of,
    operations_digest,
)
from reconciler.core.model.address import is_within, operation_key
from reconciler.core.model.desired import ContactMemory, Memory, User
from reconciler.core.model.masking import Masked, Masker, Mixed
from reconciler.core.model.text import quoted
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.core.plan.operations import (
    AMBIGUOUS,
    AddUser,
    ContactOperation,
    ContactWork,
    CreateMemory,
    MemoryOperation,
    MemoryWork,
    Plan,
    PlanOrigin,
    UpdateContact,
    UpdateUser,
    Work,
    WriteFacts,
)
from reconciler.core.plan.receipt import CHANGED_SINCE_PLAN, Outcome
from reconciler.errors import Source

_Key: TypeAlias = tuple[str, str]
_Changes: TypeAlias = Mapping[str, Mapping[tuple[str, ...], FactEntry]]
_Operation = TypeVar("_Operation", ContactOperation, MemoryOperation)
_State: TypeAlias = Literal["holds", "already", "changed_since_plan"]

_COUNTERPARTS = {
    "add_user": "update_user",
    "update_user": "add_user",
    "create_contact": "update_contact",
    "update_contact": "create_contact",
}
"""The operation that is planned instead, once the thing appeared or is gone."""

ALREADY = "the account already holds it"


class Reviewed(Struct, frozen=True):
    """An operation of a saved plan, as a receipt names it."""

    type: str
    address: str
    source: Source


class Review(Struct, frozen=True):
    """The operations left to apply, and the outcomes of those that need no request; `changed` is a part of these."""

    plan: Plan
    decided: tuple[Outcome, ...]

    @property
    def changed(self) -> tuple[Outcome, ...]:
        """Return the operations whose live values changed since the plan."""
        return tuple(outcome for outcome in self.decided if outcome.changed_since_plan)


class _Verdict(Struct, frozen=True):
    """The decision about one operation; `keys` are those of its facts or fields that still hold."""

    state: _State
    keys: frozenset[str] = frozenset()
    detail: str = ""


class _Fresh(Struct, frozen=True):
    """A new plan: its operations, and the addresses that match several live things."""

    operations: Mapping[_Key, OperationEntry]
    ambiguous: frozenset[str]


def review(saved: PlanDocument, now: Plan, masker: Masker) -> Review:
    """Return the decisions about a saved plan, made for each operation by itself from a new plan of the same things."""
    fresh = _Fresh(
        {operation_key(entry): entry for entry in describe_plan(now, masker).operations},
        frozenset(notice.address for notice in now.notices if notice.type in AMBIGUOUS),
    )
    verdicts = {operation_key(entry): _verdict(entry, fresh, masker) for entry in saved.operations}
    work = tuple(_narrowed(item, verdicts) for item in now.work)
    judged = ((entry, verdicts[operation_key(entry)]) for entry in saved.operations)
    decided = tuple(_decided(entry, verdict) for entry, verdict in judged if verdict.state != "holds")
    held = tuple(item for item in work if item.operations)
    left = sum(isinstance(item, MemoryWork) for item in work) - sum(isinstance(item, MemoryWork) for item in held)
    return Review(replace(now, work=held, left_alone=now.left_alone + left), decided)


def refusals(saved: PlanDocument, here: PlanOrigin, masker: Masker) -> tuple[str, ...]:
    """Return the reasons why a saved plan cannot be applied here; empty where it can."""
    found = []
    environment, api, specs_digest = here.environment, here.api, here.specs_digest
    if (saved.environment, saved.api) != (environment, api):
        found.append(f"it is for {saved.environment} ({saved.api}), and this is {environment} ({api})")
    elif saved.key_check != masker.key_check:
        found.append("it was made with another key; give both the same RECONCILER_DIGEST_KEY")
    elif saved.specs_digest != specs_digest:
        found.append("the specs, or their secrets, are not those that it was made from")
    if saved.operations_digest.startswith(MERGED):
        found.append("it was merged from shards, whose own plans can be applied")
    elif saved.key_check == masker.key_check and saved.operations_digest != operations_digest(
        saved, masker.digest_of_list
    ):
        found.append("it was changed since it was made")
    return tuple(found)


def _decided(entry: OperationEntry, verdict: _Verdict) -> Outcome:
    operation = Reviewed(entry.type, entry.address, Source(entry.source.file, entry.source.line))
    is_changed = verdict.state == "changed_since_plan"
    return Outcome(operation, "skipped" if is_changed else "already", verdict.detail, changed_since_plan=is_changed)


def _verdict(entry: OperationEntry, fresh: _Fresh, masker: Masker) -> _Verdict:
    found = fresh.operations.get(operation_key(entry))
    if found is None:
        return _without_fresh(entry, fresh)
    if _id(entry) is not None and _id(found) is not None and _id(entry) != _id(found):
        return _changed("it has another id now")
    if not _changes(entry):
        return _Verdict("holds")
    states = _states(_changes(entry), _changes(found), masker)
    changed = sorted(key for key, state in states.items() if state == "changed_since_plan")
    if changed:
        return _changed(", ".join(map(_named, changed)))
    holding = frozenset(key for key, state in states.items() if state == "holds")
    return _Verdict("holds", holding) if holding else _Verdict("already", detail=ALREADY)


def _without_fresh(entry: OperationEntry, fresh: _Fresh) -> _Verdict:
    """Return the decision about an operation that is not in the new plan: the account holds it, or it changed."""
    if any(is_within(entry.address, address) for address in fresh.ambiguous):
        return _changed("the account shows several of them now")
    other = fresh.operations.get((_COUNTERPARTS.get(entry.type, ""), entry.address))
    if other is None:
        return _Verdict("already", detail=ALREADY)
    if not other.certain:
        return _changed("it can no longer be looked up")
    fields = " and ".join(_changes(other))
    return _changed(f"it exists now, with another {fields}" if fields else "it no longer exists")


def _changed(what: str) -> _Verdict:
    return _Verdict("changed_since_plan", detail=f"{CHANGED_SINCE_PLAN}: {what}")


def _id(entry: OperationEntry) -> str | None:
    """Return the id of the contact or memory that an operation writes to, where it is known."""
    match entry:
        case CreateContactEntry():
            return None
        case CreateMemoryEntry() | UpdateContactEntry():
            return entry.contact_id
        case _:
            return entry.memory_id


def _changes(entry: OperationEntry) -> _Changes:
    found: dict[str, dict[tuple[str, ...], FactEntry]] = {}
    for change in changes_of(entry):
        found.setdefault(change.key, {})[change.path] = change
    return found


def _states(saved: _Changes, now: _Changes, masker: Masker) -> Mapping[str, _State]:
    def state(key: str) -> _State:
        if key not in now:
            return "already"
        was = saved[key]
        equal = all(path in was and _same(was[path], change, masker) for path, change in now[key].items())
        return "holds" if equal else "changed_since_plan"

    return {key: state(key) for key in saved}


def _same(saved: FactEntry, now: FactEntry, masker: Masker) -> bool:
    if isinstance(saved, FactUpdated) and isinstance(now, FactUpdated):
        return _digest(saved.before, masker) == _digest(now.before, masker)
    return type(saved) is type(now)


def _digest(value: Mixed, masker: Masker) -> str:
    """Return the digest of a former value, which is masked unless its key is revealed."""
    return value.masked if isinstance(value, Masked) else masker.digest(_json(value))


def _json(value: Mixed) -> Json:
    assert not isinstance(value, Masked)  # noqa: S101  a former value is masked as a whole or not at all
    return value  # type: ignore[return-value]


def _named(key: str) -> str:
    return key if key.isidentifier() else quoted(key)


def _narrowed(work: Work, verdicts: Mapping[_Key, _Verdict]) -> Work:
    """
    Return the work with only the operations that hold.

    The declarations are narrowed, too, since an apply computes each operation from them again.
    """
    match work:
        case ContactWork():
            contact_operations = _held(work.operations, verdicts)
            return replace(work, operations=tuple(_contact_operation(*item) for item in contact_operations))
        case MemoryWork():
            held = _held(work.operations, verdicts)
            memory = _narrowed_memory(work.memory, held)
            operations = tuple(_memory_operation(operation, memory, verdict) for operation, verdict in held)
            return replace(work, memory=memory, operations=operations)
        case _:
            assert_never(work)


def _held(operations: Iterable[_Operation], verdicts: Mapping[_Key, _Verdict]) -> list[tuple[_Operation, _Verdict]]:
    found = ((operation, verdicts.get(operation_key(operation))) for operation in operations)
    return [(operation, verdict) for operation, verdict in found if verdict and verdict.state == "holds"]


def _contact_operation(operation: ContactOperation, verdict: _Verdict) -> ContactOperation:
    if not isinstance(operation, UpdateContact):
        return operation
    profile = tuple(fact for fact in operation.contact.profile if fact.key in verdict.keys)
    return UpdateContact(
        replace(operation.contact, profile=profile), _of(operation.profile, verdict), certain=operation.certain
    )


def _narrowed_memory(memory: Memory, held: list[tuple[MemoryOperation, _Verdict]]) -> Memory:
    if not isinstance(memory, ContactMemory):
        return memory
    keys = {key for operation, verdict in held if isinstance(operation, WriteFacts) for key in verdict.keys}
    others = {fact.key for fact in memory.facts} - keys
    return replace(
        memory, facts=tuple(fact for fact in memory.facts if fact.key in keys), left_out=memory.left_out | others
    )


def _memory_operation(operation: MemoryOperation, memory: Memory, verdict: _Verdict) -> MemoryOperation:
    match operation:
        case UpdateUser():
            user = _narrowed_user(operation.user, verdict)
            return replace(operation, memory=memory, user=user, changes=_of(operation.changes, verdict))
        case AddUser():
            return replace(operation, memory=memory)
        case CreateMemory() | WriteFacts():
            assert isinstance(memory, ContactMemory)  # noqa: S101  the memory that they were planned for
            narrowed = replace(operation, memory=memory)
            return (
                replace(narrowed, facts=_of(narrowed.facts, verdict)) if isinstance(narrowed, WriteFacts) else narrowed
            )
        case _:
            assert_never(operation)


def _narrowed_user(user: User, verdict: _Verdict) -> User:
    """Return the user with only the fields that are to be set."""
    kept = {name: getattr(user, name) for name in ("metadata", "summary") if name in verdict.keys}
    return replace(user, **{"metadata": None, "summary": None, **kept})


def _of(writes: tuple[FactWrite, ...], verdict: _Verdict) -> tuple[FactWrite, ...]:
    return tuple(write for write in writes if write.key in verdict.keys)
