"""Arguments that a command does not take, or that name no file, and how what was meant is written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from reconciler.cli.completers import known_addresses, known_environments
from reconciler.cli.invocation import PROGRAM, pasteable
from reconciler.core.model.text import quoted

_FILES = frozenset(("file", "files", "paths", "plan", "what"))
"""Parameters of commands that name files."""
_SAVED, _SPECS = (".json",), (".yaml", ".yml")


def check_arguments(context: click.Context, extra: Sequence[str]) -> None:
    """Raise `click.UsageError` for `extra` arguments, and for the name of an environment where a file is expected."""
    here = f"`{context.command_path}`"
    if extra:
        cure = _cure(extra[0], context) or f"`{context.command_path} --help` shows what it takes"
        raise click.UsageError(f"{here} takes no argument {quoted(extra[0])}; {cure}", context)
    for name in _missing_files(context):
        if cure := _environment(name, context):
            raise click.UsageError(f"{here} finds no file {quoted(name)}; {cure}", context)


def _missing_files(context: click.Context) -> Iterator[str]:
    for name in _FILES & context.params.keys():
        value = context.params[name]
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and not Path(one).exists():
                yield str(one)


def _cure(argument: str, context: click.Context) -> str:
    """Return how an argument is written that the command takes in another way; empty where nothing is known."""
    return _environment(argument, context) or _target(argument, context) or _file(Path(argument), context)


def _environment(name: str, context: click.Context) -> str:
    if "environment" not in _options(context) or name not in known_environments(context):
        return ""
    path = context.command_path.removeprefix(f"{PROGRAM} ")
    return pasteable(f"it is an environment: `{PROGRAM} -e {name} {path}`")


def _target(name: str, context: click.Context) -> str:
    if "targets" not in _options(context):
        return ""
    address = next((one for one in known_addresses(context) if one in {name, f"contacts.{name}"}), "")
    return f"it is declared: write --target {address}" if address else ""


def _file(path: Path, context: click.Context) -> str:
    if not path.exists():
        return ""
    if path.suffix in _SAVED:
        return pasteable(f"`{PROGRAM} apply FILE` and `{PROGRAM} show FILE` take a saved plan")
    is_specs = path.is_dir() or path.suffix in _SPECS
    return f"write --specs {path}" if is_specs and "specs" in _options(context) else ""


def _options(context: click.Context) -> set[str]:
    return {one.name for one in context.command.params if one.name}
