"""`reconciler compare`: two environments side by side, as they are declared or as their accounts hold them."""

import sys

import click

from reconciler.cli.completers import complete_environments
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import account_connection_options, format_option, full_option, global_options
from reconciler.cli.usage import command

_DIFFERENT = 2


@command("compare staging production", "compare staging production --live --format markdown")
@global_options("project", "state", "no_color")
@account_connection_options
@click.option("--live", is_flag=True, help="Compare what the two accounts hold, of all that is declared.")
@format_option("text", "json", "markdown")
@full_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when the environments differ.")
@click.argument("left", shell_complete=complete_environments)
@click.argument("right", shell_complete=complete_environments)
@pass_invocation
def compare(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    left: str,
    right: str,
    live: bool,
    output_format: str,
    full: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what the environments LEFT and RIGHT declare differently, or hold. Only reads."""
    from reconciler.cli.output import emit_paged
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.cli.terminal import is_operators_terminal, palette
    from reconciler.render.json import render_json
    from reconciler.render.tables import render_comparison_markdown, render_comparison_text
    from reconciler.workflow.comparing import compare_environments

    reveal = output_format == "text" and is_operators_terminal(sys.stdout)
    document = compare_environments(invocation, surroundings_of(invocation), left, right, live=live, reveal=reveal)
    renderers = {
        "text": lambda: render_comparison_text(document, palette(sys.stdout, no_color=invocation.no_color), full=full),
        "json": lambda: render_json(document),
        "markdown": lambda: render_comparison_markdown(document, full=full),
    }
    emit_paged(renderers[output_format](), output_format)
    return _DIFFERENT if detailed_exitcode and document.differences else 0
