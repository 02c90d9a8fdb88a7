"""What a watch is for: the environment and the account of its first run, which no later run leaves for others."""

import os

from msgspec import Struct

from reconciler.cli.choosing import chosen_environment, chosen_project
from reconciler.cli.options import Invocation
from reconciler.errors import InputError, SpecError
from reconciler.project import FILE_NAME, SANDBOX, Environment, Project
from reconciler.workflow.account import api_of

_CURE = "nothing was read or written: put back what was there, or restart the watch to go on without it"


class Aim(Struct, frozen=True):
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


class SteadyAim:
    """
    Chooses what a run is for, and refuses whatever is not what the runs before it were for.

    A file that is away for a moment, as while a branch is switched, or another environment by default would else lead
    a watch to another account, where it writes without asking.
    """

    def __init__(self) -> None:
        self.aim: Aim | None = None
        self._had_file = False

    def choose(self, invocation: Invocation) -> tuple[Project, Environment]:
        """Load what was asked for; raises `InputError` where that is another account by now, and `SpecError`."""
        project = self._project(invocation)
        environment = chosen_environment(project, invocation)
        aim = _aim(project, environment, invocation)
        if self.aim not in {None, aim}:
            raise InputError(
                f"this watch is for {self.aim}, and would now be for {aim}; nothing was read or written: "
                "put back what it began with, or restart the watch to move there"
            )
        self.aim = aim
        return project, environment

    def _project(self, invocation: Invocation) -> Project:
        try:
            project = chosen_project(invocation)
        except SpecError:  # of a file that is there
            self._had_file = True
            raise
        if self._had_file and project.file is None:
            raise InputError(f"{FILE_NAME} is not there any more; {_CURE}")
        self._had_file = project.file is not None
        return project


def _aim(project: Project, environment: Environment, invocation: Invocation) -> Aim:
    api = api_of(environment, invocation, os.environ)
    return Aim(project.file, environment.name, api, None if api == SANDBOX else environment.api_key_env)
