"""Findings: all that is wrong in the specs, collected so that one run tells everything."""

from collections.abc import Iterable

from reconciler.errors import Problem, Source
from reconciler.reading import KeyPath
from reconciler.specs.addresses import spec_address

MOST_IN_DATA = 100
"""Of the problems of a data file, so many are told, and the others counted."""


class Findings:
    """The problems found so far; those of data files are bounded, since each of many rows can be wrong alike."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._in_data: dict[str, int] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Give all problems found."""
        return (*self._problems, *(_more(file, count) for file, count in self._in_data.items() if count > MOST_IN_DATA))

    def bound(self, file: str) -> None:
        """Keep no more than the first `MOST_IN_DATA` problems of a file from now on."""
        self._in_data.setdefault(file, 0)

    def take(self, problems: Iterable[Problem]) -> None:
        """Take problems that others found."""
        for problem in problems:
            if problem.file in self._in_data:
                self._in_data[problem.file] += 1
                if self._in_data[problem.file] > MOST_IN_DATA:
                    continue
            self._problems.append(problem)

    def add(self, source: Source, address: str | KeyPath, *, message: str, cure: str) -> None:
        """Note what is wrong at a place; the address may be given as a path in the file."""
        where = address if isinstance(address, str) else spec_address(address)
        self.take([Problem(source.file, source.line, source.column, where, message, cure)])


def _more(file: str, count: int) -> Problem:
    message = f"{count - MOST_IN_DATA:,} more problems in this file"
    return Problem(file, 0, 0, "", message, f"mend the first {MOST_IN_DATA} and look again")
