"""The journals of a repository: find, list, resolve and remove them."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from reconciler.core.documents.runs import PastRun, RunHeader
from reconciler.errors import InputError, StateError
from reconciler.storage.files import check_no_link, make_private_folder, open_kept, state_errors
from reconciler.storage.journal.reading import ResolvedLine, check_version, is_closed, read_run, to_bytes
from reconciler.storage.journal.writing import FileLog, Journal

_SUFFIX = ".jsonl"
_MOST_KEPT = 50
_MOST_NAMED = 5


def new_run_id(moment: datetime, chance: str) -> str:
    """Return the id of a run: ids sort by their time, and `chance` separates those of the same millisecond."""
    time = moment.astimezone(UTC)
    return f"{time:%Y%m%dT%H%M%S}{time.microsecond // 1000:03}Z-{chance}"


class JournalFolder(Struct, frozen=True):
    """The folder of journals, `.reconciler/journal`."""

    path: Path

    def paths(self) -> list[Path]:
        """Return the files of all journals, the oldest first; none where there is no folder."""
        return sorted(path for path in self.path.glob(f"*{_SUFFIX}") if path.is_file())

    def runs(self) -> list[PastRun]:
        """Read all journals, the oldest first; raises `StateError`."""
        return [run for run in map(read_run, self.paths()) if run is not None]

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
        for path in self.paths():
            check_version(path)

    def unresolved(self, *, environment: str, api: str, account: str) -> list[PastRun]:
        """Return the runs of an account that left something open, the oldest first; raises `StateError`."""
        runs = (_own_run(path) for path in self.paths() if not is_closed(path))
        wanted = (environment, api, account)
        return [
            run
            for run in runs
            if run is not None
            and run.needs_resolving
            and (run.header.environment, run.header.api, run.header.account) == wanted
        ]

    def resolve(self, run: str, *, by: str, at: str) -> None:
        """Note in a journal that a later run has looked at what it left open; raises `StateError`."""
        path = self._file(run)
        with state_errors("write", path), os.fdopen(open_kept(path), "r+b") as file:
            file.seek(file.read().rfind(b"\n") + 1)
            file.truncate()  # a torn line has no meaning
            file.write(to_bytes(ResolvedLine(at, by)))
            file.flush()
            os.fsync(file.fileno())

    def start(self, header: RunHeader, *, now: Callable[[], str]) -> Journal:
        """Begin the journal of a run; raises `StateError`, after which nothing may be written to the account."""
        path = self._file(header.run)
        try:
            make_private_folder(self.path)
            with state_errors("write", path):
                log = FileLog(path)
        except StateError as error:
            raise StateError(f"{error}; nothing was written to the account") from error
        try:
            return Journal(log, header, now=now)
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

    def _file(self, run: str) -> Path:
        return self.path / f"{run}{_SUFFIX}"


def _own_run(path: Path) -> PastRun | None:
    """Read a journal; raises `StateError` where its file has another name, since its run could not be resolved."""
    run = read_run(path)
    if run is not None and run.header.run != path.stem:
        raise StateError(f"{path} is the journal of the run {run.header.run}: give it that name, or move it away")
    return run
