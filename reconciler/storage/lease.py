"""
A lease on an account, or on a shard of it: two applies at once would each act on what the other is about to change.

Applies of shards that have no contact in common hold a lease each, and run side by side.

The lease is a lock on a file, which the system frees when its holder ends, however it ends. A note beside it names the
holder for people. Some network file systems do not share locks between machines, so another machine's note counts
until it expires.

Whether a run is alive is asked of its lock, never of its process: process ids are reused, and on Windows
`os.kill(pid, 0)` ends the process.
"""

import asyncio
import hashlib
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from msgspec import Meta, MsgspecError, Struct, json
from msgspec.structs import replace

from reconciler.clock import Clock
from reconciler.core.model.selection import Shard
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import ReconcilerError, RefusedError, StateError
from reconciler.storage.files import check_no_link, make_private_folder, read_kept, write_file

LIFETIME = timedelta(minutes=30)
"""How long a note counts unless it is renewed; a wait for a limit of the API may be longer."""

_RENEWAL = timedelta(minutes=1)
_PRIVATE = 0o600
_NAME_OF_PART = re.compile(r"-([0-9]+)-of-([0-9]+)").fullmatch
_GUARD_SECONDS = 10.0
_PROBE_SECONDS = 0.1
"""How long a lock is tried: `runs` holds it for a moment, to see whether somebody else does."""

_Name = Annotated[str, Meta(max_length=300)]
_Moment = Annotated[datetime, Meta(tz=True)]


class _Holder(Struct, frozen=True):
    """The note: who holds a lease; times are in UTC."""

    run: _Name
    environment: _Name
    pid: int
    host: _Name
    since: _Moment
    expires_at: _Moment
    shard: _Name = ""

    @property
    def is_here(self) -> bool:
        """Return whether the holder runs on this machine."""
        return self.host == socket.gethostname()

    def __str__(self) -> str:
        """Return how messages name the holder."""
        part = f" of shard {self.shard}" if self.shard else ""
        return (
            f"another apply{part} (process {self.pid} on {self.host}, environment {self.environment}, "
            f"since {_text(self.since)}, run {self.run})"
        )


class Lease:
    """A lease that is held, an observer of an execution: it renews its note, whose path is given, before operations."""

    def __init__(self, path: Path, holder: _Holder, clock: Clock) -> None:
        """Write the note; raises `StateError`."""
        self._path = path
        self._holder = holder
        self._clock = clock
        self._write()

    async def intent(self, operation: Operation) -> None:
        """Renew the note once a minute; raises `RefusedError` where another run has the lease, and `StateError`."""
        del operation
        if self._clock.now() - self._renewed_at >= _RENEWAL:
            self.renew()

    def outcome(self, outcome: Outcome) -> None:
        """Do nothing."""

    def renew(self) -> None:
        """Write a new expiry; raises `RefusedError` where another run has taken the lease, and `StateError`."""
        other = _read(self._path)
        if other is not None and other.run != self._holder.run:
            raise RefusedError(f"the lease of this run expired, and {other} has taken it")
        self._write()

    def release(self) -> None:
        """Remove the note, unless another run has taken the lease."""
        holder = _read(self._path)
        if holder is not None and holder.run == self._holder.run:
            with suppress(OSError):
                self._path.unlink()

    def _write(self) -> None:
        moment = self._clock.now()
        note = json.encode(replace(self._holder, expires_at=moment + LIFETIME))
        write_file(self._path, json.format(note, indent=1).decode() + "\n")
        self._renewed_at = moment


@contextmanager
def holding(  # noqa: PLR0913  one parameter a part of the note
    folder: Path, *, account: str, run: str, environment: str, clock: Clock, shard: Shard | None = None
) -> Iterator[Lease]:
    """
    Hold the lease of an account or of a shard; raises `RefusedError` where another run has a part of it, `StateError`.

    `account` names the account apart from all others; `folder` is made where it is missing.
    """
    name = hashlib.sha256(account.encode()).hexdigest()[:16]
    note = folder / f"{name}{_part(shard)}.json"
    part = str(shard) if shard else ""
    with ExitStack() as held:
        with _locked(
            folder / f"{name}.guard", None, seconds=_GUARD_SECONDS
        ):  # two that begin at once look at each other one by one
            moment = clock.now()
            _check_others(folder, name, shard, moment)
            held.enter_context(_locked(note.with_suffix(".lock"), note))
            other = _read(note)
            if other is not None and not other.is_here and other.expires_at > moment:
                raise _taken(other, note)
            host = socket.gethostname()
            lease = Lease(note, _Holder(run, environment, os.getpid(), host, moment, moment, part), clock)
            held.callback(lease.release)
        yield lease


def _part(shard: Shard | None) -> str:
    """Return what tells the lease of a shard from that of its account, in the names of files."""
    return f"-{shard.index}-of-{shard.count}" if shard else ""


def _check_others(folder: Path, name: str, shard: Shard | None, moment: datetime) -> None:
    """Raise `RefusedError` where another lease, on the account or on an overlapping shard, is held."""
    for note in sorted({path.with_suffix(".json") for path in folder.glob(f"{name}*")}):
        found = _NAME_OF_PART(note.stem.removeprefix(name))
        other = Shard(int(found[1]), int(found[2])) if found else None
        if other != shard and (other is None or shard is None or shard.overlaps(other)) and _is_held(note, moment):
            raise _taken(_read(note), note)


def _is_held(note: Path, moment: datetime) -> bool:
    """Return whether a lease is held; another machine's note counts until it expires."""
    holder = _read(note)
    if holder is None or holder.is_here:
        return _is_locked(note.with_suffix(".lock"))
    return holder.expires_at > moment


@asynccontextmanager
async def renewing(lease: Lease, clock: Clock) -> AsyncIterator[None]:
    """Renew a lease every minute in the background, so that it outlives every wait."""

    async def renew() -> None:
        while True:
            await clock.sleep(_RENEWAL.total_seconds())
            with suppress(ReconcilerError):  # the next intent raises it again
                lease.renew()

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def running(folder: Path, moment: datetime) -> frozenset[str]:
    """Return the runs that hold a lease and seem to be alive; another machine's note counts until it expires."""
    found = ((note, _read(note)) for note in sorted(folder.glob("*.json")))
    return frozenset(holder.run for note, holder in found if holder and _is_held(note, moment))


def _locked(path: Path, note: Path | None, *, seconds: float = _PROBE_SECONDS) -> AbstractContextManager[object]:
    """Lock a file; raises `RefusedError` where another process has it, and `StateError`."""
    try:
        make_private_folder(path.parent)
        check_no_link(path)
        return FileLock(path, mode=_PRIVATE).acquire(timeout=seconds, poll_interval=_PROBE_SECONDS / 2)
    except Timeout as error:
        raise _taken(_read(note) if note else None, path) from error
    except (StateError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StateError(f"cannot lock {path}: {why}; nothing was written to the account") from error


def _is_locked(path: Path) -> bool:
    """Return whether a process of this machine has a lock; where the lock cannot be tried, return True."""
    if not path.is_file():
        return False
    try:
        with FileLock(path, mode=_PRIVATE).acquire(timeout=0):
            return False
    except OSError:  # a time-out is one, too
        return True


def _taken(holder: _Holder | None, note: Path) -> RefusedError:
    """Return the error that names the holder and what to do; the note may be missing for a moment."""
    if holder is None:
        return RefusedError("another apply is at work on this account; nothing was written: wait for it to end")
    if holder.is_here:
        cure = f", or stop {f'it with `kill {holder.pid}`' if os.name == 'posix' else 'that process'}"
    else:
        expires = _text(holder.expires_at)
        cure = f"; if it was killed, its lease expires at {expires}, or at once when you remove {note}"
    return RefusedError(f"{holder} is at work on this account; nothing was written: wait for it to end{cure}")


def _read(path: Path) -> _Holder | None:
    """Read a note, its times in UTC; None where there is none, or none that can be understood."""
    try:
        holder = json.decode(read_kept(path), type=_Holder)
        since, expires_at = holder.since.astimezone(UTC), holder.expires_at.astimezone(UTC)
    except (OSError, MsgspecError, RecursionError, ValueError, OverflowError):  # the last of a time that cannot be
        return None
    return replace(holder, since=since, expires_at=expires_at)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
