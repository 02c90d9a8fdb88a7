"""What a command works with: the project, its specs, and the account of the chosen environment."""

import os
from asyncio import sleep
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.api.client import Endpoint
from reconciler.api.pacing import Pacing
from reconciler.cli.options import Invocation
from reconciler.cli.screen import Progress, announce_wait, remark
from reconciler.core.desired import Desired
from reconciler.core.redaction import Masker
from reconciler.errors import InputError, StateError
from reconciler.project import SANDBOX, Environment, Project, load_project
from reconciler.specs import load_specs
from reconciler.state import MemoryIds, prepare_folder
from reconciler.workflow import Run

_DEFAULT_API = "https://api.bland.ai"
TIMEOUT = 30.0
_SANDBOX_KEY = "sandbox"
_SANDBOX_URL = "http://sandbox.localhost"


@dataclass(frozen=True, slots=True)
class Session:
    """One command's view of a repository and an account; `api` is the name by which the account is known."""

    desired: Desired
    environment: Environment
    api: str
    endpoint: Endpoint
    memory_ids: MemoryIds

    def run(self, progress: Progress) -> Run:
        """Give what a workflow needs, with the ids remembered so far."""
        return Run(
            environment=self.environment.name,
            api=self.api,
            known_ids=self.memory_ids.load(),
            concurrency=self.endpoint.concurrency,
            on_progress=progress,
        )

    def masker(self, *, reveal: bool) -> Masker:
        """Give the masker for this account; `reveal` on the operator's own terminal alone."""
        return Masker(self.endpoint.key.encode(), reveal=reveal)


@contextmanager
def open_session(invocation: Invocation) -> Iterator[Session]:
    """Load the project and all specs, and only then look for the account; raises `InputError` and `SpecError`."""
    project = load_project(invocation.project)
    environment = project.environment(invocation.environment)
    desired = load_specs(environment.specs, root=project.root).desired
    api = invocation.api_url or environment.api or os.environ.get("BLAND_BASE_URL") or _DEFAULT_API
    with _in_process(api, project) as app:
        endpoint = Endpoint(
            base_url=_SANDBOX_URL if app else api,
            key=_SANDBOX_KEY if app else _key(environment, invocation),
            concurrency=invocation.concurrency or environment.concurrency,
            app=app,
            timeout=TIMEOUT,
            pacing=Pacing(sleep=sleep, on_wait=announce_wait),
            on_request=remark if invocation.debug else _ignore,
        )
        ids = MemoryIds(project.state_folder, environment.name, api)
        yield Session(desired, environment, api, endpoint, ids)


def sandbox_file(project: Project) -> Path:
    """Give the file in which the embedded sandbox keeps its state."""
    return prepare_folder(project.state_folder) / "sandbox.sqlite3"


@contextmanager
def _in_process(api: str, project: Project) -> Iterator[Any]:
    """Give the sandbox as an application to call in process, or None where the API is a URL."""
    if api != SANDBOX:
        yield None
        return
    from reconciler.sandbox.app import create_app
    from reconciler.sandbox.errors import SandboxError
    from reconciler.sandbox.store import Store

    try:
        store = Store(sandbox_file(project))
    except SandboxError as error:
        raise StateError(str(error)) from error
    try:
        yield create_app(store)
    finally:
        store.close()


def _key(environment: Environment, invocation: Invocation) -> str:
    """Read the API key, which must be able to stand in a header; it is never shown, not even in part."""
    name = invocation.key_variable = environment.api_key_env
    key = os.environ.get(name, "")
    if not key:
        raise InputError(f"no API key: set the environment variable {name} (environment {environment.name!r})")
    invocation.secrets.add(key)
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError(f"the API key in {name} holds a space, a line break or a character that is not ASCII")
    return key


def _ignore(_line: str) -> None:
    """Say nothing."""
