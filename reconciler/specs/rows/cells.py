"""Types of CSV cells: a cell is text, unless the catalogue gives its key another type."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from reconciler.core.model.catalogue import TYPE_NAMES, Catalogue, FactKey, FactType, has_type
from reconciler.core.model.masking import compose, named
from reconciler.core.model.value import Json, same
from reconciler.reading import Numeral, Refusal, json_value, numeral_value, plain_value

Convert: TypeAlias = Callable[[str, str], Json]
"""Return the value of a cell of CSV for the key of a fact; raise `ValueError` with what is expected."""


def as_text(_key: str, text: str) -> Json:
    """Leave every cell the text that it is."""
    return text


def by_catalogue(catalogue: Catalogue) -> Convert:
    """Return a converter that gives cells the types of the catalogue; facts with other keys are text."""
    return partial(_converted, catalogue)


def _converted(catalogue: Catalogue, name: str, text: str) -> Json:
    key = catalogue.get(name)
    if key is None or key.expected_type == "string":
        return text
    return _choice(key, text) if key.expected_type is None else _typed(key.expected_type, text)


def _choice(key: FactKey, text: str) -> Json:
    """Return what an `enum` lists, which may be a number, true or false; other text is for its rule to refuse."""
    if text in key.enum:
        return text
    boolean = plain_value(text.lower())
    value = boolean if isinstance(boolean, bool) else plain_value(text)
    return text if isinstance(value, Refusal) or not any(same(value, one) for one in key.enum) else value


def _typed(expected: FactType, text: str) -> Json:
    value = _read(expected, text)
    if not isinstance(value, Refusal) and has_type(value, expected):
        return value
    if isinstance(value, Refusal):
        raise ValueError(value.message)  # noqa: TRY004  a cell that cannot be read
    raise ValueError(compose("{} is expected, not {}", TYPE_NAMES[expected], named(text)))


def _read(expected: FactType, text: str) -> "Json | Refusal":
    """Read a cell as JSON writes lists and mappings, as specs write numbers; spreadsheets write TRUE."""
    match expected:
        case "list" | "mapping":
            return json_value(text)
        case "boolean":
            return plain_value(text.lower())
        case _:
            value = plain_value(text)
            return numeral_value(value) if isinstance(value, Numeral) else value
