"""The values of facts: JSON, its equality, the merge of one value into another, and live values that cannot be sent."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeGuard, get_type_hints

from msgspec import Struct
from typing_extensions import TypeAliasType

if TYPE_CHECKING:  # only what reads documents back, or describes them, loads pydantic
    from pydantic_core import CoreSchema

Json = TypeAliasType("Json", 'str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None')
"""A JSON value. Values are shared freely, so nothing ever changes one in place."""


MOST_WHOLE = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly."""

_SIGNIFICANT = 15
"""The digits of a decimal that survive as a double, whatever follows in zeros."""

NORMAL = frozenset((str, int, bool, type(None)))
"""Types whose values are their own normal form."""

_AT_ONCE = 100
"""The number of values of a list that are written at once."""

_LONG = 400
"""Decimals longer than this cannot be a double's shortest form, and need not be computed to know it."""


class _Handler(Protocol):
    """What pydantic gives to a type that says itself how it is read."""

    def generate_schema(self, source_type: object, /) -> "CoreSchema":
        """Return how a part of another type is read."""
        ...


class DocumentPart(Struct, frozen=True):
    """A part of a document: it is written as a JSON object, and pydantic can read it back and describe it."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, handler: _Handler) -> "CoreSchema":
        """Return how pydantic reads it: an object with a key for each field; other keys are ignored."""
        from pydantic_core import core_schema  # noqa: PLC0415  see above

        kinds = get_type_hints(cls, include_extras=True)
        needed = set(cls.__struct_fields__[: -len(cls.__struct_defaults__) or None])
        keys = {
            name: core_schema.typed_dict_field(handler.generate_schema(kinds[name]), required=name in needed)
            for name in cls.__struct_fields__
        }
        read = core_schema.typed_dict_schema(keys, cls=cls, cls_name=cls.__name__)
        name = f"{cls.__module__}.{cls.__qualname__}"
        return core_schema.no_info_after_validator_function(lambda given: cls(**given), read, ref=name)


write_normal = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode
"""Write a value in normal form as text, with sorted keys."""


def same(left: Json, right: Json) -> bool:
    """
    Return whether two values are the same JSON.

    JSON has one kind of number, so 1 and 1.0 are the same; true and 1 are not, although Python thinks so.
    """
    if isinstance(left, str):
        return left == right
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(same(value, right[key]) for key, value in left.items())
        )
    if is_list(left):
        return is_list(right) and len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) is isinstance(right, bool) and left == right


def covers(live: Json, declared: Json) -> bool:
    """Return whether a live value already has all that is declared; a mapping may have more."""
    if isinstance(declared, str):
        return live == declared
    if isinstance(declared, dict):
        return isinstance(live, dict) and all(
            key in live and covers(live[key], value) for key, value in declared.items()
        )
    return same(live, declared)


def lay_over(live: Json, declared: Json) -> Json:
    """Lay a declared value over a live one: mappings merge and keep what only live has, all else is replaced."""
    if not (isinstance(live, dict) and isinstance(declared, dict)):
        return declared
    added = {key: lay_over(live[key], value) if key in live else value for key, value in declared.items()}
    return {**live, **added}


def is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    """Return whether a value is a JSON list."""
    return isinstance(value, (list, tuple))


def digits(number: float) -> str:
    """Return all digits of a number, without an exponent, and without a point where it is whole."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0") if number else "0"


def survives(text: str) -> bool:
    """Return whether a number stays the same as a double, which is written as short as it can be."""
    if len(text) > _LONG:
        return False
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except InvalidOperation:  # an exponent of so many digits that no computer reckons with it
        return False


def keeps_digits(number: float) -> bool:
    """Return whether every reader of JSON keeps all digits of a number: few of them, or none beyond what it holds."""
    if not isfinite(number) or not number.is_integer() or abs(number) <= MOST_WHOLE:
        return isfinite(number)
    return len(digits(number).strip("-0")) <= _SIGNIFICANT


def canonical(value: Json) -> str:
    """Write a value as text that is the same for all values that are the same JSON: sorted keys, one form a number."""
    return write_normal(normal(value))


def canonical_parts(values: Iterable[Json]) -> Iterator[bytes]:
    """Yield a list as `canonical` writes it, a hundred values at a time: the whole of a long list would be large."""
    return _parts(map(normal, values))


def _parts(values: Iterable[Json]) -> Iterator[bytes]:
    rest, comma = iter(values), ""
    yield b"["
    while some := list(islice(rest, _AT_ONCE)):
        yield f"{comma}{write_normal(some)[1:-1]}".encode()
        comma = ","
    yield b"]"


def sha256_of_list(values: Iterable[Json]) -> str:
    """Return the SHA-256 of a list as `canonical` writes it, in hexadecimal; its values are in normal form already."""
    hashed = hashlib.sha256()
    for part in _parts(values):
        hashed.update(part)
    return hashed.hexdigest()


def normal(value: Json) -> Json:
    """Return the normal form of a value: one for each number."""
    if type(value) in NORMAL or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: item if type(item) in NORMAL else normal(item) for key, item in value.items()}
    if is_list(value):
        return [item if type(item) in NORMAL else normal(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


MOST_LIVE = 64
"""How deep live mappings and lists may lie in one another to be compared: as deep as in specs."""

_SHORT = 15
"""Decimals of so few characters always survive as a double."""


class InexactNumber(float):
    """A live number that a double only approximates; `text` is its form in the account."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Make the double that is nearest."""
        made = super().__new__(cls, text)
        made.text = text
        return made


class TooDeep(str):
    """Stands for a live mapping or list that is nested too deep; its text, a digest, is the same for the same value."""

    __slots__ = ("kind",)

    kind: Literal["mapping", "list"]

    def __new__(cls, value: Json) -> Self:
        """Make the stand-in for a value."""
        made = super().__new__(cls, _digest(value))
        made.kind = "mapping" if isinstance(value, dict) else "list"
        return made


def live_number(text: str) -> float:
    """Return the number that an answer writes with a point or an exponent."""
    is_short = len(text) <= _SHORT and "e" not in text and "E" not in text
    return float(text) if is_short or survives(text) else InexactNumber(text)


def comparable(facts: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return live values with a stand-in for each that is nested too deep; the same object if there are none."""
    deep = [key for key, value in facts.items() if isinstance(value, (dict, list)) and _is_too_deep(value)]
    return {**facts, **{key: TooDeep(facts[key]) for key in deep}} if deep else facts


def unsendable(value: Json) -> str:
    """Return why a partly live value cannot be sent back unchanged; empty if it can."""
    if isinstance(value, InexactNumber):
        return (
            "a live number beside what is declared is one that JSON does not keep, so it cannot be sent back as it is"
        )
    return next(filter(None, map(unsendable, _below(value))), "")


def _is_too_deep(value: Json) -> bool:
    level: Collection[Json] = [value]
    for _ in range(MOST_LIVE):
        level = [item for one in level for item in _below(one) if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _below(value: Json) -> Collection[Json]:
    return value.values() if isinstance(value, dict) else value if is_list(value) else ()


def _digest(value: Json) -> str:
    """Return a digest of a value at any depth, so without recursion."""
    hashed, left = hashlib.sha256(), [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            hashed.update(json.dumps(sorted(one)).encode())
            left.extend(one[key] for key in sorted(one, reverse=True))
        elif is_list(one):
            hashed.update(b"[%d" % len(one))
            left.extend(reversed(one))
        else:
            hashed.update(canonical(one).encode())
    return f"nested:{hashed.hexdigest()}"
