"""The generated world: contacts with what the specs declare and what the account holds, and those specs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias
from uuid import UUID

Facts: TypeAlias = dict[str, str | int | bool]

PERSONA = "persona-12345678"
SCOPE = "support"
_PLANS = ("trial", "premium", "business")
_CITIES = ("Lisbon", "Osaka", "Tampere", "Oaxaca", "Leeds")
_NAMES = ("Sarah Chen", "Jon Doe", "Maria Silva", "Aino Virtanen", "Kwame Mensah")
_UUID_BITS = 128
_SCOPES = f"scopes:\n  {SCOPE}: {{persona_id: {PERSONA}}}\n"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with one memory; `live` is None where the account has no memory yet."""

    number: int
    contact_id: str
    declared: Facts
    live: Facts | None

    @property
    def name(self) -> str:
        """Return the name of the contact in the specs."""
        return f"contact-{self.number:06d}"

    @property
    def memory_id(self) -> str:
        """Return the id that the memory has, or will have."""
        return f"mem-{self.number:06d}"

    @property
    def phone_number(self) -> str:
        """Return the phone number of the memory's user."""
        return f"+1415{self.number:07d}"


@dataclass(frozen=True, slots=True)
class World:
    """`size` contacts; in a share `changed` of them (0 to 1) a fact differs, and with `new` no memory exists."""

    size: int
    changed: float = 0.0
    new: bool = False
    seed: int = 7

    def people(self) -> Iterator[Person]:
        """Return the contacts one by one, the same for the same world."""
        random = Random(self.seed)  # noqa: S311  the same world each time is the point
        return (self._person(number, random) for number in range(self.size))

    def _person(self, number: int, random: Random) -> Person:
        contact_id = str(UUID(int=random.getrandbits(_UUID_BITS), version=4))
        declared: Facts = {
            "name": random.choice(_NAMES),
            "plan": random.choice(_PLANS),
            "account_number": f"{number:08d}",
            "seats": random.randrange(1, 500),
            "active": random.random() < 0.9,
            "city": random.choice(_CITIES),
        }
        differs = random.random() < self.changed
        live = {**declared, "seats": 0} if differs else declared
        return Person(number, contact_id, declared, None if self.new else live)


def write_project(world: World, folder: Path, *, url: str, reader: str = "auto", **more: object) -> Path:
    """Write a repository with all contacts in one file, for an account at this URL, with more of its settings."""
    (folder / "specs").mkdir(parents=True)
    write_one_file(world, folder / "specs" / "contacts.yaml", users=False)
    account = {"api": url, "reader": reader, "concurrency": 50, "api_key_env": "BENCHMARK_KEY", **more}
    (folder / "reconciler.yaml").write_text(json.dumps({"version": 1, "environments": {"production": account}}))
    return folder


_RULES: Mapping[str, tuple[str, str, str]] = {
    "known-city": ("memory", "", "facts.city in ['Lisbon', 'Osaka', 'Tampere', 'Oaxaca', 'Leeds']"),
    "has-name": ("memory", "scope == 'support'", "has(facts.name) && size(facts.name) > 2"),
    "no-spare-keys": ("memory", "", "facts.all(key, !key.startsWith('tmp_'))"),
    "some-seats": ("memory", "facts.active", "facts.seats > 0"),
    "named-alike": ("contact", "", "contact.startsWith('contact-')"),
    "in-support": ("contact", "environment == 'production'", "'support' in scopes"),
    "premium-stays": ("change", "key == 'plan' && before == 'premium'", "after == 'premium'"),
    "seeds-stay": ("change", "layer == 'seeded'", "action == 'add'"),
    "seats-are-numbers": ("change", "key == 'seats'", "before == null || before < after"),
    "few-keys": ("change", "", "size(totals.new_keys) <= 1"),
}
"""Ten rules that the world keeps: what they are for, `where`, and `require`."""


def write_rules(path: Path) -> None:
    """Write the ten rules to a file."""
    made = {
        name: {"for": kind, **({"where": where} if where else {}), "require": require, "message": "kept"}
        for name, (kind, where, require) in _RULES.items()
    }
    path.write_text(json.dumps({"rules": made}, indent=1))


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


def write_table(world: World, folder: Path, *, national: bool) -> None:
    """Write the contacts as rows of a table, with their numbers as people in the US write them, or in E.164."""
    with (folder / "contacts.csv").open("w") as file:
        file.write("id,name,plan,phone\n")
        for person in world.people():
            number = person.phone_number
            phone = f"({number[2:5]}) {number[5:8]}-{number[8:]}" if national else number
            file.write(f"{person.name},{person.declared['name']},{person.declared['plan']},{phone}\n")
    users = f"scopes: {{{SCOPE}: {{users: [{{phone_number: phone}}]}}}}"
    (folder / "contacts.yaml").write_text(
        f"{_SCOPES}contacts_from:\n  - file: contacts.csv\n    named_by: id\n    phone_region: US\n"
        f"    contact: {{external_id: id, facts: {{name: name, plan: plan}}, {users}}}\n"
    )


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
