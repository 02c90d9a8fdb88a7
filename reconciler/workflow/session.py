"""What a command works with: its repository, the specs of an environment with their secrets, guards and account."""

import os
import shlex
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from reconciler.clock import SYSTEM_CLOCK, Clock
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Desired
from reconciler.core.model.masking import Masker, compose
from reconciler.core.model.selection import Chosen, Shard
from reconciler.core.model.settings import BUCKET_CURE, Guards, Measures, bucket_problem, is_bucket
from reconciler.core.model.text import duration
from reconciler.core.plan.measures import Allowance, seconds_to_read
from reconciler.core.plan.operations import Plan
from reconciler.errors import Cell, InputError, Problem, Source, SpecError
from reconciler.project import DEFAULT_SPECS, FILE_NAME, Environment, Project, load_project
from reconciler.reading import entry_name
from reconciler.render.words import memories
from reconciler.specs import Environ, Loaded, References, load_specs
from reconciler.specs.loading import Recorder
from reconciler.workflow.options import RunOptions
from reconciler.workflow.refusing import allowed_rules, checked, guards_of
from reconciler.workflow.run import Reporter, Run, Surroundings, warn
from reconciler.workflow.state import is_shared

if TYPE_CHECKING:  # what only loads specs opens no account; only `--changed-since` reads two revisions
    from reconciler.specs.known import ReadFiles
    from reconciler.workflow.account import Account, Pace

_Item = TypeVar("_Item")


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
            on_progress=self.reporter.progress(label),
            on_notice=self.reporter.note,
            allowance=lambda: Allowance(self.account.pacer.rate),
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
            self.reporter.note(f"note: reading {memories(count)} takes about {duration(seconds)} at {met.rate}")
            self._hint_at_changes()

    def _hint_at_changes(self) -> None:
        """Note, where a repository has an earlier revision, how to read only what changed since."""
        if self.chosen.changed_since is None and self.shard is None:
            from reconciler.git import earlier_revision

            if ref := earlier_revision(self.project.root):
                command = f"`reconciler plan --changed-since {ref}`"
                self.reporter.note(f"hint: {command} reads only what the specs declare differently since then")

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


def choose_project(options: RunOptions, around: Surroundings) -> Project:
    """
    Load the project that was asked for, its state in the place of `--state`; raises `InputError`, `SpecError`.

    What its variables of secrets hold is shown by no command, whether its specs are read or not.
    """
    project = load_project(options.project)
    for name in {name for one in project.environments for name in one.secrets}:
        if secret := around.environ.get(name):
            around.reporter.secret(secret)
    if options.state and is_bucket(options.state):
        if problem := bucket_problem(options.state):
            raise InputError(f"--state: {problem}; {BUCKET_CURE}")
        return replace(project, state_url=options.state)
    return replace(project, state=Path(os.path.realpath(options.state))) if options.state else project


def choose_known_project(options: RunOptions, around: Surroundings) -> Project:
    """Load the project for what earlier runs left; raises `InputError` where neither a project nor its state is."""
    project = choose_project(options, around)
    if not options.state and not project.state_folder.is_dir():
        check_place(project)
    return project


def choose_environment(project: Project, options: RunOptions) -> Environment:
    """
    Return the environment that was asked for, with the specs of `--specs`, unpatched, where that names any.

    Its own catalogue still holds: it lists which keys there are, and which of them are sensitive.
    """
    environment = _for_shard(project, project.environment(options.environment), options.shard)
    own = tuple(str(Path(path).absolute()) for path in options.specs)
    if not own:
        check_place(project)
        return environment
    return replace(environment, specs=own, overlays=(), fact_keys_of=environment.specs, places={})


def _for_shard(project: Project, environment: Environment, shard: Shard | None) -> Environment:
    """Return the environment with a shard's part of the rate limit, where nothing tells shards of each other."""
    rate = environment.rate_limit
    if shard is None or rate is None or is_shared(project, environment):
        return environment
    return replace(environment, rate_limit=rate.part(shard.count))


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
            raise SpecError((*error.problems, _no_key(project, environment))) from error
        raise


def _load_both(
    project: Project, environment: Environment, options: RunOptions, environ: Environ, around: Surroundings
) -> LoadedSpecs:
    """Load the specs of an environment and those at a revision; a file that is the same in both is read once."""
    from reconciler.specs.known import ReadFiles
    from reconciler.workflow.revisions import declared_since

    known = ReadFiles()
    loaded = load_environment(project, environment, environ, shard=options.shard, known=known)
    since = declared_since(project, environment, options, environ, known, note=around.reporter.note)
    return LoadedSpecs(project, environment, loaded, environ, since)


def load_environment(  # noqa: PLR0913  one parameter a part of what is read
    project: Project,
    environment: Environment,
    environ: Environ | None = None,
    *,
    recorder: Recorder | None = None,
    drafts: Mapping[str, bytes] = MappingProxyType({}),
    shard: Shard | None = None,
    known: "ReadFiles | None" = None,
) -> Loaded:
    """
    Load what an environment declares; without `environ`, no secret is read. Raises `SpecError`.

    `drafts` are read in place of the files with these names.
    With a `shard`, what certainly belongs to others is passed over. Files that are `known` are not read again.
    """
    try:
        return load_specs(
            environment.specs,
            root=project.root,
            overlays=environment.overlays,
            references=references_of(environment, environ),
            fact_keys_of=environment.fact_keys_of,
            recorder=recorder,
            drafts=drafts,
            shard=shard,
            known=known,
        )
    except SpecError as error:
        places = {
            entry_name(project.root, entry): place
            for entry, place in environment.places.items()
            if not os.path.isfile(project.root / entry)  # noqa: PTH113  no path can have some names
        }
        placed = [tuple(_placed(problem, places) for problem in some) for some in (error.problems, error.every)]
        raise SpecError(placed[0], every=placed[1], cells=error.cells) from error


def _placed(problem: Problem, places: Mapping[str, Problem]) -> Problem:
    """Return a problem of an entry that finds nothing at the place where reconciler.yaml names it."""
    place = places.get(problem.file) if not (problem.line or problem.address) else None
    if place is None:
        return problem
    return replace(place, message=compose("{}: {}", problem.file, problem.message), cure=problem.cure)


def references_of(environment: Environment, environ: Environ | None = None) -> References:
    """Return what references stand for in an environment; without `environ`, no secret is read."""
    return References(environment.variables, environ, environment.secrets, environment.key_variables)


def secrets_of(around: Surroundings) -> Environ:
    """Return a function that reads a secret from the environment variables, and reports it as one."""

    def read(name: str) -> str | None:
        secret = around.environ.get(name)
        if secret:
            around.reporter.secret(secret)
        return secret

    return read


def note_warnings(loaded: Loaded, reporter: Reporter) -> None:
    """Show the warnings of the specs: what is no mistake, but worth a look."""
    warn(loaded.warnings, reporter, rest="; `reconciler lint` names all")


def of_each_environment(names: Sequence[str], load: Callable[[str], _Item]) -> list[_Item]:
    """Load something of each environment; raises `SpecError` with the problems of all, each reported once."""
    items: list[_Item] = []
    found: dict[Problem, list[str]] = {}
    every: dict[Problem, list[str]] = {}
    cells: dict[Source, Cell] = {}
    for name in names:
        try:
            items.append(load(name))
        except SpecError as error:
            for problem in error.problems:
                found.setdefault(problem, []).append(name)
            for problem in error.every:
                every.setdefault(problem, []).append(name)
            cells.update(error.cells)
    if found:
        raise SpecError(_with_names(found, names), every=_with_names(every, names), cells=cells)
    return items


def _with_names(found: Mapping[Problem, Sequence[str]], of: Sequence[str]) -> tuple[Problem, ...]:
    """Return problems, each of which names its environments, unless it is in all."""
    return tuple(
        problem
        if len(names) == len(of)
        else replace(problem, message=compose("{} (in {})", problem.message, ", ".join(names)))
        for problem, names in found.items()
    )


def check_place(project: Project) -> None:
    """Raise `InputError` where nothing is: no settings, and none of the specs that are read without them."""
    if project.file is not None or (project.root / DEFAULT_SPECS).exists():
        return
    above = next((one for one in project.root.absolute().parents if (one / FILE_NAME).is_file()), None)
    cure = "name its folder with --project, or write a new one with `reconciler init`"
    if above:
        cure = f"there is one in {above}: add --project {shlex.quote(str(above))}"
    raise InputError(f"neither {FILE_NAME} nor {DEFAULT_SPECS}/ is in {project.root.absolute()}; {cure}")


def _no_key(project: Project, environment: Environment) -> Problem:
    """Return the problem that the key is missing, to stand beside other variables that are."""
    address = f"environments.{environment.name}.api_key_env"
    message = f"the environment variable {environment.api_key_env} is not set"
    file = project.settings_name if project.file else "environment"
    return Problem(file, 0, 0, address, message, "set it: it holds the API key")
