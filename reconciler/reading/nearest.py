"""Did you mean: the known word that a wrong one is nearest to."""

from bisect import bisect_left
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from reconciler.core.slips import Slips

_MOST_LISTED = 8
"""More known words than this are not a help but a wall of text."""

_MOST_COMPARED = 100
"""Of more known words than these, only neighbours in the alphabet and those one slip away are compared."""

_NEIGHBOURS = 20
_MOST_SEARCHED = 200
"""Whoever gets this many answers has no use for more of them: from then on, only those one slip away are found."""


class Nearest:
    """The known words, made ready for any number of questions: the time for each does not grow with their number."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._words = sorted(self._known)
        self._slips: Slips | None = None
        self._answers: dict[str, str] = {}

    def __contains__(self, word: str) -> bool:
        """Say whether a word is known."""
        return word in self._known

    def did_you_mean(self, word: str) -> str:
        """Ask for the nearest known word, or list them all when none is near and they are few."""
        if word not in self._answers:
            self._answers[word] = self._answer(word)
        return self._answers[word]

    def _answer(self, word: str) -> str:
        spelled = word if word.isupper() else word.lower()  # names of variables are in capitals
        nearest = get_close_matches(spelled, self._candidates(word), n=1)
        if nearest:
            return f'did you mean "{nearest[0]}"?'
        return f"known here: {', '.join(self._words)}" if 0 < len(self._words) <= _MOST_LISTED else ""

    def _candidates(self, word: str) -> Collection[str]:
        is_late = len(self._answers) >= _MOST_SEARCHED
        if len(self._words) <= _MOST_COMPARED and not is_late:
            return self._words
        if self._slips is None:
            self._slips = Slips(self._words)
        at = bisect_left(self._words, word)
        beside = () if is_late else self._words[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
        return sorted({*beside, *self._slips.of(word)})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask once for the nearest known word; see `Nearest` for many questions about the same words."""
    return Nearest(known).did_you_mean(word)
