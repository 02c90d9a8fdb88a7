"""
Text stays text: what a plain scalar means.

YAML 1.2's core schema, narrower still: `true` and `false`, numbers as JSON writes them without an exponent, and null.
Everything else is text, and what would silently become something else on its way to the API is refused.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.redaction import Said
from reconciler.core.value import Json

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_NUMBER_STARTS = frozenset("-0123456789")
_MOST = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""

_SHORT = 15
"""Decimals of so few digits always survive as a double."""

_LONG = 400
"""Decimals longer than this cannot be a double's shortest form, and need not be computed to know it."""

_QUOTE = "put it in quotes to keep it as text"


class Refusal(Struct, frozen=True):
    """Why a scalar is refused, and what would be right."""

    message: str
    cure: str


Meaning: TypeAlias = "Json | Refusal"
"""What a scalar stands for, or why it may not stand there."""

_NULLS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_NOT_FINITE = {
    f"{sign}.{word}": Refusal(f"{sign}.{word} is not a number that JSON can carry", _QUOTE)
    for sign, words in (("", ("nan", "NaN", "NAN")), *((sign, ("inf", "Inf", "INF")) for sign in ("", "+", "-")))
    for word in words
}
_WORDS: dict[str, Meaning] = {"true": True, "false": False, **_NULLS, **_NOT_FINITE}

_NO_KEYS = {
    **dict.fromkeys(
        _NULLS,
        Refusal("a key is missing before the colon", 'write the key, in quotes if it is the text "null" or "~"'),
    ),
    "<<": Refusal(
        "merge keys (<<) are not part of YAML 1.2",
        "use an alias for a whole value, or put facts that many share at their scope or contact",
    ),
}


def plain_value(text: str) -> Meaning:
    """Give the value of a scalar that stands without quotes and without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_STARTS and _NUMBER.fullmatch(text):
        return _decimal(text) if "." in text else _whole(text)
    return text


def plain_key_refusal(text: str) -> Refusal | None:
    """Say why a scalar may not be a key without quotes, if it may not; as a key, everything else is text."""
    return _NO_KEYS.get(text)


def survives(text: str) -> bool:
    """Say whether a number with decimals or an exponent stays the same as a double, written as short as it can be."""
    if len(text) > _LONG:
        return False
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except InvalidOperation:  # an exponent of so many digits that no computer reckons with it
        return False


def _whole(text: str) -> int | Refusal:
    if len(text) > len(str(-_MOST)) or abs(int(text)) > _MOST:
        said = f"is larger than a JSON number keeps exactly (±{_MOST})"
        return Refusal(_counted(text, said, said), _QUOTE)
    return int(text)


def _decimal(text: str) -> float | Refusal:
    if len(text) <= _SHORT:
        return float(text)
    if not survives(text):
        keeps = "than a JSON number keeps"
        return Refusal(
            _counted(text, f"has more digits {keeps}", f"has more of them {keeps}"), f"write fewer, or {_QUOTE}"
        )
    return float(text)


def _counted(text: str, said: str, said_of_digits: str) -> Said:
    """Say something of a number by the count of its digits: it may well be somebody's account, and is not quoted."""
    digits = f"{sum(map(str.isdigit, text)):,} digits"
    return Said(f"this number {said}", shown=f"this number of {digits} {said_of_digits}")
