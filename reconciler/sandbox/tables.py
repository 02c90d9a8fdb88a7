"""The tables of the state: rows of SQLite on one side, plain records on the other. Knows nothing of HTTP."""

import sqlite3
from typing import ClassVar, Literal

from reconciler.sandbox.database import Database
from reconciler.sandbox.values import JsonObject, SandboxStateError, Scope, from_json, to_json


class Table:
    """
    Records of one kind.

    A record is a mapping of all columns but `seq`, which orders the rows by their creation.
    """

    name: ClassVar[str]
    kind: ClassVar[str]  # what a world calls these records
    json_fields: ClassVar[tuple[str, ...]] = ()  # lists and objects, stored as JSON

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, record_id: str) -> JsonObject | None:
        """Return the record with this id."""
        return self._first("WHERE id = :id", id=record_id)

    def everything(self) -> list[JsonObject]:
        """Return all records, by id."""
        return self._select("ORDER BY id")

    def insert(self, record: JsonObject) -> JsonObject:
        """Insert a record, and return it with the fields that it left out; raises `SandboxStateError`."""
        complete = _filled(record, kind=self.kind, defaults=self._defaults(record))
        row = {**complete, **{field: to_json(complete[field]) for field in self.json_fields}}
        columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
        self._database.change(f"INSERT INTO {self.name} ({columns}) VALUES ({values})", **row)  # noqa: S608 - the columns are those of `_defaults`
        return complete

    def empty(self) -> None:
        """Forget all records."""
        self._database.change(f"DELETE FROM {self.name}")  # noqa: S608 - the names stand in this module

    def _set(self, record_id: str, **fields: object) -> None:
        columns = ", ".join(f"{field} = :{field}" for field in fields)
        self._database.change(f"UPDATE {self.name} SET {columns} WHERE id = :id", id=record_id, **fields)  # noqa: S608 - the columns stand in this module

    def _select(self, condition: str, /, **values: object) -> list[JsonObject]:
        query = f"SELECT * FROM {self.name} {condition}"  # noqa: S608 - the conditions stand in this module
        return [self._record(row) for row in self._database.rows(query, **values)]

    def _first(self, condition: str, /, **values: object) -> JsonObject | None:
        return next(iter(self._select(condition, **values)), None)

    def _record(self, row: sqlite3.Row) -> JsonObject:
        record = {field: row[field] for field in row.keys() if field != "seq"}  # noqa: SIM118 - a row iterates over values
        return {**record, **{field: from_json(record[field]) for field in self.json_fields}}

    def _defaults(self, record: JsonObject) -> JsonObject:
        """Return every field with its value where a record has none; a field that is required is an empty string."""
        raise NotImplementedError

    def _created(self, record: JsonObject, *, prefix: str = "") -> JsonObject:
        return {
            "id": record.get("id") or f"{prefix}{self._database.new_id()}",
            "created_at": record.get("created_at") or self._database.now(),
        }


def _filled(record: JsonObject, *, kind: str, defaults: JsonObject) -> JsonObject:
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


class Contacts(Table):
    """The contacts."""

    name = kind = "contacts"
    json_fields = ("metadata",)

    def find(self, identifiers: dict[str, str]) -> JsonObject | None:
        """Return the contact of the first identifier that belongs to one."""
        owned = "SELECT contact_id FROM identifiers WHERE identifier_type = :type AND identifier_value = :value"
        found = (self._first(f"WHERE id IN ({owned})", type=kind, value=value) for kind, value in identifiers.items())
        return next((contact for contact in found if contact is not None), None)

    def page(self, *, limit: int, offset: int) -> list[JsonObject]:
        """Return a page of contacts, oldest first, unless they were moved."""
        return self._select("ORDER BY seq LIMIT :limit OFFSET :offset", limit=limit, offset=offset)

    def count(self) -> int:
        """Return the number of contacts."""
        return int(self._database.rows("SELECT count(*) AS total FROM contacts")[0]["total"])

    def ensure(self, contact_id: str) -> None:
        """Insert a contact with this id where there is none."""
        if self.get(contact_id) is None:
            self.insert({"id": contact_id})

    def update(self, contact_id: str, *, name: object, metadata: object) -> None:
        """Set the name and the metadata, each as a whole."""
        self._set(contact_id, name=name, metadata=to_json(metadata), updated_at=self._database.now())

    def move(self, contact_id: str, *, to: Literal["front", "back"]) -> None:
        """Put a contact before or after all others."""
        place = {"front": "min(seq) - 1", "back": "max(seq) + 1"}[to]
        statement = f"UPDATE contacts SET seq = (SELECT {place} FROM contacts) WHERE id = :id"  # noqa: S608 - see the line above
        self._database.change(statement, id=contact_id)

    def _defaults(self, record: JsonObject) -> JsonObject:
        created = self._created(record)
        own: JsonObject = {"org_id": self._database.org_id, "name": None, "metadata": {}}
        return {"id": created["id"], **own, "created_at": created["created_at"], "updated_at": created["created_at"]}


class Identifiers(Table):
    """The phone numbers, email addresses and external ids of contacts."""

    name = kind = "identifiers"

    def of_contacts(self, contact_ids: list[str]) -> list[JsonObject]:
        """Return the identifiers of several contacts, oldest first."""
        condition = "WHERE contact_id IN (SELECT value FROM json_each(:ids)) ORDER BY seq"
        return self._select(condition, ids=to_json(contact_ids))

    def owner(self, *, kind: str, value: str) -> str | None:
        """Return the id of the contact that has this identifier."""
        found = self._first("WHERE identifier_type = :type AND identifier_value = :value", type=kind, value=value)
        return None if found is None else str(found["contact_id"])

    def put(self, contact_id: str, *, kind: str, value: str) -> None:
        """Insert the identifier, or let it replace the primary one of its type (U18)."""
        condition = "WHERE contact_id = :contact_id AND identifier_type = :type AND is_primary"
        primary = self._first(condition, contact_id=contact_id, type=kind)
        if primary is None:
            self.insert({"contact_id": contact_id, "identifier_type": kind, "identifier_value": value})
        else:
            self._set(str(primary["id"]), identifier_value=value)

    def everything(self) -> list[JsonObject]:
        """Return all identifiers, by type and value."""
        return self._select("ORDER BY identifier_type, identifier_value")

    def _record(self, row: sqlite3.Row) -> JsonObject:
        return {**super()._record(row), "is_primary": bool(row["is_primary"])}

    def _defaults(self, record: JsonObject) -> JsonObject:
        required: JsonObject = {"contact_id": "", "identifier_type": "", "identifier_value": ""}
        return {"id": self._created(record, prefix="ident-")["id"], **required, "is_primary": True}


class ContactMemories(Table):
    """The contact memories: one record for a contact and a scope."""

    name, kind = "memories", "contact_memories"
    json_fields = ("facts", "recent_messages", "open_items", "entities", "memory_history")

    def find(self, scope: Scope) -> JsonObject | None:
        """Return the record for this contact and scope; of several that were inserted, the oldest."""
        return self._first(
            "WHERE contact_id = :contact_id AND ifnull(persona_id, '') = :persona_id "
            "AND ifnull(agent_number, '') = :agent_number ORDER BY seq",
            contact_id=scope.contact_id,
            persona_id=scope.persona_id or "",
            agent_number=scope.agent_number or "",
        )

    def create(self, scope: Scope) -> JsonObject:
        """Insert a new, empty record (S0: summary null, facts an empty object, arrays empty)."""
        return self.insert(
            {"contact_id": scope.contact_id, "persona_id": scope.persona_id, "agent_number": scope.agent_number}
        )

    def set_facts(self, memory_id: str, facts: JsonObject) -> None:
        """Replace the facts as a whole; the caller has merged them."""
        self._set(memory_id, facts=to_json(facts), updated_at=self._database.now())

    def set_summary(self, memory_id: str, summary: str) -> None:
        """Replace the summary."""
        self._set(memory_id, summary=summary, updated_at=self._database.now())

    def of_contacts(self, contact_ids: list[str]) -> list[JsonObject]:
        """Return the records of several contacts, oldest first."""
        condition = "WHERE contact_id IN (SELECT value FROM json_each(:ids)) ORDER BY seq"
        return self._select(condition, ids=to_json(contact_ids))

    def personas(self) -> list[JsonObject]:
        """Return every persona that some memory is scoped to, with its first and last use."""
        query = (
            "SELECT persona_id AS id, min(created_at) AS created_at, max(updated_at) AS updated_at FROM memories "
            "WHERE persona_id IS NOT NULL GROUP BY persona_id ORDER BY persona_id"
        )
        return [dict(row) for row in self._database.rows(query)]

    def _defaults(self, record: JsonObject) -> JsonObject:
        created = self._created(record, prefix="mem-")
        return {
            "id": created["id"],
            "org_id": self._database.org_id,
            "contact_id": "",
            "persona_id": None,
            "agent_number": None,
            "summary": None,
            "facts": {},
            **{field: [] for field in self.json_fields if field != "facts"},
            "created_at": created["created_at"],
            "updated_at": created["created_at"],
        }


class Stores(Table):
    """The legacy memory stores."""

    name = kind = "stores"

    def listing(self) -> list[JsonObject]:
        """Return all stores, oldest first."""
        return self._select("ORDER BY seq")

    def rename(self, store_id: str, name: str) -> None:
        """Set the name."""
        self._set(store_id, name=name)

    def _defaults(self, record: JsonObject) -> JsonObject:
        created = self._created(record)
        return {"id": created["id"], "name": "", "user_id": self._database.org_id, "created_at": created["created_at"]}


class Users(Table):
    """The users of contact memories and of legacy stores."""

    name = kind = "users"
    json_fields = ("calls",)

    def find(self, memory_id: str, phone_number: str) -> JsonObject | None:
        """Return the user with this number in this memory."""
        condition = "WHERE memory_id = :memory_id AND phone_number = :phone_number"
        return self._first(condition, memory_id=memory_id, phone_number=phone_number)

    def of_memory(self, memory_id: str) -> list[JsonObject]:
        """Return the users of a memory, oldest first."""
        return self._select("WHERE memory_id = :id ORDER BY seq", id=memory_id)

    def update(self, user_id: str, *, metadata: object, summary: object) -> None:
        """Set the metadata and the summary, each as a whole."""
        self._set(user_id, metadata=metadata, summary=summary)

    def everything(self) -> list[JsonObject]:
        """Return all users, by phone number."""
        return self._select("ORDER BY phone_number, memory_id")

    def _defaults(self, record: JsonObject) -> JsonObject:
        created = self._created(record)
        return {
            "id": created["id"],
            "memory_id": "",
            "phone_number": "",
            "metadata": None,
            "summary": None,
            "external_memory_key": None,
            "created_at": created["created_at"],
            "call_count": 0,
            "last_call_at": None,
            "calls": [],
        }
