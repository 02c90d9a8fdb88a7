"""Identifiers: the phone numbers, email addresses and external ids of contacts."""

import sqlite3

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.records import filled
from reconciler.sandbox.values import JsonObject, to_json

_INSERT = """
INSERT INTO identifiers (id, contact_id, identifier_type, identifier_value, is_primary)
VALUES (:id, :contact_id, :identifier_type, :identifier_value, :is_primary)
"""
_OF_CONTACTS = "SELECT * FROM identifiers WHERE contact_id IN (SELECT value FROM json_each(:ids)) ORDER BY seq"
_OWNER = "SELECT contact_id FROM identifiers WHERE identifier_type = :type AND identifier_value = :value"
_PRIMARY = "SELECT id FROM identifiers WHERE contact_id = :contact_id AND identifier_type = :type AND is_primary"
_REPLACE = "UPDATE identifiers SET identifier_value = :value WHERE id = :id"


class Identifiers:
    """The table of identifiers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_contacts(self, contact_ids: list[str]) -> list[JsonObject]:
        """Give the identifiers of several contacts, oldest first."""
        return [_parsed(row) for row in self._database.rows(_OF_CONTACTS, ids=to_json(contact_ids))]

    def owner(self, *, kind: str, value: str) -> str | None:
        """Give the id of the contact that has this identifier."""
        row = self._database.row(_OWNER, type=kind, value=value)
        return None if row is None else str(row["contact_id"])

    def put(self, contact_id: str, *, kind: str, value: str) -> None:
        """Add the identifier, or let it take the place of the primary one of its type (U18)."""
        row = self._database.row(_PRIMARY, contact_id=contact_id, type=kind)
        if row is None:
            self.plant({"identifier_type": kind, "identifier_value": value}, contact_id=contact_id)
        else:
            self._database.change(_REPLACE, id=row["id"], value=value)

    def everything(self) -> list[JsonObject]:
        """All identifiers, by type and value."""
        rows = self._database.rows("SELECT * FROM identifiers ORDER BY identifier_type, identifier_value")
        return [_parsed(row) for row in rows]

    def plant(self, record: JsonObject, *, contact_id: str) -> None:
        """Put an identifier in."""
        defaults: JsonObject = {
            "id": record.get("id") or f"ident-{self._database.new_id()}",
            "contact_id": contact_id,
            "identifier_type": "",
            "identifier_value": "",
            "is_primary": True,
        }
        self._database.change(_INSERT, **filled(record, kind="identifiers", defaults=defaults))


def _parsed(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    record["is_primary"] = bool(record["is_primary"])
    return record
