"""`reconciler apply`: shows what will be done, asks, and does it."""

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
    shard_option,
    writing_options,
)

DRY_RUN_FORMATS = ("text", "json")


@click.command()
@account_options
@output_options(*RECEIPT_FORMATS)
@shard_option
@budget_options
@guard_options
@progressive_options
@writing_options
@click.option("--strict", is_flag=True, help="With PLAN: refuse the whole plan when any of it does not hold any more.")
@click.argument("plan", required=False, type=click.Path(dir_okay=False, path_type=Path))
@pass_invocation
def apply(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    targets: tuple[str, ...],
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    yes: bool,
    dry_run: bool,
    receipt: Path | None,
    save_undo: Path | None,
    strict: bool,
    plan: Path | None,
) -> int:
    """
    Add and update what the specs declare. Shows the plan first and asks.

    With PLAN, a file that `plan --out` saved, that is done which was reviewed, as far as it still holds, and nothing
    else.
    """
    import asyncio

    from reconciler.cli.applying import Applying, dry_run_of
    from reconciler.cli.progressive import progressive_of
    from reconciler.cli.prospect import load_plan
    from reconciler.cli.session import open_session
    from reconciler.cli.undoing import UndoFile

    _check_plan(plan, strict=strict, narrowed=bool(targets or invocation.shard))
    files = (*writes, *([("json", receipt)] if receipt is not None else []))
    if dry_run:
        check_dry_run(output_format, keeps=bool(files or save_undo))
    saved = load_plan(plan) if plan is not None else None
    with open_session(invocation) as session:
        applying = Applying(
            session,
            targets,
            output_format,
            files,
            no_color=invocation.no_color,
            progressive=progressive_of(invocation),
            saved=saved,
            strict=strict,
            undo=UndoFile(save_undo) if save_undo is not None else None,
        )
        return asyncio.run(dry_run_of(applying) if dry_run else applying.run(yes=yes))


def _check_plan(plan: Path | None, *, strict: bool, narrowed: bool) -> None:
    """Raise `click.UsageError` for options that do not go with a PLAN, or not without one."""
    if plan is not None and narrowed:
        raise click.UsageError("PLAN says already what is done; leave out --target and --shard")
    if strict and plan is None:
        raise click.UsageError("--strict needs a PLAN")


def check_dry_run(output_format: str, *, keeps: bool) -> None:
    """Raise `click.UsageError` for options that do not go with --dry-run."""
    if keeps or output_format not in DRY_RUN_FORMATS:
        raise click.UsageError(
            "--dry-run does nothing, so there is no receipt of it and nothing to undo; its --format is text or json"
        )
