"""`reconciler help`: shows the pages of the guide, which are part of the package, and the help of commands."""

from importlib.resources import files

import click
from click.shell_completion import CompletionItem

from reconciler.cli.usage import command

TOPICS = (
    "start",
    "specs",
    "environments",
    "rules",
    "tables",
    "adopt",
    "ci",
    "operate",
    "drift",
    "large",
    "privacy",
    "commands",
    "options",
    "errors",
    "faq",
    "speed",
    "contributing",
)


def _complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    group = context.find_root().command
    commands = group.list_commands(context) if isinstance(group, click.Group) else ()
    names = (*TOPICS, *commands)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@command("help", "help specs")
@click.argument("names", metavar="[TOPIC|COMMAND]", nargs=-1, shell_complete=_complete)
@click.pass_context
def help(context: click.Context, *, names: tuple[str, ...]) -> int:  # noqa: A001  the name of the command
    """
    Show a page of the guide, or the help of a command.

    Without a name, list the pages. On a terminal, a long page opens in the pager.
    """
    from reconciler.cli.output import emit_paged

    emit_paged(_text(context, names))
    return 0


def page(topic: str) -> str:
    """Return a page of the guide, as Markdown."""
    return (files("reconciler") / "guide" / f"{topic}.md").read_text(encoding="utf-8")


def _text(context: click.Context, names: tuple[str, ...]) -> str:
    match names:
        case ():
            return _topics()
        case (name,) if name in TOPICS:
            return page(name)
        case _:
            return _help_of(context, names)


def _topics() -> str:
    """Return the list of pages, each with its first sentence."""
    lines = [f"  {topic:14}{page(topic).splitlines()[2]}" for topic in TOPICS]
    usage = "Show one with `reconciler help TOPIC`; `reconciler help COMMAND` shows the help of a command."
    return "\n".join(["The guide:", "", *lines, "", usage, ""])


def _help_of(context: click.Context, names: tuple[str, ...]) -> str:
    at = context.find_root()
    command = at.command
    for name in names:
        found = command.get_command(at, name) if isinstance(command, click.Group) else None
        if found is None:
            raise click.UsageError(_unknown(command, at, name), context)
        command, at = found, click.Context(found, info_name=name, parent=at)
    return f"{command.get_help(at)}\n"


def _unknown(command: click.Command, context: click.Context, name: str) -> str:
    from reconciler.core.model.nearest import did_you_mean

    known = command.list_commands(context) if isinstance(command, click.Group) else []
    topics = TOPICS if context.parent is None else ()
    cure = did_you_mean(name, (*topics, *known)) or "`reconciler help` lists the topics"
    return f"There is no topic or command {name!r}; {cure}"
