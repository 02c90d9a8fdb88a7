"""Contact memories: one record for a contact and a scope."""

import sqlite3

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.records import filled
from reconciler.sandbox.values import JsonObject, Scope, from_json, to_json

_JSON_FIELDS = ("facts", "recent_messages", "open_items", "entities", "memory_history")

_INSERT = """
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
        """Give the record with this id."""
        return _record(self._database.row("SELECT * FROM memories WHERE id = :id", id=memory_id))

    def find(self, scope: Scope) -> JsonObject | None:
        """Give the record for this contact and scope; of several that were planted, the oldest."""
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
        """Give the records of several contacts, oldest first."""
        rows = self._database.rows(_OF_CONTACTS, ids=to_json(contact_ids))
        return [_parsed(row) for row in rows]

    def everything(self) -> list[JsonObject]:
        """All records, by id."""
        return [_parsed(row) for row in self._database.rows("SELECT * FROM memories ORDER BY id")]

    def personas(self) -> list[JsonObject]:
        """Every persona that some memory is scoped to, with the first and the last use."""
        return [dict(row) for row in self._database.rows(_PERSONAS)]

    def plant(self, record: JsonObject) -> JsonObject:
        """Put a record in; what it leaves out is as in a new one."""
        complete = filled(record, kind="contact_memories", defaults=self._defaults(record))
        row = {**complete, **{field: to_json(complete[field]) for field in _JSON_FIELDS}}
        self._database.change(_INSERT, **row)
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
    return None if row is None else _parsed(row)


def _parsed(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    for field in _JSON_FIELDS:
        record[field] = from_json(record[field])
    return record
