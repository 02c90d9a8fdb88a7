"""Two environments side by side: what they declare, or what their accounts hold, address by address."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct

from reconciler.core.model.address import fact_address, keyed_address, user_address
from reconciler.core.model.catalogue import sensitive_keys
from reconciler.core.model.desired import Contact, ContactMemory, Desired, Fact, Memory, Policy, User
from reconciler.core.model.masking import Mixed
from reconciler.core.model.observed import Absent, FoundContact, Observed, ObservedMemory, Present, Unseen
from reconciler.core.model.references import as_written
from reconciler.core.model.value import DocumentPart, Json, same

HIDDEN = "(sensitive)"
"""What others see in the place of a value that is not for them, where there is no key for digests."""


class DeclaredValue(Struct, frozen=True):
    """A value that specs declare; `policy` is that of a fact, and None for everything else."""

    value: Json
    policy: Policy | None = None


class LiveValue(Struct, frozen=True):
    """A value of the account, whose `path` decides whether it is shown (`Masker.live`); a state has no path."""

    value: Json
    path: tuple[str, ...] | None = None


_Value = TypeVar("_Value", DeclaredValue, LiveValue)


def declared_values(desired: Desired) -> Mapping[str, DeclaredValue]:
    """Return all that is declared by address, parts after what they are part of."""
    found: dict[str, DeclaredValue] = {}
    for contact in desired.contacts:
        found.update(_contact(contact))
    for memory in desired.memories:
        found.update(_memory(memory))
    return found


def hidden_addresses(desired: Desired) -> frozenset[str]:
    """Return the addresses of hidden values: of sensitive facts, or of all where some came from an account."""
    if desired.live_values:
        return frozenset(declared_values(desired))
    keys = sensitive_keys(desired.catalogue)
    memories = desired.contact_memories if keys else ()
    return frozenset(fact_address(one.address, fact.key) for one in memories for fact in one.facts if fact.key in keys)


def _contact(contact: Contact) -> Iterator[tuple[str, DeclaredValue]]:
    yield contact.address, DeclaredValue({contact.identity.kind: contact.identity.value})
    for label, text in contact.labels.items():
        yield keyed_address(f"{contact.address}.labels", label), DeclaredValue(text)
    for fact in contact.profile:
        if isinstance(fact.value, dict):
            for key, item in sorted(fact.value.items()):
                yield keyed_address(f"{contact.address}.{fact.key}", key), DeclaredValue(item)
        else:
            yield f"{contact.address}.{fact.key}", DeclaredValue(fact.value)


def _memory(memory: Memory) -> Iterator[tuple[str, DeclaredValue]]:
    if isinstance(memory, ContactMemory):
        fields: Mapping[str, Json] = memory.scope_key.fields
        yield memory.address, DeclaredValue(fields)
        yield from _facts(memory.address, memory.facts)
    else:
        yield memory.address, DeclaredValue({"memory_id": memory.memory_id})
    for user in memory.users:
        yield from _user(user_address(memory.address, user.phone_number), user)


def _facts(memory: str, facts: Iterable[Fact]) -> Iterator[tuple[str, DeclaredValue]]:
    for fact in facts:
        yield fact_address(memory, fact.key), DeclaredValue(fact.value, fact.policy)


def _user(address: str, user: User) -> Iterator[tuple[str, DeclaredValue]]:
    yield address, DeclaredValue({"phone_number": user.phone_number})
    for key in ("metadata", "summary", "external_memory_key"):
        text: str | None = getattr(user, key)
        if text is not None:
            yield f"{address}.{key}", DeclaredValue(text)


Side: TypeAlias = Literal["left", "right"]
Show: TypeAlias = Callable[[str, _Value], Mixed]
"""Return the value at an address as it is shown, masked as needed."""


class DifferenceCause(DocumentPart, frozen=True):
    """What makes environments differ: a variable, by its name, or an overlay or another file that one of them reads."""

    kind: Literal["variable", "overlay", "file"]
    name: str


class Difference(DocumentPart, frozen=True):
    """
    One address at which two environments differ; `only` names the side that has it alone.

    `causes` are known for what is declared, and empty for what is live.
    """

    address: str
    only: Side | None
    left: Mixed
    right: Mixed
    causes: tuple[DifferenceCause, ...] = ()


class ComparisonDocument(DocumentPart, frozen=True):
    """What two environments declare differently, or where `live`, what their accounts hold differently."""

    format_version: str
    kind: str
    left: str
    right: str
    live: bool
    differences: tuple[Difference, ...]


def compare(left: Mapping[str, _Value], right: Mapping[str, _Value], show: Show[_Value]) -> tuple[Difference, ...]:
    """Return all differences, sorted by address; what one side has alone, with all that it holds."""
    return tuple(_differences(left, right, show))


def _differences(left: Mapping[str, _Value], right: Mapping[str, _Value], show: Show[_Value]) -> Iterator[Difference]:
    for address in sorted(left.keys() | right.keys()):
        if address not in right:
            yield Difference(address, "left", _shown(address, left[address], None, show), None)
        elif address not in left:
            yield Difference(address, "right", None, _shown(address, right[address], None, show))
        elif _differ(left[address], right[address]):
            yield _both(address, left[address], right[address], show)


def _both(address: str, left: _Value, right: _Value, show: Show[_Value]) -> Difference:
    shown = (_shown(address, left, right, show), _shown(address, right, left, show))
    return Difference(address, None, *shown)


def _differ(left: _Value, right: _Value) -> bool:
    """Return whether two values differ; a secret is not the text that reads like its reference."""
    return _policy(left) != _policy(right) or not same(as_written(left.value), as_written(right.value))


def _shown(address: str, one: _Value, other: _Value | None, show: Show[_Value]) -> Mixed:
    """Show a value, with its policy where that is what differs."""
    value = show(address, one)
    if other is None or _policy(one) == _policy(other):
        return value
    return {"seeded" if _policy(one) == "seed" else "enforced": value}


def _policy(one: DeclaredValue | LiveValue) -> Policy | None:
    return one.policy if isinstance(one, DeclaredValue) else None


def live_values(desired: Desired, observed: Observed, *, named: Container[str]) -> Mapping[str, LiveValue]:
    """Return what an account holds of all that is declared for it, of values those at the `named` addresses."""
    found: dict[str, LiveValue] = {}
    for contact in desired.contacts:
        seen = observed.contacts[contact.address]
        found[contact.address] = LiveValue("present" if isinstance(seen, FoundContact) else "not seen")
        profile = seen.profile if isinstance(seen, FoundContact) else None
        found.update(item for item in _profile(contact.address, profile or {}) if item[0] in named)
    for memory in desired.memories:
        seen_memory = observed.memories[memory.address]
        found[memory.address] = LiveValue(_state(seen_memory))
        if isinstance(seen_memory, Present):
            found.update(item for item in _values(memory, seen_memory) if item[0] in named)
    return found


def _profile(contact: str, profile: Mapping[str, Json]) -> Iterator[tuple[str, LiveValue]]:
    for name, value in profile.items():
        if isinstance(value, dict):
            for key, item in value.items():
                yield keyed_address(f"{contact}.{name}", key), LiveValue(item, path=(name, key))
        else:
            yield f"{contact}.{name}", LiveValue(value, path=(name,))


def _values(memory: Memory, seen: Present) -> Iterator[tuple[str, LiveValue]]:
    for key, value in seen.facts.items():
        yield fact_address(memory.address, key), LiveValue(value, path=(key,))
    for number, user in seen.users.known.items():
        if user is not None:
            address = user_address(memory.address, number)
            yield address, LiveValue("present")
            yield f"{address}.metadata", LiveValue(user.metadata, path=("metadata",))
            yield f"{address}.summary", LiveValue(user.summary, path=("summary",))


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
