"""Contact memories: one record for a contact and a scope."""

import sqlite3

from reconciler.sandbox.database import Database
from reconciler.sandbox.values import JsonObject, SandboxStateError, Scope, from_json, to_json


def filled(record: JsonObject, *, kind: str, defaults: JsonObject) -> JsonObject:
    """Fill in the missing fields of a record; a field whose default is an empty string is required."""
    unknown = sorted(record.keys() - defaults.keys())
    if unknown:
        raise SandboxStateError(f"{kind}: unknown field {unknown[0]!r}; known are {', '.join(sorted(defaults))}")
    complete = {**defaults, **record}
    for field, default in defaults.items():
        _check(complete[field], default=default, place=f"{kind}.{field}")
    return complete


def _check(value: object, *, default: object, place: str) -> None:
    if default == "" and not value:
        raise SandboxStateError(f"{place}: required")
    wanted = str if default is None else type(default)
    if isinstance(value, wanted) or (value is None and default is None):
        return
    raise SandboxStateError(f"{place}: expected {wanted.__name__}, found {type(value).__name__}")


_INSERT_USER = """
INSERT INTO users (id, memory_id, phone_number, metadata, summary, external_memory_key, created_at, call_count,
                   last_call_at, calls)
VALUES (:id, :memory_id, :phone_number, :metadata, :summary, :external_memory_key, :created_at, :call_count,
        :last_call_at, :calls)
"""
_FIND = "SELECT * FROM users WHERE memory_id = :memory_id AND phone_number = :phone_number"
_UPDATE = "UPDATE users SET metadata = :metadata, summary = :summary WHERE id = :id"


class Users:
    """The table of users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, memory_id: str, phone_number: str) -> JsonObject | None:
        """Return the user with this number in this memory."""
        row = self._database.row(_FIND, memory_id=memory_id, phone_number=phone_number)
        return None if row is None else _parsed_user(row)

    def of_memory(self, memory_id: str) -> list[JsonObject]:
        """Return the users of a memory, oldest first."""
        rows = self._database.rows("SELECT * FROM users WHERE memory_id = :id ORDER BY seq", id=memory_id)
        return [_parsed_user(row) for row in rows]

    def update(self, user_id: str, *, metadata: object, summary: object) -> None:
        """Set the metadata and the summary, each as a whole."""
        self._database.change(_UPDATE, id=user_id, metadata=metadata, summary=summary)

    def everything(self) -> list[JsonObject]:
        """All users, by phone number."""
        rows = self._database.rows("SELECT * FROM users ORDER BY phone_number, memory_id")
        return [_parsed_user(row) for row in rows]

    def plant(self, record: JsonObject, *, memory_id: str) -> JsonObject:
        """Put a user in."""
        defaults: JsonObject = {
            "id": record.get("id") or self._database.new_id(),
            "memory_id": memory_id,
            "phone_number": "",
            "metadata": None,
            "summary": None,
            "external_memory_key": None,
            "created_at": record.get("created_at") or self._database.now(),
            "call_count": 0,
            "last_call_at": None,
            "calls": [],
        }
        complete = filled(record, kind="users", defaults=defaults)
        self._database.change(_INSERT_USER, **{**complete, "calls": to_json(complete["calls"])})
        return complete


def _parsed_user(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    record["calls"] = from_json(record["calls"])
    return record


_COLUMNS = "SELECT id, name, user_id, created_at FROM stores"
_INSERT_STORE = "INSERT INTO stores (id, name, user_id, created_at) VALUES (:id, :name, :user_id, :created_at)"


class Stores:
    """The table of memory stores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, store_id: str) -> JsonObject | None:
        """Return the store with this id."""
        row = self._database.row(f"{_COLUMNS} WHERE id = :id", id=store_id)
        return None if row is None else dict(row)

    def listing(self) -> list[JsonObject]:
        """All stores, oldest first."""
        return [dict(row) for row in self._database.rows(f"{_COLUMNS} ORDER BY seq")]

    def everything(self) -> list[JsonObject]:
        """All stores, by id."""
        return [dict(row) for row in self._database.rows(f"{_COLUMNS} ORDER BY id")]

    def plant(self, record: JsonObject) -> JsonObject:
        """Put a store in."""
        defaults: JsonObject = {
            "id": record.get("id") or self._database.new_id(),
            "name": "",
            "user_id": self._database.org_id,
            "created_at": record.get("created_at") or self._database.now(),
        }
        complete = filled(record, kind="stores", defaults=defaults)
        self._database.change(_INSERT_STORE, **complete)
        return complete


_JSON_FIELDS = ("facts", "recent_messages", "open_items", "entities", "memory_history")

_INSERT_MEMORY = """
INSERT INTO memories (id, org_id, contact_id, persona_id, agent_number, summary, facts, recent_messages, open_items,
                      entities, memory_history, created_at, updated_at)
VALUES (:id, :org_id, :contact_id, :persona_id, :agent_number, :summary, :facts, :recent_messages, :open_items,
        :entities, :memory_history, :created_at, :updated_at)
"""
_BY_SCOPE = """
SELECT * FROM memories
WHERE contact_id = :contact_id AND ifnull(persona_id, '') = :persona_id AND ifnull(agent_number, '') = :agent_number
ORDER BY seq
"""
_OF_CONTACTS = "SELECT * FROM memories WHERE contact_id IN (SELECT value FROM json_each(:ids)) ORDER BY seq"
_SET_FACTS = "UPDATE memories SET facts = :facts, updated_at = :updated_at WHERE id = :id"
_PERSONAS = """
SELECT persona_id AS id, min(created_at) AS created_at, max(updated_at) AS updated_at
FROM memories WHERE persona_id IS NOT NULL GROUP BY persona_id ORDER BY persona_id
"""


class ContactMemories:
    """The table of contact memories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, memory_id: str) -> JsonObject | None:
        """Return the record with this id."""
        return _record(self._database.row("SELECT * FROM memories WHERE id = :id", id=memory_id))

    def find(self, scope: Scope) -> JsonObject | None:
        """Return the record for this contact and scope; of several that were planted, the oldest."""
        row = self._database.row(
            _BY_SCOPE,
            contact_id=scope.contact_id,
            persona_id=scope.persona_id or "",
            agent_number=scope.agent_number or "",
        )
        return _record(row)

    def create(self, scope: Scope) -> JsonObject:
        """Add a new, empty record (S0: summary null, facts an empty object, arrays empty)."""
        return self.plant(
            {"contact_id": scope.contact_id, "persona_id": scope.persona_id, "agent_number": scope.agent_number}
        )

    def set_facts(self, memory_id: str, facts: JsonObject) -> None:
        """Replace the facts as a whole; what is merged, and how, the caller has decided."""
        self._database.change(_SET_FACTS, id=memory_id, facts=to_json(facts), updated_at=self._database.now())

    def of_contacts(self, contact_ids: list[str]) -> list[JsonObject]:
        """Return the records of several contacts, oldest first."""
        rows = self._database.rows(_OF_CONTACTS, ids=to_json(contact_ids))
        return [_parsed_memory(row) for row in rows]

    def everything(self) -> list[JsonObject]:
        """All records, by id."""
        return [_parsed_memory(row) for row in self._database.rows("SELECT * FROM memories ORDER BY id")]

    def personas(self) -> list[JsonObject]:
        """Every persona that some memory is scoped to, with the first and the last use."""
        return [dict(row) for row in self._database.rows(_PERSONAS)]

    def plant(self, record: JsonObject) -> JsonObject:
        """Put a record in; what it leaves out is as in a new one."""
        complete = filled(record, kind="contact_memories", defaults=self._defaults(record))
        row = {**complete, **{field: to_json(complete[field]) for field in _JSON_FIELDS}}
        self._database.change(_INSERT_MEMORY, **row)
        return complete

    def _defaults(self, record: JsonObject) -> JsonObject:
        created_at = record.get("created_at") or self._database.now()
        return {
            "id": record.get("id") or f"mem-{self._database.new_id()}",
            "org_id": self._database.org_id,
            "contact_id": "",
            "persona_id": None,
            "agent_number": None,
            "summary": None,
            "facts": {},
            "recent_messages": [],
            "open_items": [],
            "entities": [],
            "memory_history": [],
            "created_at": created_at,
            "updated_at": created_at,
        }


def _record(row: sqlite3.Row | None) -> JsonObject | None:
    return None if row is None else _parsed_memory(row)


def _parsed_memory(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    for field in _JSON_FIELDS:
        record[field] = from_json(record[field])
    return record
