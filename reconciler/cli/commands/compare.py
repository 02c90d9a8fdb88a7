"""`reconciler compare`: two environments side by side, as they are declared or as their accounts hold them."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.completers import complete_environments
from reconciler.cli.options import Invocation, connection_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.cli.session import Session
    from reconciler.core.documents.comparison import DeclaredValue, Difference, LiveValue
    from reconciler.core.model.masking import Mixed
    from reconciler.core.model.observed import Observed

_DIFFERENT = 2


@click.command()
@connection_options
@click.option("--live", is_flag=True, help="Compare what the two accounts hold, of all that is declared.")
@click.option(
    "--format", "output_format", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when the environments differ.")
@click.argument("left", shell_complete=complete_environments)
@click.argument("right", shell_complete=complete_environments)
@pass_invocation
def compare(  # noqa: PLR0913  one parameter an option
    invocation: Invocation, *, left: str, right: str, live: bool, output_format: str, detailed_exitcode: bool
) -> int:
    """Show what the environments LEFT and RIGHT declare differently, or hold. Only reads."""
    from reconciler.cli.terminal import emit, is_operators_terminal, palette
    from reconciler.core.documents.comparison import ComparisonDocument
    from reconciler.core.documents.plan import FORMAT_VERSION
    from reconciler.render.json import render_json
    from reconciler.render.tables import render_comparison_markdown, render_comparison_text

    reveal = output_format == "text" and is_operators_terminal(sys.stdout)
    found = (_live if live else _declared)(invocation, left, right, reveal=reveal)
    document = ComparisonDocument(FORMAT_VERSION, "comparison", left, right, live, found)
    renderers = {
        "text": lambda: render_comparison_text(document, palette(sys.stdout, no_color=invocation.no_color)),
        "json": lambda: render_json(document),
        "markdown": lambda: render_comparison_markdown(document),
    }
    emit(renderers[output_format](), output_format)
    return _DIFFERENT if detailed_exitcode and found else 0


def _declared(invocation: Invocation, left: str, right: str, *, reveal: bool) -> "tuple[Difference, ...]":
    from reconciler.cli.loading import check_environment, of_each_environment
    from reconciler.core.documents.comparison import HIDDEN, compare, declared_values, hidden_addresses
    from reconciler.core.model.references import as_written
    from reconciler.project import load_project

    project = load_project(invocation.project)
    loaded = of_each_environment(
        (left, right), lambda name: check_environment(project, project.environment(name)).desired
    )
    hidden = frozenset() if reveal else frozenset[str]().union(*map(hidden_addresses, loaded))

    def show(address: str, one: "DeclaredValue") -> "Mixed":
        return HIDDEN if address in hidden else as_written(one.value)

    return compare(declared_values(loaded[0]), declared_values(loaded[1]), show)


def _live(invocation: Invocation, left: str, right: str, *, reveal: bool) -> "tuple[Difference, ...]":
    """Read both accounts; where a spec declares a secret, what is live counts as one."""
    from reconciler.cli.loading import of_each_environment
    from reconciler.cli.session import open_session
    from reconciler.core.documents.comparison import compare, declared_values, hidden_addresses, live_values

    with ExitStack() as stack:
        sessions = of_each_environment(
            (left, right), lambda name: stack.enter_context(open_session(replace(invocation, environment=name)))
        )
        declared = [declared_values(session.desired) for session in sessions]
        named = {address for side in declared for address in side}
        sides = [live_values(session.desired, _observed(session), named=named) for session in sessions]
        masker = sessions[0].masker(reveal=reveal).without_sensitive_keys
        hidden = frozenset() if reveal else frozenset[str]().union(*(hidden_addresses(one.desired) for one in sessions))

    def show(address: str, one: "LiveValue") -> "Mixed":
        if one.path is None:
            return one.value
        if address in hidden:
            return masker.mask(one.value, "sensitive")
        specs = [side[address].value for side in declared if address in side]
        return masker.former(one.value, specs, one.path)

    return compare(sides[0], sides[1], show)


def _observed(session: "Session") -> "Observed":
    import asyncio

    from reconciler.cli.terminal import Progress
    from reconciler.workflow.planning import observe_declared

    async def read() -> "Observed":
        async with session.account.reader() as reader:
            return await observe_declared(session.desired, reader, session.run(Progress("reading")))

    return asyncio.run(read())
