"""Options that several commands share."""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.cli.invocation import Invocation

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.core.model.selection import Shard
    from reconciler.core.model.settings import MostFailures

PLAN_FORMATS = ("text", "json", "markdown", "summary", "github", "gitlab", "junit", "sarif", "html")
RECEIPT_FORMATS = ("text", "json", "markdown", "summary", "github", "junit")
SCHEMAS = ("specs", "project", "plan", "receipt", "runs", "campaign", "notification")
CAMPAIGN_FORMATS = ("text", "json", "markdown", "summary")
_NO_COLOR = {
    "is_flag": True,
    "flag_value": True,
    "help": "No colours, as with NO_COLOR. FORCE_COLOR colours pipes, too.",
}
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _completers() -> ModuleType:
    """Return what completes values in a shell, which no other run needs."""
    from reconciler.cli import completers

    return completers


def _noted(context: click.Context, parameter: click.Parameter, value: object) -> object:
    """Note an option on the invocation; given twice, the one after the command's name counts."""
    if value is not None and parameter.name is not None:
        invocation = context.ensure_object(Invocation)
        setattr(invocation, parameter.name, value)
        if context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            invocation.typed.add(parameter.name)
    return value


def _shared(*names: str, **settings: Any) -> Callable[[_Command], _Command]:  # noqa: ANN401  passed on to click
    return click.option(*names, expose_value=False, **{"callback": _noted, "default": None, **settings})


def _applied(command: _Command, *options: Callable[[_Command], _Command]) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command


def _global_option(name: str) -> Callable[[_Command], _Command]:
    match name:
        case "project":
            return _shared("--project", metavar="FILE_OR_FOLDER", help="reconciler.yaml, or the folder that holds it.")
        case "environment":
            return _shared(
                *("-e", "--environment"),
                metavar="NAME",
                help="An environment of reconciler.yaml.",
                shell_complete=lambda *typed: _completers().complete_environments(*typed),
            )
        case "state":
            folder = click.Path(file_okay=False)
            where = "Where journals, leases and ids are kept, in place of .reconciler/; a bucket such as s3://bucket/prefix."
            return _shared("--state", type=folder, metavar="FOLDER_OR_URL", help=where)
        case "debug":
            how = "Show every request, and tracebacks of defects."
            return _shared("--debug", is_flag=True, flag_value=True, help=how)
        case _:
            return _shared("--no-color", **_NO_COLOR)


def global_options(*names: str) -> Callable[[_Command], _Command]:
    """
    Return the options that may stand before or after the name of a command, as far as they mean something for it.

    `--debug` does for each of them. `--no-color` is taken everywhere, and not shown where nothing is coloured.
    """
    options = [_global_option(name) for name in (*names, "debug")]
    hidden = [] if "no_color" in names else [_shared("--no-color", **_NO_COLOR, hidden=True)]
    return lambda command: _applied(command, *options, *hidden)


def account_connection_options(command: _Command) -> _Command:
    """Add the options that say which account and how fast; they, too, may stand before or after a command's name."""
    return _applied(
        command,
        _shared(
            "--api-url",
            metavar="URL",
            help="The API, where reconciler.yaml names none or the same one; or one on this machine, to rehearse.",
        ),
        _shared(
            "--concurrency",
            type=click.IntRange(1, 200),
            metavar="N",
            help="The most requests at once.",
        ),
    )


def connection_options(command: _Command) -> _Command:
    """Add the options of the commands that open the account of an environment."""
    return global_options("project", "environment", "state")(account_connection_options(command))


def specs_option(command: _Command) -> _Command:
    """Add the option that names other specs than the environment's."""
    return _applied(
        command,
        _shared(
            "--specs",
            multiple=True,
            default=(),
            metavar="PATH",
            help="Specs to read, in place of the environment's: a file or folder. Repeatable.",
        ),
    )


def account_options(command: _Command) -> _Command:
    """Add the options of the commands that plan for an account."""
    return _applied(
        command,
        global_options("project", "environment", "state", "no_color"),
        account_connection_options,
        target_option,
        _shared(
            "--reveal",
            "revealed",
            multiple=True,
            metavar="KEY_PATTERN",
            help="Show live values of these keys in every output; * is any part of a key. Never secrets. Repeatable.",
        ),
    )


def target_option(command: _Command) -> _Command:
    """Add the option that narrows a command to some addresses."""
    return _shared(
        "--target",
        "targets",
        multiple=True,
        default=(),
        metavar="ADDRESS_PATTERN",
        shell_complete=lambda *typed: _completers().complete_addresses(*typed),
        help="Only this address and what is below it; * is any part of a name. Repeatable.",
    )(command)


def _labels(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> object:
    """Check how labels are written, and note them."""
    for text in value:
        from reconciler.core.model.labels import parse_label

        try:
            parse_label(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE, KEY!=VALUE or KEY.", context, parameter) from error
    return _noted(context, parameter, value)


def selection_options(command: _Command) -> _Command:
    """Add the options that choose what is looked at, beside `--target`."""
    return _applied(
        command,
        _shared(
            "--label",
            "labels",
            multiple=True,
            default=(),
            callback=_labels,
            metavar="KEY=VALUE",
            shell_complete=lambda *typed: _completers().complete_labels(*typed),
            help="Only contacts with this label; KEY for any value, KEY!=VALUE for others. Of several, all must hold.",
        ),
        _shared(
            "--exclude",
            "excludes",
            multiple=True,
            default=(),
            metavar="ADDRESS_PATTERN",
            shell_complete=lambda *typed: _completers().complete_addresses(*typed),
            help="Leave out this address and what is below it, whatever else chose it. Repeatable.",
        ),
        _shared(
            "--changed-since",
            metavar="REF",
            help="Only what the specs declare differently from a git revision; what is not committed counts.",
        ),
        shard_option,
    )


class _ShardType(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """A part of what is declared, as `I/N`."""

    name = "shard"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "Shard":
        """Read the shard, or say what is expected."""
        from reconciler.core.model.selection import parse_shard

        try:
            return parse_shard(str(value))
        except ValueError:
            most = "N is at most 999,999, and I is from 0 to N-1"
            self.fail(f"{value!r} is not I/N; {most}: of four shards, 0/4, 1/4, 2/4 and 3/4", param, ctx)


def _one_shard(context: click.Context, parameter: click.Parameter, value: tuple["Shard", ...]) -> object:
    """Note the one shard; of two, the last must not silently win."""
    if len(value) > 1:
        raise click.UsageError(f"--shard was given {len(value)} times; a run is for one shard", context)
    return _noted(context, parameter, value[0] if value else None)


def shard_option(command: _Command) -> _Command:
    """Add the option that takes one part of what is declared."""
    return _shared(
        "--shard",
        type=_ShardType(),
        multiple=True,
        callback=_one_shard,
        metavar="I/N",
        help="Only the contacts and memories of part I of N, counted from 0: the same on every machine.",
    )(command)


def refresh_option(command: _Command) -> _Command:
    """Add the option that reads the users that are remembered."""
    how = "Read all users again, also those that are remembered as declared."
    return _shared("--refresh", is_flag=True, flag_value=True, help=how)(command)


class _FiniteRange(click.FloatRange):
    """A number in a range, and neither nan, which is in every range, nor infinite."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number, or say that it is none."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]  # which takes what is given
        if not abs(number) < float("inf"):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def budget_options(command: _Command) -> _Command:
    """Add the options that end a run in good order, for a job that may not take longer."""
    return _applied(
        command,
        _shared(
            "--max-requests",
            type=click.IntRange(min=1),
            metavar="N",
            help="Send at most N requests, reads included, then stop in good order; the next run goes on.",
        ),
        _shared(
            "--max-minutes",
            type=_FiniteRange(min=0, min_open=True),
            metavar="M",
            help="Start no request after M minutes, and no wait that would end after them.",
        ),
    )


def guard_options(command: _Command) -> _Command:
    """Add the options that change a guard of the environment for one run."""
    return _applied(
        command,
        _shared(
            "--max-changes",
            type=click.IntRange(min=0),
            metavar="N",
            help="Refuse more than N changes, in place of the environment's guard.",
        ),
        _shared(
            "--max-update-share",
            type=_FiniteRange(0, 1),
            metavar="SHARE",
            help="Refuse to overwrite more than this share (0 to 1) of the enforced live facts.",
        ),
        _shared(
            "--max-new-keys",
            type=click.IntRange(min=0),
            metavar="N",
            help="Refuse to add more than N fact keys that no memory has.",
        ),
    )


def allow_option(command: _Command) -> _Command:
    """Add the option that raises a rule of the specs for one run."""
    return _shared(
        "--allow",
        "allowed",
        multiple=True,
        default=(),
        metavar="RULE",
        shell_complete=lambda *typed: _completers().complete_rules(*typed),
        help="Apply although this rule of the specs is broken; the plan and the receipt say so. Repeatable.",
    )(command)


class _MostFailuresType(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """A number of failures, or a share of the operations."""

    name = "failures"

    def convert(
        self, value: "str | MostFailures", param: click.Parameter | None, ctx: click.Context | None
    ) -> "MostFailures":
        """Read `N` or `P%`."""
        from reconciler.core.model.settings import MostFailures, parse_most_failures

        try:
            return value if isinstance(value, MostFailures) else parse_most_failures(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number, such as 5, nor a share, such as 10%", param, ctx)


def progressive_options(command: _Command) -> _Command:
    """Add the options by which an apply goes on only while all is well."""
    return _applied(
        command,
        _shared(
            "--canary",
            type=click.IntRange(min=1),
            metavar="N",
            help="Do the first N contacts alone, and go on only when they read back as declared.",
        ),
        _shared(
            "--max-failures",
            type=_MostFailuresType(),
            metavar="N|P%",
            help="Begin nothing more after N failures, or after P% of the operations failed.",
        ),
        _shared(
            "--fail-fast",
            is_flag=True,
            flag_value=True,
            help="Begin nothing more after the first failure.",
        ),
    )


def writing_options(command: _Command) -> _Command:
    """Add the options of the commands that write to an account: whether to ask, to write, and what to keep of it."""
    from pathlib import Path

    file = click.Path(dir_okay=False, path_type=Path)
    return _applied(
        command,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Show the requests of an apply, and send none."),
        click.option("--receipt", type=file, help="Save the outcome of every operation, as JSON, to this file."),
        click.option(
            "--save-undo",
            type=file,
            help="Save the former values of what is updated to this new file, for `undo`.",
        ),
    )


def format_option(*formats: str) -> Callable[[_Command], _Command]:
    """Return the option that says what standard output holds."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        help="What standard output holds.",
    )


def output_options(*formats: str) -> Callable[[_Command], _Command]:
    """Return the options that say in which formats a command writes, on standard output and to files."""

    def add(command: _Command) -> _Command:
        return _applied(
            command,
            format_option(*formats),
            click.option(
                "--write",
                "writes",
                multiple=True,
                metavar="FORMAT=FILE",
                callback=lambda _context, _parameter, texts: tuple(_written(text, formats) for text in texts),
                shell_complete=lambda *typed: _completers().complete_formats(formats, *typed),
                help="Write this format to a file, too. Repeatable.",
            ),
        )

    return add


def full_option(command: _Command) -> _Command:
    """Add the option that shows each change of a plan, or each difference."""
    how = "Show each change, difference or outcome, and not what is alike once."
    return click.option("--full", is_flag=True, help=how)(command)


def _written(text: str, formats: Sequence[str]) -> "tuple[str, Path]":
    from pathlib import Path

    name, separator, file = text.partition("=")
    if not (separator and file) or name not in formats:
        raise click.BadParameter(f"{text!r} is not FORMAT=FILE with one of the formats {', '.join(formats)}")
    return name, Path(file)
