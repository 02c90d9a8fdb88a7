"""What an export leaves out because no spec can say it, with the reason in words."""

from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.export.expressible import Flaw
from reconciler.core.text import shortened

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
    """Give what is left out for a reason, in the singular and in the plural."""
    return _WORDS[reason]


class LeftOut(Struct, frozen=True):
    """One thing that is left out; `place` is an address, or as much of one as there is, in characters that print."""

    place: str
    reason: Reason

    @property
    def comment(self) -> str:
        """Give the line that says so in the file."""
        return f"Left out: {shortened(self.place, _LONGEST)}: {_WORDS[self.reason][0]}"
