"""What the door to an account needs of this process: its environment variables, its terminal and the sandbox."""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.cli.options import Invocation
from reconciler.cli.terminal import Waits, keep_secret, remark
from reconciler.errors import StateError
from reconciler.project import Environment
from reconciler.stopping import Stop
from reconciler.workflow.account import Surroundings


class ScreenReporter:
    """Speaks on standard error, and keeps secrets for the place where errors are told."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    def note(self, line: str) -> None:
        """Write a line."""
        remark(line)

    def secret(self, text: str) -> None:
        """Keep a text that no output may show."""
        keep_secret(text, self._invocation.secrets)
        self._invocation.keys.add(text)

    def waiting(self, stop: Stop) -> Callable[[float, str], Awaitable[None]]:
        """Return what waits, and shows how long still and why."""
        return Waits(stop)


def surroundings_of(environment: Environment, invocation: Invocation) -> Surroundings:
    """Return the surroundings of one call of the program, and note where the key comes from."""
    invocation.key_variable = environment.api_key_env
    return Surroundings(os.environ, ScreenReporter(invocation), _open_sandbox)


@contextmanager
def _open_sandbox(file: Path) -> Iterator[Any]:
    """Open the sandbox as an application to call in process; raises `StateError`."""
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.store import Store
    from reconciler.sandbox.values import SandboxError

    try:
        store = Store(file)
        try:
            yield create_app(store)
        finally:
            store.close()
    except SandboxError as error:
        raise StateError(str(error)) from error
