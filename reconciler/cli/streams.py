"""The standard streams: what cannot be encoded is written in another way, and a full or closed one ends nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar, TextIO

import click

from reconciler.render.output import IN_TEXT

_FOR_PEOPLE = frozenset(("text", "markdown", "summary", "html", "junit"))
"""Formats in which a line may begin as a foreign text does; JSON has no such lines, and `github` is for the runner."""


_SHOW_CURSOR = "\x1b[?25h"


class ErrorLine:
    """The current line of standard error; it `is_open` while a progress bar stands there, which hides the cursor."""

    is_open: ClassVar[bool] = False
    hides_cursor: ClassVar[bool] = False


def say(text: str, *, nl: bool = True) -> None:
    """Write to standard error, where it can be written, what others may see; below a line that is still open."""
    above = ""
    if ErrorLine.is_open and not text.startswith("\r"):
        above = f"{_SHOW_CURSOR}\n" if ErrorLine.hides_cursor else "\n"
        ErrorLine.hides_cursor = False
    ErrorLine.is_open = bool(text) and not nl and not text.endswith(("\n", "\x1b[K"))
    with whoever_listens():
        click.echo(f"{above}{leaving(text)}", nl=nl, file=sys.stderr)


def tell_runner(command: str) -> None:
    """Write a command for the runner of a CI job to standard error; it alone may hold a secret, to be masked."""
    with whoever_listens():
        click.echo(command, file=sys.stderr)


def leaving(text: str, output_format: str = "text") -> str:
    """Return a text as it may leave the program by its streams: without secrets, and without commands to CI."""
    is_read_by_runner = os.environ.get("GITHUB_ACTIONS") == "true" and output_format in _FOR_PEOPLE
    kept = without_secrets_of_run(text, output_format)
    if not is_read_by_runner:
        return kept
    from reconciler.core.model.text import commanding_no_runner

    return commanding_no_runner(kept)


def without_secrets_of_run(text: str, output_format: str = "text") -> str:
    """
    Return a text without the secrets of the run; masking took them out already where values are shown.

    JSON is read back by this tool, and a secret of the specs can equal what they hold in the open: there the keys alone
    are taken out.
    """
    from reconciler.cli.invocation import Invocation

    context = click.get_current_context(silent=True)
    invocation = context.find_object(Invocation) if context else None
    secrets = invocation and (invocation.keys if output_format == "json" else invocation.keys | invocation.secrets)
    if not secrets:
        return text
    from reconciler.core.model.masking import without_secrets

    return without_secrets(text, secrets)


@contextmanager
def whoever_listens() -> Iterator[None]:
    """Let what is written to standard error fail without a word: nobody could read one."""
    try:
        yield
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Lead a stream that takes nothing more to nowhere, with what waits in it: Python would fail on that at its end."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def ensure_streams() -> None:
    """
    Make the standard streams take all text.

    Those that it was started without (`2>&-`) are made, before a file takes their place.
    """
    for name, mode, errors in (("stdin", "r", "backslashreplace"), ("stdout", "w", IN_TEXT), ("stderr", "w", IN_TEXT)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  open for good
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def leave_streams() -> None:
    """Write out what waits in the streams, where they take it, and end a line that is still open."""
    if ErrorLine.is_open:
        say("", nl=False)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            silence(stream)
