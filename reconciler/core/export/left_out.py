"""What an export leaves out because no spec can hold it, with the reason in words."""

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.model.desired import TextKind
from reconciler.core.model.text import has_half_characters, shortened
from reconciler.core.model.value import MOST_WHOLE, InexactNumber, Json, TooDeep, is_list, keeps_digits

Accepts: TypeAlias = Callable[[TextKind, str], bool]
"""Return whether specs accept a text as one of a kind; the rules are those of `specs/texts.py`."""

Flaw: TypeAlias = Literal["null", "number", "text", "key", "depth"]
"""Why a spec cannot hold a value."""

DEEPEST = 58
"""The levels that mappings and lists may have in a fact: a spec may have 64, and a fact is below six of them."""


def flaw_of(value: Json, accepts: Accepts, *, levels: int = DEEPEST) -> Flaw | None:
    """Return why a spec cannot hold a value, if it cannot."""
    if isinstance(value, dict):
        return "depth" if levels == 0 else _flaw_of_mapping(value, accepts, levels=levels - 1)
    if is_list(value):
        return "depth" if levels == 0 else _first(flaw_of(item, accepts, levels=levels - 1) for item in value)
    return "depth" if isinstance(value, TooDeep) else _flaw_of_scalar(value)


def flaw_of_key(key: str, accepts: Accepts) -> Flaw | None:
    """Return why a spec cannot hold a fact of this key, if it cannot."""
    return None if accepts("fact_key", key) else "key"


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
            return None if keeps_digits(value) and not isinstance(value, InexactNumber) else "number"
        case _:
            return "text" if isinstance(value, str) and has_half_characters(value) else None


def _first(flaws: Iterable[Flaw | None]) -> Flaw | None:
    return next((flaw for flaw in flaws if flaw), None)


Reason: TypeAlias = (
    Flaw
    | Literal[
        "contact_id",
        "persona_id",
        "agent_number",
        "no_scope",
        "ambiguous",
        "hidden_memories",
        "unlisted_users",
        "user_number",
        "user_metadata",
        "sensitive",
        "uncatalogued",
        "rule",
        "declared_memory",
    ]
)

_LONGEST = 200
_WORDS: dict[Reason, tuple[str, str]] = {
    "null": ("value that holds null", "values that hold null"),
    "number": ("value with a number that JSON does not keep", "values with a number that JSON does not keep"),
    "text": ("value with half a character in its text", "values with half a character in their text"),
    "key": ("value under a key that specs refuse", "values under a key that specs refuse"),
    "depth": ("value that is nested too deep", "values that are nested too deep"),
    "contact_id": ("contact whose id specs refuse", "contacts whose id specs refuse"),
    "persona_id": ("memory of a persona whose id specs refuse", "memories of a persona whose id specs refuse"),
    "agent_number": ("memory of an agent number that is not E.164", "memories of an agent number that is not E.164"),
    "no_scope": ("memory of no persona and no agent number", "memories of no persona and no agent number"),
    "ambiguous": ("scope of which the contact has several memories", "scopes of which a contact has several memories"),
    "hidden_memories": (
        "contact whose memories the account does not show",
        "contacts whose memories the account does not show",
    ),
    "unlisted_users": (
        "memory whose users the account does not list",
        "memories whose users the account does not list",
    ),
    "user_number": ("user whose phone number is not E.164", "users whose phone number is not E.164"),
    "sensitive": (
        "value of a sensitive key; write it as ${env:NAME}",
        "values of sensitive keys; write them as ${env:NAME}",
    ),
    "uncatalogued": (
        "value under a key that is not among the fact_keys",
        "values under keys that are not among the fact_keys",
    ),
    "rule": ("value that breaks a rule of the fact_keys", "values that break rules of the fact_keys"),
    "declared_memory": (
        "memory that the specs declare by its id",
        "memories that the specs declare by their ids",
    ),
    "user_metadata": ("user's metadata that is not shown as text", "users' metadata that are not shown as text"),
}


def words_of(reason: Reason) -> tuple[str, str]:
    """Return the words for what is left out for a reason, in the singular and the plural."""
    return _WORDS[reason]


class LeftOut(Struct, frozen=True):
    """One thing that is left out; `place` is its address as far as it has one, in printable characters."""

    place: str
    reason: Reason

    @property
    def comment(self) -> str:
        """Return the comment for the file."""
        return f"Left out: {shortened(self.place, _LONGEST)}: {_WORDS[self.reason][0]}"
