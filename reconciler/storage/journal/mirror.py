"""
Journals in a bucket, beside the files on this machine.

While a run goes, its file is the truth, and the bucket has all of it up to the last sync.

A journal is an object for each 64 kB: `journal/RUN.jsonl/00000`, `00001` and so on. The last one is put anew whenever
the file is synced, so before each request that follows an intent. A machine that is lost loses nothing that was sent.
The object `closed` says that a journal leaves nothing open, so that no run has to read it to know.
"""

import errno
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from reconciler.errors import StateError
from reconciler.storage.bucket import BucketStore
from reconciler.storage.files import make_private_folder, write_file
from reconciler.storage.journal.log import FileLog
from reconciler.storage.journal.reading import is_closed
from reconciler.storage.store import Kept

_PART = 64 * 1024
_CLOSED = "closed"
_MOST_KEPT = 1000
_AT_ONCE = 8
_NAME = re.compile(r"(?P<run>[0-9A-Za-z-]{1,100}\.jsonl)/(?P<part>[0-9]{5,8}|closed)")


class MirroredLog(FileLog):
    """A new file that is also put into a bucket, part by part, whenever it is synced."""

    def __init__(self, path: Path, bucket: BucketStore) -> None:
        super().__init__(path)
        self._path = path
        self._bucket = bucket.below(path.name)
        self._number = 0
        self._rest = bytearray()
        self._kept = Kept(None)

    def append(self, data: bytes) -> None:
        """Write to the end of the file."""
        super().append(data)
        self._rest += data

    def sync(self) -> None:
        """Wait until all is on disk, and in the bucket."""
        super().sync()
        data = bytes(self._rest)  # others append meanwhile
        if data == self._kept.data or not data:
            return
        try:
            self._kept = self._bucket.write(_part(self._number), data, over=self._kept)
        except StateError as error:
            raise OSError(errno.EIO, str(error)) from error
        if len(data) >= _PART:
            self._number, self._kept = self._number + 1, Kept(None)
            del self._rest[: len(data)]

    def close(self) -> None:
        """Close the file, and mark the journal where nothing is open."""
        super().close()
        with suppress(StateError):  # the next run reads it then
            if is_closed(self._path):
                self._bucket.put(_CLOSED, b"")


def _part(number: int) -> str:
    return f"{number:05}"


class _Listed(Struct):
    """The parts of a journal in a bucket, and their size."""

    parts: list[str]
    size: int = 0
    is_closed: bool = False


class Mirror(Struct, frozen=True):
    """The journals of a bucket beside a folder that holds copies of them; all methods raise `StateError`."""

    bucket: BucketStore
    folder: Path

    def fetch(self, *, also_closed: bool) -> None:
        """Bring what the folder lacks, or has an older copy of."""
        wanted = [(name, one) for name, one in self._listed().items() if also_closed or not one.is_closed]
        lacking = [(name, one) for name, one in wanted if self._size(name) < one.size]
        if not lacking:
            return
        make_private_folder(self.folder)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(lambda item: self._bring(*item), lacking):
                pass

    def push(self, name: str) -> None:
        """Put what the folder has of a journal and the bucket lacks, and mark it where nothing is open."""
        bucket = self.bucket.below(name)
        sizes = [size for part, size in bucket.sizes().items() if part != _CLOSED]
        rest = (self.folder / name).read_bytes()[sum(sizes) :]
        if rest:
            bucket.write(_part(len(sizes)), rest, over=Kept(None))
        if is_closed(self.folder / name):
            bucket.put(_CLOSED, b"")

    def prune(self) -> None:
        """Remove old journals, except those that leave something open."""
        for name, one in list(self._listed().items())[:-_MOST_KEPT]:
            if one.is_closed:
                self.bucket.below(name).remove([*one.parts, _CLOSED])

    def _bring(self, name: str, listed: _Listed) -> None:
        parts = (self.bucket.below(name).read(part).data or b"" for part in listed.parts)
        write_file(self.folder / name, b"".join(parts).decode("utf-8", "replace"))

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_size
        except OSError:
            return -1

    def _listed(self) -> dict[str, _Listed]:
        """Return the journals of the bucket by the names of their files, the oldest first."""
        found: dict[str, _Listed] = {}
        for name, size in sorted(self.bucket.sizes().items()):
            if match := _NAME.fullmatch(name):
                one = found.setdefault(match["run"], _Listed([]))
                if match["part"] == _CLOSED:
                    one.is_closed = True
                else:
                    one.parts.append(match["part"])
                    one.size += size
        return found
