"""Filling and checking a record that someone wrote by hand."""

from reconciler.sandbox.errors import SandboxStateError
from reconciler.sandbox.values import JsonObject


def filled(record: JsonObject, *, kind: str, defaults: JsonObject) -> JsonObject:
    """Fill in the missing fields of a record; a field whose default is an empty string is required."""
    unknown = sorted(record.keys() - defaults.keys())
    if unknown:
        raise SandboxStateError(f"{kind}: unknown field {unknown[0]!r}; known are {', '.join(sorted(defaults))}")
    complete = {**defaults, **record}
    for field, default in defaults.items():
        _check(complete[field], default=default, place=f"{kind}.{field}")
    return complete


def _check(value: object, *, default: object, place: str) -> None:
    if default == "" and not value:
        raise SandboxStateError(f"{place}: required")
    wanted = str if default is None else type(default)
    if isinstance(value, wanted) or (value is None and default is None):
        return
    raise SandboxStateError(f"{place}: expected {wanted.__name__}, found {type(value).__name__}")
