"""What a watch is for and reads: one place, one account, and specs that are not being written at the moment."""

import dataclasses
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from reconciler.clock import Clock
from reconciler.core.model.desired import specs_digest
from reconciler.core.model.masking import Masker
from reconciler.core.model.settings import is_bucket
from reconciler.errors import InputError, SpecError
from reconciler.project import FILE_NAME, SANDBOX, Environment, Project
from reconciler.workflow.account import api_of
from reconciler.workflow.loading import choose_environment, choose_project
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings
from reconciler.workflow.session import LoadedSpecs

_CURE = "nothing was read or written: put back what was there, or restart the watch to go on without it"
_MOMENT = 1.0
_MOST_READS = 5


class WatchedAccount(Struct, frozen=True):
    """
    An environment of a project file (None without one) and its API, whose key a variable holds or a command gives.

    `key_source` is where the key comes from, as messages call it, and None without one.
    """

    file: str | None
    environment: str
    api: str
    key_source: str | None
    key_command: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return `production of reconciler.yaml (https://api.bland.ai, key of BLAND_API_KEY)`."""
        source = f"of {self.file}" if self.file else f"without a {FILE_NAME}"
        key = f", key of {self.key_source}" if self.key_source else ""
        return f"{self.environment} {source} ({self.api}{key})"


def refuse_aimless(options: RunOptions, around: Surroundings) -> None:
    """
    Raise `InputError` where there is no project, or no such environment, with which a watch could begin.

    A project file that is there and wrong is no reason: it can be mended while the watch waits.
    """
    with suppress(SpecError):
        choose_environment(choose_project(options, around), options)


class PinnedTarget:
    """
    Chooses what a run is for, and refuses whatever is not what the runs before it were for.

    A file can be away for a moment, as while a branch is switched, and another environment can become the default.
    Either would lead a watch to another account, where it writes without asking.
    """

    def __init__(self) -> None:
        self.account: WatchedAccount | None = None
        self._had_file = False

    def choose(self, options: RunOptions, around: Surroundings) -> tuple[Project, Environment]:
        """Load what was asked for; raises `InputError` where that is another account now, and `SpecError`."""
        project = self._project(options, around)
        environment = choose_environment(project, options)
        account = _account_of(project, environment, options, around.environ)
        if self.account not in {None, account}:
            raise InputError(
                f"this watch is for {self.account}, and would now be for {account}; nothing was read or written: "
                "put back what it began with, or restart the watch to move there"
            )
        self.account = account
        return project, environment

    def _project(self, options: RunOptions, around: Surroundings) -> Project:
        try:
            project = choose_project(options, around)
        except SpecError:  # of a file that is there
            self._had_file = True
            raise
        if self._had_file and project.file is None:
            raise InputError(f"{FILE_NAME} is not there any more; {_CURE}")
        self._had_file = project.file is not None
        return project


class StableReader:
    """
    Reads the specs until two consecutive reads agree, so that a half-written file is never applied.

    An editor or a checkout under way leaves halves of files, and half a file can be a valid one. The last read is
    remembered as a digest.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._digest = Masker(secrets.token_bytes(), reveal=False).digest
        self._is_first = True
        self._last: tuple[Environment, str] | None = None

    async def read(self, load: Callable[[], LoadedSpecs]) -> LoadedSpecs:
        """Load, again after a moment where it differs from the last time; raises `InputError`, and what `load` does."""
        for _ in range(_MOST_READS):
            is_first, self._is_first = self._is_first, False
            specs = load()
            before, self._last = self._last, (specs.environment, specs_digest(specs.loaded.desired, self._digest))
            if is_first or before == self._last:
                return specs
            await self._clock.sleep(_MOMENT)
        raise InputError("reconciler.yaml or the specs change while they are read; the next run reads them again")


def anchored(options: RunOptions) -> RunOptions:
    """Name all places in full, for as long as the watch lasts: the current folder may be replaced by another clone."""
    project = Path(options.project or ".").absolute()
    is_folder = options.state and not is_bucket(options.state)
    state = str(Path(options.state).absolute()) if options.state and is_folder else options.state
    return dataclasses.replace(options, project=str(project), state=state)


def at_one_place(options: RunOptions) -> RunOptions:
    """
    Follow the links to the repository once, for a whole run; raises `InputError`.

    What keeps a clone up to date (git-sync) points a link at the new one; half a run in each would be a mix of both.
    """
    path = Path(options.project or ".")
    try:
        place = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    except (OSError, RuntimeError) as error:  # links in a circle are the latter
        reason = (isinstance(error, OSError) and error.strerror) or "links lead in a circle"
        raise InputError(f"{path} cannot be read: {reason.lower()}") from error
    return dataclasses.replace(options, project=str(place))


def _account_of(
    project: Project, environment: Environment, options: RunOptions, environ: Mapping[str, str]
) -> WatchedAccount:
    api = api_of(environment, options, environ)
    if api == SANDBOX:
        return WatchedAccount(project.file, environment.name, api, None)
    command = environment.api_key_command.words if environment.api_key_command else ()
    return WatchedAccount(project.file, environment.name, api, environment.key_source, command)
