"""
The state of the sandbox: contacts, contact memories, legacy stores and their users.

Knows nothing of HTTP. The routes speak to the tables; tests, scenarios and the command line plant a world, look at it,
and let "the agent" learn facts behind the caller's back.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from reconciler.sandbox.database import Database
from reconciler.sandbox.errors import SandboxStateError
from reconciler.sandbox.tables.contacts import Contacts
from reconciler.sandbox.tables.identifiers import Identifiers
from reconciler.sandbox.tables.memories import ContactMemories
from reconciler.sandbox.tables.stores import Stores
from reconciler.sandbox.tables.users import Users
from reconciler.sandbox.values import JsonObject
from reconciler.sandbox.world import dump_world, load_world

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
        """Give the time by the clock of this store."""
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
