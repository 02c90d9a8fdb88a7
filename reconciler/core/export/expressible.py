"""What a spec can say: values and keys that are read back from a spec as what they were."""

import re
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from reconciler.core.unkept import TooDeep, UnkeptNumber
from reconciler.core.value import MOST_WHOLE, Json, is_list, keeps_digits

TextKind: TypeAlias = Literal[
    "contact_id", "external_id", "phone_number", "email", "persona_id", "agent_number", "fact_key"
]
"""The kinds of text that specs have rules for."""

Accepts: TypeAlias = Callable[[TextKind, str], bool]
"""Says whether specs accept a text as one of a kind; the rules are those of `specs/texts.py`."""

Flaw: TypeAlias = Literal["null", "number", "text", "key", "depth"]
"""Why a spec cannot hold a value."""

DEEPEST = 58
"""How deep mappings and lists may lie in a fact: a spec may have 64 levels, and a fact stands below six of them."""

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def flaw_of(value: Json, accepts: Accepts, *, levels: int = DEEPEST) -> Flaw | None:
    """Say why a spec cannot hold a value, if it cannot."""
    if isinstance(value, dict):
        return "depth" if levels == 0 else _flaw_of_mapping(value, accepts, levels=levels - 1)
    if is_list(value):
        return "depth" if levels == 0 else _first(flaw_of(item, accepts, levels=levels - 1) for item in value)
    return "depth" if isinstance(value, TooDeep) else _flaw_of_scalar(value)


def flaw_of_key(key: str, accepts: Accepts) -> Flaw | None:
    """Say why a spec cannot hold a fact of this key, if it cannot."""
    return None if accepts("fact_key", key) and not _HALF_CHARACTER.search(key) else "key"


def _flaw_of_mapping(value: dict[str, Json], accepts: Accepts, *, levels: int) -> Flaw | None:
    keys = _first(flaw_of_key(key, accepts) for key in value)
    return keys or _first(flaw_of(value[key], accepts, levels=levels) for key in sorted(value))


def _flaw_of_scalar(value: Json) -> Flaw | None:
    match value:
        case None:
            return "null"
        case bool():
            return None
        case int():
            return None if abs(value) <= MOST_WHOLE else "number"
        case float():
            return None if keeps_digits(value) and not isinstance(value, UnkeptNumber) else "number"
        case _:
            return "text" if isinstance(value, str) and _HALF_CHARACTER.search(value) else None


def _first(flaws: Iterable[Flaw | None]) -> Flaw | None:
    return next((flaw for flaw in flaws if flaw), None)
