"""The users of a memory as they are listed in a spec file."""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.address import user_address
from reconciler.core.desired import User
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node, dotted
from reconciler.specs.findings import Findings
from reconciler.specs.schema import UserSpec


def declared_users(
    specs: Sequence[UserSpec], parts: Mapping[str, Node], memory: KeyPath, findings: Findings
) -> tuple[User, ...]:
    """Read the users that a memory declares among its parts, sorted by phone number; each number counts once."""
    sources = tuple(_sources(parts, memory, findings))
    users = {spec.phone_number: _user(spec, source) for spec, source in zip(specs, sources, strict=True)}
    return tuple(users[phone_number] for phone_number in sorted(users))


def check_users(parts: Mapping[str, Node], memory: KeyPath, findings: Findings) -> None:
    """Check that a memory in whose declaration something else is wrong lists no phone number twice."""
    for _ in _sources(parts, memory, findings):
        pass


def _sources(parts: Mapping[str, Node], memory: KeyPath, findings: Findings) -> Iterator[Source]:
    first: dict[object, Source] = {}
    for node in parts["users"].items() if "users" in parts else ():
        source = node.source
        phone_number = node.value.get("phone_number") if isinstance(node.value, dict) else None
        if isinstance(phone_number, str) and first.setdefault(phone_number, source) is not source:
            findings.add(
                source,
                user_address(dotted(memory), phone_number),
                message=f"this phone number is listed twice, first at {first[phone_number]}",
                cure="keep one of the two",
            )
        yield source


def _user(spec: UserSpec, source: Source) -> User:
    return User(
        phone_number=spec.phone_number,
        metadata=spec.written("metadata"),
        summary=spec.written("summary"),
        external_memory_key=spec.written("external_memory_key"),
        source=source,
    )
