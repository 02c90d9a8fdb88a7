"""Contacts, and the identifiers by which they are found."""

import sqlite3
from typing import Literal

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.records import filled
from reconciler.sandbox.values import JsonObject, from_json, to_json

_INSERT = """
INSERT INTO contacts (id, org_id, name, metadata, created_at, updated_at)
VALUES (:id, :org_id, :name, :metadata, :created_at, :updated_at)
"""
_UPDATE = "UPDATE contacts SET name = :name, metadata = :metadata, updated_at = :updated_at WHERE id = :id"
_BY_IDENTIFIER = """
SELECT contacts.* FROM contacts JOIN identifiers ON identifiers.contact_id = contacts.id
WHERE identifier_type = :type AND identifier_value = :value
"""
_MOVE = {
    "front": "UPDATE contacts SET seq = (SELECT min(seq) - 1 FROM contacts) WHERE id = :id",
    "back": "UPDATE contacts SET seq = (SELECT max(seq) + 1 FROM contacts) WHERE id = :id",
}
_PAGE = "SELECT * FROM contacts ORDER BY seq LIMIT :limit OFFSET :offset"


class Contacts:
    """The table of contacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, contact_id: str) -> JsonObject | None:
        """Give the contact with this id."""
        return _record(self._database.row("SELECT * FROM contacts WHERE id = :id", id=contact_id))

    def find(self, identifiers: dict[str, str]) -> JsonObject | None:
        """Give the contact of the first identifier that belongs to one."""
        for kind, value in identifiers.items():
            row = self._database.row(_BY_IDENTIFIER, type=kind, value=value)
            if row is not None:
                return _parsed(row)
        return None

    def page(self, *, limit: int, offset: int) -> list[JsonObject]:
        """Give a page of contacts, oldest first, unless they were moved."""
        return [_parsed(row) for row in self._database.rows(_PAGE, limit=limit, offset=offset)]

    def count(self) -> int:
        """How many contacts there are."""
        row = self._database.row("SELECT count(*) AS total FROM contacts")
        return 0 if row is None else int(row["total"])

    def ensure(self, contact_id: str) -> None:
        """Make sure that a contact with this id is listed."""
        if self.get(contact_id) is None:
            self.plant({"id": contact_id})

    def update(self, contact_id: str, *, name: object, metadata: object) -> None:
        """Set the name and the metadata, each as a whole."""
        now = self._database.now()
        self._database.change(_UPDATE, id=contact_id, name=name, metadata=to_json(metadata), updated_at=now)

    def move(self, contact_id: str, *, to: Literal["front", "back"]) -> None:
        """Put a contact before or after all others."""
        self._database.change(_MOVE[to], id=contact_id)

    def everything(self) -> list[JsonObject]:
        """All contacts, by id."""
        return [_parsed(row) for row in self._database.rows("SELECT * FROM contacts ORDER BY id")]

    def plant(self, record: JsonObject) -> JsonObject:
        """Put a contact in."""
        complete = filled(record, kind="contacts", defaults=self._defaults(record))
        self._database.change(_INSERT, **{**complete, "metadata": to_json(complete["metadata"])})
        return complete

    def _defaults(self, record: JsonObject) -> JsonObject:
        created_at = record.get("created_at") or self._database.now()
        return {
            "id": record.get("id") or self._database.new_id(),
            "org_id": self._database.org_id,
            "name": None,
            "metadata": {},
            "created_at": created_at,
            "updated_at": created_at,
        }


def _record(row: sqlite3.Row | None) -> JsonObject | None:
    return None if row is None else _parsed(row)


def _parsed(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    record["metadata"] = from_json(record["metadata"])
    return record
