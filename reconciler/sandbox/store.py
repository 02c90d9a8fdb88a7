"""
The state of the sandbox: contacts, contact memories, legacy stores and their users.

Knows nothing of HTTP. The routes speak to the tables; tests, scenarios and the command line plant a world, look at it,
and let "the agent" learn facts behind the caller's back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.contacts import Contacts, Identifiers
from reconciler.sandbox.tables.memories import ContactMemories, Stores, Users
from reconciler.sandbox.values import JsonObject, SandboxStateError

ORG_ID = "11111111-2222-3333-4444-555555555555"

_EMPTY_ALL = tuple(f"DELETE FROM {table}" for table in ("contacts", "identifiers", "memories", "stores", "users"))  # noqa: S608 - the names stand on this line


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


class Store:
    """One organisation's state, in a file or in memory, usable from several threads and processes."""

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        clock: Callable[[], datetime] = _now,
        new_id: Callable[[], str] = _new_id,
        org_id: str = ORG_ID,
    ) -> None:
        self._database = Database(path, clock=clock, new_id=new_id, org_id=org_id)
        self.contacts = Contacts(self._database)
        self.identifiers = Identifiers(self._database)
        self.memories = ContactMemories(self._database)
        self.stores = Stores(self._database)
        self.users = Users(self._database)

    def learn_facts(self, memory_id: str, facts: JsonObject) -> None:
        """Add or change facts as the platform's agent does after a call: without any request."""
        with self.transaction():
            memory = self.memories.get(memory_id)
            if memory is None:
                raise SandboxStateError(f"{memory_id}: no such contact memory")
            known = memory["facts"]
            self.memories.set_facts(memory_id, {**(known if isinstance(known, dict) else {}), **facts})

    def move_contact(self, contact_id: str, *, to: Literal["front", "back"]) -> None:
        """Put a contact first or last in the listing, as a change of its order does while someone reads it."""
        with self.transaction():
            if self.contacts.get(contact_id) is None:
                raise SandboxStateError(f"{contact_id}: no such contact")
            self.contacts.move(contact_id, to=to)

    def holds_memory(self, memory_id: str) -> bool:
        """Whether a contact memory or a legacy store has this id."""
        return self.memories.get(memory_id) is not None or self.stores.get(memory_id) is not None

    def dump(self) -> JsonObject:
        """Everything the sandbox holds, sorted, as plain JSON values."""
        with self.transaction():
            return dump_world(self)

    def load(self, world: JsonObject) -> None:
        """Plant a world of the shape that `dump` gives, next to what is there; all of it or nothing."""
        with self.transaction():
            load_world(self, world)

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for statement in _EMPTY_ALL:
                self._database.change(statement)

    def moment(self) -> datetime:
        """Return the time by the clock of this store."""
        return self._database.moment()

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block, or, if it raises, nothing of it."""
        return self._database.transaction()

    def changes(self) -> int:
        """Count: a number that grows with every row that this store inserts or updates."""
        return self._database.changes()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


if TYPE_CHECKING:
    from reconciler.sandbox.values import JsonObject

_PARTS = ("contacts", "contact_memories", "stores")


def dump_world(store: Store) -> JsonObject:
    """Everything in the store, sorted."""
    return {
        "contacts": _with_inner(
            store.contacts.everything(), store.identifiers.everything(), ("identifiers", "contact_id")
        ),
        "contact_memories": _with_inner(store.memories.everything(), store.users.everything(), ("users", "memory_id")),
        "stores": _with_inner(store.stores.everything(), store.users.everything(), ("users", "memory_id")),
    }


def _with_inner(outer: list[JsonObject], inner: list[JsonObject], link: tuple[str, str]) -> list[JsonObject]:
    field, key = link
    held: dict[object, list[JsonObject]] = {record["id"]: [] for record in outer}
    for record in inner:
        if record[key] in held:
            held[record[key]].append({name: value for name, value in record.items() if name != key})
    return [{**record, field: held[record["id"]]} for record in outer]


def load_world(store: Store, world: JsonObject) -> None:
    """Plant everything that the world names."""
    unknown = sorted(world.keys() - set(_PARTS))
    if unknown:
        raise SandboxStateError(f"world: unknown part {unknown[0]!r}; known are {', '.join(_PARTS)}")
    try:
        for record in _list(world, "contacts"):
            _plant_contact(store, record)
        for record in _list(world, "contact_memories"):
            _plant_memory(store, record)
        for record in _list(world, "stores"):
            _plant_store(store, record)
    except sqlite3.Error as error:
        raise SandboxStateError(f"world: cannot be planted: {error}") from error


def _plant_contact(store: Store, record: JsonObject) -> None:
    contact = store.contacts.plant(_without(record, "identifiers"))
    for identifier in _list(record, "identifiers"):
        store.identifiers.plant(identifier, contact_id=str(contact["id"]))


def _plant_memory(store: Store, record: JsonObject) -> None:
    memory = store.memories.plant(_without(record, "users"))
    store.contacts.ensure(str(memory["contact_id"]))
    _plant_users(store, record, memory_id=str(memory["id"]))


def _plant_store(store: Store, record: JsonObject) -> None:
    planted = store.stores.plant(_without(record, "users"))
    _plant_users(store, record, memory_id=str(planted["id"]))


def _plant_users(store: Store, record: JsonObject, *, memory_id: str) -> None:
    for user in _list(record, "users"):
        store.users.plant(user, memory_id=memory_id)


def _without(record: JsonObject, field: str) -> JsonObject:
    return {name: value for name, value in record.items() if name != field}


def _list(holder: JsonObject, field: str) -> list[JsonObject]:
    records = holder.get(field, [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SandboxStateError(f"{field}: expected a list of objects")
    return records
