"""`reconciler undo`: applies a file that `apply --save-undo` wrote, to the account that it was written for."""

from pathlib import Path

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import (
    RECEIPT_FORMATS,
    account_options,
    budget_options,
    full_option,
    guard_options,
    output_options,
    progressive_options,
    writing_options,
)
from reconciler.cli.usage import command


@command("undo undo.yaml", "-e production undo undo.yaml --dry-run")
@account_options
@output_options(*RECEIPT_FORMATS)
@full_option
@budget_options
@guard_options
@progressive_options
@writing_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_invocation
def undo(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    full: bool,
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
    from reconciler.cli.apply_screen import ApplyOutput, run_apply
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.workflow.applying import Apply, rollout_of
    from reconciler.workflow.notifying import notifying
    from reconciler.workflow.undoing import undo_session

    output = ApplyOutput(output_format, writes, receipt, save_undo, invocation.no_color, yes, dry_run, full)
    output.check(invocation)
    around = surroundings_of(invocation)
    unattended = yes and not dry_run
    with (
        notifying("undo", None, around, of_errors=unattended) as ended,
        undo_session(invocation, around, file) as session,
    ):
        rollout, undo_file = rollout_of(invocation), output.undo_file(around.reporter)
        return run_apply(Apply(session, rollout, undo=undo_file, is_undo=True), output, ended)
