"""What a command works with: its repository, the specs of an environment with their secrets, guards and account."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import Masker
from reconciler.core.model.selection import Chosen, Selection, Shard
from reconciler.core.model.settings import Guards, Measures
from reconciler.core.model.text import duration
from reconciler.core.plan.measures import Allowance, seconds_to_read
from reconciler.core.plan.operations import Plan
from reconciler.errors import Problem, SpecError
from reconciler.project import Environment, Project
from reconciler.render.words import memories
from reconciler.specs import Environ, Loaded
from reconciler.specs.spec_files import ReadFiles
from reconciler.workflow.loading import (
    choose,
    choose_environment,
    choose_project,
    load_environment,
    note_warnings,
    secrets_of,
)
from reconciler.workflow.options import RunOptions
from reconciler.workflow.refusing import allowed_rules, checked, guards_of
from reconciler.workflow.run import Reporter, Run, Surroundings
from reconciler.workflow.state import is_shared

if TYPE_CHECKING:  # what only loads specs opens no account; only `--changed-since` reads two revisions
    from reconciler.workflow.account import Account, Pace


class Session(Struct, frozen=True):
    """
    One command's view of a repository and an account; `environ` reads the secrets that specs refer to.

    `read` are the files that the declarations are from, named from the top of the work tree. `allowed` are
    the rules that are raised for this run. Users that were seen as declared are not read again for as long as
    `remembers_users_for`; None is for ever.
    """

    project: Project
    desired: Desired
    account: "Account"
    around: Surroundings
    revealed: tuple[str, ...]
    environ: Environ
    guards: Guards
    read: tuple[str, ...]
    chosen: Chosen
    shard: Shard | None = None
    allowed: frozenset[str] = frozenset()
    remembers_users_for: timedelta | None = None
    since: Desired | None = None

    @property
    def reporter(self) -> Reporter:
        """Return what shows notes and progress."""
        return self.around.reporter

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Session"]:
        """Return the session with connections that all of its clients share."""
        async with self.account.connected() as account:
            yield replace(self, account=account)

    def run(self, label: str) -> Run:
        """Return what one job needs, with the ids remembered so far; `label` names its progress."""
        return Run(
            environment=self.account.environment.name,
            api=self.account.api,
            reader=self.account.environment.reader,
            known_ids=self.account.memory_ids.load(),
            concurrency=self.account.concurrency,
            masker=self.masker(reveal=False),
            on_progress=self.reporter.progress(label, has_eta=not self.account.pacer.is_rate_shared),
            on_notice=self.reporter.note,
            allowance=lambda: Allowance(self.account.pacer.rate, is_shared=self.account.pacer.is_rate_shared),
            shard=self.shard,
            on_cost=self._note_cost,
        )

    def reading(self, *, is_applying: bool, clock: Clock = SYSTEM_CLOCK) -> Run:
        """
        Return what reading for a plan needs: users that are remembered need not be read.

        A run that holds the lease of the account `is_applying`.
        """
        run = self.run("reading")
        if not any(memory.users for memory in self.desired.memories):
            return run
        from reconciler.workflow.remembering import UserRecords

        users = UserRecords(
            self.account.memory_ids,
            self.account.digest_of,
            self.reporter.note,
            longest=self.remembers_users_for,
            is_applying=is_applying,
            clock=clock,
        )
        return replace(run, users=users)

    def _note_cost(self, count: int, requests: int) -> None:
        """Note before reading how long it takes, where the declared rate limit makes it wait."""
        met = self.account.pacer.allowance()
        seconds = seconds_to_read(requests, met)
        if seconds:
            time = f"{duration(seconds)} at {met.rate}"
            takes = f"at least {time}, which other runs share" if met.is_shared else f"about {time}"
            self.reporter.note(f"note: reading {memories(count)} takes {takes}")
            self._hint_at_changes()

    def _hint_at_changes(self) -> None:
        """Note, where a repository has an earlier revision, how to read only what changed since."""
        if self.chosen.changed_since is None and self.shard is None:
            from reconciler.git import earlier_revision

            if ref := earlier_revision(self.project.root):
                command = f"`reconciler plan --changed-since {ref}`"
                self.reporter.note(f"hint: {command} reads only what the specs declare differently since then")

    def selected(self) -> Selection:
        """Return the part of the declarations that is chosen; raises `InputError` where an option names nothing."""
        return choose(self.desired, self.chosen, self.shard, self.since)

    def checked(self, plan: Plan, chosen: Callable[[], Desired], *, reviewed: Measures | None = None) -> Plan:
        """Return a plan with what refuses it; `chosen` returns what the run is for."""
        return checked(plan, self.desired, chosen, guards=self.guards, allowed=self.allowed, reviewed=reviewed)

    def masker(self, *, reveal: bool) -> Masker:
        """Return the masker for this account; `reveal` on the operator's own terminal alone."""
        sensitive = sensitive_keys(self.desired.catalogue)
        return Masker(self.account.digest_key, reveal, self.revealed, sensitive, self.desired.live_values)


class LoadedSpecs(Struct, frozen=True):
    """What a repository declares for one environment; `environ` reads the secrets that specs refer to."""

    project: Project
    environment: Environment
    loaded: Loaded
    environ: Environ
    since: Desired | None = None


@contextmanager
def open_session(options: RunOptions, around: Surroundings, *, offline: bool = False) -> Iterator[Session]:
    """
    Load the project and all specs, and only then open the account; raises `InputError` and `SpecError`.

    Nothing can be sent in an `offline` session, which needs no more than the key for digests.
    """
    project = choose_project(options, around)
    specs = load_chosen(project, choose_environment(project, options), options, around, offline=offline)
    note_warnings(specs.loaded, around.reporter)
    _note_part_of_rate(project, specs.environment, options, around.reporter)
    with session_for(specs, options, around, offline=offline) as session:
        yield session


@contextmanager
def session_for(
    specs: LoadedSpecs,
    options: RunOptions,
    around: Surroundings,
    *,
    offline: bool = False,
    pace: "Pace | None" = None,
) -> Iterator[Session]:
    """Open the account of what was loaded; raises `InputError` and `StateError`."""
    from reconciler.workflow.account import open_account

    environment, desired = specs.environment, specs.loaded.desired
    with open_account(specs.project, environment, options, around, offline=offline, pace=pace) as account:
        guards = guards_of(environment, options, around.reporter.note)
        read = (*specs.loaded.files, *([specs.project.settings_name] if specs.project.file else []))
        allowed = allowed_rules(desired.rules, options)
        remembers = timedelta(0) if options.refresh else None
        own = (options.revealed, specs.environ, guards, read, options.chosen, options.shard, allowed, remembers)
        yield Session(specs.project, desired, account, around, *own, specs.since)


def _note_part_of_rate(project: Project, environment: Environment, options: RunOptions, reporter: Reporter) -> None:
    """Note that a shard counts on its part of the rate limit."""
    whole = project.environment(options.environment).rate_limit
    if options.shard and whole and not is_shared(project, environment):
        reporter.note(
            f"note: shard {options.shard} keeps to {environment.rate_limit}, its part of the rate limit {whole}; "
            "shards with one `state` share it as they need it"
        )


def load_chosen(
    project: Project, environment: Environment, options: RunOptions, around: Surroundings, *, offline: bool = False
) -> LoadedSpecs:
    """Load the specs of an environment; raises `SpecError`, which names a missing key beside other variables."""
    environ = secrets_of(around)
    lacking: list[str] = []

    def noted(name: str) -> str | None:
        value = environ(name)
        lacking.extend(() if value else (name,))
        return value

    try:
        if options.changed_since is not None:
            return replace(_load_both(project, environment, options, noted, around), environ=environ)
        loaded = load_environment(project, environment, noted, shard=options.shard)
        return LoadedSpecs(project, environment, loaded, environ)
    except SpecError as error:
        from reconciler.workflow.account import lacks_key

        if lacking and lacks_key(environment, options, around.environ, offline=offline):
            no_key = _no_key(project, environment)
            raise SpecError((*error.problems, no_key), every=(*error.every, no_key), cells=error.cells) from error
        raise


def _load_both(
    project: Project, environment: Environment, options: RunOptions, environ: Environ, around: Surroundings
) -> LoadedSpecs:
    """Load the specs of an environment and those at a revision; a file that is the same in both is read once."""
    from reconciler.workflow.revisions import declared_since

    known = ReadFiles()
    loaded = load_environment(project, environment, environ, shard=options.shard, known=known)
    since = declared_since(project, environment, options, environ, known, note=around.reporter.note)
    return LoadedSpecs(project, environment, loaded, environ, since)


def _no_key(project: Project, environment: Environment) -> Problem:
    """Return the problem that the key is missing, to stand beside other variables that are."""
    address = f"environments.{environment.name}.api_key_env"
    message = f"the environment variable {environment.api_key_env} is not set"
    file = project.settings_name if project.file else "environment"
    return Problem(file, 0, 0, address, message, "set it: it holds the API key")
