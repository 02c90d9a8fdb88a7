"""The account of an environment: which URL, which key, which proxy, and the sandbox in process where it is that."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from reconciler.api.client import Endpoint
from reconciler.api.pacing import Budget, Pacer, Waiting
from reconciler.cli.options import Invocation
from reconciler.cli.screen import Waits, keep_secret, remark
from reconciler.core.redaction import Masker
from reconciler.errors import InputError, StateError
from reconciler.project import SANDBOX, Environment, Project
from reconciler.state import MemoryIds, prepare_folder
from reconciler.stopping import Stop

_DEFAULT_API = "https://api.bland.ai"
_DIGEST_KEY_VARIABLE = "RECONCILER_DIGEST_KEY"
_SHORTEST_DIGEST_KEY = 20
_SANDBOX_KEY = "sandbox"
_SANDBOX_URL = "http://sandbox.localhost"
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Account:
    """
    How the account of an environment is reached.

    `api` is the name by which it is known, and `memory_ids` what is remembered of it. Digests of values are keyed with
    `digest_key`. `stop` ends its waits.
    """

    environment: Environment
    api: str
    endpoint: Endpoint
    digest_key: bytes = field(repr=False)
    memory_ids: MemoryIds
    stop: Stop


@dataclass(frozen=True, slots=True)
class Pace:
    """What paces and ends the requests of a run, and who is told of each, where that is wanted."""

    pacer_of: Callable[[Environment], Pacer]
    stop: Stop
    tell: Callable[[str], None] = remark


@contextmanager
def account_of(
    project: Project,
    environment: Environment,
    invocation: Invocation,
    *,
    offline: bool = False,
    pace: Pace | None = None,
) -> Iterator[Account]:
    """
    Open the account of an environment; raises `InputError` and `StateError`.

    To stay `offline`, the key for digests is enough.
    """
    api, pace = api_of(environment, invocation), pace or _pace(invocation)
    with _in_process(api, project) as app:
        endpoint = Endpoint(
            base_url=_SANDBOX_URL if app else api,
            key=_SANDBOX_KEY if app else _key(environment, invocation, offline=offline),
            concurrency=invocation.concurrency or environment.concurrency,
            pacer=pace.pacer_of(environment),
            app=app,
            timeout=TIMEOUT,
            proxy=_proxy(api),
            on_request=pace.tell if invocation.debug else _ignore,
        )
        digest = Masker(endpoint.key.encode(), reveal=False).digest("account")
        memory_ids = MemoryIds(project.state_folder, environment.name, api, digest)
        yield Account(environment, api, endpoint, _digest_key(endpoint, invocation), memory_ids, pace.stop)


def _pace(invocation: Invocation) -> Pace:
    """Give the pace of the only run of a program."""
    stop = Stop()
    waiting = Waiting(wait=Waits(stop), should_stop=lambda: stop.requested)
    return Pace(lambda environment: pacer_of(environment, invocation, waiting), stop)


def pacer_of(
    environment: Environment, invocation: Invocation, waiting: Waiting, *, before: Pacer | None = None
) -> Pacer:
    """Make the pacer of a run; of the one `before`, what it sent counts on under the same rate."""
    rate = environment.rate_limit
    return Pacer(
        concurrency=invocation.concurrency or environment.concurrency,
        rate=rate,
        budget=Budget(invocation.max_requests, invocation.max_minutes),
        waiting=waiting,
        window=before.window if before and before.rate == rate else None,
    )


def sandbox_file(project: Project) -> Path:
    """Give the file in which the embedded sandbox keeps its state."""
    return prepare_folder(project.state_folder) / "sandbox.sqlite3"


def api_of(environment: Environment, invocation: Invocation) -> str:
    """Give `sandbox` or the URL of an environment's API; raises `InputError`."""
    if invocation.api_url == "":
        raise InputError("--api-url is empty: is the variable that it should come from set?")
    return invocation.api_url or environment.api or os.environ.get("BLAND_BASE_URL") or _DEFAULT_API


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


def _key(environment: Environment, invocation: Invocation, *, offline: bool) -> str:
    """Read the API key, which must be able to stand in a header; it is never shown, not even in part."""
    name = invocation.key_variable = environment.api_key_env
    key = _found_key(name, offline=offline)
    if not key:
        raise InputError(f"no API key: set the environment variable {name} (environment {environment.name!r})")
    keep_secret(key, invocation.secrets)
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError(f"the API key in {name} holds a space, a line break or a character that is not ASCII")
    return key


def lacks_key(environment: Environment, invocation: Invocation, *, offline: bool) -> bool:
    """Say whether an account needs a key that is not set."""
    needed = api_of(environment, invocation) != SANDBOX
    return needed and not _found_key(environment.api_key_env, offline=offline)


def _found_key(name: str, *, offline: bool) -> str:
    return os.environ.get(name, "") or (os.environ.get(_DIGEST_KEY_VARIABLE, "") if offline else "")


def _digest_key(endpoint: Endpoint, invocation: Invocation) -> bytes:
    """Give what digests are keyed with: a key of their own, for runs with different API keys, else the API key."""
    own = os.environ.get(_DIGEST_KEY_VARIABLE, "")
    if own and len(own) < _SHORTEST_DIGEST_KEY:
        raise InputError(
            f"{_DIGEST_KEY_VARIABLE} has {len(own)} characters, and whoever guesses it can guess the masked values; "
            f"give it {_SHORTEST_DIGEST_KEY} random ones or more"
        )
    if own:
        keep_secret(own, invocation.secrets)
    return (own or endpoint.key).encode()


def _proxy(api: str) -> str | None:
    """Give the proxy that the environment names for this URL; nothing goes through one in the open."""
    host = urlsplit(api).hostname
    if urlsplit(api).scheme != "https" or host is None or proxy_bypass(host):
        return None
    return getproxies_environment().get("https")


def _ignore(_line: str) -> None:
    """Say nothing."""
