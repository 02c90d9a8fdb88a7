"""`reconciler sandbox`: serves, empties or shows the stand-in for the API."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, get_args

import click

from reconciler.cli.invocation import Invocation, pass_invocation
from reconciler.cli.options import format_option, global_options
from reconciler.cli.usage import ExplainedGroup, examples
from reconciler.sandbox.settings import Role

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.sandbox.settings import Settings
    from reconciler.sandbox.store import Store

_RATE = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})([smh])")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)(ms|s)?")
_SECONDS = {"ms": 0.001, None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def _rate(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, float] | None:
    """Return the number of requests and the seconds of a COUNT/WINDOW."""
    found = _RATE.fullmatch(value or "")
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r} is not COUNT/WINDOW, such as 100/15m; the window is in s, m or h.")
    return (int(found[1]), int(found[2]) * _SECONDS[found[3]]) if found else None


def _duration(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    """Return a time in seconds; with "ms" it is in milliseconds."""
    found = _DURATION.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not a time, such as 0.025, 25ms or 1s.")
    return float(found[1]) * _SECONDS[found[2]]


class _Switches(TypedDict):
    """The options of `serve` that are settings of the sandbox, named as there."""

    seeds_only: bool
    rate_limit: tuple[int, float] | None
    latency: float
    role: Role


@click.group(cls=ExplainedGroup)
def sandbox() -> None:
    """Run, empty or show the stand-in for the API."""


@sandbox.command(epilog=examples("sandbox serve", "sandbox serve --rate-limit 100/15m --role viewer"))
@global_options("project", "state")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", default=8377, show_default=True, help="0 takes a free one."
)
@click.option("--seeds-only", is_flag=True, help="Only five calls: create, get, facts, context, add-user.")
@click.option(
    "--rate-limit", metavar="COUNT/WINDOW", callback=_rate, help="For /v1/memory, as 100/15m; window: s, m, h."
)
@click.option("--latency", metavar="SECONDS", default="0", callback=_duration, help="Of every answer: 0.025, 25ms, 1s.")
@click.option(
    "--role",
    type=click.Choice(get_args(Role)),
    default="admin",
    show_default=True,
    help="Whose key it is; a viewer only reads.",
)
@click.option("--key-env", metavar="VARIABLE", help="Accept only the key in this variable, in place of any.")
@pass_invocation
def serve(invocation: Invocation, *, host: str, port: int, key_env: str | None, **switches: Unpack[_Switches]) -> int:
    """Serve the sandbox on a port until Ctrl-C."""
    from reconciler.cli.terminal import remark
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.serve import serve as listen
    from reconciler.sandbox.settings import Settings

    # Nobody can read the log from outside.
    settings = Settings(key=_key(invocation, key_env), log_limit=0, **switches)

    def announce(url: str) -> None:
        key = f'"${key_env}"' if key_env else "any"
        remark(f"the sandbox listens on {url}; Ctrl-C stops it")
        remark(f"it has {_described(settings, key_env)}")
        remark(f"use it:  BLAND_API_KEY={key} reconciler --api-url {url} plan")

    with _store(invocation) as store:
        listen(create_app(store, settings), host=host, port=port, on_ready=announce)
    return 0


@sandbox.command(epilog=examples("sandbox reset", "sandbox reset --yes"))
@global_options("project", "state")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_invocation
def reset(invocation: Invocation, *, yes: bool) -> int:
    """Empty the sandbox of this repository; a damaged state is replaced."""
    from reconciler.cli.terminal import emit
    from reconciler.errors import InputError
    from reconciler.sandbox.store import reset_file

    if not yes and not sys.stdin.isatty():
        raise InputError("this is no terminal, so nobody can be asked before the sandbox is emptied; add --yes")
    if not yes:
        click.confirm("Forget everything in the sandbox?", abort=True)
    with _state_file(invocation, known=True) as file:
        reset_file(file)
    emit("The sandbox is empty.\n", effect="the sandbox is empty")
    return 0


@sandbox.command(epilog=examples("sandbox show", "--state /var/lib/reconciler sandbox show --format json"))
@global_options("project", "state")
@format_option("text", "json")
@pass_invocation
def show(invocation: Invocation, *, output_format: str) -> int:
    """Print what the sandbox holds."""
    from reconciler.cli.terminal import emit
    from reconciler.core.model.masking import without_secrets
    from reconciler.core.model.text import json_text
    from reconciler.render.sandbox import render_sandbox

    with _store(invocation, known=True) as store:
        state: Any = store.dump()
    shown = f"{json_text(state, indent=2)}\n" if output_format == "json" else render_sandbox(state)
    emit(without_secrets(shown, invocation.secrets), output_format)
    return 0


def _key(invocation: Invocation, variable: str | None) -> str | None:
    """Return the only key that is accepted; None is any."""
    from reconciler.errors import InputError

    if variable is None:
        return None
    key = os.environ.get(variable, "")
    if not key:
        raise InputError(f"no key to accept: set the environment variable {variable}")
    invocation.secrets.add(key)
    invocation.keys.add(key)
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError(f"the key in {variable} holds a space, a line break or a character that is not ASCII")
    return key


def _described(settings: "Settings", key_env: str | None) -> str:
    """Return the settings of the sandbox in one line."""
    limit = settings.rate_limit
    parts = (
        "the calls of the seeds alone" if settings.seeds_only else "all calls",
        f"the key in {key_env}" if key_env else "any key",
        f"role {settings.role}",
        f"{limit[0]} requests in {limit[1]:g} s on /v1/memory" if limit else "no rate limit",
        f"{settings.latency:g} s of latency" if settings.latency else "no latency",
    )
    return ", ".join(parts)


@contextmanager
def _store(invocation: Invocation, *, known: bool = False) -> Iterator["Store"]:
    """Open the state of this repository's sandbox; its errors become ours."""
    from reconciler.sandbox.store import Store

    with _state_file(invocation, known=known) as file, closing(Store(file)) as store:
        yield store


@contextmanager
def _state_file(invocation: Invocation, *, known: bool) -> Iterator["Path"]:
    """
    Yield the path of the state of this repository's sandbox; errors of the sandbox become ours.

    A `known` repository must be there, or its state; any other folder becomes one.
    """
    from reconciler.cli.surroundings import surroundings_of
    from reconciler.errors import StateError
    from reconciler.sandbox.values import SandboxError
    from reconciler.workflow.account import sandbox_file
    from reconciler.workflow.loading import choose_known_project, choose_project

    try:
        choose = choose_known_project if known else choose_project
        yield sandbox_file(choose(invocation, surroundings_of(invocation)))
    except (SandboxError, OSError) as error:
        raise StateError(str(error)) from error
