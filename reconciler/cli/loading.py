"""The specs of an environment: with the secrets that the process was given, or without asking for any."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from reconciler.cli.options import Invocation
from reconciler.cli.terminal import is_operators_terminal, keep_secret, remark
from reconciler.core.model.masking import compose, worded
from reconciler.core.model.text import visible
from reconciler.errors import Problem, SpecError
from reconciler.project import Environment, Project
from reconciler.specs import Environ, Loaded, References, load_specs

_Made = TypeVar("_Made")


def secrets_of(invocation: Invocation) -> Environ:
    """Return what reads secrets from the process's environment, and notes each among what is never shown."""

    def read(name: str) -> str | None:
        secret = os.environ.get(name)
        if secret:
            keep_secret(secret, invocation.secrets)
        return secret

    return read


def warn(loaded: Loaded, tell: Callable[[str], None] = remark) -> None:
    """Warn of what is no mistake in the specs, but worth a look."""
    reveal = is_operators_terminal(sys.stderr)
    for warning in loaded.warnings:
        tell(f"warning: {visible(str(worded(warning, reveal=reveal)))}")


def references_of(environment: Environment, environ: Environ | None = None) -> References:
    """Return what references stand for in an environment; without `environ`, no secret is read."""
    return References(environment.variables, environ, environment.secrets, environment.key_variables)


def load_environment(project: Project, environment: Environment, environ: Environ) -> Loaded:
    """Load what an environment declares, with its secrets; raises `SpecError`."""
    return _loaded(project, environment, references_of(environment, environ))


def check_environment(project: Project, environment: Environment) -> Loaded:
    """Load what an environment declares, and read no secret; raises `SpecError`."""
    return _loaded(project, environment, references_of(environment))


def of_each_environment(names: Sequence[str], load: Callable[[str], _Made]) -> list[_Made]:
    """Load something of each environment; raises `SpecError` with the problems of all, each told once."""
    made: list[_Made] = []
    found: dict[Problem, list[str]] = {}
    for name in names:
        try:
            made.append(load(name))
        except SpecError as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(name)
    if found:
        raise SpecError(tuple(_told(problem, those, names) for problem, those in found.items()))
    return made


def _told(problem: Problem, names: Sequence[str], of: Sequence[str]) -> Problem:
    """Return a problem that says in which environments it is one, unless it is in all."""
    if len(names) == len(of):
        return problem
    return replace(problem, message=compose("{} (in {})", problem.message, ", ".join(names)))


def _loaded(project: Project, environment: Environment, references: References) -> Loaded:
    return load_specs(
        environment.specs,
        root=project.root,
        overlays=environment.overlays,
        references=references,
        fact_keys_of=environment.fact_keys_of,
    )
