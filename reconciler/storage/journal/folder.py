"""The journals of a repository: start, write, find, list, resolve and remove them."""

import asyncio
import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.core.documents.receipt import TotalsEntry
from reconciler.core.documents.runs import PastRun, RunHeader, Step
from reconciler.core.model.address import operation_key
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import HELD, Outcome, Planned, totals_of
from reconciler.errors import InputError, StateError
from reconciler.storage.files import check_no_link, make_private_folder, open_kept, state_errors
from reconciler.storage.journal.log import FileLog
from reconciler.storage.journal.reading import (
    EndLine,
    FoundLine,
    IntentLine,
    JournalLine,
    OutcomeLine,
    ResolvedLine,
    check_version,
    is_closed,
    read_header,
    read_outline,
    read_run,
    to_bytes,
)

if TYPE_CHECKING:
    from reconciler.storage.journal.mirror import Mirror


class Journal:
    """
    The journal of one run, an observer of its execution.

    `now` returns the time as text, and `requests` how many the run has sent. After a line that could not be written, no
    other is written, so that the journal stays true. `trouble` is the reason then, and every further intent is
    forbidden. `done` holds the keys of the operations that the account surely holds.
    """

    def __init__(self, log: FileLog, header: RunHeader, *, now: Callable[[], str], requests: Callable[[], int]) -> None:
        """Write the first line; raises `StateError`."""
        self._log = log
        self._now = now
        self._requests = requests
        self._planned = header.planned
        self._results: Counter[str] = Counter()
        self.done: set[tuple[str, str]] = set()
        self._is_refused = False
        self._appended = 0
        self._on_disk = 0
        self._syncing = asyncio.Lock()
        self.trouble = ""
        self._append(header)
        self._sync()
        if self.trouble:
            log.close()
            raise StateError(self.trouble)

    async def intent(self, operation: Operation) -> None:
        """Announce an operation, and wait until that is on disk; raises `StateError` where it cannot be."""
        self._append(IntentLine(*self._place(operation), requests=self._requests()))
        await self._reach_disk()
        if self.trouble:
            raise StateError(self.trouble)

    def outcome(self, outcome: Outcome) -> None:
        """Write the outcome of an operation; the next wait for the disk includes it."""
        operation = outcome.operation
        line = OutcomeLine(*self._place(operation), outcome.result, requests=self._requests(), detail=outcome.detail)
        self._append(line)
        self._results[outcome.result] += 1
        if outcome.result in HELD:
            self.done.add(operation_key(operation))

    def close(self, *, stop_requested: bool) -> None:
        """Write the last line, unless the execution broke off, and close the file."""
        if self._results.total() == self._planned and not self._is_refused:
            is_complete = self._results["done"] + self._results["already"] == self._planned
            self._end(interrupted=stop_requested and not is_complete)
        self._sync()
        self._log.close()

    def refuse(self, refused_by: Sequence[str]) -> None:
        """Write the last line of a run that guards or rules refuse, which begins nothing."""
        self._is_refused = True
        self._end(refused_by=tuple(refused_by))

    def _end(self, *, interrupted: bool = False, refused_by: tuple[str, ...] = ()) -> None:
        totals = totals_of(self._results.elements(), not_named=self._planned - self._results.total())
        unknown, sent = self._results["unknown"], self._requests()
        self._append(EndLine(self._now(), interrupted, unknown, sent, TotalsEntry(**totals), refused_by))

    def _place(self, operation: Planned) -> tuple[str, str, str, str, int]:
        """Return the time, and what and where an operation is."""
        return self._now(), operation.type, operation.address, operation.source.file, operation.source.line

    async def _reach_disk(self) -> None:
        """Wait until all that was appended so far is on disk; callers that are ready at once share one wait."""
        needed = self._appended
        async with self._syncing:
            await asyncio.sleep(0)  # so that all who are ready append first
            if self._on_disk < needed and not self.trouble:
                reached = self._appended
                await asyncio.to_thread(self._sync)
                self._on_disk = reached

    def _append(self, line: RunHeader | JournalLine) -> None:
        if self.trouble:
            return
        try:
            self._log.append(to_bytes(line))
        except OSError as error:
            self._note(error)
        self._appended += 1

    def _sync(self) -> None:
        if self.trouble:
            return
        try:
            self._log.sync()
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        self.trouble = f"the journal cannot be written: {error.strerror}"


_SUFFIX = ".jsonl"
_MOST_KEPT = 1000
_MOST_NAMED = 5


def new_run_id(moment: datetime, chance: str) -> str:
    """Return the id of a run: ids sort by their time, and `chance` separates those of the same millisecond."""
    time = moment.astimezone(UTC)
    return f"{time:%Y%m%dT%H%M%S}{time.microsecond // 1000:03}Z-{chance}"


class JournalFolder(Struct, frozen=True):
    """The folder of journals, `.reconciler/journal`; with a `mirror`, it holds copies of those in a bucket."""

    path: Path
    mirror: "Mirror | None" = None

    def fetch(self, *, also_closed: bool, start: str = "", after: str = "") -> None:
        """
        Bring the journals of a bucket, those that leave nothing open only on request; raises `StateError`.

        `start` is that of their names, and `after` one that sorts before them.
        """
        if self.mirror:
            self.mirror.fetch(also_closed=also_closed, start=start, after=after)

    def paths(self) -> list[Path]:
        """Return the files of all journals, the oldest first; none where there is no folder. Raises `StateError`."""
        cures = {errno.ENOTDIR: "; move away what is no folder"}
        with state_errors("read", self.path, cures=cures), suppress(FileNotFoundError):
            return sorted(path for path in self.path.iterdir() if path.suffix == _SUFFIX and path.is_file())
        return []

    def torn(self) -> list[Path]:
        """Return the files without a whole first line: nothing is known of their runs. Raises `StateError`."""
        return [path for path in self.paths() if read_header(path) is None]

    def runs(self, *, after: str = "") -> Iterator[PastRun]:
        """Read the journals of all runs, or of those after one, the oldest first; raises `StateError`."""
        later = (path for path in self.paths() if path.stem > after)
        yield from (run for run in map(read_run, later) if run is not None)

    def sent_after(self, header: RunHeader) -> dict[tuple[str, str], str]:
        """
        Return by operation the newest run of the same account that sent it, of those after a run.

        Journals of other machines count, also those that leave nothing open. Raises `StateError`.
        """
        self.fetch(also_closed=True, after=self._file(header.run.id).name)
        return {
            operation_key(step): run.header.run.id
            for run in self.runs(after=header.run.id)
            for step in run.steps
            if run.header.account_key == header.account_key and (step.is_open or step.result == "done")
        }

    def outlines(self) -> list[PastRun]:
        """
        Read all runs for their totals, the oldest first; raises `StateError`.

        Of a bucket, no journal is brought but those that leave something open.
        """
        return self._outlines(self._marks())

    def _marks(self) -> Mapping[str, str]:
        return self.mirror.marks() if self.mirror else {}

    def _outlines(self, marks: Mapping[str, str], campaign: str | None = None) -> list[PastRun]:
        closed = {name: mark for name, mark in marks.items() if campaign in {None, mark}}
        found = self.mirror.outlines(closed) if self.mirror else []
        paths = [path for path in self.paths() if path.name not in marks and _is_of(path, campaign)]
        found += [run for run in map(read_outline, paths) if run is not None]
        return sorted(found, key=lambda run: run.header.run.id)

    def newest(self, environment: str | None) -> list[PastRun]:
        """Read the campaign of the newest run of an environment, or of any, as `outlines` does."""
        marks = self._marks()
        passed: set[str] = set()
        for name in sorted({*marks, *(path.name for path in self.paths())}, reverse=True):
            header = None if marks.get(name) in passed else self._header(name, marks)
            if header and environment in {None, header.environment}:
                return self._outlines(marks, header.campaign)
            passed |= {header.campaign} if header else set()
        return []

    def _header(self, name: str, marks: Mapping[str, str]) -> RunHeader | None:
        if (path := self.path / name).is_file() or not self.mirror:
            return read_header(path)
        return next((run.header for run in self.mirror.outlines({name: marks[name]})), None)

    def has(self, name: str) -> bool:
        """Return whether the id of a run begins like that."""
        return any(path.name.startswith(name) for path in self.paths())

    def find(self, name: str) -> Path:
        """Return the journal of a run by its id or the start of it; raises `InputError`."""
        found = [path for path in self.paths() if path.name.startswith(name)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InputError(f"no run {name!r} in {self.path}; `reconciler runs` lists them")
        names = ", ".join(path.stem for path in found[:_MOST_NAMED])
        raise InputError(f"{name!r} is the start of {len(found)} runs ({names}); write more of it")

    def check(self) -> None:
        """Raise `StateError` for a journal of a version that this program cannot read, or a link to elsewhere."""
        check_no_link(self.path)
        try:
            paths = self.paths()
        except StateError as error:
            raise StateError(f"{error}; nothing was written to the account") from error
        for path in paths:
            check_version(path)

    def unresolved(self, *, environment: str, api: str, account: str) -> list[PastRun]:
        """Return the runs of an account that left something open, the oldest first; raises `StateError`."""
        runs = (_own_run(path) for path in self.paths() if not is_closed(path))
        wanted = (environment, api, account)
        return [run for run in runs if run is not None and run.needs_resolving and run.header.account_key == wanted]

    def resolve(self, run: str, *, by: str, at: str, held: Iterable[Step] = ()) -> None:
        """Note in a journal that a later run has looked at what it left open, and `held`; raises `StateError`."""
        path = self._file(run)
        with state_errors("write", path), os.fdopen(open_kept(path), "r+b") as file:
            file.seek(file.read().rfind(b"\n") + 1)
            file.truncate()  # a torn line has no meaning
            for step in held:
                file.write(to_bytes(FoundLine(at, step.type, step.address, step.source.file, step.source.line)))
            file.write(to_bytes(ResolvedLine(at, by)))
            file.flush()
            os.fsync(file.fileno())
        if self.mirror:
            self.mirror.push(path.name)

    def start(self, header: RunHeader, *, now: Callable[[], str], requests: Callable[[], int]) -> Journal:
        """Begin the journal of a run; raises `StateError`, after which nothing may be written to the account."""
        path = self._file(header.run.id)
        try:
            make_private_folder(self.path)
            with state_errors("write", path):
                log = self._log(path)
        except StateError as error:
            raise StateError(f"{error}; nothing was written to the account") from error
        try:
            return Journal(log, header, now=now, requests=requests)
        except StateError as error:
            with suppress(OSError):
                path.unlink()
            raise StateError(f"{error} ({path}); nothing was written to the account") from error

    def prune(self) -> None:
        """Delete old journals, except those that leave something open; ignore those that cannot be deleted."""
        for path in self.paths()[:-_MOST_KEPT]:
            if is_closed(path) or read_run(path) is None:
                with suppress(OSError):
                    path.unlink()
        if self.mirror:
            self.mirror.prune(_MOST_KEPT)

    def _log(self, path: Path) -> FileLog:
        if self.mirror is None:
            return FileLog(path)
        from reconciler.storage.journal.mirror import MirroredLog  # noqa: PLC0415  only state in a bucket needs it

        return MirroredLog(path, self.mirror.bucket)

    def _file(self, run: str) -> Path:
        return self.path / f"{run}{_SUFFIX}"


def _is_of(path: Path, campaign: str | None) -> bool:
    """Return, from its first line alone, whether a journal is of a campaign."""
    header = read_header(path) if campaign else None
    return campaign is None or (header is not None and header.campaign == campaign)


def _own_run(path: Path) -> PastRun | None:
    """Read a journal; raises `StateError` where its file has another name, since its run could not be resolved."""
    run = read_run(path)
    if run is not None and run.header.run.id != path.stem:
        raise StateError(f"{path} is the journal of the run {run.header.run.id}: give it that name, or move it away")
    return run
