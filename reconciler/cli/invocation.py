"""One call of the program: its options, what no output may show, and commands to paste that repeat the options."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from reconciler.workflow.options import RunOptions

PROGRAM = "reconciler"


@dataclass(slots=True)
class Invocation(RunOptions):
    """
    What was given before or after the name of the command.

    `typed` names the options of the command line, without those of variables. No output may show `keys`; only JSON may
    show `secrets`. `signal` is the number of the signal that asked for the end, 0 for Ctrl-C. The run fills in
    `keys`, `secrets`, `key_source` and `signal`, which error messages need.
    """

    no_color: bool = False
    key_source: str = ""
    signal: int = 0
    typed: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


pass_invocation = click.make_pass_decorator(Invocation)


_RECOMMENDED = rf"`{PROGRAM} (?P<options>(?:-\S+ [^`\s]+ )*)(?P<path>[a-z]+(?: [a-z]+)?)(?P<rest>[^`]*)`"
_CARRIED = {"project": "--project", "environment": "-e", "state": "--state"}
"""What decides which repository, which account and which journals a command is about."""


def pasteable(text: str) -> str:
    """
    Return a message whose commands carry the options that were typed for this one, as far as they take them.

    A command to paste is written as `reconciler COMMAND`, in backquotes. Options from variables hold for it anyway.
    """
    if f"`{PROGRAM} " not in text:
        return text
    return re.sub(_RECOMMENDED, _completed, text)


def _completed(found: re.Match[str]) -> str:
    import shlex

    context = click.get_current_context(silent=True)
    invocation = context.find_object(Invocation) if context else None
    if context is None or invocation is None:
        return found[0]
    taken = _taken(context.find_root(), found["path"].split())
    names = [name for name in _CARRIED if name in taken & invocation.typed and _CARRIED[name] not in found["options"]]
    carried = "".join(f"{_CARRIED[name]} {shlex.quote(str(getattr(invocation, name)))} " for name in names)
    return f"`{PROGRAM} {carried}{found['options']}{found['path']}{found['rest']}`"


def _taken(root: click.Context, path: list[str]) -> set[str]:
    """Return the names of the options that a command takes."""
    return {option.name for option in _options(root, path) if option.name}


def _options(root: click.Context, path: list[str]) -> Iterator[click.Parameter]:
    command: click.Command | None = root.command
    for name in path:
        if isinstance(command, click.Group):
            command = command.get_command(root, name)
    yield from command.params if command else ()
