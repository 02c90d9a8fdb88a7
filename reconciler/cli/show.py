"""`reconciler show`: renders a saved plan or receipt again, in any format."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import PLAN_FORMATS, Invocation, invocation_options, output_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.render.paint import Palette


@click.command()
@invocation_options
@output_options(*PLAN_FORMATS)
@click.argument("file", type=click.Path(path_type=Path))
@pass_invocation
def show(invocation: Invocation, *, file: Path, output_format: str, writes: tuple[tuple[str, Path], ...]) -> int:
    """Render a saved plan or receipt again."""
    import sys

    from reconciler.cli.screen import emit, palette
    from reconciler.cli.views import check_files, write_files
    from reconciler.documents import load_document
    from reconciler.render.formats import render_saved
    from reconciler.render.paint import PLAIN

    check_files(writes)
    document = load_document(file)

    def rendered(name: str, colours: "Palette" = PLAIN) -> str:
        text = render_saved(document, name, colours)
        if text is None:
            raise click.UsageError(f"a {document.kind} has no format {name!r}")
        return text

    shown = rendered(output_format, palette(sys.stdout, no_color=invocation.no_color))
    write_files(writes, rendered)
    emit(shown)
    return 0
