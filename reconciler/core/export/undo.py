"""
Undo: the former values of what an apply updates, as declarations that `undo` applies.

Additions stay, since nothing can be deleted, and some values fit no spec: both are listed in the document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, assert_never

from msgspec import Struct, field

from reconciler.core.export import Accepts
from reconciler.core.export.left_out import DEEPEST, Flaw, flaw_of, flaw_of_key
from reconciler.core.model.address import fact_address, operation_key, user_address
from reconciler.core.model.desired import Contact, ContactId, ContactMemory, Desired, Identifier
from reconciler.core.model.text import holds_secret
from reconciler.core.model.value import Json, same
from reconciler.core.plan.diff import Added, Change, FactWrite, Path
from reconciler.core.plan.operations import (
    AddUser,
    CreateContact,
    CreateMemory,
    Operation,
    Plan,
    UpdateContact,
    UpdateUser,
    Work,
    WriteFacts,
)
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import Source

_Tree: TypeAlias = dict[str, Json]
_TreeFinder: TypeAlias = Callable[[], _Tree]

_UNDONE = {"done", "unknown", "failed"}
"""Results after which an account may hold what was sent."""

_REASONS: Mapping[Flaw, str] = {
    "null": "its former value is null, or holds it",
    "number": "its former value holds a number that JSON does not keep",
    "text": "its former value holds half a character",
    "key": "it holds a key that specs refuse, or stands under one",
    "depth": "its former value is nested too deep",
}


class Lost(Struct, frozen=True):
    """A value that no undo restores: its address, the address of the operation that replaces it, and the reason."""

    place: str
    operation: str
    flaw: Flaw

    @property
    def reason(self) -> str:
        """Return why a spec cannot hold the value, without the value."""
        return _REASONS[self.flaw]


class Undo(Struct):
    """
    A document of declarations, the `lost` values that it cannot hold, and the addresses of additions that `stays`.

    `secrets` are the addresses of values that replaced secrets, and so are likely former secrets.
    """

    document: _Tree = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def mapping(self, *path: str) -> _Tree:
        """Return the mapping at a path of the document, made where it is missing."""
        found = self.document
        for step in path:
            below = found.setdefault(step, {})
            assert isinstance(below, dict)  # noqa: S101  nothing else is ever put on the way
            found = below
        return found


def build_undo(plan: Plan, accepts: Accepts, outcomes: Sequence[Outcome] | None = None) -> Undo:
    """
    Return what undoes a plan or, given outcomes, the part of it that may have been done.

    With outcomes, the values that were replaced in fact count; they may be newer than those of the plan.
    """
    undo = Undo()
    known = {operation_key(item.operation): item for item in outcomes or ()}
    for work in plan.work:
        for operation in work.operations:
            outcome = known.get(operation_key(operation))
            if outcomes is None:
                _Undoing(undo, work, accepts).add(operation, _planned(operation))
            elif outcome and outcome.result in _UNDONE:
                _Undoing(undo, work, accepts).add(operation, outcome.written)
    return undo


def _planned(operation: Operation) -> tuple[FactWrite, ...]:
    match operation:
        case WriteFacts(facts=writes) | UpdateContact(profile=writes) | UpdateUser(changes=writes):
            return writes
        case _:
            return ()


class _Undoing(Struct, frozen=True):
    """Adds what undoes the operations of one work."""

    undo: Undo
    work: Work
    accepts: Accepts

    def add(self, operation: Operation, written: tuple[FactWrite, ...]) -> None:
        match operation:
            case WriteFacts(memory=memory):
                self._put_changes(written, lambda: self._memory(memory, "facts"), operation, below=".facts")
            case CreateContact(contact=contact) | UpdateContact(contact=contact):
                self._put_changes(written, lambda: self._contact(contact), operation)
            case AddUser() | UpdateUser():
                self._put_user(operation, written)
            case CreateMemory():
                pass
            case _:
                assert_never(operation)
        if isinstance(operation, CreateContact | CreateMemory | AddUser) and not written:
            self.undo.stays.append(operation.address)

    def _put_changes(
        self, writes: Iterable[FactWrite], place: _TreeFinder, operation: Operation, *, below: str = ""
    ) -> None:
        for write in writes:
            for change in write.changes:
                where = _at(operation.address + below, change.path)
                if (former := self._former(change, where, operation)) is not None:
                    _put(place(), change.path, former)
                    self._note_secret(write, _at(operation.address + below, (write.key,)))

    def _put_user(self, operation: AddUser | UpdateUser, written: tuple[FactWrite, ...]) -> None:
        former: _Tree = {}
        for write in written:
            for change in write.changes:
                value = self._former(change, f"{operation.address}.{write.key}", operation)
                if value is not None:
                    former[write.key] = value
                    self._note_secret(write, f"{operation.address}.{write.key}")
        if former:
            users = self._users(operation)
            users.append({"phone_number": operation.user.phone_number, **former})

    def _note_secret(self, write: FactWrite, address: str) -> None:
        if holds_secret(write.value) and address not in self.undo.secrets:
            self.undo.secrets.append(address)

    def _former(self, change: Change, where: str, operation: Operation) -> Json:
        """Return the value that a change replaces; None, and record it, where it cannot be restored."""
        if isinstance(change, Added):
            self.undo.stays.append(where)
            return None
        if flaw := self._flaw(change.before, change.path):
            self.undo.lost.append(Lost(where, operation.address, flaw))
            return None
        return change.before

    def _flaw(self, value: Json, path: Path) -> Flaw | None:
        """Return why a spec cannot hold a value at this path; the path counts towards the depth."""
        keys = (flaw_of_key(step, self.accepts) for step in path)
        levels = max(0, DEEPEST + 1 - len(path))
        return next(filter(None, keys), None) or flaw_of(value, self.accepts, levels=levels)

    def _contact(self, contact: Contact) -> _Tree:
        entry = self.undo.mapping("contacts", contact.name)
        if not entry:
            entry.update(self._identity(contact))
        return entry

    def _identity(self, contact: Contact) -> Mapping[str, Json]:
        """Return the identity of a contact: its id where known, since a declared identifier may be a secret."""
        if self.work.contact_id:
            return {"contact_id": self.work.contact_id}
        match contact.identity:
            case ContactId(contact_id=contact_id):
                return {"contact_id": contact_id}
            case Identifier(kind=kind, value=value):
                return {kind: value}
            case _:
                assert_never(contact.identity)

    def _memory(self, memory: ContactMemory, *path: str) -> _Tree:
        self._contact(memory.contact)
        self.undo.mapping("scopes", memory.scope).update(memory.scope_key.fields)
        return self.undo.mapping("contacts", memory.contact.name, "scopes", memory.scope, *path)

    def _users(self, operation: AddUser | UpdateUser) -> list[Json]:
        memory = operation.memory
        if isinstance(memory, ContactMemory):
            place = self._memory(memory)
        else:
            place = self.undo.mapping("memories", memory.name)
            place["memory_id"] = memory.memory_id
        users = place.setdefault("users", [])
        assert isinstance(users, list)  # noqa: S101  nothing else is ever put there
        return users


def _at(address: str, path: Path) -> str:
    first, *rest = path
    place = fact_address(address.removesuffix(".facts"), first) if address.endswith(".facts") else f"{address}.{first}"
    return ".".join([place, *rest])


def _put(tree: _Tree, path: Path, value: Json) -> None:
    for step in path[:-1]:
        below = tree.setdefault(step, {})
        assert isinstance(below, dict)  # noqa: S101  changes of one fact lie side by side, never one inside the other
        tree = below
    tree[path[-1]] = value


class Redeclared(Struct, frozen=True):
    """An address whose declared value differs from the restored one, and its place."""

    address: str
    source: Source


def redeclared(undone: Desired, declared: Desired) -> tuple[Redeclared, ...]:
    """Return what the specs declare with another value than the undo restores: the next apply overwrites it again."""
    former = {address: value for address, value, _ in _enforced(undone)}
    return tuple(
        Redeclared(address, source)
        for address, value, source in _enforced(declared)
        if address in former and _differs(former[address], value)
    )


def _enforced(desired: Desired) -> Iterator[tuple[str, Json, Source]]:
    """Yield all values that an apply enforces, each with its address and place."""
    for contact in desired.contacts:
        yield from ((f"{contact.address}.{fact.key}", fact.value, fact.source) for fact in contact.profile)
    for memory in desired.contact_memories:
        facts = (fact for fact in memory.facts if fact.policy == "enforce")
        yield from ((fact_address(memory.address, fact.key), fact.value, fact.source) for fact in facts)
    for owner in desired.memories:
        for user in owner.users:
            address = user_address(owner.address, user.phone_number)
            texts = (("metadata", user.metadata), ("summary", user.summary))
            yield from ((f"{address}.{key}", text, user.source) for key, text in texts if text is not None)


def _differs(former: Json, declared: Json) -> bool:
    """Return whether a declared value changes a former one; keys that only one mapping has do not count."""
    if isinstance(former, dict) and isinstance(declared, dict):
        return any(_differs(former[key], declared[key]) for key in former.keys() & declared.keys())
    return not same(former, declared)
