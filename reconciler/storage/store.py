"""
Where this tool keeps what it knows between runs: named texts, each written only over the version that was read.

A folder keeps them as files, on this machine or on a network drive, and a bucket (`storage/bucket.py`) as objects.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from reconciler.errors import StateError, lacks_files
from reconciler.storage.files import PRIVATE, check_no_link, read_kept, state_errors, write_kept

_LOCK_SECONDS, _LOCK_POLL = 10.0, 0.005
_MOST_TRIES = 30


class Kept(Struct, frozen=True):
    """What has a name at a moment, and the mark of that version; None is the version of what is not there."""

    data: bytes | None
    version: object = None


class ChangedError(StateError):
    """Another writer was first: what was to be replaced is not there any more in the version that was read."""


class Store(Protocol):
    """
    What a folder and a bucket have in common; names are paths with `/`. All methods raise `StateError`.

    `folder` is where the system's locks work, too; None for a bucket.
    """

    @property
    def folder(self) -> Path | None:
        """Return the folder, for a store that is one."""
        ...

    def place(self, name: str) -> str:
        """Return what messages call the place of a name."""
        ...

    def below(self, part: str) -> "Store":
        """Return the store of all names that begin with `PART/`."""
        ...

    def read(self, name: str) -> Kept:
        """Return what has a name now."""
        ...

    def write(self, name: str, data: bytes, *, over: Kept) -> Kept:
        """
        Write over the version that was read; raises `ChangedError` where that is not there any more.

        What two writers write must differ, unless it means the same: a bucket cannot tell who wrote it.
        """
        ...

    def names(self) -> list[str]:
        """Return all names without a `/`, sorted."""
        ...

    def verify(self, name: str) -> None:
        """Raise an error where a condition on a write over what is there does not hold."""
        ...


def changed(store: Store, name: str, change: Callable[[bytes | None], bytes | None]) -> None:
    """
    Write what `change` makes of the text that is there, again for as long as others write first; raises `StateError`.

    Where it makes None, nothing is written.
    """
    for _ in range(_MOST_TRIES):
        kept = store.read(name)
        data = change(kept.data)
        if data is None or data == kept.data:
            return
        try:
            store.write(name, data, over=kept)
        except ChangedError:
            continue
        return
    raise StateError(f"cannot write {store.place(name)}: others write it all the time; run it again")


def check_store(store: Store) -> None:
    """Write a name, and check that it is not written over against its condition; raises `StateError`."""
    name = "doctor.json"
    kept = store.read(name)
    store.write(name, b"checked\n", over=kept)
    store.verify(name)


class FolderStore(Struct, frozen=True):
    """Files of a folder, which whoever writes makes first; until then it counts as empty."""

    root: Path

    @property
    def folder(self) -> Path:
        """Return the folder."""
        return self.root

    def place(self, name: str) -> str:
        """Return the path of the file."""
        return str(self.root / name)

    def below(self, part: str) -> "FolderStore":
        """Return the store of a folder in this one."""
        return FolderStore(self.root / part)

    def read(self, name: str) -> Kept:
        """Return what a file holds; one that cannot be read counts as missing, unless no file can be opened."""
        try:
            data = read_kept(self.root / name)
        except OSError as error:
            if lacks_files(error):
                raise StateError(f"cannot read {self.place(name)}: {error.strerror}") from error
            return Kept(None)
        return Kept(data, data)

    def write(self, name: str, data: bytes, *, over: Kept) -> Kept:
        """Write a file while no other process does; raises `ChangedError` where another one did since."""
        with self._locked(name):
            if self.read(name).data != over.data:
                raise ChangedError(f"{self.place(name)} was changed by another process")
            write_kept(self.root / name, data.decode())
        return Kept(data, data)

    def names(self) -> list[str]:
        """Return the names of the files; none where there is no folder."""
        return sorted(path.name for path in self.root.glob("*") if path.is_file())

    def verify(self, name: str) -> None:
        """Do nothing: the condition is our own."""

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        from filelock import FileLock, Timeout  # noqa: PLC0415  what only reads needs no lock

        path = self.root / name
        with state_errors("write", path):
            path.parent.stat()  # whose lock would make it
        lock = path.with_name(f"{path.name}.lock")
        check_no_link(lock)
        try:
            with FileLock(lock, mode=PRIVATE).acquire(timeout=_LOCK_SECONDS, poll_interval=_LOCK_POLL):
                yield
        except Timeout as error:
            raise StateError(f"cannot lock {lock}: another process has it") from error
        except OSError as error:
            raise StateError(f"cannot lock {lock}: {error.strerror}") from error
