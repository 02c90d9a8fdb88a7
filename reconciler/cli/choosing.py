"""Which environment a command is for, and which specs."""

from dataclasses import replace
from pathlib import Path

from reconciler.cli.options import Invocation
from reconciler.project import Environment, Project


def chosen_environment(project: Project, invocation: Invocation) -> Environment:
    """Give the environment that was asked for, with the specs of `--specs`, unpatched, where that names any."""
    environment = project.environment(invocation.environment)
    own = tuple(str(Path(path).absolute()) for path in invocation.specs)
    return replace(environment, specs=own, overlays=()) if own else environment
