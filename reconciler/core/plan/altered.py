"""Values that the account changes when they are sent, so that another run would not help."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.model.desired import Fact, User
from reconciler.core.model.value import Json, covers, same
from reconciler.core.plan.diff import FactWrite, among, diff_facts
from reconciler.core.plan.operations import (
    ContactOperation,
    ContactWork,
    MemoryOperation,
    MemoryWork,
    Plan,
    UpdateContact,
    UpdateUser,
    Work,
    WriteFacts,
)


class Altered(Struct, frozen=True):
    """
    A fact, or a field of a contact or user, that came back with another value than was sent.

    `came_back` is the value in the account; None with `is_missing`, where there is none. `again` is the write that the
    next plan would contain, if any: a seeded fact that exists stays as it is.
    """

    key: str
    sent: Json
    came_back: Json
    is_missing: bool
    again: FactWrite | None


def altered_facts(sent: Sequence[FactWrite], declared: Sequence[Fact], held: Mapping[str, Json]) -> tuple[Altered, ...]:
    """Return the facts that differ in the account from what was sent, each of which was sent whole."""
    other = [write for write in sent if write.key not in held or not same(held[write.key], write.value)]
    return _altered(other, declared, held)


def altered_profile(
    sent: Sequence[FactWrite], declared: Sequence[Fact], held: Mapping[str, Json]
) -> tuple[Altered, ...]:
    """Return the fields of a contact that lack something that was sent; they may hold more."""
    other = [write for write in sent if write.key not in held or not covers(held[write.key], write.declared)]
    return _altered(other, declared, held)


def altered_user(user: User, held: Mapping[str, Json]) -> tuple[Altered, ...]:
    """Return the texts of a user that differ from what was sent, as far as the answer shows them."""
    texts = {"metadata": user.metadata, "summary": user.summary}
    declared = [
        Fact(key, text, "enforce", user.source) for key, text in texts.items() if text is not None and key in held
    ]
    return _altered(diff_facts(declared, held), declared, held)


def _altered(other: Sequence[FactWrite], declared: Sequence[Fact], held: Mapping[str, Json]) -> tuple[Altered, ...]:
    again = {write.key: write for write in diff_facts(declared, held)} if other else {}
    return tuple(
        Altered(write.key, write.declared, held.get(write.key), write.key not in held, again.get(write.key))
        for write in other
    )


def without(plan: Plan, useless: Mapping[str, Sequence[FactWrite]]) -> Plan:
    """
    Return the plan without the writes in `useless`, which the account changed before; the plan itself if it has none.

    `useless` maps the address of an operation to its writes. A write of another value, or over another one, stays.
    """
    work = tuple(item for item in (_reduced_work(work, useless) for work in plan.work) if item.operations)
    return plan if work == plan.work else replace(plan, work=work)


def _reduced_work(work: Work, useless: Mapping[str, Sequence[FactWrite]]) -> Work:
    match work:
        case ContactWork(operations=operations):
            of_contact = [_reduced_contact(item, useless.get(item.address, ())) for item in operations]
            return replace(work, operations=tuple(item for item in of_contact if item is not None))
        case MemoryWork(operations=several):
            of_memory = [_reduced(item, useless.get(item.address, ())) for item in several]
            return replace(work, operations=tuple(item for item in of_memory if item is not None))


def _reduced_contact(operation: ContactOperation, useless: Sequence[FactWrite]) -> ContactOperation | None:
    if not isinstance(operation, UpdateContact):
        return operation
    profile = tuple(write for write in operation.profile if not among(write, useless))
    return replace(operation, profile=profile) if profile else None


def _reduced(operation: MemoryOperation, useless: Sequence[FactWrite]) -> MemoryOperation | None:
    match operation:
        case WriteFacts():
            facts = tuple(write for write in operation.facts if not among(write, useless))
            return replace(operation, facts=facts) if facts else None
        case UpdateUser():  # always sent whole
            return None if all(among(write, useless) for write in operation.changes) else operation
        case _:
            return operation
