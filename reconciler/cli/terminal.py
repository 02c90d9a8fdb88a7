"""Progress, waits and notes on standard error."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

import click

from reconciler.cli.here import places_here
from reconciler.cli.invocation import pasteable
from reconciler.cli.streams import ErrorLine, leaving, say, silence, tell_runner, whoever_listens
from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.core.model.text import duration, visible
from reconciler.errors import StateError
from reconciler.render.output import COLOURED, PLAIN, Palette, fitted
from reconciler.render.words import counted

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from reconciler.concurrency import Stop

_QUIET_SECONDS = 5.0
_TICK = 1.0
_HEARTBEAT = 60.0


def is_operators_terminal(stream: TextIO) -> bool:
    """Return whether a stream is the operator's own terminal; a pipe, a file or a CI log counts as meant for others."""
    return stream.isatty() and not os.environ.get("CI")


def palette(stream: TextIO, *, no_color: bool) -> Palette:
    """
    Return the colours for a stream.

    Whoever wants none gets none: `--no-color`, then a NO_COLOR that is not empty. Then FORCE_COLOR, unless empty or 0,
    colours pipes and files, too. Otherwise a terminal is coloured that can move its cursor.
    """
    if no_color or os.environ.get("NO_COLOR"):
        return PLAIN
    is_forced = os.environ.get("FORCE_COLOR", "0") not in {"", "0"}
    return COLOURED if is_forced or is_redrawn(stream) else PLAIN


def is_redrawn(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that can move its cursor, which TERM=dumb says that it cannot."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def emit(document: str, output_format: str = "text", *, effect: str = "") -> None:
    """
    Write the one document of a command to standard output; raises `StateError`, and `BrokenPipeError`.

    `effect` says what the command has done, or has not: whoever cannot read the document must know.
    """
    text = fitted(leaving(document, output_format), sys.stdout.encoding or "utf-8", output_format)
    if ErrorLine.is_open and sys.stdout.isatty():
        say("", nl=False)
    try:
        click.echo(text, file=sys.stdout, nl=False, color=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(sys.stdout)
        known = f"; {effect}" if effect else ""
        raise StateError(f"cannot write to standard output: {error.strerror}{known}") from error


def remark(line: str) -> None:
    """Write a message to standard error, with commands and places that can be pasted; it never fails."""
    say(places_here(pasteable(line)))


def show_beside(text: str, *, nl: bool = True) -> None:
    """Write a text as it is to standard error, below a progress bar that may stand there; it never fails."""
    say(text, nl=nl)


def keep_secret(text: str, secrets: set[str]) -> None:
    """Note a secret among those that must not be shown; GitHub's runner is asked to mask it in the job's log, too."""
    if text in secrets:
        return
    secrets.add(text)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in filter(None, text.splitlines()):
            tell_runner("::add-mask::" + line.replace("%", "%25"))


class Waits:
    """
    Waits, and shows the time left and the reason, once where several requests wait for the same.

    On a terminal the line counts down in its place; elsewhere there is one at the start and one now and then.
    `position` returns how far the run is, if that is known.
    """

    def __init__(self, stop: "Stop", *, clock: Clock = SYSTEM_CLOCK, position: Callable[[], str] = str) -> None:
        self._position = position
        self._stop = stop
        self._clock = clock
        self._told: dict[str, float] = {}

    async def __call__(self, seconds: float, why: str) -> None:
        """Wait so many seconds, or until it is time to stop."""
        ends = self._clock.monotonic() + seconds
        while (left := ends - self._clock.monotonic()) > 0 and not self._stop.requested:
            self._tell(left, why)
            await self._stop.sleep(min(left, _TICK if is_redrawn(sys.stderr) else _HEARTBEAT))
        if is_redrawn(sys.stderr):
            say("\r\x1b[K", nl=False)

    def _tell(self, seconds: float, why: str) -> None:
        position = self._position()
        line = f"waiting {duration(seconds)}: {visible(why)}{position and f' ({position})'}"
        if is_redrawn(sys.stderr):
            say(f"\r\x1b[K{line}", nl=False)
        elif self._clock.monotonic() - self._told.get(why, -_QUIET_SECONDS) >= _QUIET_SECONDS:
            self._told[why] = self._clock.monotonic()
            remark(line)


class Progress:
    """
    Show how far a run is, on standard error.

    On a terminal a bar, with an ETA if it `has_eta`; elsewhere a line every few seconds, and none for what is quick.
    """

    def __init__(self, label: str, *, clock: Clock = SYSTEM_CLOCK, has_eta: bool = True) -> None:
        self._label = label
        self._clock = clock
        self._has_eta = has_eta
        self._told_at = clock.monotonic()
        self.position = ""
        self._bar: ProgressBar[int] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` are done."""
        self.position = f"{self._label}: {done:,} of {total:,}" if done < total else ""
        if is_redrawn(sys.stderr):
            with whoever_listens():
                self._draw(done, total)
        elif self._clock.monotonic() - self._told_at >= _QUIET_SECONDS:
            self._told_at = self._clock.monotonic()
            remark(f"{self._label}: {done:,} of {total:,}")

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = click.progressbar(
                length=total, label=self._label, show_pos=True, show_eta=self._has_eta, file=sys.stderr
            )
        self._bar.update(done - self._bar.pos)
        ErrorLine.is_open = ErrorLine.hides_cursor = done < total
        if done == total:
            self._bar.render_finish()


def count_line(parts: list[tuple[int, str, str]]) -> str:
    """Return `3 scopes, 12 contacts` from counts with their singular and plural."""
    return ", ".join(counted(number, singular, plural) for number, singular, plural in parts)
