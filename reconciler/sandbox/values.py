"""The plain values that the layers of the sandbox hand to each other."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from reconciler.sandbox.errors import SandboxStateError

JsonObject: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a contact memory is keyed by: a contact, and a persona or an agent's number (S0)."""

    contact_id: str
    persona_id: str | None
    agent_number: str | None


def timestamp(moment: datetime) -> str:
    """Write a moment as the API does: ISO 8601, milliseconds, ``Z`` (S0, S1)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_json(text: str) -> object:
    """Read JSON that was written by `to_json`; raises `SandboxStateError` for anything else."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise SandboxStateError(
            "the state of the sandbox is damaged: it holds JSON that the sandbox never writes; remove its file "
            "(sandbox.sqlite3) to begin with an empty one"
        ) from error


def to_json(value: object) -> str:
    """Compact JSON; NaN and infinities are refused, since no JSON parser would take them back."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
