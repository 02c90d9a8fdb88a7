"""`reconciler plan`: shows what `apply` would do, and writes nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import PLAN_FORMATS, Invocation, account_options, output_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.plan import Plan

_CHANGES_PENDING = 2


@click.command()
@account_options
@output_options(*PLAN_FORMATS)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan, as JSON, to this file.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when changes are pending.")
@pass_invocation
def plan(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    targets: tuple[str, ...],
    output_format: str,
    writes: tuple[tuple[str, Path], ...],
    out: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show what apply would do. Only reads."""
    from reconciler.cli.screen import emit, is_operators_terminal, palette
    from reconciler.cli.session import open_session
    from reconciler.cli.views import check_files, write_files
    from reconciler.core.describe import describe_plan
    from reconciler.render.formats import plan_formats

    files = [*writes, *([("json", out)] if out is not None else [])]
    check_files(files)
    with open_session(invocation) as session:
        made = _make(session, targets)
        masked = describe_plan(made, session.masker(reveal=False))
        write_files(files, lambda name: plan_formats()[name](masked))
        reveal = output_format == "text" and is_operators_terminal(sys.stdout)
        shown = describe_plan(made, session.masker(reveal=reveal))
        emit(plan_formats(palette(sys.stdout, no_color=invocation.no_color))[output_format](shown))
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
