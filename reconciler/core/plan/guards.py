"""
Guards: limits on what one apply may change, the measures they are compared with, and which are exceeded.

Shares are rounded up: a limit of 0 allows nothing, and the value in a refusal is enough as the flag's value.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never, get_args

GuardName: TypeAlias = Literal["max_changes", "max_update_share", "max_new_keys"]

GUARD_NAMES: tuple[GuardName, ...] = get_args(GuardName)

Number: TypeAlias = int | float
"""A limit; 3 stays 3 in JSON, not 3.0."""

_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits of one apply; None is no limit. `max_update_share` is between 0 and 1."""

    max_changes: int | None = None
    max_update_share: float | None = None
    max_new_keys: int | None = None


NO_GUARDS = Guards()


@dataclass(frozen=True, slots=True)
class Measures:
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


@dataclass(frozen=True, slots=True)
class ExceededGuard:
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
