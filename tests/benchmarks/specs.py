"""The world as a repository of specs, written contact by contact."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.world import PERSONA, SCOPE, Person, World

_SCOPES = f"scopes:\n  {SCOPE}: {{persona_id: {PERSONA}}}\n"


def write_project(world: World, folder: Path, *, url: str, reader: str = "auto", concurrency: int = 50) -> Path:
    """Write a repository with all contacts in one file, for an account at this URL."""
    (folder / "specs").mkdir(parents=True)
    write_one_file(world, folder / "specs" / "contacts.yaml", users=False)
    project = {
        "version": 1,
        "environments": {
            "production": {"api": url, "reader": reader, "concurrency": concurrency, "api_key_env": "BENCHMARK_KEY"}
        },
    }
    (folder / "reconciler.yaml").write_text(json.dumps(project))
    return folder


def write_one_file(world: World, path: Path, *, users: bool) -> None:
    """Write all contacts to one file."""
    with path.open("w") as file:
        file.write(_SCOPES + "contacts:\n")
        file.writelines(line for person in world.people() for line in _lines(person, users=users))


def write_many_files(world: World, folder: Path, *, users: bool) -> None:
    """Write each contact to a file of its own."""
    (folder / "scopes.yaml").write_text(_SCOPES)
    for person in world.people():
        (folder / f"{person.name}.yaml").write_text("contacts:\n" + "".join(_lines(person, users=users)))


def _lines(person: Person, *, users: bool) -> Iterator[str]:
    yield f"  {person.name}:\n    contact_id: {person.contact_id}\n    scopes:\n      {SCOPE}:\n        facts:\n"
    for key, value in person.declared.items():
        yield f"          {key}: {_scalar(value)}\n"
    if users:
        yield (
            f"        users:\n          - phone_number: {person.phone_number}\n"
            "            metadata: 25 year old customer\n            summary: The user described their age\n"
        )


def _scalar(value: str | int | bool) -> str:  # noqa: FBT001  a fact's value
    is_plain_text = isinstance(value, str) and not value.isdigit()
    return str(value) if is_plain_text else json.dumps(value)
