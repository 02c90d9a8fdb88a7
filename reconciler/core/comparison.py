"""Two environments side by side: what they declare, or what their accounts hold, address by address."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.address import fact_address, keyed_address, user_address
from reconciler.core.desired import Desired, Memory
from reconciler.core.observed import Absent, FoundContact, Observed, ObservedMemory, Present, Unseen
from reconciler.core.redaction import Mixed
from reconciler.core.references import as_written
from reconciler.core.stated import Stated
from reconciler.core.value import Json, same

Side: TypeAlias = Literal["left", "right"]
Show: TypeAlias = Callable[[str, Stated], Mixed]
"""Shows the value at an address, masked as needed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One address at which two environments differ; `only` names the side that has it alone."""

    address: str
    only: Side | None
    left: Mixed
    right: Mixed


@dataclass(frozen=True, slots=True)
class ComparisonDocument:
    """What two environments declare differently, or where `live`, what their accounts hold differently."""

    format_version: str
    kind: str
    left: str
    right: str
    live: bool
    differences: tuple[Difference, ...]


def compare(left: Mapping[str, Stated], right: Mapping[str, Stated], show: Show) -> tuple[Difference, ...]:
    """Give all differences, sorted by address; what one side has alone, with all that it holds."""
    return tuple(_differences(left, right, show))


def _differences(left: Mapping[str, Stated], right: Mapping[str, Stated], show: Show) -> Iterator[Difference]:
    for address in sorted(left.keys() | right.keys()):
        if address not in right:
            yield Difference(address, "left", _shown(address, left[address], None, show), None)
        elif address not in left:
            yield Difference(address, "right", None, _shown(address, right[address], None, show))
        elif _differ(left[address], right[address]):
            yield _both(address, left[address], right[address], show)


def _both(address: str, left: Stated, right: Stated, show: Show) -> Difference:
    shown = (_shown(address, left, right, show), _shown(address, right, left, show))
    return Difference(address, None, *shown)


def _differ(left: Stated, right: Stated) -> bool:
    """Say whether two values differ; a secret is not the text that reads like its reference."""
    return left.upkeep != right.upkeep or not same(as_written(left.value), as_written(right.value))


def _shown(address: str, one: Stated, other: Stated | None, show: Show) -> Mixed:
    """Show a value, with its upkeep where that is what differs."""
    value = show(address, one)
    if other is None or one.upkeep == other.upkeep:
        return value
    return {"planted" if one.upkeep == "seed" else "kept": value}


def held(desired: Desired, observed: Observed, *, named: Container[str]) -> Mapping[str, Stated]:
    """Give what an account holds of all that is declared for it, of values those at the `named` addresses."""
    found: dict[str, Stated] = {}
    for contact in desired.contacts:
        seen = observed.contacts[contact.address]
        found[contact.address] = Stated("present" if isinstance(seen, FoundContact) else "not seen")
        profile = seen.profile if isinstance(seen, FoundContact) else None
        found.update(item for item in _profile(contact.address, profile or {}) if item[0] in named)
    for memory in desired.memories:
        seen_memory = observed.memories[memory.address]
        found[memory.address] = Stated(_state(seen_memory))
        if isinstance(seen_memory, Present):
            found.update(item for item in _values(memory, seen_memory) if item[0] in named)
    return found


def _profile(contact: str, profile: Mapping[str, Json]) -> Iterator[tuple[str, Stated]]:
    for name, value in profile.items():
        if isinstance(value, dict):
            for key, item in value.items():
                yield keyed_address(f"{contact}.{name}", key), Stated(item, live_path=(name, key))
        else:
            yield f"{contact}.{name}", Stated(value, live_path=(name,))


def _values(memory: Memory, seen: Present) -> Iterator[tuple[str, Stated]]:
    for key, value in seen.facts.items():
        yield fact_address(memory.address, key), Stated(value, live_path=(key,))
    for number, user in seen.users.known.items():
        if user is not None:
            address = user_address(memory.address, number)
            yield address, Stated("present")
            yield f"{address}.metadata", Stated(user.metadata, live_path=("metadata",))
            yield f"{address}.summary", Stated(user.summary, live_path=("summary",))


def _state(seen: ObservedMemory) -> str:
    match seen:
        case Present():
            return "present"
        case Absent():
            return "absent"
        case Unseen():
            return "empty or absent"
        case _:
            return "not known"
