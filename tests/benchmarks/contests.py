"""The contests: what is measured, at a number of memories."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from tests.benchmarks import peers, venvs
from tests.benchmarks.answers import PAGE
from tests.benchmarks.contest import Contestant
from tests.benchmarks.process import ROOT
from tests.benchmarks.results import US, Skipped
from tests.benchmarks.serving import Served, serving
from tests.benchmarks.world import (
    PERSONA,
    World,
    write_many_files,
    write_one_file,
    write_project,
    write_rules,
    write_table,
)

LATENCY, CONCURRENCY = 0.025, 50  # seconds a response, requests at once
VALIDATED, ROWS, APPLIED, SMALL, RULED = 10_000, 100_000, 1_000, 100, 657
SHARDED, SHARDS, FIRST = 1_000_000, 100, 200_000
LIMITED, JOBS, RATE = 250, 8, (60, 10)
BARE, CHANGED, IMPORTS = "bare client", f"{US}, all changed", f"{US}, imports"
TEN_RULES = f"{US}, ten rules"
NATIONAL, IN_E164 = f"{US}, national numbers", f"{US}, E.164"
SINCE = f"{US}, 3 changed since"
TOGETHER = f"{US}, eight jobs"
SHARD, WHOLE, CSV = f"{US}, a shard", f"{US}, all rows", "csv.reader"
NOTHING, LIBRARIES = f"{US}, nothing declared", "import click, httpx, pydantic, yaml"
HEAVY = ("httpx", "aiohttp", "pydantic", "deepdiff", "starlette")
"""Libraries that `--help` must not import."""

_PLAN, _APPLY = ("plan", "--detailed-exitcode"), ("apply", "--yes")
_PENDING = 2
_KEY = {"BENCHMARK_KEY": "benchmark"}
_LOADER = """
import sys, yaml
from pathlib import Path
for file in sorted(Path(sys.argv[1]).iterdir()):
    with file.open("rb") as text:
        yaml.load(text, Loader=yaml.CSafeLoader)
"""

_AT_ONCE = """
import subprocess, sys
count, *command = sys.argv[1:]
jobs = [subprocess.Popen([*command, "--shard", f"{index}/{count}"]) for index in range(int(count))]
sys.exit(max(job.wait() for job in jobs))
"""

_CSV = """
import csv, sys
with open(sys.argv[1], newline="") as text:
    for row in csv.reader(text):
        pass
"""

Entry: TypeAlias = Contestant | Skipped


@dataclass(slots=True)
class Stage:
    """The folders and servers of a contest, which end with it."""

    size: int
    stack: ExitStack = field(default_factory=ExitStack)

    def folder(self) -> Path:
        return Path(self.stack.enter_context(TemporaryDirectory(prefix="reconciler-benchmark-")))

    def serve(self, world: World, rate: tuple[int, float] | None = None) -> Served:
        return self.stack.enter_context(serving(world, latency=LATENCY, rate=rate))


def _reconciler(*arguments: str) -> tuple[str, ...]:
    return (str(venvs.programs() / "reconciler"), *arguments)


def _python(*arguments: str) -> tuple[str, ...]:
    """Return a command of the Python that this project is installed for, which the bare clients use, too."""
    return (str(venvs.programs() / "python"), *arguments)


def limit(phases: Sequence[int]) -> float:
    """Return the least seconds for phases of so many requests, each begun when the one before it has ended."""
    return sum(ceil(requests / CONCURRENCY) for requests in phases) * LATENCY


def listed(size: int) -> tuple[int, ...]:
    """Return the phases of a listing: the first page, which tells how many there are, and then the others."""
    return 1, ceil(size / PAGE) - 1


def _ours(  # noqa: PLR0913  a contestant's parts
    stage: Stage,
    world: World,
    arguments: tuple[str, ...],
    phases: Sequence[int],
    *,
    name: str = US,
    reader: str = "contacts",
    good: int = 0,
) -> Contestant:
    served = stage.serve(world)
    project = write_project(world, stage.folder() / "repository", url=served.url, reader=reader)
    command = _reconciler("--project", str(project), *arguments)
    return Contestant(name, command, ROOT, _KEY, served, limit(phases), sum(phases), good)


def _bare(stage: Stage, what: str, lines: Iterator[str], world: World, phases: Sequence[int]) -> Contestant:
    """Make the bare client with its requests in a file, so that it has nothing to work out."""
    served, file = stage.serve(world), stage.folder() / "requests"
    with file.open("w") as text:
        text.writelines(f"{line}\n" for line in lines)
    command = _python("-m", "tests.benchmarks.bare", what, str(file), served.url, str(CONCURRENCY))
    return Contestant(BARE, command, served=served, limit=limit(phases), requests=sum(phases))


def _context_paths(world: World) -> Iterator[str]:
    return (f"/v1/memory/context?contact_id={one.contact_id}&persona_id={PERSONA}" for one in world.people())


def start(stage: Stage) -> Iterator[Entry]:
    """Print the help, once more to see what it imports; plan with nothing declared, beside importing libraries."""
    yield Contestant("python -c pass", _python("-c", "pass"))
    yield Contestant(US, _reconciler("--help"))
    traced = _python("-I", "-X", "importtime", "-m", "reconciler", "--help")
    yield Contestant(IMPORTS, traced, says="Usage: ", counts=rf"\|\s+(?:{'|'.join(HEAVY)})$", is_slow=True)
    yield Contestant(f"python -c {LIBRARIES!r}", _python("-c", LIBRARIES))
    nothing = _ours(stage, World(1), _PLAN, listed(1), name=NOTHING)
    (Path(nothing.command[2]) / "specs" / "contacts.yaml").write_text("contacts: {}\n")
    yield nothing


def validate(stage: Stage) -> Iterator[Entry]:
    """Check contacts of six facts and a user, in one file and in a file each, against a loader that only loads."""
    world = World(stage.size)
    one, many = _specs(stage), _specs(stage)
    write_one_file(world, one / "contacts.yaml", users=True)
    write_many_files(world, many, users=True)
    for name, folder in (("one file", one), ("a file each", many)):
        yield Contestant(f"CSafeLoader, {name}", _python("-c", _LOADER, str(folder)))
        yield _validating(folder, name=f"{US}, {name}")


def numbers(stage: Stage) -> Iterator[Entry]:
    """Check the rows of a table with national phone numbers, and the same rows with the numbers in E.164."""
    for name, is_national in ((NATIONAL, True), (IN_E164, False)):
        folder = _specs(stage)
        write_table(World(stage.size), folder, national=is_national)
        yield _validating(folder, name=name)


def shard(stage: Stage) -> Iterator[Entry]:
    """Plan one of a hundred shards of a table offline, beside reading all rows, and beside the bare reading."""
    folder = _specs(stage)
    write_table(World(stage.size), folder, national=False)
    yield Contestant(CSV, _python("-c", _CSV, str(folder / "contacts.csv")))
    yield _validating(folder, name=WHOLE)
    yield Contestant(SHARD, _reconciler("--project", _offline(folder), "plan", "--shard", f"0/{SHARDS}"))


def first(stage: Stage) -> Iterator[Entry]:
    """Plan memories of a table that are all new, offline, and save the plan."""
    folder = _specs(stage)
    write_table(World(stage.size), folder, national=False)
    yield Contestant(US, _reconciler("--project", _offline(folder), "plan", "--out", str(folder.parent / "plan.json")))


def _offline(specs: Path) -> str:
    """Write the settings of an account in the process, which is empty."""
    return _settings(specs, "sandbox", {"api": "sandbox"}, file="sandbox.yaml")


def _settings(specs: Path, environment: str, account: Mapping[str, str], *, file: str = "reconciler.yaml") -> str:
    """Write the settings of an environment beside its specs, and return their path."""
    path = specs.parent / file
    path.write_text(json.dumps({"version": 1, "specs": [specs.name], "environments": {environment: account}}))
    return str(path)


def since(stage: Stage) -> Iterator[Entry]:
    """Plan the three contacts that changed since the last commit, beside checking all, in one file and a file each."""
    world = World(stage.size)
    for name, is_one in (("one file", True), ("a file each", False)):
        specs, served = _specs(stage), stage.serve(world)
        write = (
            partial(write_one_file, world, specs / "contacts.yaml")
            if is_one
            else partial(write_many_files, world, specs)
        )
        write(users=False)
        account = {"api": served.url, "reader": "context", "api_key_env": "BENCHMARK_KEY"}
        file = _settings(specs, "production", account)
        _commit_and_change(specs, changed=3)
        yield Contestant(f"{US}, validate, {name}", _reconciler("--project", file, "validate"))
        command = _reconciler("--project", file, "plan", "--changed-since", "HEAD")
        yield Contestant(f"{SINCE}, {name}", command, ROOT, _KEY, served, requests=3)


def _commit_and_change(specs: Path, *, changed: int) -> None:
    """Commit the specs, then declare another city for the last contacts."""
    git = ("git", "-C", str(specs.parent), "-c", "user.name=b", "-c", "user.email=b@example.com")
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "all")):
        subprocess.run([*git, *arguments], check=True)
    files = sorted(specs.glob("contact*.yaml"))[-changed:]
    for file in files:
        parts = file.read_text().rsplit("city: ", changed // len(files))
        file.write_text("city: Nice # ".join(parts))


def _specs(stage: Stage) -> Path:
    folder = stage.folder() / "specs"
    folder.mkdir()
    return folder


def _validating(specs: Path, *, name: str) -> Contestant:
    file = _settings(specs, "production", {"api": "https://api.bland.ai"})
    return Contestant(name, _reconciler("--project", file, "validate"))


def plan(stage: Stage) -> Iterator[Entry]:
    """Plan through `context`, a request a memory: nothing to do, and all to update."""
    world, changed = World(stage.size), World(stage.size, changed=1.0)
    phases = (stage.size,)
    yield _bare(stage, "get", _context_paths(world), world, phases)
    yield _ours(stage, world, _PLAN, phases, reader="context")
    yield _ours(stage, changed, _PLAN, phases, name=CHANGED, reader="context", good=_PENDING)


def listing(stage: Stage) -> Iterator[Entry]:
    """Plan through `contacts`, a request for 200 memories, against peers that ask nobody."""
    world = World(stage.size)
    yield _ours(stage, world, _PLAN, listed(stage.size))
    yield peers.octodns(world, stage.folder())
    yield peers.terraform(world, stage.folder())


def rules(stage: Stage) -> Iterator[Entry]:
    """Plan a change in each memory, without rules and with ten."""
    world, phases = World(stage.size, changed=1.0), listed(stage.size)
    yield _ours(stage, world, _PLAN, phases, good=_PENDING)
    ruled = _ours(stage, world, _PLAN, phases, name=TEN_RULES, good=_PENDING)
    write_rules(Path(ruled.command[2]) / "specs" / "rules.yaml")
    yield ruled


def apply(stage: Stage) -> Iterator[Entry]:
    """Apply memories that are all new: the listing, then two writes for each."""
    world, size = World(stage.size, new=True), stage.size
    phases = (*listed(size), size, size)
    yield _bare(stage, "apply", _new_memories(world), world, phases)
    yield _ours(stage, world, _APPLY, phases)


def again(stage: Stage) -> Iterator[Entry]:
    """Apply where nothing is left to do."""
    yield _ours(stage, World(stage.size), _APPLY, listed(stage.size))


def jobs(stage: Stage) -> Iterator[Entry]:
    """Apply memories that are all new at a rate limit: in one process, and in eight at once that share its window."""
    world = World(stage.size, new=True)
    for name, count in ((US, 1), (TOGETHER, JOBS)):
        served, folder = stage.serve(world, RATE), stage.folder()
        limited = {"rate_limit": "{}/{}s".format(*RATE), "state": str(folder / "state")}
        project = write_project(world, folder / "repository", url=served.url, reader="contacts", **limited)
        command = _reconciler("--project", str(project), *_APPLY)
        sent = count * sum(listed(stage.size)) + 2 * stage.size
        at_once = _python("-c", _AT_ONCE, str(count), *command) if count > 1 else command
        yield Contestant(name, at_once, ROOT, _KEY, served, requests=sent, is_slow=True)


def _new_memories(world: World) -> Iterator[str]:
    for offset in range(0, world.size, PAGE):
        yield json.dumps({"get": f"/v1/contacts?limit={PAGE}&offset={offset}"})
    for one in world.people():
        yield json.dumps({"memory": {"contact_id": one.contact_id, "persona_id": PERSONA}, "facts": one.declared})


CONTESTS: Mapping[str, Callable[[Stage], Iterator[Entry]]] = {
    one.__name__: one
    for one in (start, validate, since, numbers, shard, first, plan, listing, rules, apply, again, jobs)
}

SIZES: Mapping[str, int] = {
    "start": 0,
    "validate": VALIDATED,
    "since": APPLIED,
    "numbers": ROWS,
    "shard": SHARDED,
    "first": FIRST,
    "rules": RULED,
    "apply": APPLIED,
    "again": APPLIED,
    "jobs": LIMITED,
}
"""Contests whose goal names one size, whatever sizes are asked for."""

_QUICK = ("start", "plan", "listing", "apply")
SETS: Mapping[str, tuple[str, ...]] = {"quick": _QUICK, "full": tuple(CONTESTS), **{name: (name,) for name in CONTESTS}}
