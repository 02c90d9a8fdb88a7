"""Findings: all that is wrong in the specs, collected so that one run tells everything."""

from collections.abc import Iterable

from reconciler.errors import Problem, Source
from reconciler.reading import KeyPath
from reconciler.specs.addresses import spec_address


class Findings:
    """The problems found so far."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Give all problems found."""
        return tuple(self._problems)

    def take(self, problems: Iterable[Problem]) -> None:
        """Take problems that others found."""
        self._problems.extend(problems)

    def add(self, source: Source, address: str | KeyPath, *, message: str, cure: str) -> None:
        """Note what is wrong at a place; the address may be given as a path in the file."""
        where = address if isinstance(address, str) else spec_address(address)
        self._problems.append(Problem(source.file, source.line, source.column, where, message, cure))
