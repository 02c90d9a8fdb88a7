"""Colours of terminal text: a paint turns text into coloured text, or leaves it alone where colours are not wanted."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

Paint: TypeAlias = Callable[[str], str]


class Palette(Struct, frozen=True):
    """One paint for each meaning."""

    add: Paint
    update: Paint
    uncertain: Paint
    failure: Paint
    faint: Paint
    strong: Paint


def _code(number: int) -> Paint:
    return lambda text: f"\x1b[{number}m{text}\x1b[0m"


def _same(text: str) -> str:
    return text


COLOURED = Palette(
    add=_code(32), update=_code(33), uncertain=_code(36), failure=_code(31), faint=_code(2), strong=_code(1)
)
PLAIN = Palette(add=_same, update=_same, uncertain=_same, failure=_same, faint=_same, strong=_same)
