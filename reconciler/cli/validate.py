"""`reconciler validate`: checks all specs, offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Invocation, invocation_options, output_options, pass_invocation, specs_option

if TYPE_CHECKING:
    from reconciler.errors import Problem
    from reconciler.project import Environment, Project
    from reconciler.specs.loading import Loaded

VALIDATE_FORMATS = ("text", "sarif")


@click.command()
@invocation_options
@specs_option
@output_options(*VALIDATE_FORMATS)
@click.option("--all-environments", is_flag=True, help="Check the specs of every environment of reconciler.yaml.")
@pass_invocation
def validate(
    invocation: Invocation, *, output_format: str, writes: tuple[tuple[str, Path], ...], all_environments: bool
) -> int:
    """Check the specs. Needs no network, no key and no secret."""
    from reconciler.cli.screen import emit
    from reconciler.cli.views import check_files, write_files
    from reconciler.errors import SpecError
    from reconciler.render.sarif import render_problems_sarif

    if all_environments and (invocation.environment is not None or invocation.specs):
        raise click.UsageError("--all-environments stands alone, without -e and --specs")
    check_files(writes)
    try:
        text = _checked(invocation, all_environments=all_environments)
    except SpecError as error:
        sarif, text = render_problems_sarif(error.problems), f"{error}\n"
        write_files(writes, lambda name: sarif if name == "sarif" else text)
        if output_format == "sarif":
            emit(sarif)
        raise
    sarif = render_problems_sarif(())
    write_files(writes, lambda name: sarif if name == "sarif" else text)
    emit(sarif if output_format == "sarif" else text)
    return 0


def _checked(invocation: Invocation, *, all_environments: bool) -> str:
    """Check one environment or all, and give what is declared in numbers; raises `InputError` and `SpecError`."""
    from reconciler.cli.choosing import chosen_environment
    from reconciler.project import load_project

    project = load_project(invocation.project)
    return _check_all(project) if all_environments else _check(project, chosen_environment(project, invocation))


def _check(project: "Project", environment: "Environment") -> str:
    from reconciler.cli.loading import check_environment, warn

    loaded = check_environment(project, environment)
    warn(loaded)
    return _counts(environment.name, loaded)


def _check_all(project: "Project") -> str:
    """Check each environment; raises `SpecError` with the problems of all, each told once."""
    from reconciler.errors import SpecError

    lines: list[str] = []
    found: dict[Problem, list[str]] = {}
    for environment in project.environments:
        try:
            lines.append(_check(project, environment))
        except SpecError as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(environment.name)
    if found:
        raise SpecError(tuple(_told(problem, names, project) for problem, names in found.items()))
    return "".join(lines)


def _told(problem: "Problem", names: Sequence[str], project: "Project") -> "Problem":
    """Give a problem that says in which environments it is one, unless it is in all."""
    from msgspec.structs import replace

    if len(names) == len(project.environments):
        return problem
    return replace(problem, message=f"{problem.message} (in {', '.join(names)})")


def _counts(environment: str, loaded: "Loaded") -> str:
    from reconciler.cli.screen import count_line

    desired = loaded.desired
    counts = count_line(
        [
            (len(loaded.files), "file", "files"),
            (len(desired.scopes), "scope", "scopes"),
            (len(desired.contacts), "contact", "contacts"),
            (len(desired.memories), "memory", "memories"),
            (sum(len(memory.facts) for memory in desired.contact_memories), "fact", "facts"),
            (sum(len(memory.users) for memory in desired.memories), "user", "users"),
        ]
    )
    return f"The specs of {environment} are valid: {counts}.\n"
