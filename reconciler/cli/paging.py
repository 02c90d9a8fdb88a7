"""
The pager: what is longer than the terminal opens in it, as in `git` and `gh`.

`PAGER` names it, and `less` is the pager where nothing does. `PAGER=cat`, or an empty one, is for none.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from reconciler.cli.streams import leaving
from reconciler.cli.terminal import emit, is_operators_terminal
from reconciler.render.output import fitted

_LESS = "FRX"
"""As git has it: end where all fits, show colours, and leave the page on the screen."""


def emit_paged(document: str, output_format: str = "text", *, is_read: bool = True, effect: str = "") -> None:
    """Write the one document of a command, through the pager where somebody reads a long text; raises as `emit`."""
    if output_format == "text" and is_read and _has_pager() and _rows(document) >= shutil.get_terminal_size().lines:
        _page(fitted(leaving(document), sys.stdout.encoding or "utf-8"))
    else:
        emit(document, output_format, effect=effect)


def _has_pager() -> bool:
    if not (sys.stdin.isatty() and is_operators_terminal(sys.stdout)):
        return False
    program = os.environ.get("PAGER", "less").strip().partition(" ")[0].strip("'\"")
    return program not in {"", "cat"} and shutil.which(program) is not None


def _rows(document: str) -> int:
    """Return the rows that a document takes on the terminal, where long lines are wrapped."""
    width = max(1, shutil.get_terminal_size().columns)
    return sum(max(1, -(-len(click.unstyle(line)) // width)) for line in document.splitlines())


def _page(text: str) -> None:
    os.environ.setdefault("LESS", _LESS)
    with _interrupts_left_to_the_pager():
        click.echo_via_pager(text.removesuffix("\n"))


@contextmanager
def _interrupts_left_to_the_pager() -> Iterator[None]:
    """Let Ctrl-C do what the pager makes of it: a pager that ends by it ends the page, and the command goes on."""
    try:
        kept = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    except ValueError:  # signals can be watched in the main thread alone
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, kept)
