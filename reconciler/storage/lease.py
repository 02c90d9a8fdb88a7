"""
A lease on an account: two applies at once would each act on what the other is about to change.

The system's own lock on a file ends with the process that holds it, however that ends. Beside it stands a note of the
holder, for people, and for folders that several machines share: some network file systems keep a lock to one machine,
so there a note of another host counts until it expires.

Whether a run is alive is asked of its lock, never of its process: ids of processes are given anew, and on Windows
`os.kill(pid, 0)` ends the process.
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
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, StringConstraints, TypeAdapter

from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import ReconcilerError, RefusedError, StateError
from reconciler.storage.files import check_no_link, make_private_folder, read_kept, write_file

LIFETIME = timedelta(minutes=30)
"""How long a note counts unless it is renewed; a wait for a limit of the API may be longer."""

_RENEWAL = timedelta(minutes=1)
_PRIVATE = 0o600
_PROBE_SECONDS = 0.1
"""How long a lock is tried: whoever lists runs has it for a moment, to see whether somebody else does."""


_Name = Annotated[str, StringConstraints(max_length=300)]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease; times are in UTC."""

    run: _Name
    environment: _Name
    pid: int
    host: _Name
    since: AwareDatetime
    expires_at: AwareDatetime

    def is_current(self, moment: datetime) -> bool:
        """Return whether the note still counts."""
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
            raise _taken(other, note)
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
    """Return the runs that hold a lease and seem to be alive; another host's is believed until its note expires."""
    notes = sorted(folder.glob("*.json"))
    found = ((note, _read(note)) for note in notes)
    return frozenset(holder.run for note, holder in found if holder and _seems_alive(holder, note, moment))


def _locked(path: Path, note: Path) -> FileLock:
    """Lock a file; raises `RefusedError` where another process has it, and `StateError`."""
    try:
        make_private_folder(path.parent)
        check_no_link(path)
    except StateError as error:
        raise StateError(f"cannot lock {path}: {error}; nothing was written to the account") from error
    lock = FileLock(path, mode=_PRIVATE)
    try:
        lock.acquire(timeout=_PROBE_SECONDS, poll_interval=_PROBE_SECONDS / 2)
    except Timeout as error:
        raise _taken(_read(note), note) from error
    except OSError as error:
        raise StateError(f"cannot lock {path}: {error.strerror}; nothing was written to the account") from error
    return lock


def _is_locked(path: Path) -> bool:
    """
    Return whether a process of this machine has a lock; one that cannot be tried is believed to be.

    A process is not asked by its id: ids are given anew, and on Windows a process that is asked with a signal ends.
    """
    if not path.is_file():
        return False
    lock = FileLock(path, mode=_PRIVATE)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _taken(holder: Holder | None, note: Path) -> RefusedError:
    """Return who holds the lease and what to do; the note may be missing for a moment."""
    if holder is None:
        return RefusedError("another apply is at work on this account; nothing was written: wait for it to end")
    cure = f"wait for it to end, or stop {f'it with `kill {holder.pid}`' if os.name == 'posix' else 'that process'}"
    if holder.host != socket.gethostname():
        cure = (
            f"wait for it to end; if it was killed, its lease expires at {_text(holder.expires_at)}, or at once when "
            f"you remove {note}"
        )
    return RefusedError(f"{_told(holder)} is at work on this account; nothing was written: {cure}")


def _told(holder: Holder) -> str:
    return (
        f"another apply (process {holder.pid} on {holder.host}, environment {holder.environment}, "
        f"since {_text(holder.since)}, run {holder.run})"
    )


def _seems_alive(holder: Holder, note: Path, moment: datetime) -> bool:
    if holder.host != socket.gethostname():
        return holder.is_current(moment)
    return _is_locked(note.with_suffix(".lock"))


def _read(path: Path) -> Holder | None:
    """Read a note, its times in UTC; None where there is none, or none that can be understood."""
    try:
        holder = _HOLDERS.validate_json(read_kept(path))
        since, expires_at = (moment.astimezone(UTC) for moment in (holder.since, holder.expires_at))
    except (OSError, ValueError, OverflowError):  # the last of a time before or after all that there are
        return None
    return replace(holder, since=since, expires_at=expires_at)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
