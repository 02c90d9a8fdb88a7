"""`reconciler lint`: what the specs may say, and will be regretted."""

from pathlib import Path

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import global_options, output_options, specs_option
from reconciler.cli.usage import command

LINT_FORMATS = ("text", "json", "sarif")


@command("lint", "lint --strict --format json")
@global_options("project", "environment")
@specs_option
@output_options(*LINT_FORMATS)
@click.option("--all-environments", is_flag=True, help="Look at the specs of every environment of reconciler.yaml.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is anything to look at.")
@pass_invocation
def lint(
    invocation: Invocation,
    *,
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    all_environments: bool,
    strict: bool,
) -> int:
    """Look for what is allowed and unwise. Needs no network, no key and no secret."""
    from reconciler.cli.here import document_here
    from reconciler.cli.invocation import pasteable
    from reconciler.cli.output import check_files, write_files
    from reconciler.cli.terminal import emit
    from reconciler.render.json import render_json
    from reconciler.render.sarif import render_lint_sarif
    from reconciler.render.tables import render_lint_text
    from reconciler.workflow.explaining import lint_specs

    if all_environments and (invocation.environment is not None or invocation.specs):
        raise click.UsageError("--all-environments takes all of them; leave out -e and --specs")
    check_files(writes)
    document = lint_specs(invocation, all_environments=all_environments)
    renderers = {
        "text": lambda found: pasteable(render_lint_text(found)),
        "json": render_json,
        "sarif": render_lint_sarif,
    }
    write_files(writes, lambda name: renderers[name](document))
    emit(renderers[output_format](document_here(document) if output_format == "text" else document), output_format)
    return 1 if strict and document.advice else 0
