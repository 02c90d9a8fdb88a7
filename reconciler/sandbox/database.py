"""One SQLite connection behind a lock, with the clock and the ids that its tables use."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import RLock
from weakref import finalize

from reconciler.sandbox.schema import open_connection, unusable
from reconciler.sandbox.values import timestamp


class Database:
    """What the tables share. Transactions do not nest."""

    def __init__(
        self, path: str | Path, *, clock: Callable[[], datetime], new_id: Callable[[], str], org_id: str
    ) -> None:
        self._path = path
        self._connection = open_connection(path)
        self._close = finalize(self, self._connection.close)  # from Python 3.13 on, one that is left open is a warning
        self._lock = RLock()
        self._clock = clock
        self.new_id = new_id
        self.org_id = org_id

    def now(self) -> str:
        """Give the time by the clock that was handed in."""
        return timestamp(self._clock())

    def moment(self) -> datetime:
        """Give the same time as a value to calculate with."""
        return self._clock()

    def rows(self, query: str, /, **values: object) -> list[sqlite3.Row]:
        """All rows that a query gives."""
        with self._lock, self._told():
            return [self._sound(row) for row in self._connection.execute(query, values)]

    def row(self, query: str, /, **values: object) -> sqlite3.Row | None:
        """Give the first row that a query gives."""
        with self._lock, self._told():
            row: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
            return row and self._sound(row)

    def change(self, statement: str, /, **values: object) -> None:
        """Insert or update."""
        with self._lock, self._told():
            self._connection.execute(statement, values)

    def changes(self) -> int:
        """How many rows were ever changed over this connection."""
        return self._connection.total_changes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or, if it raises, nothing of it."""
        with self._lock:
            with self._told():
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):  # of a file that is broken, nothing was begun
                    self._connection.execute("ROLLBACK")
                raise
            with self._told():
                self._connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let what SQLite finds wrong with the file be an error of the sandbox."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # of what was to be written, not of the file
        except sqlite3.Error as error:
            raise unusable(self._path, str(error), error) from error

    def _sound(self, row: sqlite3.Row) -> sqlite3.Row:
        """Return a row whose columns hold what the sandbox writes: text and whole numbers."""
        if not all(value is None or isinstance(value, (str, int)) for value in row):
            raise unusable(self._path, "it holds what the sandbox never writes")
        return row

    def close(self) -> None:
        """Let go of the file."""
        self._close()
