"""`reconciler why`: which file, line, layer, overlay, variable and commit gave each value."""

import sys

import click

from reconciler.cli.completers import Address
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import format_option, global_options
from reconciler.cli.usage import command


@command("why contacts.sarah-chen", "-e production why contacts.sarah-chen.scopes.support.facts.plan")
@global_options("project", "environment", "no_color")
@format_option("text", "json")
@click.argument("address", type=Address())
@pass_invocation
def why(invocation: Invocation, *, address: str, output_format: str) -> int:
    """Show what gave each value at ADDRESS: file, line, layer, overlay, variable and commit. Reads no secret."""
    from reconciler.cli.here import document_here
    from reconciler.cli.terminal import emit, is_operators_terminal, palette, remark
    from reconciler.render.json import render_json
    from reconciler.render.tables import render_why_text
    from reconciler.workflow.explaining import explain_address

    hides = output_format != "text" or not is_operators_terminal(sys.stdout)
    document = explain_address(invocation, address, note=remark, hides=hides)
    colours = palette(sys.stdout, no_color=invocation.no_color)
    text = render_json(document) if output_format == "json" else render_why_text(document_here(document), colours)
    emit(text, output_format)
    return 0
