"""
Undo: the former values of what an apply updates, as declarations that another apply takes.

What was added cannot be taken back, since nothing can be deleted: it is told in comments.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, assert_never

from msgspec import Struct, field

from reconciler.core.address import fact_address, operation_key
from reconciler.core.desired import Contact, ContactId, ContactMemory, Identifier
from reconciler.core.diff import Added, Change, FactWrite, Path
from reconciler.core.export import Accepts, LeftOut
from reconciler.core.export.expressible import flaw_of, flaw_of_key
from reconciler.core.plan import (
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
from reconciler.core.receipt import Outcome
from reconciler.core.value import Json

_Tree: TypeAlias = dict[str, Json]
_Place: TypeAlias = Callable[[], _Tree]

_UNDONE = {"done", "unknown", "failed"}
"""Results after which an account may hold what was sent."""


class Undo(Struct):
    """A document of declarations; `stays` are lines about what cannot be taken back, or not by a spec."""

    document: _Tree = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)

    def mapping(self, *path: str) -> _Tree:
        """Give the mapping at a path of the document, made where it is missing."""
        found = self.document
        for step in path:
            below = found.setdefault(step, {})
            assert isinstance(below, dict)  # noqa: S101  nothing else is ever put on the way
            found = below
        return found


def build_undo(plan: Plan, accepts: Accepts, outcomes: Sequence[Outcome] | None = None) -> Undo:
    """
    Give what undoes a plan, or the part of it that may have been done, once the outcomes are known.

    What an operation replaced in the end counts, which a fresh look just before may have changed.
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
                self._put_changes(written, lambda: self._memory(memory, "facts"), f"{operation.address}.facts")
            case CreateContact(contact=contact) | UpdateContact(contact=contact):
                self._put_changes(written, lambda: self._contact(contact), operation.address)
            case AddUser() | UpdateUser():
                self._put_user(operation, written)
            case CreateMemory():
                pass
            case _:
                assert_never(operation)
        if isinstance(operation, CreateContact | CreateMemory | AddUser) and not written:
            self.undo.stays.append(f"{operation.address} was made, and stays")

    def _put_changes(self, writes: Iterable[FactWrite], place: _Place, address: str) -> None:
        for write in writes:
            for change in write.changes:
                where = _at(address, change.path)
                if (former := self._former(change, where)) is not None:
                    _put(place(), change.path, former)

    def _put_user(self, operation: AddUser | UpdateUser, written: tuple[FactWrite, ...]) -> None:
        former: _Tree = {}
        for write in written:
            for change in write.changes:
                value = self._former(change, f"{operation.address}.{write.key}")
                if value is not None:
                    former[write.key] = value
        if former:
            users = self._users(operation)
            users.append({"phone_number": operation.user.phone_number, **former})

    def _former(self, change: Change, where: str) -> Json:
        """Give the value that a change replaces; None, and a line about it, where no spec can bring it back."""
        if isinstance(change, Added):
            self.undo.stays.append(f"{where} was added, and stays")
            return None
        flaw = flaw_of(change.before, self.accepts) or next(
            filter(None, (flaw_of_key(step, self.accepts) for step in change.path)), None
        )
        if flaw:
            self.undo.stays.append(LeftOut(where, flaw).comment)
            return None
        return change.before

    def _contact(self, contact: Contact) -> _Tree:
        entry = self.undo.mapping("contacts", contact.name)
        if not entry:
            entry.update(self._identity(contact))
        return entry

    def _identity(self, contact: Contact) -> Mapping[str, Json]:
        """Give what the contact is known by, its id where that is known: a declared identifier may be a secret."""
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
