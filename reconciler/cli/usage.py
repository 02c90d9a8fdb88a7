"""How commands explain themselves: options in groups, examples, and a variable for each option."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import click

from reconciler.cli.invocation import PROGRAM, Invocation

OWN = "Options"
OPTION_GROUPS: Mapping[str, tuple[str, ...]] = {
    "Select": (
        *("--target", "--exclude", "--label", "--changed-since", "--shard", "--specs", "--all-environments"),
        *("--contact", "--scope", "--name", "--all-users"),
    ),
    "Output": (
        *("--format", "--write", "--full", "--out", "--csv", "--receipt", "--save-undo"),
        *("--show-unmanaged", "--reveal", "--detailed-exitcode"),
    ),
    "Limits": ("--max-requests", "--max-minutes", "--canary", "--max-failures", "--fail-fast"),
    "Guards": ("--max-changes", "--max-update-share", "--max-new-keys"),
    "Connection": ("--api-url", "--concurrency"),
}
"""The headings under which `--help` shows options. An option that is not named here stands under Options."""

GLOBAL = "Global options, before or after the command"
GLOBAL_OPTIONS = ("--project", "--environment", "--state", "--debug", "--no-color")
"""Options of all commands. The help of the group explains them, once."""

_GROUP_OF = {
    **dict.fromkeys(GLOBAL_OPTIONS, GLOBAL),
    **{name: title for title, names in OPTION_GROUPS.items() for name in names},
}
_READ_BY_THE_GROUP = frozenset((*GLOBAL_OPTIONS, *OPTION_GROUPS["Connection"]))


def long_name(option: click.Option) -> str:
    """Return the name by which an option is known: `--environment` for `-e`."""
    return max(option.opts, key=len)


def variable_of(option: click.Option) -> str:
    """Return the environment variable that sets an option: `RECONCILER_MAX_CHANGES` for `--max-changes`."""
    return f"{PROGRAM}_{long_name(option).removeprefix('--').replace('-', '_')}".upper()


def examples_of(command: click.Command) -> list[str]:
    """Return the example command lines of a command."""
    return (command.epilog or "").splitlines()


def examples(*lines: str) -> str:
    """Return command lines, written without the program, as the epilog of a command."""
    return "\n".join(f"{PROGRAM} {line}" for line in lines)


def command(*lines: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that makes a function a command with these examples."""
    return click.command(cls=ExplainedCommand, epilog=examples(*lines))


class ExplainedCommand(click.Command):
    """A command that shows its options in groups and its examples last, and reads options from variables."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401  passed on to click
        super().__init__(*args, **settings)
        _read_variables(self, but=_READ_BY_THE_GROUP)  # else a variable would overrule an option before the command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; raises `click.UsageError` with what was meant by an argument that is none."""
        ctx.allow_extra_args = True  # click would name them, and no more
        if not ctx.resilient_parsing and _has_empty_argument(args, self.params):
            raise click.UsageError(f"an argument of `{ctx.command_path}` is empty; check that its variable is set", ctx)
        extra = super().parse_args(ctx, args)
        ctx.ensure_object(Invocation).taken = frozenset(one.name for one in self.params)
        if not ctx.resilient_parsing and (extra or any(isinstance(one, click.Argument) for one in self.params)):
            from reconciler.cli.arguments import check_arguments

            check_arguments(ctx, extra)
        return extra

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in their groups, and the names of the global ones in a line."""
        for title in (OWN, *OPTION_GROUPS):
            _write_group(self, ctx, formatter, title)
        shown = [one for one in _options(self) if long_name(one) in GLOBAL_OPTIONS and not one.hidden]
        if shown:
            with formatter.section(f"Global options, explained by `{PROGRAM} --help`"):
                formatter.write_text(", ".join(name for one in shown for name in one.opts))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  as click has it
        """Write the examples."""
        _write_examples(self, formatter)


def _has_empty_argument(args: Sequence[str], params: Sequence[click.Parameter]) -> bool:
    """Return whether an argument is empty, as a variable is that is not set; what follows an option may be."""
    flags = {name for one in params if isinstance(one, click.Option) and one.is_flag for name in one.opts}
    return any(not one and (before in flags or not before.startswith("-")) for before, one in pairwise(("", *args)))


class ExplainedGroup(click.Group):
    """A group that shows its commands before its options, and the options of all commands apart from its own."""

    command_class = ExplainedCommand

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401  passed on to click
        super().__init__(*args, **settings)
        _read_variables(self, but=frozenset(("--version",)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        for title in (GLOBAL, *OPTION_GROUPS, OWN):
            _write_group(self, ctx, formatter, title)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  as click has it
        """Write the examples."""
        _write_examples(self, formatter)


def _options(of: click.Command) -> Iterator[click.Option]:
    return (one for one in of.params if isinstance(one, click.Option))


def _read_variables(of: click.Command, *, but: frozenset[str]) -> None:
    for option in _options(of):
        if long_name(option) not in but:
            option.envvar = variable_of(option)


def _write_group(of: click.Command, ctx: click.Context, formatter: click.HelpFormatter, title: str) -> None:
    options = [one for one in of.get_params(ctx) if isinstance(one, click.Option)]
    own = [one for one in options if _GROUP_OF.get(long_name(one), OWN) == title]
    order = OPTION_GROUPS.get(title, ())
    records = (one.get_help_record(ctx) for one in sorted(own, key=lambda one: _place(long_name(one), order)))
    shown = [record for record in records if record is not None]
    if shown:
        with formatter.section(title):
            formatter.write_dl(shown)


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


def _write_examples(of: click.Command, formatter: click.HelpFormatter) -> None:
    """Write a section of command lines, unwrapped, so that they can be copied."""
    if of.epilog:
        with formatter.section("Examples"):
            for line in examples_of(of):
                formatter.write(f"{' ' * formatter.current_indent}{line}\n")
