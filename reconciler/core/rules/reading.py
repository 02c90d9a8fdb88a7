"""What rules read of one contact, memory or change after the other: converted once for all, and counted."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.model.masking import DigestOnly, DigestsIn
from reconciler.core.model.text import UnreadSecret
from reconciler.core.model.value import Json, normal
from reconciler.core.rules.checking import Read
from reconciler.core.rules.engine import Program, Variables, why_not
from reconciler.core.rules.subjects import Subject, Values

_TEXT_OF_ITEM = 200
"""The number of characters of a text that count as one item."""

NOT_TEXT = "it reads a text that is no Unicode, or a number of hundreds of digits"


class Reading:
    """The variables that some rules read, of one subject after the other."""

    def __init__(self, reads: Iterable[Read]) -> None:
        self.size = Size(0, 0, 0, is_known=True)
        self._values: Values = {}
        self._wanted = _wanted(reads)
        self._variables = Variables()
        self._read: dict[str, tuple[Json, Json]] = {}
        self._no_text = frozenset[str]()

    def turn_to(self, subject: Subject) -> None:
        """Convert what is read of a subject."""
        self._values = subject.values
        for name, keys in self._wanted.items():
            value = subject.values[name]
            if name not in self._read or self._read[name][0] is not value:
                self._read[name] = value, _part(value, keys)
        values = {name: part for name, (_, part) in self._read.items()}
        self.size = Size.of(values)
        self._no_text = self._variables.hold(
            {name: normal(part) for name, part in values.items()} if self.size.has_doubles else values
        )

    def answer(self, program: Program, reads: Iterable[Read]) -> bool | str | None:
        """Return what a program says of the subject: None where that is not known, and a text where it says nothing."""
        if not self.size.is_known and any(_is_unknown(self._values, read) for read in reads):
            return None
        if self._no_text and any(read.variable in self._no_text for read in reads):
            return NOT_TEXT
        try:
            found = self._variables.value(program)
        except Exception as error:  # noqa: BLE001  whatever it is, it quotes values
            return why_not(error)
        return found if isinstance(found, bool) else why_not(TypeError())


_Wanted: TypeAlias = dict[str, bool] | None
"""Of a variable, the keys that are read, and whether their values are; None for all of it."""


def _wanted(reads: Iterable[Read]) -> Mapping[str, _Wanted]:
    """Return what is read of each variable."""
    wanted: dict[str, _Wanted] = {}
    for read in reads:
        keys = wanted.setdefault(read.variable, {})
        if read.key is None or keys is None:
            wanted[read.variable] = None
        else:
            keys[read.key] = keys.get(read.key, False) or read.needs_value
    return wanted


def _part(value: Json, keys: _Wanted) -> Json:
    """Return the part of a value that is read: converting the rest would take most of the time."""
    if keys is None or not isinstance(value, dict) or isinstance(value, DigestsIn):
        return value
    return {key: value[key] if needs_value else True for key, needs_value in keys.items() if key in value}


def _is_unknown(values: Values, read: Read) -> bool:
    """Return whether a rule reads a secret that was not read, or a live value of which only a digest is known."""
    value = values[read.variable]
    if read.key is None or not isinstance(value, dict):
        return _holds_unknown(value)
    if read.key not in value:
        return isinstance(value, DigestsIn)
    return read.needs_value and _holds_unknown(value[read.key])


def _holds_unknown(value: object) -> bool:
    if isinstance(value, UnreadSecret | DigestOnly | DigestsIn):
        return True
    if isinstance(value, dict):
        return any(map(_holds_unknown, value.values()))
    return isinstance(value, list | tuple) and any(map(_holds_unknown, value))


class Size(Struct, frozen=True):
    """
    How many items values hold at all depths, and whether all are known.

    `largest` is how many the largest list or map of them has, and `longest` how many characters the longest text.
    Doubles that are whole are ints to rules, as JSON has one kind of number.
    """

    items: int
    largest: int
    longest: int
    is_known: bool
    has_doubles: bool = False

    @classmethod
    def of(cls, value: object) -> "Size":
        """Measure a value."""
        items = largest = longest = 0
        is_known, has_doubles = True, False
        left = [value]
        while left:
            one = left.pop()
            items += 1
            if isinstance(one, str):
                items += len(one) // _TEXT_OF_ITEM
                longest = max(longest, len(one))
                is_known = is_known and not isinstance(one, UnreadSecret | DigestOnly)
            elif isinstance(one, float):
                has_doubles = True
            elif isinstance(one, dict | list | tuple):
                is_known = is_known and not isinstance(one, DigestsIn)
                largest = max(largest, len(one))
                left.extend(one.values() if isinstance(one, dict) else one)
        return cls(items, largest, longest, is_known, has_doubles)
