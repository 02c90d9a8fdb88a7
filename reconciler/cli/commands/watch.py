"""`reconciler watch`: plans again and again, and applies with --apply."""

import re

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import (
    budget_options,
    connection_options,
    refresh_option,
    selection_options,
    target_option,
)
from reconciler.cli.usage import command

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smh])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_LISTEN = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535


def _duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """Read a time such as 30s, 5m or 1h, in seconds."""
    if value in {None, "0", "0s"}:
        return None if value is None else 0.0
    found = _DURATION.fullmatch(value or "")
    if found is None:
        raise click.BadParameter(f"{value!r} is not a time; write a number with s, m or h, such as 5m.")
    return float(found[1]) * _SECONDS[found[2]]


def _interval(context: click.Context, parameter: click.Parameter, value: str) -> float:
    seconds = _duration(context, parameter, value)
    if not seconds:
        raise click.BadParameter("0 is no pause; write a time such as 5m.")
    return seconds


def _listen(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, int]:
    """Read HOST:PORT, an IPv6 address in brackets."""
    found = _LISTEN.fullmatch(value)
    if found is None or int(found["port"]) > _LAST_PORT:
        raise click.BadParameter(f"{value!r} is not HOST:PORT, such as 127.0.0.1:9377 or [::1]:9377.")
    return found["six"] or found["host"], int(found["port"])


@command("-e production watch", "-e production watch --apply --interval 5m --listen 0.0.0.0:9377")
@connection_options
@target_option
@selection_options
@refresh_option
@budget_options
@click.option("--apply", "applies", is_flag=True, help="Apply what is planned, without asking.")
@click.option(
    "--interval", metavar="TIME", default="5m", show_default=True, callback=_interval, help="The pause between runs."
)
@click.option(
    "--jitter",
    metavar="TIME",
    callback=_duration,
    help="The most that chance adds to a pause; a tenth of the interval by default, 0 for none.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:9377",
    show_default=True,
    callback=_listen,
    help="Where /metrics, /healthz and /readyz are served; port 0 takes a free one.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How the lines of the log look.",
)
@pass_invocation
def watch(  # noqa: PLR0913  one parameter an option
    invocation: Invocation,
    *,
    applies: bool,
    interval: float,
    jitter: float | None,
    listen: tuple[str, int],
    output_format: str,
) -> int:
    """
    Plan again and again, reading the specs anew each time, and apply with --apply.

    SIGTERM and Ctrl-C end it: what is in flight is finished, and the exit code is 0.
    """
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.concurrency import run_in_loop
    from reconciler.watching.service import Schedule, Watched, watch_account

    schedule = Schedule(interval, interval / 10 if jitter is None else jitter)
    watched = Watched(invocation, applies=applies, schedule=schedule, listen=listen, output_format=output_format)
    return run_in_loop(watch_account(watched, surroundings_of(invocation)))
