"""
Writing a journal: a line reaches the disk before the request that it announces is sent.

The journal has a line for an operation, not for a request: an id that had to be asked for first, or a request that was
repeated, has none of its own. So journal and receipt list the same things. Operations that run at once share one wait
for the disk.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from reconciler.core.documents.runs import RunHeader
from reconciler.core.model.address import operation_key
from reconciler.core.plan.operations import Operation
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import StateError
from reconciler.storage.files import open_new
from reconciler.storage.journal.reading import EndLine, IntentLine, JournalLine, OutcomeLine, to_bytes


class FileLog:
    """A new file, for its owner alone, that only grows; all methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._descriptor = open_new(path, os.O_APPEND)
        _sync_folder(path.parent)

    def append(self, data: bytes) -> None:
        """Write to the end, through to the system, so that it outlives this process."""
        while data:
            data = data[os.write(self._descriptor, data) :]

    def sync(self) -> None:
        """Wait until all that was appended is on disk, so that it outlives the machine's power."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _sync_folder(folder: Path) -> None:
    """Put the name of a new file on disk, too, where the system can open a folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows lets none
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    """
    The journal of one run, an observer of its execution.

    `now` returns the time as text. After a line that could not be written, no other is written, so that the journal
    stays true. `trouble` is the reason then, and every further intent is forbidden. `done` holds the keys of the
    operations that the account surely holds.
    """

    def __init__(self, log: FileLog, header: RunHeader, *, now: Callable[[], str]) -> None:
        """Write the first line; raises `StateError`."""
        self._log = log
        self._now = now
        self._planned = header.planned
        self._results: Counter[str] = Counter()
        self.done: set[tuple[str, str]] = set()
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
        source = operation.source
        self._append(IntentLine(self._now(), operation.type, operation.address, source.file, source.line))
        await self._reach_disk()
        if self.trouble:
            raise StateError(self.trouble)

    def outcome(self, outcome: Outcome) -> None:
        """Write the outcome of an operation; the next wait for the disk includes it."""
        operation, source = outcome.operation, outcome.operation.source
        self._append(
            OutcomeLine(self._now(), operation.type, operation.address, source.file, source.line, outcome.result)
        )
        self._results[outcome.result] += 1
        if outcome.result in {"done", "already"}:
            self.done.add(operation_key(operation))

    def close(self, *, stop_requested: bool) -> None:
        """Write the last line, unless the execution broke off, and close the file."""
        if self._results.total() == self._planned:
            is_complete = self._results["done"] + self._results["already"] == self._planned
            self._append(EndLine(self._now(), stop_requested and not is_complete, self._results["unknown"]))
        self._sync()
        self._log.close()

    async def _reach_disk(self) -> None:
        """Wait until all that was appended so far is on disk; callers that wait at the same time share one wait."""
        needed = self._appended
        async with self._syncing:
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
