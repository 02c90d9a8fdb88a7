"""The users of a memory as they are listed in a spec file."""

from collections.abc import Iterator, Mapping
from typing import cast

from reconciler.core.model.address import user_address
from reconciler.core.model.desired import User
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node, dotted
from reconciler.specs.findings import Findings


def declared_users(parts: Mapping[str, Node], memory: KeyPath, findings: Findings) -> tuple[User, ...]:
    """Read the users that a checked memory declares, sorted by phone number; each number counts once."""
    nodes = tuple(parts["users"].items()) if "users" in parts else ()
    found = [_user(node, source) for node, source in zip(nodes, _sources(parts, memory, findings), strict=True)]
    users = {user.phone_number: user for user in found}
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


def _user(node: Node, source: Source) -> User:
    """Read a user from the values of the checked document: a model would hold secrets as plain text."""
    written = cast("Mapping[str, str]", node.value)
    return User(
        phone_number=written["phone_number"],
        metadata=written.get("metadata"),
        summary=written.get("summary"),
        external_memory_key=written.get("external_memory_key"),
        source=source,
    )
