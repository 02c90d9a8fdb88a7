"""Keys that are one slip of the hand away from another: another case, another separator, one letter."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

_SEPARATORS = re.compile(r"[\s_.-]+")
_SHORTEST = 5
"""Below this, one letter makes another word: `name` and `game`."""

_LONGEST = 200
"""Of keys that are longer, only those are found that are equal but for case and separators."""


class Slips:
    """Keys, made ready to be asked which of them are one slip away from another one."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_variant: dict[str, set[str]] = {}
        for key in set(keys):
            for variant in _variants(key):
                self._by_variant.setdefault(variant, set()).add(key)

    def of(self, key: str) -> frozenset[str]:
        """Give the keys that are one slip away from this one."""
        near = {other for variant in _variants(key) for other in self._by_variant.get(variant, ())}
        return frozenset(other for other in near if is_slip(key, other))


def near_keys(keys: Iterable[str], known: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """
    Give for each of the keys the known ones that are one slip away from it; those without any are left out.

    Takes time for the number of known keys and their lengths, not for the number of pairs.
    """
    slips = Slips(keys)
    found: dict[str, set[str]] = {}
    for other in set(known):
        for key in slips.of(other):
            found.setdefault(key, set()).add(other)
    return {key: frozenset(others) for key, others in found.items()}


def is_slip(key: str, other: str) -> bool:
    """
    Say whether two different keys are likely to mean the same.

    They are equal but for case and separators; or, if both have five letters, one letter too much, too little,
    another, or two letters the other way round. A digit is no slip: people number things.
    """
    if key == other:
        return False
    left, right = _folded(key), _folded(other)
    return left == right or (min(len(left), len(right)) >= _SHORTEST and _is_one_edit(left, right))


def _folded(key: str) -> str:
    return _SEPARATORS.sub("", key.casefold())


def _variants(key: str) -> Iterator[str]:
    """Give a key with and without each of its letters; two keys one edit apart have a variant in common."""
    folded = _folded(key)
    yield folded
    if _SHORTEST <= len(folded) <= _LONGEST:
        yield from (folded[:at] + folded[at + 1 :] for at in range(len(folded)))


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
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
