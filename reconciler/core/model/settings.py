"""
Settings as people write them: the reader, rates such as `100/15m`, an expected account, and guards on a plan.

Guards limit what one apply may change. The shares that they are compared with are rounded up: a limit of 0 allows
nothing, and the value in a refusal is enough as the flag's value.
"""

import math
import re
from typing import Literal, TypeAlias, assert_never, get_args
from urllib.parse import urlsplit

from msgspec import Struct

from reconciler.core.model.value import DocumentPart

GuardName: TypeAlias = Literal["max_changes", "max_update_share", "max_new_keys"]

GUARD_NAMES: tuple[GuardName, ...] = get_args(GuardName)

Number: TypeAlias = int | float
"""A limit; 3 stays 3 in JSON, not 3.0."""

_PARTS = 10_000


class Guards(Struct, frozen=True):
    """The limits of one apply; None is no limit. `max_update_share` is between 0 and 1."""

    max_changes: int | None = None
    max_update_share: float | None = None
    max_new_keys: int | None = None


NO_GUARDS = Guards()


class Measures(DocumentPart, frozen=True):
    """
    The measures of a plan that guards limit; uncertain operations do not count.

    `changes` is the sum of contacts, memories, facts and users to create, add and update. `facts_to_update` is a part
    of `enforced_facts_live`, the enforced facts that are live with any value. `new_keys` are the added keys that no
    memory that was read holds.
    """

    changes: int
    facts_to_update: int
    enforced_facts_live: int
    new_keys: tuple[str, ...]

    @property
    def update_share(self) -> float:
        """Return the share of the live facts that would be overwritten, rounded up to four digits; 0 where none is."""
        return -(-self.facts_to_update * _PARTS // max(1, self.enforced_facts_live)) / _PARTS


NOTHING_MEASURED = Measures(0, 0, 0, ())


class ExceededGuard(DocumentPart, frozen=True):
    """A guard that refuses a plan: its limit, and the plan's value; `keys` are the new keys of `max_new_keys`."""

    name: GuardName
    limit: Number
    value: Number
    keys: tuple[str, ...] = ()


def exceeded(measures: Measures, guards: Guards) -> tuple[ExceededGuard, ...]:
    """Return the guards that refuse; a value that equals its limit is allowed."""
    limits = ((name, getattr(guards, name)) for name in GUARD_NAMES)
    compared = (compare_guard(measures, name, limit) for name, limit in limits if limit is not None)
    return tuple(guard for guard in compared if guard.value > guard.limit)


def compare_guard(measures: Measures, name: GuardName, limit: Number) -> ExceededGuard:
    """Return a guard with the measured value, whether it is exceeded or not."""
    match name:
        case "max_changes":
            return ExceededGuard(name, limit, measures.changes)
        case "max_update_share":
            return ExceededGuard(name, limit, measures.update_share)
        case "max_new_keys":
            return ExceededGuard(name, limit, len(measures.new_keys), measures.new_keys)
        case _:
            assert_never(name)


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


NotifyEvent: TypeAlias = Literal["drift", "refused", "failed", "applied"]


class Notify(Struct, frozen=True):
    """Which events are told, and the environment variable with the URL that they are sent to."""

    url_env: str
    on: frozenset[NotifyEvent]


_RATE = r"([1-9][0-9]{0,8})/([1-9][0-9]{0,4})([smh])"
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class Rate(Struct, frozen=True):
    """At most so many requests in any window of so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        """Return it as `reconciler.yaml` writes it, in the largest unit that fits the window."""
        unit = next(unit for unit in ("h", "m", "s") if self.seconds % _SECONDS[unit] == 0)
        return f"{self.requests}/{self.seconds // _SECONDS[unit]}{unit}"

    def part(self, count: int) -> "Rate":
        """Return a rate that so many may keep at once: fewer requests, or else one in a longer window."""
        if self.requests >= count:
            return Rate(self.requests // count, self.seconds)
        return Rate(1, -(-self.seconds * count // self.requests))


def parse_rate(text: str) -> Rate:
    """Read `REQUESTS/WINDOW`, the window in s, m or h; raises `ValueError` for anything else."""
    found = re.fullmatch(_RATE, text)
    if found is None:
        raise ValueError(text)
    return Rate(int(found[1]), int(found[2]) * _SECONDS[found[3]])


_ALL = 100


class MostFailures(Struct, frozen=True):
    """A number of failures, or a percentage of the operations of a run; one of the two."""

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


_BUCKET = r"(?:s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*/?"


def is_bucket(place: str) -> bool:
    """Return whether a place of state is meant as the URL of a bucket, and no folder."""
    return "://" in place or place.startswith(("s3:", "gs:", "az:"))


def state_problem(place: str) -> str:
    """Return why state cannot be kept at a place; empty where it can."""
    if not place.strip():
        return "a folder or a URL is expected"
    if place.startswith("~"):
        return "~ stands for no home folder here"
    if not is_bucket(place) or re.fullmatch(_BUCKET, place):
        return ""
    return "this is neither a folder nor the URL of a bucket with a prefix"


STATE_CURE = (
    "write the path of a folder, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX; "
    "keys come from variables"
)
