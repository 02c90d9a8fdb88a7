"""The plain values that the layers of the sandbox hand to each other."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from reconciler.sandbox.settings import Numbers

_NATIONAL_LENGTH = 10


def to_e164(number: str) -> str:
    """Read a number as the API's other products do: punctuation dropped, ten digits are American."""
    digits = "".join(character for character in number if character.isdigit())
    if number.strip().startswith("+"):
        return f"+{digits}"
    if len(digits) == _NATIONAL_LENGTH:
        return f"+1{digits}"
    return f"+{digits}" if digits else number


def in_form(number: str, form: Numbers) -> str:
    """Return a number in the form that a sandbox keeps: as it is, in E.164, or with the same digits in another."""
    if form == "exact":
        return number
    whole = to_e164(number.replace("00", "+", 1) if number.startswith("00") else number)
    digits = whole.removeprefix("+")
    forms: dict[Numbers, str] = {
        "bare": digits,
        "spaced": f"+{digits[:1]} ({digits[1:4]}) {digits[4:7]}-{digits[7:]}",
        "zeros": f"00{digits}",
    }
    return forms.get(form, whole)


class SandboxError(Exception):
    """The sandbox cannot do what was asked of it."""


class SandboxStateError(SandboxError):
    """The state, or a world to be planted in it, cannot be used."""


class SandboxServeError(SandboxError):
    """The sandbox cannot listen where it was told to."""


class ConnectionDropped(ConnectionError):  # noqa: N818 - named after the fault, as in "the connection dropped"
    """A scripted fault ended the connection, and there is no real connection to end: the caller is in process."""


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
