"""What a command line that does not parse may have meant: the nearest name, or what another tool calls it."""

from collections.abc import Iterable, Iterator, Mapping

import click
from click.core import ParameterSource

from reconciler.cli.invocation import PROGRAM, pasteable
from reconciler.cli.usage import GLOBAL_OPTIONS, examples_of, long_name, variable_of
from reconciler.core.model.nearest import did_you_mean
from reconciler.core.model.text import quoted
from reconciler.render.words import listed

_EXAMPLE = "0.3 for 30 percent"


def worded_number(kind: click.IntRange | click.FloatRange, message: str) -> str:
    """Return in a sentence what click says of a value that is not of this kind."""
    given = message.partition(" is not ")[0].strip("'").removesuffix(".0")
    return f"{given!r} is not {_expected(kind, given)}"


def _expected(kind: click.IntRange | click.FloatRange, given: str) -> str:
    if isinstance(kind, click.IntRange):
        return f"a whole number {_extent(kind)}"
    if kind.max is None:
        return f"a number above {kind.min:g}, such as 50 or 0.5"
    return f"a share from {kind.min:g} to {kind.max:g}; write {_share_meant(given)}"


def _extent(kind: click.IntRange) -> str:
    return f"of at least {kind.min}" if kind.max is None else f"from {kind.min} to {kind.max}"


def _share_meant(text: str) -> str:
    """Return the share that a percentage is; an example for anything else."""
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        return _EXAMPLE
    return f"{percent / 100:.15g}" if 0 <= percent <= 100 else _EXAMPLE  # noqa: PLR2004  percent


_NEVER_DELETES = "nothing is ever deleted: what no spec names stays, and `reconciler plan --show-unmanaged` names it"

OTHER_COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("import", "dump", "pull"), "`reconciler export` writes specs from a live account"),
    **dict.fromkeys(
        ("diff", "preview", "drift", "status", "refresh"), "`reconciler plan` shows what differs from the account"
    ),
    **dict.fromkeys(("deploy", "push", "sync", "up"), "`reconciler apply` adds and updates what the specs declare"),
    **dict.fromkeys(("delete", "destroy", "prune", "remove", "reset", "rm"), _NEVER_DELETES),
    **dict.fromkeys(("check", "test"), "`reconciler validate` checks the specs"),
    **dict.fromkeys(("blame", "explain"), "`reconciler why ADDRESS` shows what gave a value"),
    **dict.fromkeys(("history", "list", "log", "ls"), "`reconciler runs` lists the runs of this repository"),
    **dict.fromkeys(("revert", "rollback"), "`reconciler undo FILE` takes what `reconciler apply --save-undo` wrote"),
    **dict.fromkeys(("create", "new"), "`reconciler init` writes a new repository"),
    **dict.fromkeys(("daemon", "run"), "`reconciler watch` plans again and again"),
    **dict.fromkeys(("mock", "serve"), "`reconciler sandbox serve` runs the stand-in for the API"),
    **dict.fromkeys(("docs", "guide", "man"), "`reconciler help` lists the pages of the guide"),
    "format": "`reconciler fmt` quotes what other readers of YAML would misread",
    "version": "`reconciler --version` prints the version",
}
"""What people type who know other tools, and what they look for here."""

OTHER_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("--auto-approve", "--force", "--assume-yes", "-y"), "`--yes` does not ask"),
    **dict.fromkeys(("--env", "--profile", "--workspace"), "`-e NAME` takes an environment of reconciler.yaml"),
    **dict.fromkeys(("--json", "--output", "-o"), "`--format` sets what is printed, and `--write` writes files"),
    **dict.fromkeys(("--verbose", "-v", "--trace"), "`--debug` shows every request"),
    **dict.fromkeys(("--config", "--directory", "--chdir", "-C"), "`--project` takes reconciler.yaml or its folder"),
    **dict.fromkeys(("--only", "--filter", "-t"), "`--target` takes an address"),
    **dict.fromkeys(("--parallelism", "--jobs", "-j"), "`--concurrency` sets how many requests run at once"),
    **dict.fromkeys(("--url", "--endpoint"), "`--api-url` takes the URL of the API"),
    **dict.fromkeys(
        ("--api-key", "--key", "--token"), "`api_key_env` in reconciler.yaml names the variable of the key"
    ),
    "--undo": "`--save-undo` saves what is replaced",
}


def with_suggestion(error: click.ClickException) -> click.ClickException:
    """Return an error of the command line with the cure, where one is known."""
    match error:
        case click.NoSuchCommand():
            return click.UsageError(_no_command(error), error.ctx)
        case click.NoSuchOption() if error.ctx is not None:
            return click.UsageError(_no_option(error.option_name, error.ctx), error.ctx)
        case click.MissingParameter(param=click.Argument() as argument, ctx=click.Context() as context):
            return click.UsageError(_missing(argument, context), context)
        case click.BadParameter(param=click.Option() as option, ctx=click.Context() as context) if option.name:
            return _bad_value(error, option, context)
    return error


def _bad_value(error: click.BadParameter, option: click.Option, context: click.Context) -> click.BadParameter:
    """Return how a number is written, and of which variable a value comes."""
    message, source = error.message, context.get_parameter_source(option.name or "")
    if isinstance(option.type, click.IntRange | click.FloatRange):
        message = worded_number(option.type, message)
    if source is ParameterSource.ENVIRONMENT:
        message = f"{message.rstrip('.')}; it comes from the variable {variable_of(option)}"
    return click.BadParameter(message, context, option, error.param_hint)


def _missing(argument: click.Argument, context: click.Context) -> str:
    """Return which argument a command needs, with a command line that has one."""
    example = next((line for line in examples_of(context.command) if line.startswith(f"{PROGRAM} ")), "")
    such = f"; write it as in {pasteable(f'`{example}`')}" if example else ""
    name = argument.make_metavar(context).rstrip(".")
    return f"`{context.command_path}` needs {name}{such}"


def misspelt_variables(group: click.Group, names: Iterable[str]) -> list[str]:
    """Return a warning for each variable that is nearly one of an option: it would be passed over without a word."""
    from reconciler.core.model.nearest import Typos

    commands = [command for _, command in _commands(group, click.Context(group))]
    options = (one for command in (group, *commands) for one in command.params if isinstance(one, click.Option))
    known = {variable_of(option) for option in options}
    typos = Typos(known)
    found = ((name, sorted(typos.of(name))) for name in sorted({*names} - known))
    return [f"{name} is the variable of no option; did you mean {near[0]}?" for name, near in found if near]


def _no_command(error: click.NoSuchCommand) -> str:
    name, context = error.command_name, error.ctx
    assert context is not None  # noqa: S101  click looks for commands with one
    known = context.command.list_commands(context) if isinstance(context.command, click.Group) else []
    elsewhere = _elsewhere(name) if context.parent is None else ""
    path = context.command_path
    cure = elsewhere or did_you_mean(name, known) or f"`{path} --help` lists the commands"
    return f"`{path}` has no command {quoted(name)}; {pasteable(cure)}"


def _elsewhere(name: str) -> str:
    from reconciler.cli.commands.help import TOPICS

    topic = f"`{PROGRAM} help {name}` shows the page of the guide" if name in TOPICS else ""
    return OTHER_COMMANDS.get(name, topic)


def _no_option(name: str, context: click.Context) -> str:
    path = context.command_path
    here = f"`{path}` has no option {quoted(name)}"
    takers = _takers(name, context.find_root())
    known = [opt for _, one in _commands(context.command, context) for opt in _names(one)] + _names(context.command)
    if name in _global_names(context):
        return f"{here}: it would change nothing there"
    if takers and isinstance(context.command, click.Group):
        return f"{here}; write it after a command that takes it: {listed(takers)}"
    if takers:
        return f"{here}; {listed(takers)} {'takes' if len(takers) == 1 else 'take'} it"
    cure = OTHER_OPTIONS.get(name) or did_you_mean(name, known) or f"`{path} --help` lists the options"
    return f"{here}; {cure}"


def _names(command: click.Command) -> list[str]:
    return [name for one in command.params if isinstance(one, click.Option) for name in one.opts]


def _global_names(context: click.Context) -> set[str]:
    options = (one for one in context.find_root().command.params if isinstance(one, click.Option))
    return {name for one in options if long_name(one) in GLOBAL_OPTIONS for name in one.opts}


def _takers(name: str, root: click.Context) -> list[str]:
    """Return the commands that have an option."""
    return [path for path, command in _commands(root.command, root) if name in _names(command)]


def _commands(command: click.Command, context: click.Context, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if below is not None:
            yield from _commands(below, context, f"{path} {name}".strip())
