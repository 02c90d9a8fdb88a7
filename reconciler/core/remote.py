"""
The account as the edges speak to it: one protocol to read, one to add and update, and none that removes.

Fields and paths are those of the API reference: `POST /v1/memory/contact`, `GET /v1/memory/contact/{memory_id}`,
`PATCH /v1/memory/contact/{memory_id}/facts`, `GET /v1/memory/context`, `POST /v1/memory/{memory_id}/add-user`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.desired import ScopeKey, User
from reconciler.core.diff import FactWrite
from reconciler.core.value import Json


@dataclass(frozen=True, slots=True)
class Context:
    """The answer of the context call: facts, and whether the answer held anything at all."""

    facts: Mapping[str, Json]
    is_empty: bool
    contact_known: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A contact memory; `scope_key` is None where the API names neither persona nor agent number."""

    memory_id: str
    contact_id: str
    scope_key: ScopeKey | None
    facts: Mapping[str, Json]


class Reader(Protocol):
    """What a plan needs: calls that change nothing. All raise `ApiError`."""

    @property
    def requests_sent(self) -> int:
        """Count the requests that went out, repeated ones included."""
        ...

    async def read_context(self, contact_id: str, scope_key: ScopeKey) -> Context:
        """Read the facts of a contact in a scope."""
        ...

    async def read_memory(self, memory_id: str) -> Record | None:
        """Read a contact memory by its id; None when there is none."""
        ...


class Writer(Protocol):
    """What an apply needs: calls that add and update, and one to look again. All raise `ApiError`."""

    async def read_memory(self, memory_id: str) -> Record | None:
        """Read a contact memory by its id; None when there is none."""
        ...

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        """Get or create the memory of a contact in a scope, and say whether it was created."""
        ...

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        """Merge facts into a memory and give the facts that it then holds; None when the answer does not tell."""
        ...

    async def add_user(self, memory_id: str, user: User) -> None:
        """Add a user to a memory; raises `AddUserRefusedError` for a number that may be there already."""
        ...
