"""
The state of the sandbox: contacts, contact memories, legacy stores and their users.

Knows nothing of HTTP. The routes use the tables. Tests, scenarios and the command line insert a world and read it, and
let "the agent" learn facts behind the caller's back.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables import ContactMemories, Contacts, Identifiers, Stores, Table, Users
from reconciler.sandbox.values import DamagedStateError, JsonObject, SandboxStateError

ORG_ID = "11111111-2222-3333-4444-555555555555"

_PARTS = ("contacts", "contact_memories", "stores")


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
        """Put a contact first or last in the listing, as happens when the order changes while someone reads it."""
        with self.transaction():
            if self.contacts.get(contact_id) is None:
                raise SandboxStateError(f"{contact_id}: no such contact")
            self.contacts.move(contact_id, to=to)

    def holds_memory(self, memory_id: str) -> bool:
        """Return whether a contact memory or a legacy store has this id."""
        return self.memories.get(memory_id) is not None or self.stores.get(memory_id) is not None

    def dump(self) -> JsonObject:
        """Return everything the sandbox holds, sorted, as plain JSON values."""
        with self.transaction():
            identifiers, users = self.identifiers.everything(), self.users.everything()
            return {
                "contacts": _nested(self.contacts, identifiers, field="identifiers", key="contact_id"),
                "contact_memories": _nested(self.memories, users, field="users", key="memory_id"),
                "stores": _nested(self.stores, users, field="users", key="memory_id"),
            }

    def load(self, world: JsonObject) -> None:
        """Insert a world of the shape that `dump` returns, next to what is there; all of it or nothing."""
        with self.transaction():
            _insert_world(self, world)

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in (self.contacts, self.identifiers, self.memories, self.stores, self.users):
                table.empty()

    def moment(self) -> datetime:
        """Return the time by the clock of this store."""
        return self._database.moment()

    def transaction(self) -> AbstractContextManager[None]:
        """Commit all that the block writes, or nothing where it raises."""
        return self._database.transaction()

    def changes(self) -> int:
        """Return a number that grows with every row that this store inserts or updates."""
        return self._database.changes()

    def check(self) -> None:
        """Raise `DamagedStateError` where SQLite finds the file damaged."""
        self._database.check()

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def reset_file(path: Path) -> None:
    """Empty the state at a path; a damaged file, or one of another schema, is replaced by a new one."""
    try:
        store = Store(path)
        try:
            store.reset()
            store.check()
        finally:
            store.close()
    except DamagedStateError:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        Store(path).close()


def _nested(outer: Table, inner: list[JsonObject], *, field: str, key: str) -> list[JsonObject]:
    held: dict[object, list[JsonObject]] = {}
    for record in inner:
        held.setdefault(record[key], []).append({name: value for name, value in record.items() if name != key})
    return [{**record, field: held.get(record["id"], [])} for record in outer.everything()]


def _insert_world(store: Store, world: JsonObject) -> None:
    unknown = sorted(world.keys() - set(_PARTS))
    if unknown:
        raise SandboxStateError(f"world: unknown part {unknown[0]!r}; known are {', '.join(_PARTS)}")
    try:
        for record in _list(world, "contacts"):
            _insert(record, store.contacts, store.identifiers, field="identifiers", key="contact_id")
        for record in _list(world, "contact_memories"):
            memory = _insert(record, store.memories, store.users, field="users", key="memory_id")
            store.contacts.ensure(str(memory["contact_id"]))
        for record in _list(world, "stores"):
            _insert(record, store.stores, store.users, field="users", key="memory_id")
    except sqlite3.Error as error:
        raise SandboxStateError(f"world: cannot be inserted: {error}") from error


def _insert(record: JsonObject, outer: Table, inner: Table, *, field: str, key: str) -> JsonObject:
    """Insert a record, and the records nested in its field, which refer to it by the key."""
    inserted = outer.insert({name: value for name, value in record.items() if name != field})
    for nested in _list(record, field):
        inner.insert({**nested, key: inserted["id"]})
    return inserted


def _list(holder: JsonObject, field: str) -> list[JsonObject]:
    records = holder.get(field, [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SandboxStateError(f"{field}: expected a list of objects")
    return records
