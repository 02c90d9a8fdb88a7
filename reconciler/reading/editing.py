"""Edits of a text at known places: what no edit names stays as it is, character for character."""

from collections.abc import Sequence

from msgspec import Struct


class Edit(Struct, frozen=True, order=True):
    """The characters from `start` to `end` of a text, and what comes in their place."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with its edits made; raises `ValueError` where two of them overlap."""
    made: list[str] = []
    at = 0
    for edit in sorted(edits):
        if edit.start < at:
            raise ValueError(f"two edits overlap at {edit.start}")
        made += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*made, text[at:]))
