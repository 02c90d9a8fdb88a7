"""`reconciler diff`: what the specs declare differently from a git revision, without an account."""

from pathlib import Path

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import (
    PLAN_FORMATS,
    full_option,
    global_options,
    output_options,
    selection_options,
    target_option,
)
from reconciler.cli.usage import command

_DIFFERENT = 2


@command("diff", "-e production diff origin/main --write markdown=diff.md")
@global_options("project", "environment", "no_color")
@target_option
@output_options(*PLAN_FORMATS)
@full_option
@selection_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when anything is declared differently.")
@click.argument("ref", default="HEAD")
@pass_invocation
def diff(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    full: bool,
    detailed_exitcode: bool,
    ref: str,
) -> int:
    """
    Show what the specs declare differently from REF (HEAD), a git revision. Needs no account and no key.

    What is not committed counts.
    """
    from reconciler.cli.output import PlanOutput, check_files
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.core.documents.describe import describe_diff
    from reconciler.workflow.diffing import diff_since

    check_files(writes)
    found = diff_since(invocation, surroundings_of(invocation), ref)
    output = PlanOutput(output_format, writes, full, invocation.no_color)
    output.emit(found.project, lambda masker: describe_diff(found.plan, ref, masker), found.masker)
    return _DIFFERENT if detailed_exitcode and found.differs else 0
