"""`reconciler undo`: applies a file that `apply --save-undo` wrote, to the account that it was written for."""

from pathlib import Path

import click

from reconciler.cli.options import (
    RECEIPT_FORMATS,
    Invocation,
    account_options,
    budget_options,
    guard_options,
    output_options,
    pass_invocation,
    progressive_options,
    writing_options,
)


@click.command()
@account_options
@output_options(*RECEIPT_FORMATS)
@budget_options
@guard_options
@progressive_options
@writing_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_invocation
def undo(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    targets: tuple[str, ...],
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    yes: bool,
    dry_run: bool,
    receipt: Path | None,
    save_undo: Path | None,
    file: Path,
) -> int:
    """
    Bring back what an apply replaced, from the FILE of its --save-undo.

    Shows the plan first and asks. Refuses any account but the one that FILE was written for. What the apply added
    stays, since nothing can be deleted. Where specs still declare the new values, it names the lines.
    """
    import asyncio

    from reconciler.cli.applying import Applying, dry_run_of
    from reconciler.cli.commands.apply import check_dry_run
    from reconciler.cli.progressive import progressive_of
    from reconciler.cli.undoing import UndoFile, undo_session

    files = (*writes, *([("json", receipt)] if receipt is not None else []))
    if dry_run:
        check_dry_run(output_format, keeps=bool(files or save_undo))
    with undo_session(invocation, file) as session:
        applying = Applying(
            session,
            targets,
            output_format,
            files,
            no_color=invocation.no_color,
            progressive=progressive_of(invocation),
            undo=UndoFile(save_undo) if save_undo is not None else None,
            is_undo=True,
        )
        return asyncio.run(dry_run_of(applying) if dry_run else applying.run(yes=yes))
