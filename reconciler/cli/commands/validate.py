"""`reconciler validate`: checks all specs, offline."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options, output_options, specs_option
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.errors import SpecError
    from reconciler.project import Environment, Project
    from reconciler.specs.loading import Loaded
    from reconciler.workflow.run import Reporter

VALIDATE_FORMATS = ("text", "sarif", "csv")


@command("validate", "validate --all-environments --write sarif=problems.sarif")
@global_options("project", "environment")
@specs_option
@output_options(*VALIDATE_FORMATS)
@click.option("--all-environments", is_flag=True, help="Check the specs of every environment of reconciler.yaml.")
@pass_invocation
def validate(
    invocation: Invocation, *, output_format: str, writes: tuple[tuple[str, Path], ...], all_environments: bool
) -> int:
    """Check the specs. Needs no network, no key and no secret."""
    from reconciler.cli.output import check_files, write_files
    from reconciler.cli.terminal import emit
    from reconciler.errors import SpecError

    if all_environments and not invocation.typed.isdisjoint({"environment", "specs"}):
        raise click.UsageError("--all-environments takes all of them; leave out -e and --specs")
    check_files(writes)
    try:
        text = _checked(invocation, all_environments=all_environments)
    except SpecError as error:
        problems = error
        write_files(writes, lambda name: _rendered(problems, name))
        if output_format != "text":
            emit(_rendered(problems, output_format), output_format)
        raise

    def rendered(name: str) -> str:
        return text if name == "text" else _rendered(SpecError(()), name)

    write_files(writes, rendered)
    emit(rendered(output_format), output_format)
    return 0


def _rendered(error: "SpecError", output_format: str) -> str:
    """Return the problems in a format, in the words that everybody may see."""
    from reconciler.core.model.masking import worded

    if output_format == "csv":
        from reconciler.render.problems_csv import render_problems_csv

        return render_problems_csv([worded(problem, reveal=False) for problem in error.every], error.cells)
    problems = [worded(problem, reveal=False) for problem in error.problems]
    if output_format == "sarif":
        from reconciler.render.sarif import render_problems_sarif

        return render_problems_sarif(problems)
    return "".join(f"{problem}\n" for problem in problems)


def _checked(invocation: Invocation, *, all_environments: bool) -> str:
    """Check one environment or all, and give what is declared in numbers; raises `InputError` and `SpecError`."""
    from reconciler.cli.surroundings import ScreenReporter
    from reconciler.project import load_project
    from reconciler.workflow.loading import choose_environment, of_each_environment

    project, reporter = load_project(invocation.project), ScreenReporter(invocation, repeats=not all_environments)
    if not all_environments:
        return _check(project, choose_environment(project, invocation), reporter)
    names = [environment.name for environment in project.environments]
    return "".join(of_each_environment(names, lambda name: _check(project, project.environment(name), reporter)))


def _check(project: "Project", environment: "Environment", reporter: "Reporter") -> str:
    from reconciler.workflow.loading import load_environment, note_warnings
    from reconciler.workflow.refusing import check_declared

    loaded = load_environment(project, environment)
    note_warnings(loaded, reporter)
    check_declared(loaded.desired, environment.name, reporter)
    return _counts(environment.name, loaded)


def _counts(environment: str, loaded: "Loaded") -> str:
    from reconciler.cli.terminal import count_line

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
    shared = (
        f"In {file}, {rows:,} rows share a name with another; each of these names ends in a hash of the identifier.\n"
        for file, rows in loaded.shared_names
    )
    return f"The specs of {environment} are valid: {counts}.\n{''.join(shared)}"
