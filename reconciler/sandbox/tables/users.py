"""Users: the phone numbers that a memory (a contact memory or a legacy store) keeps notes about."""

import sqlite3

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.records import filled
from reconciler.sandbox.values import JsonObject, from_json, to_json

_INSERT = """
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
        """Give the user with this number in this memory."""
        row = self._database.row(_FIND, memory_id=memory_id, phone_number=phone_number)
        return None if row is None else _parsed(row)

    def of_memory(self, memory_id: str) -> list[JsonObject]:
        """Give the users of a memory, oldest first."""
        rows = self._database.rows("SELECT * FROM users WHERE memory_id = :id ORDER BY seq", id=memory_id)
        return [_parsed(row) for row in rows]

    def update(self, user_id: str, *, metadata: object, summary: object) -> None:
        """Set the metadata and the summary, each as a whole."""
        self._database.change(_UPDATE, id=user_id, metadata=metadata, summary=summary)

    def everything(self) -> list[JsonObject]:
        """All users, by phone number."""
        rows = self._database.rows("SELECT * FROM users ORDER BY phone_number, memory_id")
        return [_parsed(row) for row in rows]

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
        self._database.change(_INSERT, **{**complete, "calls": to_json(complete["calls"])})
        return complete


def _parsed(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    record["calls"] = from_json(record["calls"])
    return record
