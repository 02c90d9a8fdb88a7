"""
Keys that are one typo apart: they differ in case, in separators, or by one edit of a letter.

Twins are keys that look the same: composed differently, with invisible characters, or with letters of another script.

Two keys that are one edit apart share a variant with at most one letter left out. So keys are found by lookup, and
those of 100,000 memories need not be compared in pairs.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from unicodedata import normalize

from reconciler.core.model.text import quoted, shows

_SEPARATORS = re.compile(r"[\s_.\-\u2010-\u2015\u2212]+")
_LOOK_ALIKES = str.maketrans(
    # Cyrillic, small and capital, then Greek, Armenian, and Latin letters of other shapes
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u051b\u051d\u04bb\u04cf\u0501\u043a\u0457\u0451\u0433"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0405\u0406\u0408\u04c0\u051a\u051c\u0423\u04ae"
    "\u03b1\u03bf\u03c1\u03bd\u03c5\u03b9\u03ba\u03c7\u03b3\u03c9\u03c4\u03b2\u03b5\u03b7"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0578\u0585\u057d\u0570\u0575\u0581\u0566"
    "\u0131\u0251\u0261",
    "aeopcyxsijqwhldk\u00ef\u00ebrABEKMHOPCTXSIJIQWYYaopvuikxywtbenABEZHIKMNOPTYXnouhjgqiag",
)
_SHORTEST = 5
"""Below this, one letter makes another word: `name` and `game`."""

_LONGEST = 64
"""Of keys that are longer, only those are found that are equal but for case and separators."""


MOST_ALIKE = 8
"""The most keys of one variant that are compared; more of them, such as `line1` to `line99`, are no slips."""

_MOST_NEW = 10_000
"""The most new keys that are looked at, the first ones: nobody writes so many by hand."""


class Typos:
    """An index of keys, which finds those that are one typo away from another key."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_variant: dict[str, tuple[str, ...]] = {}
        for key in sorted(set(keys)):
            for variant in set(_variants(key)):
                alike = self._by_variant.get(variant, ())
                if len(alike) < MOST_ALIKE:
                    self._by_variant[variant] = (*alike, key)

    def of(self, key: str) -> frozenset[str]:
        """Return the keys that are one typo away from this one."""
        near = {other for variant in _variants(key) for other in self._by_variant.get(variant, ())}
        return frozenset(other for other in near if is_typo(key, other))


def similar_keys(keys: Iterable[str], known: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """
    Return for each of the keys the known ones that are one typo away from it; those without any are left out.

    Takes time for the number of known keys and their lengths, not for the number of pairs.
    """
    typos = Typos(sorted(set(keys))[:_MOST_NEW])
    found: dict[str, set[str]] = {}
    for other in set(known):
        for key in typos.of(other):
            found.setdefault(key, set()).add(other)
    return {key: frozenset(others) for key, others in found.items()}


def looks(key: str) -> str:
    """Return what a key looks like: compatible characters made one, what does not show left out, letters in Latin."""
    if key.isascii():
        return key
    return "".join(filter(shows, normalize("NFKC", key))).translate(_LOOK_ALIKES)


def twins(keys: Iterable[str], known: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return for each of the keys the first known ones that look the same; those without any are left out."""
    by_looks: dict[str, set[str]] = {}
    for other in sorted(known):
        alike = by_looks.setdefault(looks(other), set())
        if len(alike) <= MOST_ALIKE:
            alike.add(other)
    found = ((key, frozenset(by_looks.get(looks(key), set()) - {key})) for key in keys)
    return {key: others for key, others in found if others}


def distinguished(keys: Sequence[str]) -> list[str]:
    """Return keys in quotes, those that look like another one of them in ASCII."""
    alike = twins(keys, keys)
    return [json.dumps(key) if key in alike else quoted(key) for key in keys]


def is_typo(key: str, other: str) -> bool:
    """
    Return whether two different keys are likely to mean the same.

    They look equal but for case and separators; or, if both have five letters, one letter too much, too little,
    another, or two letters the other way round. Another digit is no typo: people number things.
    """
    if key == other:
        return False
    left, right = _folded(key), _folded(other)
    return left == right or (min(len(left), len(right)) >= _SHORTEST and _is_one_edit(left, right))


def _folded(key: str) -> str:
    return _SEPARATORS.sub("", looks(key).casefold())


def _variants(key: str) -> Iterator[str]:
    """Return a key with and without each letter that is no digit; keys one edit apart have a variant in common."""
    folded = _folded(key)
    yield folded
    if _SHORTEST <= len(folded) <= _LONGEST:
        yield from (folded[:at] + folded[at + 1 :] for at, letter in enumerate(folded) if not letter.isdigit())


def _is_one_edit(left: str, right: str) -> bool:
    start = _alike(left, right)
    left, right = left[start:], right[start:]
    end = _alike(left[::-1], right[::-1])
    left, right = left[: len(left) - end], right[: len(right) - end]
    if any(letter.isdigit() for letter in left + right):
        return False
    return max(len(left), len(right)) <= 1 or (len(left) == len(right) == 2 and left == right[::-1])  # noqa: PLR2004


def _alike(left: str, right: str) -> int:
    """Count the letters with which both begin."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(left), len(right)))


_MOST_LISTED = 24
"""More known words than this are not a help but a wall of text."""

_MOST_COMPARED = 100
"""Of more known words than these, only neighbours in the alphabet and those one typo away are compared."""

_NEIGHBOURS = 20
_SHORTEST_BEGINNING = 3
"""Fewer letters, such as the p of `production`, are no short form that people write."""

_MOST_SEARCHED = 200
"""Whoever gets this many answers has no use for more of them: from then on, only those one typo away are found."""


class Nearest:
    """An index of known words, so that the time for a suggestion does not grow with their number."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._words = sorted(self._known)
        self._is_short = len(self._words) <= _MOST_COMPARED
        self._typos: Typos | None = None
        self._answers: dict[str, str | None] = {}

    def __contains__(self, word: str) -> bool:
        """Return whether a word is known."""
        return word in self._known

    def did_you_mean(self, word: str) -> str:
        """Ask for the nearest known word, or list them all when none is near and they are few."""
        nearest = self.nearest(word)
        if nearest is not None:
            return f'did you mean "{nearest}"?'
        return f"known here: {', '.join(self._words)}" if 0 < len(self._words) <= _MOST_LISTED else ""

    def nearest(self, word: str) -> str | None:
        """Return the nearest known word; None where none is near."""
        if word not in self._answers:
            self._answers[word] = self._nearest(word)
        return self._answers[word]

    def _nearest(self, word: str) -> str | None:
        spelled = word if word.isupper() else word.lower()  # names of variables are in capitals
        close = get_close_matches(spelled, self._candidates(word), n=1)
        return next(iter(close or self._longer_form(spelled) or self._begun(spelled)), None)

    def _begun(self, word: str) -> list[str]:
        """Return the one known word that begins with this word, as `sarah-chen` does with `sara`."""
        at = bisect_left(self._words, word)
        found = [known for known in self._words[at : at + 2] if known.startswith(word)]
        return found if len(found) == 1 and len(word) >= _SHORTEST_BEGINNING else []

    def _longer_form(self, word: str) -> list[str]:
        """Return the one known word that has this word as a part, as `phone_number` has `phone`."""
        found = [known for known in self._words if word in known.split("_")] if self._is_short else []
        return found if len(found) == 1 else []

    def _candidates(self, word: str) -> Collection[str]:
        is_late = len(self._answers) >= _MOST_SEARCHED
        if self._is_short and not is_late:
            return self._words
        if self._typos is None:
            self._typos = Typos(self._words)
        at = bisect_left(self._words, word)
        beside = () if is_late else self._words[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]
        return sorted({*beside, *self._typos.of(word)})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask once for the nearest known word; see `Nearest` for many questions about the same words."""
    return Nearest(known).did_you_mean(word)
