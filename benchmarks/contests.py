"""The contests: what is measured, at a number of memories."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from benchmarks import own
from benchmarks.answers import PAGE
from benchmarks.contest import US, Contestant, Skipped
from benchmarks.peers import ansible, octodns, script, terraform
from benchmarks.serving import Served, serving
from benchmarks.specs import write_many_files, write_one_file, write_project
from benchmarks.world import PERSONA, World

LATENCY = 0.025
CONCURRENCY = 50
VALIDATED = 10_000
APPLIED = 1_000
SMALL = 100
_KEY = {"BENCHMARK_KEY": "benchmark"}

Entry: TypeAlias = Contestant | Skipped


@dataclass(slots=True)
class Stage:
    """Where a contest takes place: a folder for its files, and servers that end with it."""

    size: int
    stack: ExitStack = field(default_factory=ExitStack)

    def folder(self) -> Path:
        """Give a new folder, which goes with the contest."""
        return Path(self.stack.enter_context(TemporaryDirectory(prefix="reconciler-benchmark-")))

    def serve(self, world: World) -> Served:
        """Serve a world with the latency of the goals."""
        return self.stack.enter_context(serving(world, latency=LATENCY))


Contest: TypeAlias = Callable[[Stage], Iterator[Entry]]


def _reconciler() -> tuple[str, ...]:
    return (str(own.programs() / "reconciler"),)


def _python() -> tuple[str, ...]:
    """Give the Python that has what this project needs, for the bare clients, too."""
    return (str(own.programs() / "python"),)


def _limit(requests: int) -> float:
    return requests * LATENCY / CONCURRENCY


def _ours(  # noqa: PLR0913  a contestant's parts
    stage: Stage, world: World, arguments: tuple[str, ...], *, name: str, reader: str, requests: int
) -> Contestant:
    served = stage.serve(world)
    project = write_project(world, stage.folder() / "repository", url=served.url, reader=reader)
    command = (*_reconciler(), "--project", str(project), *arguments)
    return Contestant(name, command, variables=_KEY, served=served, limit=_limit(requests))


def _bare(stage: Stage, what: str, lines: Iterator[str], world: World, *, requests: int) -> Contestant:
    """Make the bare client with its requests in a file, so that it has nothing to work out."""
    served, file = stage.serve(world), stage.folder() / "requests"
    with file.open("w") as text:
        text.writelines(f"{line}\n" for line in lines)
    command = (*_python(), "-m", "benchmarks.bare", what, str(file), served.url, str(CONCURRENCY))
    return Contestant("bare client", command, served=served, limit=_limit(requests))


def _context_paths(world: World) -> Iterator[str]:
    return (f"/v1/memory/context?contact_id={one.contact_id}&persona_id={PERSONA}" for one in world.people())


def start(_: Stage) -> Iterator[Entry]:
    """Start and say what there is."""
    yield Contestant("python -c pass", (*_python(), "-c", "pass"))
    yield Contestant(US, (*_reconciler(), "--help"))


def validate(stage: Stage) -> Iterator[Entry]:
    """Check contacts of six facts and a user, in one file and in a file each, against a loader that only loads."""
    world = World(stage.size)
    one, many = stage.folder(), stage.folder()
    write_one_file(world, one / "contacts.yaml", users=True)
    write_many_files(world, many, users=True)
    for name, folder in (("one file", one), ("a file each", many)):
        yield Contestant(f"CSafeLoader, {name}", (*_python(), "-m", "benchmarks.bare", "load", str(folder)))
        project = stage.folder()
        environments = {"production": {"api": "https://api.bland.ai", "specs": [str(folder)]}}
        (project / "reconciler.yaml").write_text(json.dumps({"version": 1, "specs": [], "environments": environments}))
        yield Contestant(f"{US}, {name}", (*_reconciler(), "--project", str(project), "validate"))


def plan(stage: Stage) -> Iterator[Entry]:
    """Plan through `context`, a request a memory: nothing to do, and all to update."""
    world, size = World(stage.size), stage.size
    yield _bare(stage, "get", _context_paths(world), world, requests=size)
    yield _ours(stage, world, ("plan",), name=US, reader="context", requests=size)
    changed = World(size, changed=1.0)
    yield _ours(stage, changed, ("plan",), name=f"{US}, all changed", reader="context", requests=size)
    yield script.contestant(world, stage.serve(world), stage.folder(), list(_context_paths(world)))
    yield ansible.contestant(world, stage.serve(world), stage.folder(), list(_context_paths(world)))


def listing(stage: Stage) -> Iterator[Entry]:
    """Plan through `contacts`, a request for 200 memories, against peers that ask nobody."""
    world = World(stage.size)
    yield _ours(stage, world, ("plan",), name=US, reader="contacts", requests=ceil(stage.size / PAGE))
    yield octodns.contestant(world, stage.folder())
    yield terraform.contestant(world, stage.folder())


def apply(stage: Stage) -> Iterator[Entry]:
    """Apply memories that are all new: the listing, then two writes for each."""
    world, size = World(stage.size, new=True), stage.size
    requests = ceil(size / PAGE) + 2 * size
    yield _bare(stage, "apply", _new_memories(world), world, requests=requests)
    yield _ours(stage, world, ("apply", "--yes"), name=US, reader="contacts", requests=requests)


def again(stage: Stage) -> Iterator[Entry]:
    """Apply where nothing is left to do."""
    yield _ours(
        stage, World(stage.size), ("apply", "--yes"), name=US, reader="contacts", requests=ceil(stage.size / PAGE)
    )


def _new_memories(world: World) -> Iterator[str]:
    for offset in range(0, world.size, PAGE):
        yield json.dumps({"get": f"/v1/contacts?limit={PAGE}&offset={offset}"})
    for one in world.people():
        yield json.dumps({"memory": {"contact_id": one.contact_id, "persona_id": PERSONA}, "facts": one.declared})


CONTESTS: Mapping[str, Contest] = {
    "start": start,
    "validate": validate,
    "plan": plan,
    "listing": listing,
    "apply": apply,
    "again": again,
}

SIZES: Mapping[str, tuple[int, ...]] = {
    "start": (0,),
    "validate": (VALIDATED,),
    "apply": (APPLIED,),
    "again": (APPLIED,),
}
"""Contests whose goal names one size, whatever sizes are asked for."""

SETS: Mapping[str, tuple[str, ...]] = {
    "quick": ("start", "plan", "listing", "apply"),
    "full": tuple(CONTESTS),
    **{name: (name,) for name in CONTESTS},
}
