"""
The meaning of a plain scalar: text stays text.

The rules are YAML 1.2's core schema, made narrower: `true` and `false`, null, and numbers in the form in which they are
written back. So 7.5 is a number, and 3.10 is text, unless a number is expected there. All else is text. What the API
would silently change is refused.
"""

import re
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.masking import Message, compose
from reconciler.core.model.text import quoted
from reconciler.core.model.value import MOST_WHOLE as _MOST
from reconciler.core.model.value import Json, digits, keeps_digits, survives

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_NUMBER_STARTS = frozenset("-0123456789")
_SHORT = 15
"""Decimals of so few digits always survive as a double."""

_QUOTE = "put it in quotes to keep it as text"


class Refusal(Struct, frozen=True):
    """Why a scalar is refused, and what would be right."""

    message: str
    cure: str


class Numeral(str):
    """Text that reads as a number, and that writing the number would change: text, unless a number is expected."""

    __slots__ = ()


Meaning: TypeAlias = "Json | Refusal"
"""The value of a scalar, or why it is refused."""

_NULLS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_NOT_FINITE = {
    f"{sign}.{word}": Refusal(f"{sign}.{word} is not a number that JSON can carry", _QUOTE)
    for sign, words in (("", ("nan", "NaN", "NAN")), *((sign, ("inf", "Inf", "INF")) for sign in ("", "+", "-")))
    for word in words
}
_WORDS: dict[str, Meaning] = {"true": True, "false": False, **_NULLS, **_NOT_FINITE}

NO_KEYS = {
    **dict.fromkeys(
        _NULLS,
        Refusal("a key is missing before the colon", 'write the key, in quotes if it is the text "null" or "~"'),
    ),
    "<<": Refusal(
        "merge keys (<<) are not part of YAML 1.2",
        "use an alias for a whole value, or put facts that many share at their scope or contact",
    ),
}
"""Why a scalar may not be a key without quotes; as a key, everything else is text."""


def plain_value(text: str) -> Meaning:
    """Return the value of a scalar without quotes and without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_STARTS and _NUMBER.fullmatch(text):
        number = _decimal(text) if "." in text else _whole(text)
        is_changed = text == "-0" or ("." in text and text[-1] == "0")
        return Numeral(text) if is_changed and not isinstance(number, Refusal) else number
    return text


def number_meant(value: object) -> object:
    """Return the number of a `Numeral`, where a number is expected; return anything else unchanged."""
    return numeral_value(value) if isinstance(value, Numeral) else value


def numeral_value(text: str) -> int | float:
    """Return the number that a text in the form of one reads as, with an int for a whole one."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _MOST else number


def reads_as_number(text: str) -> bool:
    """Return whether a text has the form of a number, and the number keeps its value in JSON."""
    return isinstance(plain_value(text), (int, float, Numeral)) and text not in _WORDS


def _whole(text: str) -> int | float | Refusal:
    if len(text) <= len(str(-_MOST)) and abs(int(text)) <= _MOST:
        return int(text)
    if survives(text) and keeps_digits(number := float(text)) and digits(number) == text:
        return number
    claim = f"is larger than a JSON number keeps exactly (±{_MOST})"
    return Refusal(_counted(text, claim, claim), _QUOTE)


def _decimal(text: str) -> float | Refusal:
    if len(text) <= _SHORT:
        return float(text)
    if not survives(text):
        keeps = "than a JSON number keeps"
        return Refusal(
            _counted(text, f"has more digits {keeps}", f"has more of them {keeps}"), f"write fewer, or {_QUOTE}"
        )
    return float(text)


def _counted(text: str, claim: str, claim_with_digits: str) -> Message:
    """Describe a number by its count of digits: it may be an account number, so it is not quoted."""
    digits = f"{sum(map(str.isdigit, text)):,} digits"
    return Message(f"this number {claim}", shown=f"this number of {digits} {claim_with_digits}")


_NONE_MEANT = "!"
_CORE = "tag:yaml.org,2002:"
_TEXT = f"{_CORE}str"
_SHOWN = 60


def scalar_tag_refusal(tag: str) -> Refusal | None:
    """Return why the tag of a scalar is refused, if it is."""
    return None if tag == _TEXT else collection_tag_refusal(tag)


def collection_tag_refusal(tag: str) -> Refusal | None:
    """Return why the tag of a mapping or list is refused, if it is."""
    shown = Message("…", shown=quoted(tag.replace(_CORE, "!!", 1)[:_SHOWN])[1:-1])
    cure = "remove it; quotes make text, and all other values need no tag"
    return None if tag == _NONE_MEANT else Refusal(compose("the tag {} is not accepted", shown), cure)
