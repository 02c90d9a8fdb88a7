"""The facts of one layer: `facts` and `seed_facts` as they are written, checked at every depth."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import TypeAlias, cast

from reconciler.core.model.address import user_address
from reconciler.core.model.desired import NO_LABELS, Fact, Policy, User
from reconciler.core.model.text import has_control_characters
from reconciler.errors import Source
from reconciler.reading import KeyPath, Node, dotted
from reconciler.specs.problems import Problems


def declared_users(parts: Mapping[str, Node], memory: KeyPath, problems: Problems) -> tuple[User, ...]:
    """Read the users that a checked memory declares, sorted by phone number; each number counts once."""
    if "users" not in parts:
        return ()
    nodes = tuple(parts["users"].items())
    found = [_user(node, source) for node, source in zip(nodes, _sources(parts, memory, problems), strict=True)]
    users = {user.phone_number: user for user in found}
    return tuple(users[phone_number] for phone_number in sorted(users))


def check_users(parts: Mapping[str, Node], memory: KeyPath, problems: Problems) -> None:
    """Check that a memory in whose declaration something else is wrong lists no phone number twice."""
    for _ in _sources(parts, memory, problems):
        pass


def _sources(parts: Mapping[str, Node], memory: KeyPath, problems: Problems) -> Iterator[Source]:
    first: dict[object, Source] = {}
    for node in parts["users"].items() if "users" in parts else ():
        source = node.source
        phone_number = node.value.get("phone_number") if isinstance(node.value, dict) else None
        if isinstance(phone_number, str) and phone_number and first.setdefault(phone_number, source) is not source:
            problems.add(
                source,
                user_address(dotted(memory), phone_number),
                message=f"this phone number is listed twice, first at {first[phone_number]}",
                cure="keep one of the two",
            )
        yield source


def _user(node: Node, source: Source) -> User:
    """Read a user from the checked document: the model would hold secrets as plain text."""
    written = cast("Mapping[str, str]", node.value)
    return User(
        phone_number=written["phone_number"],
        metadata=written.get("metadata"),
        summary=written.get("summary"),
        external_memory_key=written.get("external_memory_key"),
        source=source,
    )


Facts: TypeAlias = tuple[Fact, ...]
"""The facts of one layer, or of several merged, sorted by key."""


_key = attrgetter("key")


def layer(facts: Iterable[Fact]) -> Facts:
    """Make a layer of facts with different keys."""
    return tuple(sorted(facts, key=_key))


def merge(*layers: Facts) -> Facts:
    """Merge layers, the most specific last. A single layer with facts is shared and not copied."""
    filled = [facts for facts in layers if facts]
    if len(filled) <= 1:
        return filled[0] if filled else ()
    return layer({fact.key: fact for facts in filled for fact in facts}.values())


def declared_layer(parts: Mapping[str, Node], path: KeyPath, problems: Problems) -> Facts:
    """Read the layer of facts that a scope, a contact or a memory declares among its parts."""
    if "seed_facts" not in parts:
        return () if "facts" not in parts else layer(_facts(parts, (*path, "facts"), "enforce", problems))
    enforced = {fact.key: fact for fact in _facts(parts, (*path, "facts"), "enforce", problems)}
    seeds = list(_facts(parts, (*path, "seed_facts"), "seed", problems))
    for fact in seeds:
        if fact.key in enforced:
            problems.add(
                fact.source,
                (*path, "seed_facts", fact.key),
                message=f"this fact is in seed_facts and, at {enforced[fact.key].source}, in facts",
                cure="keep one: facts are updated when they differ, seed_facts never",
            )
    return layer([*enforced.values(), *seeds])


_PROFILE = ("metadata", "name")


def declared_profile(parts: Mapping[str, Node], path: KeyPath, problems: Problems) -> tuple[Fact, ...]:
    """Read the name and the metadata that a contact declares among its parts, as facts of the contact itself."""
    if "metadata" in parts:
        _check_value(parts["metadata"], (*path, "metadata"), problems)
    given = [key for key in _PROFILE if key in parts]
    return tuple(Fact(key, parts[key].value, "enforce", parts[key].key_source) for key in given) if given else ()


def declared_labels(parts: Mapping[str, Node]) -> Mapping[str, str]:
    """Read the labels that a checked contact declares among its parts, sorted by key."""
    if "labels" not in parts:
        return NO_LABELS
    written = cast("Mapping[str, str]", parts["labels"].value)
    return {key: str(written[key]) for key in sorted(written)} or NO_LABELS


def _facts(parts: Mapping[str, Node], path: KeyPath, policy: Policy, problems: Problems) -> Iterator[Fact]:
    node = parts.get(str(path[-1]))
    if node is None:
        return
    for key, value, source in node.keyed():
        if not _is_good(key):
            _report_key(key, source, path, problems)
        if value is None or isinstance(value, (dict, list)):
            _check_value(node.at((key,)), (*path, key), problems)
        yield Fact(key, value, policy, source)


@lru_cache
def _is_good(key: str) -> bool:
    return bool(key) and not has_control_characters(key)


def _report_key(key: str, source: Source, path: KeyPath, problems: Problems) -> None:
    problems.add(
        source,
        (*path, key),
        message="a fact's key is empty or holds control characters",
        cure="name the fact in plain letters",
    )


def _check_value(node: Node, path: KeyPath, problems: Problems) -> None:
    if node.value is None:
        problems.add(
            node.source,
            path,
            message="a fact cannot be null: the API does not document what null does",
            cure="write a value, or remove it",
        )
    for key, below in node.entries():
        if not _is_good(key):
            _report_key(key, below.key_source, path, problems)
        _check_value(below, (*path, key), problems)
    for index, below in enumerate(node.items()):
        _check_value(below, (*path, index), problems)
