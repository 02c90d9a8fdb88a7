"""Settings as people write them: the reader, rates such as `100/15m`, limits such as `10%`, an expected account."""

import math
import re
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

ReaderChoice: TypeAlias = Literal["auto", "contacts", "contact", "context"]
"""`auto` uses the reader with the fewest requests, and falls back to `context` if no other works."""

THIS_MACHINE = frozenset(("127.0.0.1", "::1", "localhost", "sandbox.localhost"))
"""The hosts to which a key may go over http://."""


class ExpectedAccount(Struct, frozen=True):
    """
    What must be so of the account before anything else is read; None is not asked.

    A contact that it has, the organisation that its contacts belong to (`org_id`), and `digest`: what this tool makes
    of URL and key together.
    """

    contact_id: str | None = None
    organization: str | None = None
    digest: str | None = None


_RATE = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,4})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Rate(Struct, frozen=True):
    """At most so many requests in any window of so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        """Return it as `reconciler.yaml` writes it, in the largest unit that fits the window."""
        unit = next(unit for unit in ("h", "m", "s") if self.seconds % _SECONDS[unit] == 0)
        return f"{self.requests}/{self.seconds // _SECONDS[unit]}{unit}"


def parse_rate(text: str) -> Rate:
    """Read `REQUESTS/WINDOW`, the window in s, m or h; raises `ValueError` for anything else."""
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return Rate(int(found[1]), int(found[2]) * _SECONDS[found[3]])


_ALL = 100


class MostFailures(Struct, frozen=True):
    """So many failures, or so many percent of the operations of a run; one of the two."""

    count: int = 0
    percent: float = 0.0

    def of(self, operations: int) -> int:
        """Return the number of failures that ends a run of so many operations: at least 1."""
        return self.count or max(1, math.ceil(operations * self.percent / 100))

    def __str__(self) -> str:
        """Return it as it is written: `5` or `10%`."""
        return str(self.count) if self.count else f"{self.percent:g}%"


def parse_most_failures(text: str) -> MostFailures:
    """Read `N` or `P%`, above 0, percents to 100; raises `ValueError` for anything else."""
    if re.fullmatch(r"[1-9][0-9]{0,8}", text):
        return MostFailures(count=int(text))
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?%", text) and 0 < (percent := float(text[:-1])) <= _ALL:
        return MostFailures(percent=percent)
    raise ValueError(text)


def is_of_this_machine(api: str) -> bool:
    """Return whether the URL of an API leads to this machine."""
    return (urlsplit(api).hostname or "") in THIS_MACHINE
