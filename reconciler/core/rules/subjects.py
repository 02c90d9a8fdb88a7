"""What rules are judged on: each contact, memory and change with the values of its variables."""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.address import fact_address, keyed_address
from reconciler.core.model.desired import (
    IDENTITY_KEYS,
    Contact,
    ContactMemory,
    Desired,
    Fact,
    Memory,
    User,
)
from reconciler.core.model.settings import Measures
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite, Updated
from reconciler.core.plan.measures import summary_of
from reconciler.core.plan.operations import (
    AddUser,
    CreateContact,
    CreateMemory,
    Operation,
    Plan,
    UpdateContact,
    UpdateUser,
    WriteFacts,
)
from reconciler.errors import Source

Values: TypeAlias = Mapping[str, Json]
"""The values of variables; `core/rules/types.py` has their types."""


class Subject(Struct, frozen=True):
    """One contact, memory or change; the totals of a plan have no address and no place."""

    address: str
    source: Source | None
    values: Values


def contacts_of(desired: Desired, chosen: Collection[str], environment: str) -> Iterator[Subject]:
    """Yield the contacts whose addresses are chosen, with all that is declared for each."""
    scopes: dict[str, dict[str, Values]] = {}
    for memory in desired.contact_memories:
        scopes.setdefault(memory.contact.name, {})[memory.scope] = _layers(memory.facts)
    for contact in desired.contacts:
        if contact.address in chosen:
            profile = {fact.key: fact.value for fact in contact.profile}
            own = {"name": profile.get("name", ""), "metadata": profile.get("metadata", {})}
            known_by = {contact.identity.kind: contact.identity.value}
            values = {**_NO_IDENTITY, **known_by, **own, "scopes": scopes.get(contact.name, {})}
            yield Subject(contact.address, contact.source, {**_of(contact, environment), **values})


def memories_of(desired: Desired, chosen: Collection[str], environment: str) -> Iterator[Subject]:
    """Yield the memories of contacts whose addresses are chosen, with all that is declared for each."""
    for memory in desired.contact_memories:
        if memory.address in chosen:
            own = {"scope": memory.scope, "users": [_user(user) for user in memory.users], **_layers(memory.facts)}
            yield Subject(memory.address, memory.source, {**_of(memory.contact, environment), **own})


def changes_of(plan: Plan, environment: str) -> Iterator[Subject]:
    """Yield each addition and update of a plan, those included that may not be needed."""
    for operation in plan.operations:
        contact, scope = _owner(operation)
        of_all: Values = {
            **(_of(contact, environment) if contact else {**_NOBODY, "environment": environment}),
            "scope": scope,
            "operation": operation.type,
            "certain": operation.certain,
        }
        for address, source, own in _changes(operation):
            yield Subject(address, source, {**of_all, **own, "address": address})


def totals_of(plan: Plan, environment: str, measures: Measures) -> Subject:
    """Return the totals of a plan: of the run, where it is for a part of what is declared."""
    summary = summary_of(plan)
    totals: dict[str, Json] = {**summary.pending, "changes": measures.changes, "new_keys": list(measures.new_keys)}
    return Subject("", None, {"environment": environment, "totals": totals})


_NO_IDENTITY = dict.fromkeys(IDENTITY_KEYS, "")
_NOBODY: Values = {"contact": "", "labels": {}}


def _of(contact: Contact, environment: str) -> Values:
    return {"environment": environment, "contact": contact.name, "labels": dict(contact.labels)}


def _layers(facts: Collection[Fact]) -> Values:
    return {
        "facts": {fact.key: fact.value for fact in facts if fact.policy == "enforce"},
        "seed_facts": {fact.key: fact.value for fact in facts if fact.policy == "seed"},
    }


def _user(user: User) -> Values:
    texts = ("phone_number", "metadata", "summary", "external_memory_key")
    return {name: getattr(user, name) or "" for name in texts}


def _owner(operation: Operation) -> tuple[Contact | None, str]:
    """Return the contact and the scope of an operation; a memory that is declared by its id has neither."""
    if isinstance(operation, CreateContact | UpdateContact):
        return operation.contact, ""
    memory: Memory = operation.memory
    return (memory.contact, memory.scope) if isinstance(memory, ContactMemory) else (None, "")


def _changes(operation: Operation) -> Iterator[tuple[str, Source, Values]]:
    match operation:
        case WriteFacts(memory=memory, facts=writes):
            seeded = {fact.key for fact in memory.facts if fact.policy == "seed"}
            for write in writes:
                layer = "seeded" if write.key in seeded else "enforced"
                yield from _parts(fact_address(operation.address, write.key), write, layer)
        case UpdateContact(profile=writes) | UpdateUser(changes=writes):
            for write in writes:
                yield from _parts(keyed_address(operation.address, write.key), write, "enforced")
        case CreateContact() | CreateMemory() | AddUser():
            yield operation.address, operation.source, _change("add", "", (), None, None, "enforced")


def _parts(address: str, write: FactWrite, layer: str) -> Iterator[tuple[str, Source, Values]]:
    for change in write.changes:
        is_update = isinstance(change, Updated)
        before = change.before if isinstance(change, Updated) else None
        action = "update" if is_update else "add"
        yield address, write.source, _change(action, write.key, change.path, before, change.after, layer)


def _change(  # noqa: PLR0913, PLR0917  one parameter a variable
    action: str, key: str, path: tuple[str, ...], before: Json, after: Json, layer: str
) -> Values:
    return {"action": action, "key": key, "path": list(path), "before": before, "after": after, "layer": layer}
