"""The digest of a plan's operations: equal operations have equal digests."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache

from reconciler.core.documents.plan import OperationEntry
from reconciler.core.model.value import Json

MERGED = "merged:sha256:"
"""The prefix of the digest of merged plans, which is made without a key."""

_UNCOUNTED = {"source", "cause"}


def operations_digest(operations: Iterable[OperationEntry], digest: Callable[[Json], str]) -> str:
    """
    Return the keyed `digest` of operations: their types, targets, new values and former values.

    It ignores places in files and causes, so the same drift has the same digest tomorrow. Without the key, nobody can
    make a digest for other operations.
    """
    return digest([_entry(entry) for entry in operations])


def _entry(value: object) -> Json:
    match value:
        case None | str() | int() | float():
            return value
        case Mapping():
            return {key: _entry(item) for key, item in value.items()}
        case list() | tuple():
            return [_entry(item) for item in value]
        case _:
            assert is_dataclass(value) and not isinstance(value, type)  # noqa: S101, PT018  a document holds nothing else
            return {name: _entry(getattr(value, name)) for name in _names(type(value))}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _UNCOUNTED)
