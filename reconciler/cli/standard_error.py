"""Standard error, which nobody may read any more: what is told there must not end what is being done."""

import os
import sys
from contextlib import suppress

import click


def say(text: str, *, nl: bool = True) -> None:
    """Write to standard error, where it can be written."""
    with suppress(OSError):
        click.echo(text, nl=nl, err=True)


def ensure_streams() -> None:
    """Give the program the standard streams that it was started without (`2>&-`), before a file takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  open for good
