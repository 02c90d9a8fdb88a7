"""Plain values: errors, phone numbers, times and JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from reconciler.sandbox.settings import Numbers

_NATIONAL_LENGTH = 10


def to_e164(number: str) -> str:
    """Return a number as the API's other products read it: without punctuation; ten digits are American."""
    digits = "".join(character for character in number if character.isdigit())
    if number.strip().startswith("+"):
        return f"+{digits}"
    if len(digits) == _NATIONAL_LENGTH:
        return f"+1{digits}"
    return f"+{digits}" if digits else number


def in_form(number: str, form: Numbers) -> str:
    """Return a number in the form that a sandbox stores: as it is, in E.164, or with its digits in another form."""
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
    """The state, or a world to be inserted, cannot be used."""


class DamagedStateError(SandboxStateError):
    """The file of the state is damaged, or is no file of the sandbox; the message names the cure."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}; run `reconciler sandbox reset` to begin with an empty sandbox")


class SandboxServeError(SandboxError):
    """The sandbox cannot listen at its address."""


class ConnectionDropped(ConnectionError):  # noqa: N818 - named after the fault, as in "the connection dropped"
    """A scripted fault ended the connection of a caller in process, where there is no real connection to end."""


JsonObject: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a contact memory is keyed by: a contact, and a persona or an agent's number (S0)."""

    contact_id: str
    persona_id: str | None
    agent_number: str | None


def timestamp(moment: datetime) -> str:
    """Return a moment as the API writes it: ISO 8601, milliseconds, ``Z`` (S0, S1)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_json(text: str) -> object:
    """Return the value of JSON that `to_json` wrote; raises `DamagedStateError` for anything else."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedStateError(
            "the state of the sandbox (sandbox.sqlite3) is damaged: it holds JSON that the sandbox never writes"
        ) from error


def to_json(value: object) -> str:
    """Return compact JSON; raises `ValueError` for NaN and infinities, which JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
