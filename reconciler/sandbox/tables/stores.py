"""Legacy memory stores: a name, and users inside."""

from reconciler.sandbox.database import Database
from reconciler.sandbox.tables.records import filled
from reconciler.sandbox.values import JsonObject

_COLUMNS = "SELECT id, name, user_id, created_at FROM stores"
_INSERT = "INSERT INTO stores (id, name, user_id, created_at) VALUES (:id, :name, :user_id, :created_at)"


class Stores:
    """The table of memory stores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, store_id: str) -> JsonObject | None:
        """Give the store with this id."""
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
        self._database.change(_INSERT, **complete)
        return complete
