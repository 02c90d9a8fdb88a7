"""What options ask for, loaded: the project, the environment, its specs, and the part of them that is chosen."""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from msgspec.structs import replace

from reconciler.core.model.address import contact_address, existing_address, fact_address, is_within
from reconciler.core.model.desired import ContactMemory, Desired, Fact, Memory
from reconciler.core.model.masking import compose
from reconciler.core.model.selection import Chosen, Selection, Shard, select
from reconciler.core.model.settings import STATE_CURE, is_bucket, state_problem
from reconciler.errors import Cell, InputError, Problem, Source, SpecError
from reconciler.project import DEFAULT_SPECS, FILE_NAME, Environment, Project, load_project
from reconciler.reading import entry_name
from reconciler.specs import Environ, Loaded, References, load_specs
from reconciler.specs.loading import Recorder
from reconciler.specs.spec_files import ReadFiles
from reconciler.workflow.options import RunOptions
from reconciler.workflow.run import Reporter, Surroundings, warn
from reconciler.workflow.state import is_shared

_Item = TypeVar("_Item")


def choose_project(options: RunOptions, around: Surroundings) -> Project:
    """
    Load the project that was asked for, its state in the place of `--state`; raises `InputError`, `SpecError`.

    What its variables of secrets hold is shown by no command, whether its specs are read or not.
    """
    project = load_project(options.project)
    for name in {name for one in project.environments for name in one.secrets}:
        if secret := around.environ.get(name):
            around.reporter.secret(secret)
    if not options.state:
        return project
    if problem := state_problem(options.state):
        raise InputError(f"--state: {problem}; {STATE_CURE}")
    if is_bucket(options.state):
        return replace(project, state_url=options.state)
    return replace(project, state=Path(os.path.realpath(options.state)))


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
    own = tuple(str(Path(path).absolute()) for path in options.specs)
    if not own:
        check_place(project)
    environment = _for_shard(project, project.environment(options.environment), options.shard)
    if not own:
        return environment
    return replace(environment, specs=own, overlays=(), fact_keys_of=environment.specs, places={})


def _for_shard(project: Project, environment: Environment, shard: Shard | None) -> Environment:
    """Return the environment with a shard's part of the rate limit, where nothing tells shards of each other."""
    rate = environment.rate_limit
    if shard is None or rate is None or is_shared(project, environment):
        return environment
    return replace(environment, rate_limit=rate.part(shard.count))


def load_environment(  # noqa: PLR0913  one parameter a part of what is read
    project: Project,
    environment: Environment,
    environ: Environ | None = None,
    *,
    recorder: Recorder | None = None,
    drafts: Mapping[str, bytes] = MappingProxyType({}),
    shard: Shard | None = None,
    known: ReadFiles | None = None,
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


_MOST_WARNINGS = 20
"""Fewer than errors: behind them, there is a document to read."""


def note_warnings(loaded: Loaded, reporter: Reporter) -> None:
    """Show the warnings of the specs: what is no mistake, but worth a look."""
    warn(loaded.warnings, reporter, rest="; `reconciler lint --format json` names them", most=_MOST_WARNINGS)


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


def choose(desired: Desired, chosen: Chosen, shard: Shard | None, since: Desired | None = None) -> Selection:
    """Return the part that is chosen; raises `InputError` for an option that names nothing."""
    changed = None
    if since is not None:
        from reconciler.core.plan.earlier import changed_addresses  # noqa: PLC0415  most runs compare no revisions

        changed = changed_addresses(since, desired)
    selection = select(desired, chosen, shard, changed=changed)
    if selection.unmatched:
        raise unmatched(selection.unmatched[0], desired)
    return selection


def unmatched(option: tuple[str, str], desired: Desired) -> InputError:
    """Return the error for an option, with its value, or a bare address, that names nothing that is declared."""
    from reconciler.core.model.labels import unmatched_label  # noqa: PLC0415  most options name something

    name, text = option
    return InputError(unmatched_label(text, desired.contacts) if name == "--label" else _address(name, text, desired))


def _address(option: str, pattern: str, desired: Desired) -> str:
    """Return the message for an address without a match, with the nearest one that there is."""
    from reconciler.core.model.nearest import Nearest, did_you_mean  # noqa: PLC0415  see above

    name = pattern.removeprefix("contacts.").removeprefix("memories.").partition(".")[0]
    addresses = {one.name: existing_address(one.name) for one in desired.existing_memories}
    addresses |= {one.name: contact_address(one.name) for one in desired.contacts}
    nearest = name if name in addresses else Nearest(addresses).nearest(name)
    if nearest == name:
        memories = [one for one in desired.memories if is_within(one.address, addresses[name])]
        facts = [fact_address(one.address, fact.key) for one in memories for fact in _facts(one)]
        inside_of = next((one for one in facts if is_within(pattern, one)), None)
        known = [*(one.address for one in memories), *facts]
        cure = f"name the whole fact, {inside_of}" if inside_of else did_you_mean(pattern, known)
    else:
        cure = did_you_mean(name, addresses.values()) if nearest is None else f'did you mean "{addresses[nearest]}"?'
    return f"{option} {pattern} names nothing that is declared; {cure}".strip("; ")


def _facts(memory: Memory) -> Sequence[Fact]:
    return memory.facts if isinstance(memory, ContactMemory) else ()
