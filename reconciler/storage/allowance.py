"""
One window of a rate limit for all runs that share a state: each draws a few requests at a time.

A drawn request counts from the draw until a whole window after its answer, as the API may count it at any time between.
What a killed run has drawn counts until it is certainly over.
"""

import math
from collections.abc import Sequence

from msgspec import MsgspecError, Struct, field, json

from reconciler.core.model.settings import Rate
from reconciler.storage.files import prepare_folder
from reconciler.storage.store import ChangedError, Store

_DRAWS = 20
"""The number of draws that take a whole window."""

_GRAINS = 50
_LONGEST_REQUEST = 60.0
_TRIES = 3
_BUSY = 0.1


class Drawn(Struct, frozen=True):
    """
    How many requests may go now, how many more are left for all, and the seconds until it is worth another try.

    What is not recorded, since others wrote at the same time, has to be told again.
    """

    granted: int
    free: int
    seconds: float = 0.0
    is_recorded: bool = True


class _Book(Struct):
    """What counts: the open requests of each run, and how many answered ones until when; times in epoch seconds."""

    open: dict[str, tuple[int, float]] = field(default_factory=dict)
    spent: list[tuple[float, int]] = field(default_factory=list)

    @property
    def used(self) -> int:
        return sum(count for count, _ in self.open.values()) + sum(count for _, count in self.spent)


class SharedAllowance(Struct, frozen=True):
    """The window of one account in a store, for one run, whose name nobody else has."""

    store: Store
    name: str
    rate: Rate
    run: str

    def draw(self, now: float, *, least: int, ended: Sequence[float] = (), unused: int = 0) -> Drawn:
        """
        Draw at least so many requests, or none; 0 asks for none. Raises `StateError`.

        `ended` are the times of answers since the last draw, and `unused` is given back.
        """
        if self.store.folder:
            prepare_folder(self.store.folder)
        for _ in range(_TRIES):
            kept = self.store.read(self.name)
            book = self._book(kept.data, now)
            self._settle(book, ended, unused)
            drawn = self._drawn(book, now, least)
            if not (ended or unused or drawn.granted):
                return drawn
            if drawn.granted:
                held, _ = book.open.get(self.run, (0, 0.0))
                until = now + 2 * self.rate.seconds + _LONGEST_REQUEST
                book.open[self.run] = (held + drawn.granted, until)
            try:
                self.store.write(self.name, json.encode(book) + b"\n", over=kept)
            except ChangedError:
                continue
            return drawn
        return Drawn(0, 0, _BUSY * (1 + _share(self.run)), is_recorded=False)

    def _book(self, data: bytes | None, now: float) -> _Book:
        """Read what counts now; of a damaged book, a whole window."""
        try:
            book = json.decode(data, type=_Book) if data else _Book()
        except (MsgspecError, RecursionError, ValueError):
            return _Book(spent=[(now + self.rate.seconds, self.rate.requests)])
        book.open = {run: item for run, item in book.open.items() if item[1] > now and item[0] > 0}
        book.spent = [item for item in book.spent if item[0] > now]
        return book

    def _settle(self, book: _Book, ended: Sequence[float], unused: int) -> None:
        held, until = book.open.pop(self.run, (0, 0.0))
        if held > len(ended) + unused:
            book.open[self.run] = (held - len(ended) - unused, until)
        grain = self.rate.seconds / _GRAINS
        counts: dict[float, int] = {}
        for end, count in [*book.spent, *((moment + self.rate.seconds, 1) for moment in ended)]:
            rounded = round(math.ceil(end / grain - 1e-6) * grain, 3)
            counts[rounded] = counts.get(rounded, 0) + count
        book.spent = sorted(counts.items())

    def _drawn(self, book: _Book, now: float, least: int) -> Drawn:
        free, needed = self.rate.requests - book.used, min(least, self.rate.requests)
        if not least:
            return Drawn(0, max(0, free))
        if free >= needed:
            granted = min(free, max(needed, self.rate.requests // _DRAWS))
            return Drawn(granted, free - granted)
        return Drawn(0, max(0, free), self._wait(book, now, needed - free))

    def _wait(self, book: _Book, now: float, lacking: int) -> float:
        """Return the seconds until so many more are free; soon, where others may give back what they have drawn."""
        soon = self.rate.seconds / _DRAWS * (1 + _share(self.run))
        for until, count in book.spent:
            lacking -= count
            if lacking <= 0:
                known = max(until - now, 0.001)
                return min(known, soon) if book.open.keys() - {self.run} else known
        return soon


def _share(run: str) -> float:
    """Return a number from 0 to 1 that differs between runs, so that they do not all come at once."""
    return sum(run.encode()) % 97 / 97
