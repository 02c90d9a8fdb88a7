"""`reconciler apply`: shows what will be done, asks, and does it."""

from pathlib import Path

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import (
    RECEIPT_FORMATS,
    account_options,
    allow_option,
    budget_options,
    full_option,
    guard_options,
    output_options,
    progressive_options,
    refresh_option,
    selection_options,
    writing_options,
)
from reconciler.cli.usage import command


@command(
    "-e production apply --target contacts.sarah-chen --save-undo undo.yaml", "-e production apply plan.json --yes"
)
@account_options
@output_options(*RECEIPT_FORMATS)
@full_option
@selection_options
@refresh_option
@budget_options
@guard_options
@allow_option
@progressive_options
@writing_options
@click.option("--strict", is_flag=True, help="With PLAN: refuse the whole plan when any of it does not hold any more.")
@click.argument("plan", required=False, type=click.Path(dir_okay=False, path_type=Path))
@pass_invocation
def apply(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    full: bool,
    yes: bool,
    dry_run: bool,
    receipt: Path | None,
    save_undo: Path | None,
    strict: bool,
    plan: Path | None,
) -> int:
    """
    Add and update what the specs declare. Shows the plan first and asks.

    With PLAN, a file that `plan --out` saved, it does what was reviewed, as far as that still holds, and nothing else.
    """
    from reconciler.cli.apply_screen import ApplyOutput, run_apply
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.storage.saved_documents import load_saved_plan
    from reconciler.workflow.applying import Apply, rollout_of
    from reconciler.workflow.notifying import notifying
    from reconciler.workflow.session import open_session

    _check_plan(plan, invocation, strict=strict)
    output = ApplyOutput(output_format, writes, receipt, save_undo, invocation.no_color, yes, dry_run, full)
    output.check(invocation)
    saved = load_saved_plan(plan) if plan is not None else None
    if saved and saved.shards:
        invocation.shard = saved.shards.alone
    around = surroundings_of(invocation)
    unattended = yes and not dry_run
    with (
        notifying("apply", invocation, around, of_errors=unattended) as ended,
        open_session(invocation, around) as session,
    ):
        rollout, undo = rollout_of(invocation), output.undo_file(around.reporter)
        return run_apply(Apply(session, rollout, saved, strict, undo), output, ended)


def _check_plan(plan: Path | None, invocation: Invocation, *, strict: bool) -> None:
    """Raise `click.UsageError` for options that do not go with a PLAN, or not without one."""
    options = dict.fromkeys(option for option, _ in invocation.chosen.options)
    given = [*options, *(["--shard"] if invocation.shard else [])]
    if plan is not None and given:
        raise click.UsageError(f"PLAN decides what is applied; leave out {' and '.join(given)}")
    if strict and plan is None:
        raise click.UsageError("--strict is for a saved plan; name its file")
