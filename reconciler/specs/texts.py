"""
The kinds of text in a spec file: names, ids and phone numbers, each refused with its cure.

What is checked may be a secret. Validators that quote it must come before pydantic's own, which makes it plain text.
"""

import re
from datetime import date
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, WithJsonSchema

from reconciler.core.model.address import LONGEST_NAME, NAME, is_name
from reconciler.core.model.calling_codes import is_e164
from reconciler.core.model.desired import LABEL_KEY, TextKind
from reconciler.core.model.masking import Message, compose, named, quote
from reconciler.core.model.references import OPENING
from reconciler.core.model.text import (
    HIDDEN,
    Secret,
    UnreadSecret,
    has_control_characters,
    has_half_characters,
    hidden_in,
    shows,
)
from reconciler.reading import AccountId, Id, wrong

_LOOSE_NUMBER = r"^[^0-9A-Za-z]*([Tt][Ee][Ll]:[^0-9A-Za-z]*)?([+\uFF0B\uFE62]|00)[^A-Za-z]*$"
"""A pattern for numbers with their country code, as people write them; what they may be is for the reader to say."""

_BESIDE_ADDRESS = rf'\s<>()\[\],;:\\"\x00-\x1f\x7f-\x9f{HIDDEN}'
_DOTTED = rf"[^@.{_BESIDE_ADDRESS}]+(\.[^@.{_BESIDE_ADDRESS}]+)*"
_ADDRESS = f"{_DOTTED}@{_DOTTED}"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_REFERRING = r"\$\{"
"""A pattern for texts with references, which can only be checked once these are filled in."""

REFERENCE_AS_KEY = "references work in values, not in keys and names"


def _name(text: str) -> str:
    if is_name(text):
        return text
    if OPENING in text:
        raise wrong(REFERENCE_AS_KEY, cure="write the name out")
    if len(text) > LONGEST_NAME:
        raise wrong(f"a name may have {LONGEST_NAME} characters, and this one has {len(text)}", cure="shorten it")
    raise wrong(
        compose("{} is not a name", named(text)),
        cure="use a-z, A-Z, 0-9, - and _, with a letter or digit at the start",
    )


def _phone_number(value: object) -> object:
    if isinstance(value, UnreadSecret):
        return value
    if isinstance(value, str) and is_e164(value):
        return value
    from reconciler.core.model.phone_numbers import NoNumber, no_number, read_phone_number  # noqa: PLC0415  rarely needed

    found = read_phone_number(value) if isinstance(value, str) else no_number(value)
    if isinstance(found, NoNumber):
        raise wrong(found.message, cure=found.cure)
    return found


def _email(value: object) -> object:
    """Check that a text looks like one email address and nothing more."""
    if not isinstance(value, str) or isinstance(value, UnreadSecret):
        return value
    if hidden := hidden_in(value):
        alone = "".join(filter(shows, value))
        cure = "write it without" if isinstance(value, Secret) else compose("write {}", quote(alone))
        raise wrong(compose("{} holds {}, which does not show", quote(value), hidden), cure=cure)
    if not re.fullmatch(_ADDRESS, value):
        raise wrong(_flaw_of_email(value), cure=_cure_of_email(value))
    return value


def _flaw_of_email(text: str) -> Message:
    if re.fullmatch(r"[^@\s]+@[^@\s]+", text) and ".." in text:
        return compose("{} has dots side by side, which no email address has", quote(text))
    if re.fullmatch(_ADDRESS, text.replace(".", "x")):
        return compose("{} has a dot where no email address has one", quote(text))
    return compose("an email address is expected, not {}", named(text))


def _cure_of_email(text: str) -> Message | str:
    """Return the address alone where a text holds exactly one, as in `mailto:ann@example.com` and `Ann <...>`."""
    within = re.sub(r"(?i)\bmailto:", " ", text)
    found = [one for one in re.split(f"[{_BESIDE_ADDRESS}]+", within) if re.fullmatch(_ADDRESS, one)]
    is_alone = len(found) == 1 and text.count("@") == 1 and not isinstance(text, Secret)
    return compose("write {}", quote(found[0])) if is_alone else 'write it as "name@example.com"'


def _external_key(text: str) -> str:
    if hidden := hidden_in(text):
        raise wrong(f"this key holds {hidden}, which does not show", cure="write it without: copy the key alone")
    return text


def _fact_name(text: str) -> str:
    if not text or has_control_characters(text):
        raise wrong("a fact's key is empty or holds control characters", cure="name the fact in plain letters")
    return text


def _label_key(text: str) -> str:
    if not re.fullmatch(LABEL_KEY, text) or len(text) > LONGEST_NAME:
        cure = f"use a-z, A-Z, 0-9, ., -, _ and /, with a letter or digit at the start, {LONGEST_NAME} at most"
        raise wrong(compose("{} is not the name of a label", named(text)), cure=cure)
    return text


def _pattern(text: str) -> str:
    from reconciler.core.model.patterns import PatternError, check_pattern  # noqa: PLC0415  few specs have one

    try:
        check_pattern(text)
    except PatternError as error:
        message = compose("{} cannot be a pattern: {}", named(text), error.reason)
        raise wrong(message, cure=error.cure) from None
    return text


def _day(text: str) -> str:
    if not re.fullmatch(_DAY, text) or not _is_in_the_calendar(text):
        raise wrong(compose("a day is expected, not {}", named(text)), cure='write year, month and day: "2027-03-31"')
    return text


def _is_in_the_calendar(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _choice(value: object) -> object:
    if not isinstance(value, (str, int, float, bool)):
        raise wrong(compose("text, a number, true or false is expected, not {}", named(value)), cure="leave it out")
    return value


Name: TypeAlias = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME}$", "maxLength": LONGEST_NAME}),
]
"""What a scope, a contact or a memory is called in the specs."""

PhoneNumber: TypeAlias = Annotated[
    str, BeforeValidator(_phone_number), WithJsonSchema({"type": "string", "pattern": rf"{_LOOSE_NUMBER}|{_REFERRING}"})
]
"""A phone number with its country code, which is read as E.164."""

Email: TypeAlias = Annotated[
    str, BeforeValidator(_email), WithJsonSchema({"type": "string", "pattern": rf"^{_ADDRESS}$|{_REFERRING}"})
]
"""An email address."""

ExternalKey: TypeAlias = Annotated[
    str, AfterValidator(_external_key), WithJsonSchema({"type": "string", "pattern": f"^[^{HIDDEN}]*$"})
]
"""What another system calls a user's memory."""

FactName: TypeAlias = Annotated[
    str, AfterValidator(_fact_name), WithJsonSchema({"type": "string", "pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"})
]
"""What a fact is called."""

LabelKey: TypeAlias = Annotated[
    str,
    AfterValidator(_label_key),
    WithJsonSchema({"type": "string", "pattern": f"^{LABEL_KEY}$", "maxLength": LONGEST_NAME}),
]
"""What a label is called."""

Pattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]
"""A regular expression, in the way of Python's `re`."""

Choice: TypeAlias = Annotated[
    object, AfterValidator(_choice), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""One of several values, as an `enum` or a condition names it."""

Day: TypeAlias = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "pattern": f"^{_DAY}$"})]
"""A day, in ISO 8601."""


_LATER = ConfigDict(defer_build=True)
_ID: TypeAdapter[str] = TypeAdapter(Id, config=_LATER)
_PHONE_NUMBER: TypeAdapter[str] = TypeAdapter(PhoneNumber, config=_LATER)
_RULES: dict[TextKind, TypeAdapter[str]] = {
    "contact_id": TypeAdapter(AccountId, config=_LATER),
    "external_id": _ID,
    "persona_id": _ID,
    "phone_number": _PHONE_NUMBER,
    "agent_number": _PHONE_NUMBER,
    "email": TypeAdapter(Email, config=_LATER),
}


def accepts(kind: TextKind, text: str) -> bool:
    """Return whether specs accept a text as one of a kind, and a file can hold it."""
    if has_half_characters(text):
        return False
    if kind == "fact_key":
        return bool(text) and not has_control_characters(text)
    try:
        _RULES[kind].validate_python(text)
    except ValidationError:
        return False
    return True
