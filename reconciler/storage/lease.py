"""
A lease on an account, or on a shard of it: two applies at once would each act on what the other is about to change.

Applies of shards that have no contact in common hold a lease each, and run side by side.

In a folder, the lease is a lock on a file, which the system frees when its holder ends, however it ends. A note beside
it names the holder for people. Some network file systems do not share locks between machines, so another machine's note
counts until it expires.

In a bucket, the note alone is the lease. It is written only over the version that was read, counts until it expires,
and is renewed once a minute. Whoever holds a shard looks at the notes of the others after it has written its own, so of
two that begin at once, at most one goes on.

Whether a run is alive is asked of its lock, never of its process: process ids are reused, and on Windows
`os.kill(pid, 0)` ends the process.
"""

import asyncio
import hashlib
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Annotated

from filelock import FileLock, Timeout
from msgspec import Meta, MsgspecError, Struct, json
from msgspec.structs import replace

from reconciler.clock import Clock
from reconciler.core.documents.runs import AtWork
from reconciler.core.model.selection import Shard
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import ReconcilerError, RefusedError, StateError
from reconciler.storage.files import PRIVATE, check_no_link, make_private_folder
from reconciler.storage.store import ChangedError, Kept, Store

LIFETIME = timedelta(minutes=30)
"""How long a note in a folder counts unless it is renewed; a wait for a limit of the API may be longer."""

SHARED_LIFETIME = timedelta(minutes=5)
"""The same in a bucket, where only its expiry frees the lease of a run that was killed."""

_RENEWAL = timedelta(minutes=1)
_NAME_OF_PART = re.compile(r"-([0-9]+)-of-([0-9]+)").fullmatch
_GUARD_SECONDS = 10.0
_LONG_AGO = datetime.fromtimestamp(0, UTC)
_LOOK_SECONDS = 1.0
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

    def __str__(self) -> str:
        """Return how messages name the holder."""
        part = f" of shard {self.shard}" if self.shard else ""
        return (
            f"another apply{part} (process {self.pid} on {self.host}, environment {self.environment}, "
            f"since {_text(self.since)}, run {self.run})"
        )


class Lease:
    """A lease that is held, an observer of an execution: it renews its note in the store before operations."""

    def __init__(self, store: Store, note: str, holder: _Holder, clock: Clock, *, over: Kept) -> None:
        """Write the note over what was read there; raises `ChangedError` and other `StateError`."""
        self._store = store
        self._note = note
        self._holder = holder
        self._clock = clock
        self._turn = asyncio.Lock()
        self._writing = Lock()
        self._is_released = False
        self._write(over)

    @property
    def expires_at(self) -> datetime:
        """Return when others may take the lease unless it is renewed."""
        return self._renewed_at + _lifetime(self._store)

    async def intent(self, operation: Operation) -> None:
        """Renew the note once a minute; raises `RefusedError` where another run has the lease, and `StateError`."""
        del operation
        await self.keep()

    def outcome(self, outcome: Outcome) -> None:
        """Do nothing."""

    async def keep(self) -> None:
        """Renew the note where it was written a minute ago; raises `RefusedError` and `StateError`."""
        if not self._is_due:
            return
        if self._store.folder:
            self.renew()
            return
        async with self._turn:  # a bucket may take a while, and two at once would take the note from each other
            if self._is_due:
                await asyncio.to_thread(self.renew)

    def renew(self) -> None:
        """Write a new expiry; raises `RefusedError` where another run has taken the lease, and `StateError`."""
        with self._writing:
            if self._is_released:
                return
            kept = self._store.read(self._note)
            other = _holder(kept)
            if other is not None and other.run != self._holder.run:
                raise RefusedError(f"the lease of this run expired, and {other} has taken it")
            try:
                self._write(kept)
            except ChangedError as error:
                raise RefusedError("the lease of this run expired, and another run has taken it") from error

    def release(self) -> None:
        """Remove the note, or let it expire, unless another run has taken the lease; never fails."""
        with self._writing, suppress(OSError, StateError):
            self._is_released = True
            kept = self._store.read(self._note)
            holder = _holder(kept)
            if holder is not None and holder.run == self._holder.run:
                if self._store.folder:
                    (self._store.folder / self._note).unlink()
                else:
                    self._store.write(self._note, _written(holder, _LONG_AGO), over=kept)

    @property
    def _is_due(self) -> bool:
        return self._clock.now() - self._renewed_at >= _RENEWAL

    def _write(self, over: Kept) -> None:
        moment = self._clock.now()
        self._store.write(self._note, _written(self._holder, moment + _lifetime(self._store)), over=over)
        self._renewed_at = moment


def _lifetime(store: Store) -> timedelta:
    return LIFETIME if store.folder else SHARED_LIFETIME


def _written(holder: _Holder, expires_at: datetime) -> bytes:
    return json.format(json.encode(replace(holder, expires_at=expires_at)), indent=1) + b"\n"


@contextmanager
def holding(  # noqa: PLR0913  one parameter a part of the note
    store: Store, *, account: str, run: str, environment: str, clock: Clock, shard: Shard | None = None
) -> Iterator[Lease]:
    """
    Hold the lease of an account or of a shard; raises `RefusedError` where another run has a part of it, `StateError`.

    `account` names the account apart from all others; a folder is made where it is missing.
    """
    name = _name(account)
    note = _note(account, shard)
    with ExitStack() as held:
        with _locked(store, f"{name}.guard", seconds=_GUARD_SECONDS):  # those that begin at once look one by one
            moment = clock.now()
            _check_others(store, name, shard, moment)
            held.enter_context(_locked(store, _lock_of(note), note))
            kept = store.read(note)
            other = _holder(kept)
            if other is not None and not _is_here(store, other) and other.expires_at > moment:
                raise _taken(store, other, note)
            holder = _Holder(
                run, environment, os.getpid(), socket.gethostname(), moment, moment, str(shard) if shard else ""
            )
            try:
                lease = Lease(store, note, holder, clock, over=kept)
            except ChangedError as error:
                raise _taken(store, _holder(store.read(note)), note) from error
            held.callback(lease.release)
        if not store.folder:
            store.verify(note)
            _check_others(store, name, shard, moment)
        yield lease


async def outlasting(
    store: Store, *, account: str, shard: Shard | None, clock: Clock, tell: Callable[[str], None]
) -> None:
    """
    Wait for the end of a run that holds the same lease in a bucket, and may have been killed; raises `StateError`.

    The wait ends once that run shows a sign of life, or its lease ends or expires.
    """
    note = _note(account, shard)
    first = None if store.folder else _holder(store.read(note))
    if first is None or first.expires_at <= clock.now():
        return
    tell(f"note: {first} has the lease; waiting for its end, or for {_text(first.expires_at)} if it was killed")
    while clock.now() < first.expires_at:
        await clock.sleep(_LOOK_SECONDS)
        holder = _holder(store.read(note))
        if holder is None or (holder.run, holder.expires_at) != (first.run, first.expires_at):
            return


def _name(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:16]


def _note(account: str, shard: Shard | None) -> str:
    """Return the name of a note, which tells the lease of a shard from that of its account."""
    return f"{_name(account)}-{shard.index}-of-{shard.count}.json" if shard else f"{_name(account)}.json"


def _lock_of(note: str) -> str:
    return note.removesuffix(".json") + ".lock"


def _check_others(store: Store, name: str, shard: Shard | None, moment: datetime) -> None:
    """Raise `RefusedError` where another lease, on the account or on an overlapping shard, is held."""
    for stem in sorted({found.partition(".")[0] for found in store.names() if found.startswith(name)}):
        part = _NAME_OF_PART(stem.removeprefix(name))
        other = Shard(int(part[1]), int(part[2])) if part else None
        note = f"{stem}.json"
        if other != shard and (other is None or shard is None or shard.overlaps(other)):
            holder = _holder(store.read(note))
            if _is_held(store, note, holder, moment):
                raise _taken(store, holder, note)


def _is_here(store: Store, holder: _Holder) -> bool:
    """Return whether the holder runs on this machine, where its lock can be asked; a bucket has no locks."""
    return store.folder is not None and holder.host == socket.gethostname()


def _is_held(store: Store, note: str, holder: _Holder | None, moment: datetime) -> bool:
    """Return whether a lease is held; another machine's note counts until it expires."""
    if store.folder and (holder is None or _is_here(store, holder)):
        return _is_locked(store.folder / _lock_of(note))
    return holder is not None and holder.expires_at > moment


@asynccontextmanager
async def renewing(
    lease: Lease, clock: Clock, on_lost: Callable[[ReconcilerError], None] = lambda _error: None
) -> AsyncIterator[None]:
    """
    Renew a lease every minute in the background, so that it outlives every wait.

    `on_lost` is called once another run has taken it, or may take it: nothing more may be written then.
    """

    async def renew() -> None:
        while True:
            await clock.sleep(_RENEWAL.total_seconds())
            try:
                await lease.keep()
            except ReconcilerError as error:  # the next intent raises it again
                if isinstance(error, RefusedError) or clock.now() >= lease.expires_at:
                    on_lost(error)

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def at_work(store: Store, moment: datetime) -> list[AtWork]:
    """Return the runs that hold a lease and seem to be alive; another machine's note counts until it expires."""
    notes = [name for name in store.names() if name.endswith(".json")]
    found = ((note, _holder(store.read(note))) for note in notes)
    held = (holder for note, holder in found if holder and _is_held(store, note, holder, moment))
    return [AtWork(holder.run, holder.environment, holder.shard) for holder in held]


def running(store: Store, moment: datetime) -> frozenset[str]:
    """Return the ids of the runs that are `at_work`."""
    return frozenset(one.run for one in at_work(store, moment))


def _locked(
    store: Store, name: str, note: str = "", *, seconds: float = _PROBE_SECONDS
) -> AbstractContextManager[object]:
    """Lock a file of a folder; raises `RefusedError` where another process has it, and `StateError`."""
    if store.folder is None:
        return nullcontext()
    path = store.folder / name
    try:
        make_private_folder(path.parent)
        check_no_link(path)
        return FileLock(path, mode=PRIVATE).acquire(timeout=seconds, poll_interval=_PROBE_SECONDS / 2)
    except Timeout as error:
        raise _taken(store, _holder(store.read(note)) if note else None, note or name) from error
    except (StateError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StateError(f"cannot lock {path}: {why}; nothing was written to the account") from error


def _is_locked(path: Path) -> bool:
    """Return whether a process of this machine has a lock; where the lock cannot be tried, return True."""
    if not path.is_file():
        return False
    try:
        with FileLock(path, mode=PRIVATE).acquire(timeout=0):
            return False
    except OSError:  # a time-out is one, too
        return True


def _taken(store: Store, holder: _Holder | None, note: str) -> RefusedError:
    """Return the error that names the holder and what to do; the note may be missing for a moment."""
    if holder is None:
        return RefusedError("another apply is at work on this account; nothing was written: wait for it to end")
    if _is_here(store, holder):
        cure = f", or stop {f'it with `kill {holder.pid}`' if os.name == 'posix' else 'that process'}"
    else:
        expires = _text(holder.expires_at)
        cure = f"; if it was killed, its lease expires at {expires}, or at once when you remove {store.place(note)}"
    return RefusedError(f"{holder} is at work on this account; nothing was written: wait for it to end{cure}")


def _holder(kept: Kept) -> _Holder | None:
    """Read a note, its times in UTC; None where there is none, or none that can be understood."""
    try:
        holder = json.decode(kept.data or b"", type=_Holder)
        since, expires_at = holder.since.astimezone(UTC), holder.expires_at.astimezone(UTC)
    except (MsgspecError, RecursionError, ValueError, OverflowError):  # the last of a time that cannot be
        return None
    return replace(holder, since=since, expires_at=expires_at)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
