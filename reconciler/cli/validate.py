"""`reconciler validate`: checks all specs, offline."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Invocation, invocation_options, output_options, pass_invocation, specs_option

if TYPE_CHECKING:
    from reconciler.specs.loading import Loaded

VALIDATE_FORMATS = ("text", "sarif")


@click.command()
@invocation_options
@specs_option
@output_options(*VALIDATE_FORMATS)
@pass_invocation
def validate(invocation: Invocation, *, output_format: str, writes: tuple[tuple[str, Path], ...]) -> int:
    """Check the specs. Needs no network and no key."""
    from reconciler.cli.choosing import chosen_environment
    from reconciler.cli.screen import emit
    from reconciler.cli.views import check_files, write_files
    from reconciler.errors import SpecError
    from reconciler.project import load_project
    from reconciler.render.sarif import render_problems_sarif
    from reconciler.specs import load_specs

    check_files(writes)
    try:
        project = load_project(invocation.project)
        environment = chosen_environment(project, invocation)
        text = _counts(environment.name, load_specs(environment.specs, root=project.root))
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
