"""Which repository a command is for, which environment, and which specs."""

from pathlib import Path

from msgspec.structs import replace

from reconciler.cli.options import Invocation
from reconciler.project import Environment, Project, load_project


def chosen_project(invocation: Invocation) -> Project:
    """Load the project that was asked for, its state in the folder of `--state`; raises `InputError`, `SpecError`."""
    project = load_project(invocation.project)
    return replace(project, state=Path(invocation.state).absolute()) if invocation.state else project


def chosen_environment(project: Project, invocation: Invocation) -> Environment:
    """
    Give the environment that was asked for, with the specs of `--specs`, unpatched, where that names any.

    Its own catalogue goes on to hold: it says what is sensitive, and which keys there are.
    """
    environment = project.environment(invocation.environment)
    own = tuple(str(Path(path).absolute()) for path in invocation.specs)
    if not own:
        return environment
    return replace(environment, specs=own, overlays=(), fact_keys_of=environment.specs)
