"""The catalogue: the keys that facts may have, with their rules, and whether a value keeps the rules."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.model.value import Json, is_list, same
from reconciler.errors import Source

FactType: TypeAlias = Literal["string", "number", "integer", "boolean", "list", "mapping"]
ValueRule: TypeAlias = Literal["type", "enum", "pattern", "max_length"]
"""A rule that a value can break."""

TYPE_NAMES: Mapping[FactType, str] = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "list": "a list",
    "mapping": "a mapping",
}
"""What a value of each type is called."""


NUMBERS = frozenset(("number", "integer"))
"""In facts of these types, a plain scalar such as 3.10 is a number; in facts of any other type it is text."""


LONGEST_WITH_PATTERN = 10_000
"""How many characters a text may have whose key has a pattern."""


class FactKey(Struct, frozen=True):
    """
    One key of the catalogue; a rule that is None or empty is not set.

    `pattern` is a regular expression for the whole text, and `max_length` counts characters. `deprecated` is what to do
    instead. `review_by` is the day (ISO 8601) by which its facts should be reviewed.
    """

    name: str
    source: Source
    type: FactType | None = None
    enum: tuple[Json, ...] = ()
    pattern: str | None = None
    max_length: int | None = None
    description: str = ""
    sensitive: bool = False
    deprecated: str = ""
    review_by: str | None = None

    @property
    def holds_numbers(self) -> bool:
        """Return whether the values of the key have to be numbers."""
        return self.type in NUMBERS

    @property
    def longest(self) -> int | None:
        """Return how many characters its values may have; with a pattern there is always an end."""
        lengths = [
            length for length in (self.max_length, LONGEST_WITH_PATTERN if self.pattern is not None else None) if length
        ]
        return min(lengths, default=None)

    @property
    def expected_type(self) -> FactType | None:
        """Return the type that values must have; only text has a pattern or a length."""
        return self.type or ("string" if self.pattern is not None or self.max_length is not None else None)


Catalogue: TypeAlias = Mapping[str, FactKey]
"""The keys that facts may have, by name; empty where a repository leaves all keys open."""


def sensitive_keys(catalogue: Catalogue) -> frozenset[str]:
    """Return the keys whose values only the operator may see, although the repository declares them."""
    return frozenset(key.name for key in catalogue.values() if key.sensitive)


def broken_rule(key: FactKey, value: Json) -> ValueRule | None:
    """Return the first rule of a key that a value breaks, if it breaks one."""
    if key.expected_type is not None and not has_type(value, key.expected_type):
        return "type"
    if key.enum and not any(same(value, one) for one in key.enum):
        return "enum"
    return _broken_by_text(key, value) if isinstance(value, str) else None


def has_type(value: Json, expected: FactType) -> bool:
    """Return whether a value has a type. JSON has one kind of number, so 1.0 is a whole one; true is not a number."""
    match expected:
        case "string":
            return isinstance(value, str)
        case "number" | "integer":
            return _is_number(value, whole=expected == "integer")
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return is_list(value)
        case "mapping":
            return isinstance(value, dict)


def _is_number(value: Json, *, whole: bool) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return not whole or float(value).is_integer()


def _broken_by_text(key: FactKey, text: str) -> ValueRule | None:
    if key.longest is not None and len(text) > key.longest:
        return "max_length"
    if key.pattern is None:
        return None
    from reconciler.core.model.patterns import matches  # noqa: PLC0415  most catalogues have no patterns

    return None if matches(key.pattern, text) else "pattern"
