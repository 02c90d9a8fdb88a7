"""What pydantic finds wrong, in words for people who have never heard of pydantic."""

from typing import Final

from msgspec import Struct
from pydantic_core import ErrorDetails, PydanticCustomError

from reconciler.core.model.masking import compose, named
from reconciler.core.model.secret import Secret
from reconciler.reading.scalars import Numeral, plain_value

OUR_OWN: Final = "our_own"
"""The type of the errors that validators of this project raise; all others are pydantic's."""

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
}
_BOUNDS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}
_EMPTY = {"a mapping": " ({} for an empty one)", "a list": " ([] for an empty one)"}
_WRITTEN = {
    "a mapping": 'write lines of "key: value", indented below',
    "a list": 'write each item on a line of its own that starts with "- "',
}


class Words(Struct, frozen=True):
    """What is wrong, and what would be right."""

    message: str
    cure: str


def explain(error: ErrorDetails) -> Words:
    """Return the words for an error of pydantic's."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _EXPECTED:
        return mistyped(_EXPECTED[kind], error["input"])
    if kind in _BOUNDS:
        bound = _BOUNDS[kind].format(**{name: _short(value) for name, value in context.items()})
        return Words(compose("{} is expected, not {}", bound, named(error["input"])), "")
    if kind == OUR_OWN:
        return Words(context["said"], context["cure"])
    return Words(error["msg"].removeprefix("Value error, ").removeprefix("Input should "), "")


def wrong(message: str, *, cure: str) -> PydanticCustomError:
    """Return the error that a validator raises, with what is wrong and what would be right."""
    return PydanticCustomError(OUR_OWN, "{said}", {"said": message, "cure": cure})


def mistyped(expected: str, value: object) -> Words:
    """Return the words for a value of another kind than expected, such as `text`, `a whole number`, `a list`."""
    message = compose("{} is expected, not {}", expected, named(value))
    if value is None:
        return Words(message, _fill(expected))
    if isinstance(value, Secret):
        return Words(message, f"write {expected}")
    if expected in _WRITTEN:
        return Words(message, _WRITTEN[expected])
    if expected == "text" and isinstance(value, (bool, int, float)):
        return Words(message, "put it in quotes")
    found = plain_value(value) if isinstance(value, str) else value
    if isinstance(value, str) and (not isinstance(found, str) or (isinstance(found, Numeral) and "number" in expected)):
        return Words(message, "write it without quotes")
    return Words(message, f"write {expected}")


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _fill(expected: str) -> str:
    return f"write {expected}{_EMPTY.get(expected, '')}, or remove the key"
