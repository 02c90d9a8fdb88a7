"""
A lease on an account: two applies at once would each act on what the other is about to change.

The system's own lock on a file ends with the process that holds it, however that ends. Beside it stands a note of the
holder, for people, and for folders that several machines share: some network file systems keep a lock to one machine,
so there a note of another host counts until it expires.
"""

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, TypeAdapter

from reconciler.core.plan import Operation
from reconciler.core.receipt import Outcome
from reconciler.errors import ReconcilerError, RefusedError, StateError
from reconciler.state import write_file

LIFETIME = timedelta(minutes=30)
"""How long a note counts unless it is renewed; a wait for a limit of the API may be longer."""

_RENEWAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease; times are in UTC."""

    run: str
    environment: str
    pid: int
    host: str
    since: AwareDatetime
    expires_at: AwareDatetime

    def is_current(self, moment: datetime) -> bool:
        """Say whether the note still counts."""
        return self.expires_at > moment


_HOLDERS = TypeAdapter(Holder)


class Lease:
    """
    A lease that is held, an observer of an execution: it renews its note before operations, now and then.

    `path` is the note.
    """

    def __init__(self, path: Path, holder: Holder, clock: Callable[[], datetime]) -> None:
        """Write the note; raises `StateError`."""
        self._path = path
        self._holder = holder
        self._clock = clock
        self._write()

    async def intent(self, operation: Operation) -> None:
        """Renew when it is time; raises `RefusedError` where another run has the lease by now, and `StateError`."""
        del operation
        if self._clock() - self._renewed_at >= _RENEWAL:
            self.renew()

    def outcome(self, outcome: Outcome) -> None:
        """Take no note of what became of it."""

    def renew(self) -> None:
        """Let the note count anew; raises `RefusedError` where another run has the lease by now, and `StateError`."""
        other = _read(self._path)
        if other is not None and other.run != self._holder.run:
            raise RefusedError(f"the lease of this run expired, and {_told(other)} has taken it")
        self._write()

    def release(self) -> None:
        """Remove the note, unless it is another's by now."""
        holder = _read(self._path)
        if holder is not None and holder.run == self._holder.run:
            with suppress(OSError):
                self._path.unlink()

    def _write(self) -> None:
        moment = self._clock()
        holder = replace(self._holder, expires_at=moment + LIFETIME)
        write_file(self._path, _HOLDERS.dump_json(holder, indent=1).decode() + "\n")
        self._renewed_at = moment


@contextmanager
def holding(
    folder: Path, *, account: str, run: str, environment: str, clock: Callable[[], datetime]
) -> Iterator[Lease]:
    """
    Hold the lease of an account for a while; raises `RefusedError` where another run has it, and `StateError`.

    `account` names the account apart from all others; `folder` is made where it is missing.
    """
    name = hashlib.sha256(account.encode()).hexdigest()[:16]
    note = folder / f"{name}.json"
    lock = _locked(folder / f"{name}.lock", note)
    try:
        moment = clock()
        other = _read(note)
        if other is not None and other.host != socket.gethostname() and other.is_current(moment):
            raise _taken(other)
        lease = Lease(note, Holder(run, environment, os.getpid(), socket.gethostname(), moment, moment), clock)
        try:
            yield lease
        finally:
            lease.release()
    finally:
        lock.release()


@asynccontextmanager
async def renewing(lease: Lease, sleep: Callable[[float], Awaitable[None]]) -> AsyncIterator[None]:
    """Renew a lease now and then beside whatever is done, so that it outlives every wait; `sleep` is told seconds."""

    async def renew() -> None:
        while True:
            await sleep(_RENEWAL.total_seconds())
            with suppress(ReconcilerError):  # the next intent finds out, and says so
                lease.renew()

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def running(folder: Path, moment: datetime) -> frozenset[str]:
    """Give the runs that hold a lease and seem to be alive; another host's is believed until its note expires."""
    holders = (_read(note) for note in sorted(folder.glob("*.json")))
    return frozenset(holder.run for holder in holders if holder and _seems_alive(holder, moment))


def _locked(path: Path, note: Path) -> FileLock:
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        other = _read(note)
        raise _taken(other) from error
    except OSError as error:
        raise StateError(f"cannot lock {path}: {error.strerror}; nothing was written to the account") from error
    return lock


def _taken(holder: Holder | None) -> RefusedError:
    """Say who holds the lease and what to do; the note may be missing for a moment."""
    if holder is None:
        return RefusedError("another apply is at work on this account; nothing was written: wait for it to end")
    cure = f"wait for it to end, or stop it with `kill {holder.pid}`"
    if holder.host != socket.gethostname():
        cure = f"wait for it to end; if it was killed, its lease expires at {_text(holder.expires_at)}"
    return RefusedError(f"{_told(holder)} is at work on this account; nothing was written: {cure}")


def _told(holder: Holder) -> str:
    return (
        f"another apply (process {holder.pid} on {holder.host}, environment {holder.environment}, "
        f"since {_text(holder.since)}, run {holder.run})"
    )


def _seems_alive(holder: Holder, moment: datetime) -> bool:
    if holder.host != socket.gethostname():
        return holder.is_current(moment)
    try:
        os.kill(holder.pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _read(path: Path) -> Holder | None:
    """Read a note; None where there is none, or none that can be understood."""
    try:
        return _HOLDERS.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
