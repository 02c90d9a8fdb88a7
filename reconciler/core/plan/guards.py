"""
Guards: how much one apply may change. Each is a limit, what it is held against, and whether it is exceeded.

A share is rounded up, so that a limit of 0 means none, and the value that a refusal names is enough as the flag.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never, get_args

GuardName: TypeAlias = Literal["max_changes", "max_update_share", "max_new_keys"]

GUARD_NAMES: tuple[GuardName, ...] = get_args(GuardName)

Number: TypeAlias = int | float
"""A limit: 3 stays 3 in JSON, and does not become 3.0."""

_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Guards:
    """The most that one apply may do; None is no limit. `max_update_share` is between 0 and 1."""

    max_changes: int | None = None
    max_update_share: float | None = None
    max_new_keys: int | None = None


NO_GUARDS = Guards()


@dataclass(frozen=True, slots=True)
class Measures:
    """
    What guards are held against; operations that are not certain never count.

    `changes` are the totals of a plan together: contacts, memories, facts and users to create, add and update.
    `facts_to_update` are so many of the `enforced_facts_live`: the enforced facts that are live
    with any value. `new_keys` are those that the plan adds and that no memory it read holds.
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
    """A guard that refuses a plan: what it allows, and what the plan comes to; `keys` are the new keys, if it is so."""

    name: GuardName
    limit: Number
    value: Number
    keys: tuple[str, ...] = ()


def exceeded(measures: Measures, guards: Guards) -> tuple[ExceededGuard, ...]:
    """Return the guards that refuse; a value that equals its limit is allowed."""
    limits = ((name, getattr(guards, name)) for name in GUARD_NAMES)
    held = (held_against(measures, name, limit) for name, limit in limits if limit is not None)
    return tuple(guard for guard in held if guard.value > guard.limit)


def held_against(measures: Measures, name: GuardName, limit: Number) -> ExceededGuard:
    """Return a guard with what measures come to, whether they exceed it or not."""
    match name:
        case "max_changes":
            return ExceededGuard(name, limit, measures.changes)
        case "max_update_share":
            return ExceededGuard(name, limit, measures.update_share)
        case "max_new_keys":
            return ExceededGuard(name, limit, len(measures.new_keys), measures.new_keys)
        case _:
            assert_never(name)
