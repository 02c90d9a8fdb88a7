"""What a planning command works with: the specs of an environment, and its account."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.account import surroundings_of
from reconciler.cli.choosing import chosen_environment, chosen_project
from reconciler.cli.loading import load_environment, secrets_of, warn
from reconciler.cli.options import Invocation
from reconciler.cli.terminal import remark
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import Shard
from reconciler.core.plan.cost import Allowance
from reconciler.core.plan.guards import Guards
from reconciler.errors import Problem, SpecError
from reconciler.project import Environment, Project
from reconciler.specs import Environ, Loaded
from reconciler.workflow.account import Account, Pace, guards_of, lacks_key, open_account
from reconciler.workflow.run import OnProgress, Run


class Session(Struct, frozen=True):
    """One command's view of a repository and an account; `environ` reads the secrets that specs refer to."""

    project: Project
    desired: Desired
    account: Account
    revealed: tuple[str, ...]
    environ: Environ
    guards: Guards
    shard: Shard | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Session"]:
        """Return the session with connections that all of its clients share."""
        async with self.account.connected() as account:
            yield replace(self, account=account)

    def run(self, progress: OnProgress) -> Run:
        """Return what a workflow needs, with the ids remembered so far."""
        return Run(
            environment=self.account.environment.name,
            api=self.account.api,
            reader=self.account.environment.reader,
            known_ids=self.account.memory_ids.load(),
            concurrency=self.account.concurrency,
            masker=self.masker(reveal=False),
            on_progress=progress,
            on_notice=remark,
            allowance=lambda: Allowance(self.account.environment.rate_limit),
            shard=self.shard,
        )

    def masker(self, *, reveal: bool) -> Masker:
        """Return the masker for this account; `reveal` on the operator's own terminal alone."""
        sensitive = sensitive_keys(self.desired.catalogue)
        return Masker(self.account.digest_key, reveal, self.revealed, sensitive, self.desired.live_values)


class Declared(Struct, frozen=True):
    """What a repository says for one environment; `environ` reads the secrets that specs refer to."""

    project: Project
    environment: Environment
    loaded: Loaded
    environ: Environ


def read_declared(
    project: Project, environment: Environment, invocation: Invocation, *, offline: bool = False
) -> Declared:
    """Load the specs of an environment; raises `SpecError`, which names a missing key beside other variables."""
    environ = secrets_of(invocation)
    lacking: list[str] = []

    def noted(name: str) -> str | None:
        value = environ(name)
        lacking.extend(() if value else (name,))
        return value

    try:
        return Declared(project, environment, load_environment(project, environment, noted), environ)
    except SpecError as error:
        if lacking and lacks_key(environment, invocation, os.environ, offline=offline):
            raise SpecError((*error.problems, _no_key(project, environment))) from error
        raise


@contextmanager
def open_session(invocation: Invocation, *, offline: bool = False) -> Iterator[Session]:
    """
    Load the project and all specs, and only then look for the account; raises `InputError` and `SpecError`.

    Nothing can be sent in an `offline` session, which needs no more than the key for digests.
    """
    project = chosen_project(invocation)
    declared = read_declared(project, chosen_environment(project, invocation), invocation, offline=offline)
    warn(declared.loaded)
    with session_of(declared, invocation, offline=offline) as session:
        yield session


@contextmanager
def session_of(
    declared: Declared, invocation: Invocation, *, offline: bool = False, pace: Pace | None = None
) -> Iterator[Session]:
    """Look for the account of what was loaded; raises `InputError` and `StateError`."""
    project, environment = declared.project, declared.environment
    around = surroundings_of(environment, invocation)
    with open_account(project, environment, invocation, around, offline=offline, pace=pace) as account:
        guards = guards_of(environment, invocation, remark)
        desired, environ = declared.loaded.desired, declared.environ
        yield Session(project, desired, account, invocation.revealed, environ, guards, invocation.shard)


def _no_key(project: Project, environment: Environment) -> Problem:
    """Report that the key is missing, beside other variables that are."""
    address = f"environments.{environment.name}.api_key_env"
    message = f"the environment variable {environment.api_key_env} is not set"
    file = project.settings_name if project.file else "environment"
    return Problem(file, 0, 0, address, message, "set it: it holds the API key")
