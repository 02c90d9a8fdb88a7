"""`reconciler show`: renders a saved plan or receipt again, or the receipt of a past run, in any format."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import PLAN_FORMATS, global_options, output_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.render.output import Palette
    from reconciler.storage.saved_documents import SavedDocument


@command("show plan.json --format html > plan.html", "show part-0.json part-1.json")
@global_options("project", "state", "no_color")
@output_options(*PLAN_FORMATS)
@click.argument("what", metavar="RUN_OR_FILE...", nargs=-1, required=True)
@pass_invocation
def show(
    invocation: Invocation, *, what: tuple[str, ...], output_format: str, writes: tuple[tuple[str, Path], ...]
) -> int:
    """
    Render a saved plan or receipt again, or the receipt of a past run, by its id or the start of it.

    Several files, of --shard, are merged: their plans, or their receipts, become one.
    """
    import sys

    from reconciler.cli.output import check_files, write_files
    from reconciler.cli.terminal import emit, palette
    from reconciler.render.formats import render_saved
    from reconciler.render.output import PLAIN

    check_files(writes)
    document = _document(invocation, what[0]) if len(what) == 1 else _merged(what)

    def rendered(name: str, colours: "Palette" = PLAIN) -> str:
        text = render_saved(document, name, colours)
        if text is None:
            raise click.UsageError(f"a {document.kind} has no format {name!r}")
        return text

    shown = rendered(output_format, palette(sys.stdout, no_color=invocation.no_color))
    write_files(writes, rendered)
    emit(shown, output_format)
    return 0


def _merged(files: tuple[str, ...]) -> "SavedDocument":
    """Merge the documents of shards; missing shards are reported."""
    from reconciler.cli.terminal import remark
    from reconciler.core.documents.merging import merge
    from reconciler.render.words import shards_sentence
    from reconciler.storage.saved_documents import load_document

    merged = merge([(file, load_document(Path(file))) for file in files])
    if merged.shards is not None:
        remark(f"warning: {shards_sentence(merged.shards)}")
    return merged


def _document(invocation: Invocation, what: str) -> "SavedDocument":
    """Read a file, or the journal of a run; ids of runs hold no dot and no slash."""
    from reconciler.cli.commands.runs import journal_of, receipt_of
    from reconciler.storage.saved_documents import load_document

    path = Path(what)
    if path.suffix == ".jsonl":
        return receipt_of(path)
    if path.exists() or "." in what or os.sep in what:
        return load_document(path)
    return receipt_of(journal_of(invocation, what))
