"""A group of commands of which each is imported when it is called: `--help` has to name them all, and no more."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """
    A group whose commands stand in modules of this package, under the module's own name.

    `summaries` gives for each name the line of help that the group shows.
    """

    summaries: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the signature of click
        """Give the names of all commands."""
        return sorted(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  the same
        """Import a command; None for a name that there is not."""
        if cmd_name not in self.summaries:
            return None
        command: click.Command = getattr(import_module(f"reconciler.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summaries[name]) for name in self.list_commands(ctx)])
