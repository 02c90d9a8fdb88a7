"""The standard streams: what cannot be encoded is written in another way, and a full or closed one ends nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

import click

from reconciler.render.encoding import IN_TEXT


def say(text: str, *, nl: bool = True) -> None:
    """Write to standard error, where it can be written."""
    with whoever_listens():
        click.echo(text, nl=nl, file=sys.stderr)


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
    Give the program standard streams that take all text.

    Those that it was started without (`2>&-`) are made, before a file takes their place.
    """
    for name, mode, errors in (("stdin", "r", "backslashreplace"), ("stdout", "w", IN_TEXT), ("stderr", "w", IN_TEXT)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  open for good
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def leave_streams() -> None:
    """Write out what waits in the streams, where they take it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            silence(stream)
