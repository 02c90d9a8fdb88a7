"""The text of a file → the same in canonical form, or why it is left alone."""

from collections.abc import Collection
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.value import same
from reconciler.errors import SpecError
from reconciler.formatting.documents import UnkeepableError, each_document, format_document
from reconciler.formatting.roundtrip import RoundTripError
from reconciler.formatting.shapes import PROJECT, SPECS, Shape
from reconciler.project import FILE_NAME
from reconciler.reading import Reading, read_bytes

_MOST_ROUNDS = 4
_NUMBERS = frozenset(("max_update_share",))
"""The keys of `reconciler.yaml` that hold numbers with decimals."""

_BYTE_ORDER_MARK = "\ufeff"


class Formatted(Struct, frozen=True):
    """A file in canonical form."""

    text: str


class LeftAlone(Struct, frozen=True):
    """A file that cannot be brought into canonical form without losing something; `line` is where, 0 if unknown."""

    reason: str
    line: int


Outcome: TypeAlias = Formatted | LeftAlone


def format_text(text: str, *, name: str, numbers: Collection[str] = ()) -> Outcome:
    """
    Bring a file into canonical form; `name` is what it is called in problems, `numbers` are keys that hold numbers.

    What comes back says the same and has the same comments beside the same things, and formatting it again changes
    nothing. Raises `SpecError` for what cannot be read.
    """
    before = _read(text, name)
    body = text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")
    shape = PROJECT if name.rpartition("/")[2] == FILE_NAME else SPECS
    try:
        made = _settled(body, shape, _NUMBERS if shape is PROJECT else numbers)
    except UnkeepableError as error:
        return LeftAlone(error.reason, error.line)
    except (RoundTripError, RecursionError, LookupError, ValueError, TypeError, AttributeError):
        return LeftAlone("it is written in a way that cannot be kept", 0)
    if not _says_the_same(before, made):
        return LeftAlone("in canonical form it would not say the same", 0)
    return Formatted(made.replace("\n", "\r\n") if "\r\n" in text else made)


def _settled(text: str, shape: Shape, numbers: Collection[str]) -> str:
    """Format until nothing changes any more."""
    for _ in range(_MOST_ROUNDS):
        made = each_document(text, lambda document, above: format_document(document, above, shape, numbers))
        if made == text:
            return made
        text = made
    raise ValueError("formatting does not settle")


def _says_the_same(before: Reading, made: str) -> bool:
    after = read_bytes(made.encode(), file="")
    values = [[document.value for document in reading.documents] for reading in (before, after)]
    return not after.problems and same(*values)


def _read(text: str, name: str) -> Reading:
    reading = read_bytes(text.encode(), file=name)
    if reading.problems:
        raise SpecError(reading.problems)
    return reading
