"""Did you mean: the known word that a wrong one is nearest to."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_LISTED = 8
"""More known words than this are not a help but a wall of text."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask for the nearest known word, or list them all when none is near and they are few."""
    words = sorted(known)
    nearest = get_close_matches(word.lower(), words, n=1)
    if nearest:
        return f'did you mean "{nearest[0]}"?'
    return f"known here: {', '.join(words)}" if 0 < len(words) <= _MOST_LISTED else ""
