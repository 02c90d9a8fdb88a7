"""`reconciler plan`: shows what `apply` would do, and writes nothing."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import (
    PLAN_FORMATS,
    account_options,
    allow_option,
    budget_options,
    full_option,
    guard_options,
    output_options,
    refresh_option,
    selection_options,
    specs_option,
)
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.core.plan.operations import Plan
    from reconciler.workflow.notifying import Ended
    from reconciler.workflow.run import Surroundings
    from reconciler.workflow.session import Session

_CHANGES_PENDING = 2


@command("-e production plan", "plan --base main --write html=plan.html --detailed-exitcode")
@account_options
@specs_option
@output_options(*PLAN_FORMATS)
@full_option
@selection_options
@refresh_option
@budget_options
@guard_options
@allow_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan, as JSON, to this file.")
@click.option(
    "--live",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Plan offline against a snapshot, in place of the account.",
)
@click.option("--base", metavar="REF", help="Show why each change is needed, seen from the specs at a git revision.")
@click.option(
    "--show-unmanaged", is_flag=True, help="List the live keys that no spec names; others than you see them masked."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when changes are pending.")
@pass_invocation
def plan(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    full: bool,
    out: Path | None,
    live: Path | None,
    base: str | None,
    show_unmanaged: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what apply would do. Only reads."""
    from reconciler.cli.output import PlanOutput, check_files
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.core.documents.describe import describe_plan
    from reconciler.workflow.refusing import refuse
    from reconciler.workflow.session import open_session

    around = surroundings_of(invocation)
    saved = [("json", out)] if out is not None else []
    check_files([*writes, *saved])
    output = PlanOutput(output_format, writes, full, invocation.no_color)
    is_review = (live, base, invocation.changed_since) != (None, None, None)
    with (
        _notifying(invocation, around) if detailed_exitcode and not is_review else nullcontext() as ended,
        open_session(invocation, around, offline=live is not None) as session,
    ):
        if ended:
            ended.place = session.account.environment, session.project.root
        made = _plan(session, live, base)
        if ended:
            ended.plan = made
        output.emit(
            session.project,
            lambda masker: describe_plan(made, masker, unmanaged_keys=show_unmanaged),
            session.masker,
            also=saved,
        )
        refuse(made)
    return _CHANGES_PENDING if detailed_exitcode and made.has_changes else 0


def _notifying(invocation: Invocation, around: "Surroundings") -> "AbstractContextManager[Ended | None]":
    """Notify of drift, and of what keeps a look for drift from its end; a plan for a review tells nobody."""
    from reconciler.workflow.notifying import is_look_for_drift, notifying

    return notifying("plan", invocation, around) if is_look_for_drift(around.environ) else nullcontext()


def _plan(session: "Session", live: Path | None, base: str | None) -> "Plan":
    """Make the plan, live or from a snapshot."""
    from reconciler.concurrency import run_in_loop
    from reconciler.workflow.planning import plan_live, plan_offline

    work = plan_live(session, base=base) if live is None else plan_offline(session, live, base=base)
    return run_in_loop(work)
