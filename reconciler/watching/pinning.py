"""The environment and the account of a watch's first run: no later run leaves them for others."""

from collections.abc import Mapping

from msgspec import Struct

from reconciler.errors import InputError, SpecError
from reconciler.project import FILE_NAME, SANDBOX, Environment, Project
from reconciler.workflow.account import api_of
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Surroundings
from reconciler.workflow.session import choose_environment, choose_project

_CURE = "nothing was read or written: put back what was there, or restart the watch to go on without it"


class WatchedAccount(Struct, frozen=True):
    """An environment of a project file (None without one), its API, and the variable of the key, None without one."""

    file: str | None
    environment: str
    api: str
    key_variable: str | None

    def __str__(self) -> str:
        """Return `production of reconciler.yaml (https://api.bland.ai, key of BLAND_API_KEY)`."""
        source = f"of {self.file}" if self.file else f"without a {FILE_NAME}"
        key = f", key of {self.key_variable}" if self.key_variable else ""
        return f"{self.environment} {source} ({self.api}{key})"


class PinnedTarget:
    """
    Chooses what a run is for, and refuses whatever is not what the runs before it were for.

    A file that is away for a moment, as while a branch is switched, or another environment by default would else lead
    a watch to another account, where it writes without asking.
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


def _account_of(
    project: Project, environment: Environment, options: RunOptions, environ: Mapping[str, str]
) -> WatchedAccount:
    api = api_of(environment, options, environ)
    return WatchedAccount(project.file, environment.name, api, None if api == SANDBOX else environment.api_key_env)
