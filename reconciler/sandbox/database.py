"""The SQLite file: opening and checking it, and one connection behind a lock, with the clock and ids of its rows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import RLock
from weakref import finalize

from reconciler.sandbox.values import DamagedStateError, SandboxStateError, timestamp

SCHEMA_VERSION = 1

# Two memories of one scope can be inserted, although no request makes them: `memories_by_scope` is not unique.
# A memory and a legacy store can both hold users, so `users.memory_id` points at either and names no table.
SCHEMA = """
CREATE TABLE contacts (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, org_id TEXT NOT NULL, name TEXT, metadata TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE identifiers (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, contact_id TEXT NOT NULL, identifier_type TEXT NOT NULL,
    identifier_value TEXT NOT NULL, is_primary INTEGER NOT NULL, UNIQUE (identifier_type, identifier_value)
);
CREATE INDEX identifiers_by_contact ON identifiers (contact_id);
CREATE TABLE memories (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, org_id TEXT NOT NULL, contact_id TEXT NOT NULL,
    persona_id TEXT, agent_number TEXT, summary TEXT, facts TEXT NOT NULL, recent_messages TEXT NOT NULL,
    open_items TEXT NOT NULL, entities TEXT NOT NULL, memory_history TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX memories_by_scope ON memories (contact_id, ifnull(persona_id, ''), ifnull(agent_number, ''));
CREATE TABLE stores (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, user_id TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE users (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, memory_id TEXT NOT NULL, phone_number TEXT NOT NULL,
    metadata TEXT, summary TEXT, external_memory_key TEXT, created_at TEXT NOT NULL, call_count INTEGER NOT NULL,
    last_call_at TEXT, calls TEXT NOT NULL, UNIQUE (memory_id, phone_number)
);
PRAGMA user_version = 1;
"""

_OF_THE_FILE = frozenset((sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT))
# In one statement, so that both belong to the same moment.
_LOOK = "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"


def _open_connection(path: str | Path) -> sqlite3.Connection:
    """Open the state at a path (or ``:memory:``), creating it where there is none."""
    try:
        _make_folder(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    except (OSError, sqlite3.Error) as error:
        raise SandboxStateError(f"{path}: the sandbox cannot open its state: {error}") from error
    return _prepared(connection, path)


def _unusable(path: str | Path, why: str, error: sqlite3.Error | None = None) -> SandboxStateError:
    """Return the error for a file that cannot be used: damaged, or kept from us by the disk or another process."""
    is_the_file = error is None or getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _OF_THE_FILE
    return DamagedStateError(f"{path}: {why}") if is_the_file else SandboxStateError(f"{path}: {why}")


def _make_folder(path: str | Path) -> None:
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _prepared(connection: sqlite3.Connection, path: str | Path) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    try:
        _refuse_foreign(connection, path)
        # WAL lets one process read while another serves; a lost last second after a power cut is no loss here.
        # A locked switch means that another process has the file open: the mode is the file's, so it is set already.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _create(connection)
        if _columns(connection) != _own_columns():
            raise _unusable(path, "its tables are not those of the sandbox")
    except sqlite3.Error as error:
        connection.close()
        raise _unusable(path, f"not a state file of the sandbox: {error}", error) from error
    except SandboxStateError:
        connection.close()
        raise
    return connection


def _refuse_foreign(connection: sqlite3.Connection, path: str | Path) -> None:
    version, tables = connection.execute(_LOOK).fetchone()
    if version > SCHEMA_VERSION:
        raise DamagedStateError(
            f"{path}: written by a newer version (state format {version}, this one reads {SCHEMA_VERSION})"
        )
    if version == 0 and tables:
        raise _unusable(path, "an SQLite file, but not one of the sandbox")


def _create(connection: sqlite3.Connection) -> None:
    # Read the version inside the transaction: another process may be creating the same file.
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
    connection.execute("COMMIT")


@cache
def _own_columns() -> frozenset[tuple[str, str]]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    try:
        return _columns(connection)
    finally:
        connection.close()


def _columns(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """Return the pairs of table and column."""
    rows = connection.execute(
        "SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    )
    return frozenset((str(table), str(column)) for table, column in rows)


class Database:
    """One connection, usable from several threads. Transactions do not nest."""

    def __init__(
        self, path: str | Path, *, clock: Callable[[], datetime], new_id: Callable[[], str], org_id: str
    ) -> None:
        self._path = path
        self._connection = _open_connection(path)
        self._close = finalize(self, self._connection.close)  # from Python 3.13 on, one that is left open is a warning
        self._lock = RLock()
        self._clock = clock
        self.new_id = new_id
        self.org_id = org_id

    def now(self) -> str:
        """Return the time by the clock that was handed in."""
        return timestamp(self._clock())

    def moment(self) -> datetime:
        """Return the same time as a value to calculate with."""
        return self._clock()

    def rows(self, query: str, /, **values: object) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock, self._file_errors():
            return [self._checked(row) for row in self._connection.execute(query, values)]

    def change(self, statement: str, /, **values: object) -> None:
        """Run a statement that writes."""
        with self._lock, self._file_errors():
            self._connection.execute(statement, values)

    def changes(self) -> int:
        """Return how many rows were ever changed over this connection."""
        return self._connection.total_changes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that the block writes, or nothing where it raises."""
        with self._lock:
            with self._file_errors():
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):  # in a damaged file, no transaction was begun
                    self._connection.execute("ROLLBACK")
                raise
            with self._file_errors():
                self._connection.execute("COMMIT")

    @contextmanager
    def _file_errors(self) -> Iterator[None]:
        """Turn what SQLite finds wrong with the file into an error of the sandbox."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # the row is wrong, not the file
        except sqlite3.Error as error:
            raise _unusable(self._path, str(error), error) from error

    def _checked(self, row: sqlite3.Row) -> sqlite3.Row:
        """Return the row; raise an error where it holds anything but text and whole numbers."""
        if not all(value is None or isinstance(value, (str, int)) for value in row):
            raise _unusable(self._path, "it holds what the sandbox never writes")
        return row

    def check(self) -> None:
        """Raise `DamagedStateError` where SQLite finds the file damaged."""
        (found, *_) = (row[0] for row in self.rows("PRAGMA quick_check"))
        if found != "ok":
            raise _unusable(self._path, str(found))

    def close(self) -> None:
        """Close the file."""
        self._close()
