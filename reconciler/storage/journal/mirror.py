"""
Journals in a bucket, beside the files on this machine.

While a run goes, its file is the truth, and the bucket has all of it up to the last sync.

A journal is an object for each 64 kB: `journal/RUN.jsonl/00000`, `00001` and so on. The last one is put anew whenever
the file is synced, so before each request that follows an intent. A machine that is lost loses nothing that was sent.
The object `closed-CAMPAIGN` says that a journal leaves nothing open, and holds its totals, so that no run has to read
the journal to know.
"""

import errno
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from reconciler.core.documents.runs import PastRun
from reconciler.errors import StateError
from reconciler.storage.bucket import BucketStore
from reconciler.storage.files import make_private_folder, write_file
from reconciler.storage.journal.log import FileLog
from reconciler.storage.journal.reading import is_closed, outline_bytes, read_outline, read_outline_bytes
from reconciler.storage.store import Kept

_PART = 64 * 1024
_CLOSED = "closed"
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_AT_ONCE = 8
_NAME = re.compile(
    r"(?P<run>[0-9A-Za-z-]{1,100}\.jsonl)/(?:(?P<part>[0-9]{5,8})|(?P<mark>closed(?:-(?P<campaign>[0-9a-f]{16}))?))"
)


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
            _mark_closed(self._bucket, self._path)


def _mark_closed(bucket: BucketStore, path: Path) -> None:
    """Put the totals of a journal that leaves nothing open."""
    if is_closed(path) and (run := read_outline(path)):
        bucket.put(f"{_CLOSED}-{run.header.campaign}", outline_bytes(run))


def _part(number: int) -> str:
    return f"{number:05}"


class _Listed(Struct):
    """The parts of a journal in a bucket with their sizes, and the object that says that it is closed."""

    parts: dict[str, int]
    mark: str = ""
    campaign: str = ""

    @property
    def size(self) -> int:
        return sum(self.parts.values())


class Mirror(Struct, frozen=True):
    """The journals of a bucket beside a folder that holds copies of them; all methods raise `StateError`."""

    bucket: BucketStore
    folder: Path

    def fetch(self, *, also_closed: bool, start: str = "", after: str = "") -> None:
        """
        Bring what the folder lacks, or has an older copy of, of all names with a start, and after a name.

        A copy of a journal that has been closed since is always made new, as it would seem to leave something open.
        """
        listed = ((name, one) for name, one in self._listed().items() if name.startswith(start) and name > after)
        sized = ((name, one, self._size(name)) for name, one in listed)
        wanted = ((name, one, size) for name, one, size in sized if also_closed or not one.mark or size >= 0)
        lacking = [(name, one) for name, one, size in wanted if size < one.size]
        if not lacking:
            return
        make_private_folder(self.folder)
        _at_once(lambda item: self._bring(*item), lacking)

    def marks(self) -> dict[str, str]:
        """Return the journals that leave nothing open, with their campaigns; empty for one of an earlier version."""
        return {name: one.campaign for name, one in self._listed().items() if one.mark}

    def outlines(self, marks: Mapping[str, str]) -> list[PastRun]:
        """Read the totals of journals that leave nothing open."""
        return [run for run in _at_once(lambda item: self._outline(*item), marks.items()) if run is not None]

    def _outline(self, name: str, campaign: str) -> PastRun | None:
        data = self.bucket.below(name).read(f"{_CLOSED}-{campaign}").data if campaign else None
        if run := read_outline_bytes(data or b""):
            return run
        self.fetch(also_closed=True, start=name)
        return read_outline(self.folder / name)

    def push(self, name: str) -> None:
        """Put what the folder has of a journal and the bucket lacks, and mark it where nothing is open."""
        bucket = self.bucket.below(name)
        sizes = [size for part, size in bucket.sizes().items() if not part.startswith(_CLOSED)]
        rest = (self.folder / name).read_bytes()[sum(sizes) :]
        if rest:
            bucket.write(_part(len(sizes)), rest, over=Kept(None))
        _mark_closed(bucket, self.folder / name)

    def prune(self, most: int) -> None:
        """Remove all but the newest journals, except those that leave something open."""
        for name, one in list(self._listed().items())[:-most]:
            if one.mark:
                self.bucket.below(name).remove([*one.parts, one.mark])

    def _bring(self, name: str, listed: _Listed) -> None:
        """Bring the parts that the copy lacks: a part of 64 kB never changes again."""
        held = (self.folder / name).read_bytes() if self._size(name) > 0 else b""
        kept = 0
        missing: list[str] = []
        for part, size in listed.parts.items():
            if not missing and size >= _PART and kept + size <= len(held):
                kept += size
            else:
                missing.append(part)
        parts = (self.bucket.below(name).read(part).data or b"" for part in missing)
        write_file(self.folder / name, (held[:kept] + b"".join(parts)).decode("utf-8", "replace"))

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
                one = found.setdefault(match["run"], _Listed({}))
                if match["mark"]:
                    one.mark, one.campaign = match["mark"], match["campaign"] or ""
                else:
                    one.parts[match["part"]] = size
        return found


def _at_once(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))
