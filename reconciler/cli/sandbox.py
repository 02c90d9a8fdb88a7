"""`reconciler sandbox`: the stand-in for the API, on a port, emptied, or shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Invocation, invocation_options, pass_invocation

if TYPE_CHECKING:
    from reconciler.sandbox.store import Store


@click.group()
def sandbox() -> None:
    """Run, empty or show the stand-in for the API."""


@sandbox.command()
@invocation_options
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8377, show_default=True, help="0 takes a free one.")
@pass_invocation
def serve(invocation: Invocation, *, host: str, port: int) -> int:
    """Serve the sandbox on a port until Ctrl-C; any key is good."""
    from reconciler.cli.screen import remark
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.serve import serve as listen

    def tell(url: str) -> None:
        remark(f"the sandbox listens on {url}; Ctrl-C stops it")
        remark(f"use it:  BLAND_API_KEY=any reconciler --api-url {url} plan")

    with _store(invocation) as store:
        listen(create_app(store), host=host, port=port, on_ready=tell)
    return 0


@sandbox.command()
@invocation_options
@click.confirmation_option("--yes", prompt="Forget everything in the sandbox?", help="Do not ask.")
@pass_invocation
def reset(invocation: Invocation) -> int:
    """Empty the sandbox of this repository."""
    from reconciler.cli.screen import emit

    with _store(invocation) as store:
        store.reset()
    emit("The sandbox is empty.\n")
    return 0


@sandbox.command()
@invocation_options
@pass_invocation
def show(invocation: Invocation) -> int:
    """Print what the sandbox holds, as JSON."""
    import json

    from reconciler.cli.screen import emit

    with _store(invocation) as store:
        emit(json.dumps(store.dump(), indent=2, ensure_ascii=False) + "\n")
    return 0


@contextmanager
def _store(invocation: Invocation) -> Iterator["Store"]:
    """Open the state of this repository's sandbox; its errors become ours."""
    from reconciler.cli.session import sandbox_file
    from reconciler.errors import StateError
    from reconciler.project import load_project
    from reconciler.sandbox.errors import SandboxError
    from reconciler.sandbox.store import Store

    try:
        store = Store(sandbox_file(load_project(invocation.project)))
        try:
            yield store
        finally:
            store.close()
    except SandboxError as error:
        raise StateError(str(error)) from error
