"""Observed: what the account was seen to hold, and how much of that is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.core.value import Json


@dataclass(frozen=True, slots=True)
class LiveUser:
    """A memory user as the account holds it."""

    metadata: str | None
    summary: str | None


@dataclass(frozen=True, slots=True)
class Present:
    """
    A memory that exists.

    `memory_id` is None where the reader shows a memory without its id (`GET /v1/memory/context`).
    `users`, by phone number, is None where the account gives no way to list them.
    """

    memory_id: str | None
    facts: Mapping[str, Json]
    users: Mapping[str, LiveUser] | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """A memory that is known not to exist."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """
    A memory that holds nothing, or does not exist: `GET /v1/memory/context` answers both alike.

    `contact_known` is False where the API said that it has no such contact.
    """

    contact_known: bool = True


ObservedMemory: TypeAlias = Present | Absent | Unseen


@dataclass(frozen=True, slots=True)
class Observed:
    """What was read, by the address of the declared memory, and what it cost in requests."""

    memories: Mapping[str, ObservedMemory]
    requests: int
