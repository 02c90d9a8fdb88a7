"""Small builders of desired and observed values, for tests that are about something else."""

from collections import abc
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec.structs import replace
from typing_extensions import TypeAliasType

from reconciler.core.model.desired import (
    Contact,
    ContactId,
    ContactMemory,
    Desired,
    ExistingMemory,
    Fact,
    Identity,
    Memory,
    Persona,
    Policy,
    User,
)
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import FoundContact, Observed, ObservedContact, ObservedMemory
from reconciler.core.model.value import Json
from reconciler.core.plan.operations import Plan, PlanOrigin
from reconciler.core.plan.planner import build_plan
from reconciler.errors import Source
from reconciler.scaffold import Answers

_Made = TypeVar("_Made")

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
MASKER = Masker(b"key", reveal=False)
HERE = Source("specs/a.yaml", 3, 5)
ORIGIN = PlanOrigin("sandbox", "sandbox", "sha256:0", "2026-01-02T03:04:05.000Z")


def fact(key: str, value: Json, policy: Policy = "enforce") -> Fact:
    return Fact(key, value, policy, HERE)


def user(
    phone_number: str = "+14155550192",
    *,
    metadata: str | None = None,
    summary: str | None = None,
    external_memory_key: str | None = None,
) -> User:
    return User(phone_number, metadata, summary, external_memory_key, HERE)


def memory(  # noqa: PLR0913  one parameter for what a test is about
    facts: Mapping[str, Json] | None = None,
    *,
    seeds: Mapping[str, Json] | None = None,
    users: Sequence[User] = (),
    contact: str = "sarah",
    scope: str = "support",
    identity: Identity | None = None,
) -> ContactMemory:
    declared = [fact(key, value) for key, value in (facts or {}).items()]
    seeded = [fact(key, value, "seed") for key, value in (seeds or {}).items()]
    return ContactMemory(
        contact=declared_contact(contact, identity),
        scope=scope,
        scope_key=Persona(f"persona-{scope}"),
        facts=tuple(sorted([*declared, *seeded], key=lambda item: item.key)),
        left_out=frozenset(),
        users=tuple(users),
        source=HERE,
    )


def declared_contact(
    name: str = "sarah", identity: Identity | None = None, *, profile: Mapping[str, Json] | None = None
) -> Contact:
    facts = tuple(fact(key, value) for key, value in sorted((profile or {}).items()))
    return Contact(name, identity or ContactId(f"id-of-{name}"), facts, HERE)


def existing(*users: User, memory_id: str = "store-1") -> ExistingMemory:
    return ExistingMemory("vip-line", memory_id, users, HERE)


def desired(*memories: Memory) -> Desired:
    contacts = {item.contact.name: item.contact for item in memories if isinstance(item, ContactMemory)}
    return Desired(
        scopes=("support",),
        contacts=tuple(contacts[name] for name in sorted(contacts)),
        contact_memories=tuple(item for item in memories if isinstance(item, ContactMemory)),
        existing_memories=tuple(item for item in memories if isinstance(item, ExistingMemory)),
    )


def plan(wanted: Memory, seen: ObservedMemory, contact: ObservedContact | None = None) -> Plan:
    """Plan one memory against what was seen of it and of its contact."""
    return plan_all([(wanted, seen)], contact=contact)


def plan_all(seen: Sequence[tuple[Memory, ObservedMemory]], *, contact: ObservedContact | None = None) -> Plan:
    """Plan memories against what was seen of each; their contacts exist unless `contact` says otherwise."""
    wanted = desired(*(item for item, _ in seen))
    contacts = {item.address: contact or FoundContact(f"id-of-{item.name}", {}) for item in wanted.contacts}
    observed = Observed(contacts, {item.address: found for item, found in seen}, requests=1)
    return build_plan(wanted, observed, origin=ORIGIN, left_out=0)


def answers(**more: Any) -> Answers:
    """Give what `init` was told; `more` are single answers."""
    told = Answers(
        environment="production",
        api="https://api.bland.ai",
        api_key_env="MY_KEY",
        scope_kind="persona_id",
        scope_value="persona-1",
        identified_by="external_id",
        ci="github",
        install="reconciler @ git+https://git.example/reconciler@0123abc",
    )
    return replace(told, **more)


def filled(kind: type[_Made], text: str, *, number: int = 1) -> _Made:
    """Return a document in which every text is this one, behind a letter; in lists, one of each kind."""
    made: _Made = _filled(kind, text, number=number)
    return made


def _filled(kind: Any, text: str, name: str = "", *, number: int) -> Any:
    kinds = get_args(kind) if isinstance(kind, UnionType) or get_origin(kind) is Union else (kind,)
    kind = next(one for one in kinds if one is not type(None))
    if kind is str or isinstance(kind, TypeAliasType):
        return "0/2" if name == "shard" else f"x{text}"
    if get_origin(kind) is Literal:
        return get_args(kind)[number - 1]
    if get_origin(kind) is tuple:
        items = [one for one in get_args(kind) if one is not ...]
        each = get_args(items[0]) if len(items) == 1 and isinstance(items[0], UnionType) else items
        return tuple(_filled(one, text, number=number) for one in each)
    if get_origin(kind) is abc.Mapping:
        return {f"x{text}": _filled(get_args(kind)[1], text, number=number)}
    if kind in {int, float, bool}:
        return kind(number)
    hints = get_type_hints(kind)
    return kind(**{field: _filled(hints[field], text, field, number=number) for field in kind.__struct_fields__})
