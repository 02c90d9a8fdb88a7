"""The generator: contacts with what the specs declare of them and what the account holds, all from one seed."""

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with one memory; `live` is None where the account has no memory yet."""

    number: int
    contact_id: str
    declared: Facts
    live: Facts | None

    @property
    def name(self) -> str:
        """Give what the specs call the contact."""
        return f"contact-{self.number:06d}"

    @property
    def memory_id(self) -> str:
        """Give the id that the memory has, or will have."""
        return f"mem-{self.number:06d}"

    @property
    def phone_number(self) -> str:
        """Give the phone number of the memory's user."""
        return f"+1415{self.number:07d}"


@dataclass(frozen=True, slots=True)
class World:
    """`size` contacts; in a share `changed` of them (0 to 1) a fact differs, and with `new` no memory exists."""

    size: int
    changed: float = 0.0
    new: bool = False
    seed: int = 7

    def people(self) -> Iterator[Person]:
        """Give the contacts one by one, the same for the same world."""
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
