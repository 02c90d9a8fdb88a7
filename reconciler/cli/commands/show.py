"""`reconciler show`: renders a saved plan or receipt again, or the receipt of a past run, in any format."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import (
    CAMPAIGN_FORMATS,
    PLAN_FORMATS,
    RECEIPT_FORMATS,
    full_option,
    global_options,
    output_options,
)
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.render.output import Palette

_FORMATS = {"plan": PLAN_FORMATS, "receipt": RECEIPT_FORMATS, "campaign": CAMPAIGN_FORMATS}


@command("-e production show", "show part-0.json part-1.json --format html > plan.html")
@global_options("project", "environment", "state", "no_color")
@output_options(*PLAN_FORMATS)
@full_option
@click.argument("what", metavar="[RUN_OR_FILE...]", nargs=-1)
@pass_invocation
def show(
    invocation: Invocation,
    *,
    what: tuple[str, ...],
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    full: bool,
) -> int:
    """
    Render a saved plan or receipt again, or the receipt of a past run, by its id or the start of it.

    Without one, it shows the newest apply of the environment: all its shards and attempts, and what is left.
    Several are merged into one: plans or receipts of --shard, and receipts and runs that were attempts at one plan,
    killed ones included. What was done in one attempt and was there in the next counts once.
    """
    import sys

    from reconciler.cli.here import document_here
    from reconciler.cli.output import check_files, emit_paged, write_files
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.cli.terminal import palette
    from reconciler.render.formats import render_saved
    from reconciler.render.output import PLAIN
    from reconciler.workflow.past_runs import newest_campaign, open_documents

    check_files(writes)
    around = surroundings_of(invocation)
    document = open_documents(what, invocation, around) if what else newest_campaign(invocation, around)

    def rendered(name: str, colours: "Palette | None" = None) -> str:
        shown = document if colours is None or name != "text" else document_here(document)
        text = render_saved(shown, name, colours or PLAIN, full=full)
        if text is None:
            known = ", ".join(_FORMATS[document.kind])
            raise click.UsageError(f"a {document.kind} has no format {name!r}; its formats are {known}")
        return text

    shown = rendered(output_format, palette(sys.stdout, no_color=invocation.no_color))
    write_files(writes, rendered)
    emit_paged(shown, output_format, is_read=not writes)
    return 0
