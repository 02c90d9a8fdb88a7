"""Live values that cannot be sent back unchanged: numbers that no double represents, and values nested too deep."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Literal, Self

from reconciler.core.model.value import Json, canonical, is_list, survives

MOST_LIVE = 64
"""How deep live mappings and lists may lie in one another to be compared: as deep as in specs."""

_SHORT = 15
"""Decimals of so few characters always survive as a double."""


class InexactNumber(float):
    """A live number that a double only approximates; `text` is its form in the account."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Make the double that is nearest."""
        made = super().__new__(cls, text)
        made.text = text
        return made


class TooDeep(str):
    """Stands for a live mapping or list that is nested too deep; its text, a digest, is the same for the same value."""

    __slots__ = ("kind",)

    kind: Literal["mapping", "list"]

    def __new__(cls, value: Json) -> Self:
        """Make the stand-in for a value."""
        made = super().__new__(cls, _digest(value))
        made.kind = "mapping" if isinstance(value, dict) else "list"
        return made


def live_number(text: str) -> float:
    """Return the number that an answer writes with a point or an exponent."""
    is_short = len(text) <= _SHORT and "e" not in text and "E" not in text
    return float(text) if is_short or survives(text) else InexactNumber(text)


def comparable(facts: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return live values with a stand-in for each that is nested too deep; the same object if there are none."""
    deep = [key for key, value in facts.items() if isinstance(value, (dict, list)) and _is_too_deep(value)]
    return {**facts, **{key: TooDeep(facts[key]) for key in deep}} if deep else facts


def unsendable(value: Json) -> str:
    """Return why a partly live value cannot be sent back unchanged; empty if it can."""
    if isinstance(value, InexactNumber):
        return (
            "a live number beside what is declared is one that JSON does not keep, so it cannot be sent back as it is"
        )
    return next(filter(None, map(unsendable, _below(value))), "")


def _is_too_deep(value: Json) -> bool:
    level: Collection[Json] = [value]
    for _ in range(MOST_LIVE):
        level = [item for one in level for item in _below(one) if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _below(value: Json) -> Collection[Json]:
    return value.values() if isinstance(value, dict) else value if is_list(value) else ()


def _digest(value: Json) -> str:
    """Return a digest of a value at any depth, so without recursion."""
    hashed, left = hashlib.sha256(), [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            hashed.update(json.dumps(sorted(one)).encode())
            left.extend(one[key] for key in sorted(one, reverse=True))
        elif is_list(one):
            hashed.update(b"[%d" % len(one))
            left.extend(reversed(one))
        else:
            hashed.update(canonical(one).encode())
    return f"nested:{hashed.hexdigest()}"
