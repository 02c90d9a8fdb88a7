"""What workflows need of this process: its environment variables, its terminal and the sandbox."""

import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.invocation import Invocation
from reconciler.cli.streams import without_secrets_of_run
from reconciler.cli.terminal import Progress, Waits, is_operators_terminal, keep_secret, remark
from reconciler.errors import StateError
from reconciler.workflow.run import Surroundings

if TYPE_CHECKING:
    from reconciler.concurrency import Stop


class ScreenReporter:
    """Reports on standard error, and keeps secrets for the place where errors are shown."""

    def __init__(self, invocation: Invocation, *, repeats: bool = True) -> None:
        self._invocation = invocation
        self._progress: Progress | None = None
        self._repeats = repeats
        self._noted: set[str] = set()

    @property
    def shows_live_values(self) -> bool:
        """Return whether standard error is the operator's own terminal."""
        return is_operators_terminal(sys.stderr)

    def note(self, line: str) -> None:
        """Write a line; unless the reporter `repeats`, one that was written is not written again."""
        if self._repeats or line not in self._noted:
            remark(line)
        if not self._repeats:
            self._noted.add(line)

    def progress(self, label: str, *, has_eta: bool = True) -> Callable[[int, int], None]:
        """Return a bar or a counter."""
        self._progress = progress = Progress(label, has_eta=has_eta)
        return progress

    def secret(self, text: str) -> None:
        """Keep a secret of the specs."""
        keep_secret(text, self._invocation.secrets)

    def key(self, text: str, source: str = "") -> None:
        """Keep a key, and what a hint may say of where it comes from."""
        keep_secret(text, self._invocation.secrets)
        self._invocation.keys.add(text)
        self._invocation.key_source = source or self._invocation.key_source

    def leaving(self, text: str) -> str:
        """Return a text without keys and secrets."""
        return without_secrets_of_run(text)

    def waiting(self, stop: "Stop") -> Callable[[float, str], Awaitable[None]]:
        """Return a function that waits, and shows how long still, why, and how far the run is."""
        return Waits(stop, position=lambda: self._progress.position if self._progress else "")


def surroundings_of(invocation: Invocation) -> Surroundings:
    """Return the surroundings of one call of the program."""
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
