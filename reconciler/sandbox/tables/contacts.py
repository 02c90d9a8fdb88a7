"""Contacts, and the identifiers by which they are found."""

import sqlite3
from typing import Literal

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.memories import filled
from reconciler.sandbox.values import JsonObject, from_json, to_json

_INSERT_IDENTIFIER = """
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
        """Return the identifiers of several contacts, oldest first."""
        return [_parsed_identifier(row) for row in self._database.rows(_OF_CONTACTS, ids=to_json(contact_ids))]

    def owner(self, *, kind: str, value: str) -> str | None:
        """Return the id of the contact that has this identifier."""
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
        return [_parsed_identifier(row) for row in rows]

    def plant(self, record: JsonObject, *, contact_id: str) -> None:
        """Put an identifier in."""
        defaults: JsonObject = {
            "id": record.get("id") or f"ident-{self._database.new_id()}",
            "contact_id": contact_id,
            "identifier_type": "",
            "identifier_value": "",
            "is_primary": True,
        }
        self._database.change(_INSERT_IDENTIFIER, **filled(record, kind="identifiers", defaults=defaults))


def _parsed_identifier(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    record["is_primary"] = bool(record["is_primary"])
    return record


_INSERT_CONTACT = """
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
        """Return the contact with this id."""
        return _record(self._database.row("SELECT * FROM contacts WHERE id = :id", id=contact_id))

    def find(self, identifiers: dict[str, str]) -> JsonObject | None:
        """Return the contact of the first identifier that belongs to one."""
        for kind, value in identifiers.items():
            row = self._database.row(_BY_IDENTIFIER, type=kind, value=value)
            if row is not None:
                return _parsed_contact(row)
        return None

    def page(self, *, limit: int, offset: int) -> list[JsonObject]:
        """Return a page of contacts, oldest first, unless they were moved."""
        return [_parsed_contact(row) for row in self._database.rows(_PAGE, limit=limit, offset=offset)]

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
        return [_parsed_contact(row) for row in self._database.rows("SELECT * FROM contacts ORDER BY id")]

    def plant(self, record: JsonObject) -> JsonObject:
        """Put a contact in."""
        complete = filled(record, kind="contacts", defaults=self._defaults(record))
        self._database.change(_INSERT_CONTACT, **{**complete, "metadata": to_json(complete["metadata"])})
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
    return None if row is None else _parsed_contact(row)


def _parsed_contact(row: sqlite3.Row) -> JsonObject:
    record = dict(row)
    del record["seq"]
    record["metadata"] = from_json(record["metadata"])
    return record
