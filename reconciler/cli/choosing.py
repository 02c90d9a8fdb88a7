"""Which repository a command is for, which environment, and which specs."""

import os
from pathlib import Path

from msgspec.structs import replace

from reconciler.cli.options import Invocation
from reconciler.cli.terminal import keep_secret
from reconciler.errors import InputError
from reconciler.project import DEFAULT_SPECS, FILE_NAME, Environment, Project, load_project


def chosen_project(invocation: Invocation) -> Project:
    """
    Load the project that was asked for, its state in the folder of `--state`; raises `InputError`, `SpecError`.

    What its variables of secrets hold is shown by no command, whether its specs are read or not.
    """
    project = load_project(invocation.project)
    for name in {name for one in project.environments for name in one.secrets}:
        if secret := os.environ.get(name):
            keep_secret(secret, invocation.secrets)
    return replace(project, state=Path(os.path.realpath(invocation.state))) if invocation.state else project


def chosen_environment(project: Project, invocation: Invocation) -> Environment:
    """
    Return the environment that was asked for, with the specs of `--specs`, unpatched, where that names any.

    Its own catalogue goes on to hold: it says what is sensitive, and which keys there are.
    """
    environment = project.environment(invocation.environment)
    own = tuple(str(Path(path).absolute()) for path in invocation.specs)
    if not own:
        _check_place(project)
        return environment
    return replace(environment, specs=own, overlays=(), fact_keys_of=environment.specs)


def _check_place(project: Project) -> None:
    """Raise `InputError` where nothing is: no settings, and none of the specs that are read without them."""
    if project.file is not None or (project.root / DEFAULT_SPECS).exists():
        return
    above = next((one for one in project.root.absolute().parents if (one / FILE_NAME).is_file()), None)
    cure = f"there is one in {above}: go there, or say --project" if above else "say --project FOLDER, or run init"
    raise InputError(f"neither {FILE_NAME} nor {DEFAULT_SPECS}/ is in {project.root.absolute()}; {cure}")
