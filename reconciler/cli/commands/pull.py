"""`reconciler pull`: writes live values of facts that drifted into the specs, or makes these facts seed_facts."""

from typing import TYPE_CHECKING

import click

from reconciler.cli.completers import complete_addresses
from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import account_connection_options, budget_options, global_options
from reconciler.cli.usage import command

if TYPE_CHECKING:
    from reconciler.workflow.pulling import Choice

_INCOMPLETE = 3


@command("pull", "-e production pull sarah-chen 'contacts.*.scopes.support.facts.plan' --take")
@global_options("project", "environment", "state", "no_color")
@account_connection_options
@budget_options
@click.option("--take", is_flag=True, help="Do not ask: write each live value that can be written.")
@click.option("--seed", is_flag=True, help="Do not ask: make each fact that drifted a seed_fact.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...", shell_complete=complete_addresses)
@pass_invocation
def pull(invocation: Invocation, *, take: bool, seed: bool, dry_run: bool, addresses: tuple[str, ...]) -> int:
    """
    Write live values of facts that drifted into the specs.

    For each enforced fact that the account holds with another value, pull asks: take the live value, leave it, or make
    it a seed_fact, which is never overwritten. Comments and layout stay. Nothing is written to the account.

    Without ADDRESS (* is any part of a name), pull looks at all facts. What comes from a table, a variable or a shared
    overlay is left, with the line to edit by hand (exit code 3); the rest is written.
    """
    import sys

    from reconciler.cli.pull_screen import PullScreen
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.concurrency import run_in_loop
    from reconciler.errors import InputError
    from reconciler.workflow.pulling import find_drifted
    from reconciler.workflow.session import open_session
    from reconciler.workflow.spec_edits import edit_specs

    if take and seed:
        raise click.UsageError("--take and --seed exclude each other; give one, and name the facts that it is for")
    choice: Choice | None = "take" if take else "seed" if seed else None
    if choice is None and not sys.stdin.isatty():
        raise InputError("this is no terminal, so nobody can be asked; add --take or --seed, or run it on a terminal")
    with open_session(invocation, surroundings_of(invocation)) as session:
        drifted = run_in_loop(find_drifted(session, addresses))
        screen = PullScreen(session, choice, no_color=invocation.no_color)
        chosen = screen.choose(drifted.places)
        pulled = edit_specs(session, drifted, chosen)
        if not dry_run:
            drifted.texts.write(pulled.drafts)
        screen.show(chosen, pulled, is_written=not dry_run)
    return _INCOMPLETE if screen.refused else 0
