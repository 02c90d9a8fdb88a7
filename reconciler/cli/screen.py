"""What the terminal is told: one document on standard output, progress and warnings on standard error."""

import os
import sys
import time
from collections.abc import Callable

import click

from reconciler.render.paint import COLOURED, PLAIN, Palette
from reconciler.render.words import counted

_QUIET_SECONDS = 5.0


def is_operators_terminal() -> bool:
    """Say whether standard output is the operator's own terminal; a pipe or a CI log counts as meant for others."""
    return sys.stdout.isatty()


def palette(*, no_color: bool) -> Palette:
    """Give colours on a terminal, unless they are not wanted."""
    return COLOURED if is_operators_terminal() and not no_color and not os.environ.get("NO_COLOR") else PLAIN


def emit(document: str) -> None:
    """Write the one document of a command to standard output."""
    click.echo(document, nl=False, color=True)


def remark(line: str) -> None:
    """Write a line to standard error."""
    click.echo(line, err=True)


def announce_wait(seconds: float, why: str) -> None:
    """Tell that the tool waits, how long and why."""
    remark(f"waiting {seconds:.0f} s: {why}")


class Progress:
    """
    Tells how far a run is, on standard error.

    On a terminal a bar with an ETA; elsewhere a line every few seconds, and none for what is quick.
    """

    def __init__(self, label: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._clock = clock
        self._told_at = clock()
        self._bar: click._termui_impl.ProgressBar[int] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` are done."""
        if sys.stderr.isatty():
            self._draw(done, total)
        elif self._clock() - self._told_at >= _QUIET_SECONDS:
            self._told_at = self._clock()
            remark(f"{self._label}: {done:,} of {total:,}")

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = click.progressbar(length=total, label=self._label, show_pos=True, file=sys.stderr)
        self._bar.update(done - self._bar.pos)
        if done == total:
            self._bar.render_finish()


def count_line(parts: list[tuple[int, str, str]]) -> str:
    """Give `3 scopes, 12 contacts` from counts with their singular and plural."""
    return ", ".join(counted(number, singular, plural) for number, singular, plural in parts)
