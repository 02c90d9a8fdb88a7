"""`reconciler plan`: shows what `apply` would do, and writes nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Invocation, account_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.plan import Plan

_CHANGES_PENDING = 2


@click.command()
@account_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan, as JSON, to this file.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when changes are pending.")
@pass_invocation
def plan(
    invocation: Invocation,
    *,
    targets: tuple[str, ...],
    output_format: str,
    out: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show what apply would do. Only reads."""
    from reconciler.cli.screen import emit, is_operators_terminal
    from reconciler.cli.session import open_session
    from reconciler.cli.views import plan_view
    from reconciler.core.describe import describe_plan
    from reconciler.render.json import render_json
    from reconciler.state import write_file

    with open_session(invocation) as session:
        made = _make(session, targets)
        if out is not None:
            write_file(out, render_json(describe_plan(made, session.masker(reveal=False))))
        view = plan_view(output_format, no_color=invocation.no_color)
        reveal = output_format == "text" and is_operators_terminal(sys.stdout)
        emit(view(describe_plan(made, session.masker(reveal=reveal))))
    return _CHANGES_PENDING if detailed_exitcode and made.has_changes else 0


def _make(session: "Session", targets: tuple[str, ...]) -> "Plan":
    import asyncio

    from reconciler.api.client import open_reader
    from reconciler.cli.screen import Progress
    from reconciler.workflow import make_plan

    async def read() -> "Plan":
        async with open_reader(session.endpoint) as reader:
            return await make_plan(session.desired, reader, session.run(Progress("reading")), targets=targets)

    return asyncio.run(read())
