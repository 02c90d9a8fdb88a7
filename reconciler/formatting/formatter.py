"""The text of a file → the same in canonical form, or why it is left alone."""

from collections import Counter
from typing import TypeAlias

from msgspec import Struct

from reconciler.core.value import same
from reconciler.errors import SpecError
from reconciler.formatting.ordering import ordered
from reconciler.formatting.quoting import Quoting
from reconciler.formatting.roundtrip import RoundTripError, dump_all, load_all
from reconciler.formatting.shapes import PROJECT, SPECS, Shape
from reconciler.project import FILE_NAME
from reconciler.reading import Reading, comments, read_bytes

_MOST_ROUNDS = 4
_OTHER_MEANING = "in canonical order it would not say the same; an anchor may have to stand where it stands"
_BYTE_ORDER_MARK = "\ufeff"


class Formatted(Struct, frozen=True):
    """A file in canonical form."""

    text: str


class LeftAlone(Struct, frozen=True):
    """A file that cannot be brought into canonical form without losing something."""

    reason: str


Outcome: TypeAlias = Formatted | LeftAlone


def format_text(text: str, *, name: str) -> Outcome:
    """
    Bring a file into canonical form; `name` is what it is called in problems.

    What comes back says the same and has the same comments, and formatting it again changes nothing. Raises
    `SpecError` for what cannot be read.
    """
    before = _read(text, name)
    body = text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")
    shape = PROJECT if name.rpartition("/")[2] == FILE_NAME else SPECS
    try:
        made = _settled(body, shape)
    except RoundTripError:
        return LeftAlone(_OTHER_MEANING)
    except (RecursionError, LookupError, ValueError, TypeError, AttributeError):
        return LeftAlone("it is written in a way that cannot be kept")
    lost = _lost(before, body, made)
    return LeftAlone(lost) if lost else Formatted(made.replace("\n", "\r\n") if "\r\n" in text else made)


def _settled(text: str, shape: Shape) -> str:
    """Format until nothing changes any more; a comment may take its place in the second round."""
    for _ in range(_MOST_ROUNDS):
        made = _once(text, shape)
        if made == text:
            return made
        text = made
    raise ValueError("formatting does not settle")


def _once(text: str, shape: Shape) -> str:
    in_order = ordered(text, load_all(text), shape)
    documents = load_all(in_order)
    if all(document is None for document in documents):
        return text
    quoting = Quoting()
    return dump_all([quoting.settle(document, shape) for document in documents])


def _lost(before: Reading, text: str, made: str) -> str:
    """Say what a text that was made of another lacks, if anything."""
    after = read_bytes(made.encode(), file="")
    values = [[document.value for document in reading.documents] for reading in (before, after)]
    if after.problems or not same(*values):
        return _OTHER_MEANING
    missing = Counter(comments(text)) - Counter(comments(made))
    if missing:
        return f"this comment has no place in canonical form: {next(iter(missing))}"
    return ""


def _read(text: str, name: str) -> Reading:
    reading = read_bytes(text.encode(), file=name)
    if reading.problems:
        raise SpecError(reading.problems)
    return reading
