"""
The account as the edges speak to it: one protocol to read, one to add and update, and none that removes.

Fields and paths are those of the API reference; `api/wire.py` names the call behind each method.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import astuple

from reconciler.core.model.desired import Identifier, Identity, ScopeKey, User
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.errors import ApiError, TooMuchError

_Done = TypeVar("_Done")

CONTACTS_A_PAGE = 200
"""The most that the API gives at once (`GET /v1/contacts`)."""


class Context(Struct, frozen=True):
    """The answer of the context call: facts, and whether the answer held anything at all."""

    facts: Mapping[str, Json]
    is_empty: bool
    contact_known: bool


class Record(Struct, frozen=True, gc=False):
    """A contact memory; `scope_key` is None where the API names neither persona nor agent number."""

    memory_id: str
    contact_id: str
    scope_key: ScopeKey | None
    facts: Mapping[str, Json]


class ContactRecord(Struct, frozen=True, gc=False):
    """
    A contact as the account shows it.

    `identifiers` are pairs of kind and value. These, `memories` and `organization` (`org_id`) are None where the answer
    does not show them.
    """

    contact_id: str
    profile: Mapping[str, Json]
    identifiers: tuple[tuple[str, str], ...] | None
    memories: tuple[Record, ...] | None
    organization: str | None = None


class ContactPage(Struct, frozen=True):
    """A page of the listing of contacts, and the bytes of its answer; what is None was not said."""

    contacts: tuple[ContactRecord, ...]
    total: int | None
    has_more: bool | None
    size: int = 0


class UserPage(Struct, frozen=True):
    """A page of a memory's users, by phone number; `has_more` says that there are others."""

    users: Mapping[str, LiveUser]
    has_more: bool


_LIGHT = 2048
MOST_KEPT, _KEPT_OF_EACH = 80_000_000, 16_000
_MOST_READ, _READ_OF_EACH = 128 << 20, 256 << 10
"""
All in bytes. An answer is weighed where it has more than `_LIGHT` for each of its records. Records may take `MOST_KEPT`
of memory, and `_KEPT_OF_EACH` more for each; their answers may have `_MOST_READ`, and `_READ_OF_EACH` more for each.
"""


class Kept:
    """Weighs the records that a run reads and keeps; `what` they are is the subject of an error."""

    def __init__(self, what: str, *, most: int = MOST_KEPT) -> None:
        self._what = what
        self._most = most
        self._count = 0
        self._weight = 0
        self._size = 0

    def add(self, records: object, *, count: int, size: int) -> None:
        """Count records that came in an answer of so many bytes; raises `TooMuchError` where they are too many."""
        self._count += max(1, count)
        self._size += size
        if size > _LIGHT * count:
            self._weight += weight(records)
        if self._weight > self._most + _KEPT_OF_EACH * self._count:
            raise self._error(f"take more than {self._most // 10**6} MB of memory")
        if self._size > _MOST_READ + _READ_OF_EACH * self._count:
            raise self._error(f"fill answers of more than {_MOST_READ >> 20} MiB", is_read=True)

    def _error(self, why: str, *, is_read: bool = False) -> TooMuchError:
        return TooMuchError(f"{self._what} {why}, so no more of them were read", is_read=is_read)


def weight(value: object) -> int:
    """Return about how many bytes of memory a value takes."""
    total, left = 0, [value]
    while left:
        one = left.pop()
        total += one.__sizeof__()
        if isinstance(one, Mapping):
            left += one
            left += one.values()
        elif isinstance(one, list | tuple):
            left += one
        elif isinstance(one, Struct):
            left += astuple(one)
    return total


NEVER = float("-inf")
"""The time of a view that counts no more, or never did."""
ALWAYS = float("inf")
"""The time of a view that always counts: nothing is overwritten."""


class Rests(Struct, frozen=True):
    """
    What a write rests on, and how many requests to `/v1/memory` it takes.

    `seen_at` is when that was read which it overwrites or sends back, `looks` the requests that it takes to read that
    again. `keeps_room` says that room is left for the write that follows.
    """

    seen_at: float
    writes: int = 1
    looks: int = 1
    keeps_room: bool = False


class Try(Struct, frozen=True):
    """One try at a write: whether the view still holds, and the last answer from which nobody knows what was done."""

    view_holds: bool
    doubt: ApiError | None


class Reader(Protocol):
    """What a plan needs: calls that change nothing. All raise `ApiError`, `RouteAbsentError` among them."""

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

    async def list_contacts(self, offset: int) -> ContactPage:
        """Read a page of at most `CONTACTS_A_PAGE` contacts, with their memories."""
        ...

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        """Read a contact with its memories; None when there is none."""
        ...

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        """Read a page of a memory's users."""
        ...

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        """Read one user of a memory; None when the memory does not have the number."""
        ...


class Writer(Protocol):
    """
    What an apply needs: calls that add and update, and some to look again. All raise `ApiError`.

    Those that get or create raise `EmptyAnswerError`, too, and so do those on users.
    """

    @property
    def began(self) -> float:
        """Return the time, by the same clock as `now`, before which nothing was read that the plan rests on."""
        ...

    @property
    def now(self) -> float:
        """Return the time, in seconds that never go back."""
        ...

    def unit(self) -> AbstractAsyncContextManager["UnitWriter"]:
        """Open a writer for one contact or memory, which does one thing after the other."""
        ...

    async def read_memory(self, memory_id: str) -> Record | None:
        """Read a contact memory by its id; None when there is none."""
        ...

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        """Read a page of a memory's users."""
        ...

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        """Read one user of a memory; None when the memory does not have the number."""
        ...

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        """Read a contact; None when there is none."""
        ...

    async def resolve_contact(self, identifier: Identifier, profile: Mapping[str, Json]) -> tuple[ContactRecord, bool]:
        """Find or create a contact, and say whether it was created."""
        ...

    async def update_contact(self, contact_id: str, profile: Sequence[FactWrite]) -> ContactRecord | None:
        """Set a contact's name and merge its metadata; None when the answer does not show the contact."""
        ...

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        """Get or create the memory of a contact in a scope, and say whether it was created."""
        ...

    def expect_memory(self, memory_id: str, contact_id: str, scope_key: ScopeKey) -> None:
        """Note whose memory an id is by the plan: an answer that names another contact or scope is an error."""
        ...

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
        """Merge facts into a memory and return those that it then holds; None where the answer does not show them."""
        ...

    async def add_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        """
        Add a user to a memory, and return what the answer shows of the user by field.

        Raises `AddUserRefusedError` for a number that may be there already.
        """
        ...

    async def update_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        """Set what is declared of a user of a memory, and return what the answer shows of the user by field."""
        ...


class UnitWriter(Writer, Protocol):
    """
    A writer for one contact or memory.

    `has_written` is whether a write was begun, and `doubts` are the errors of those of which nobody knows whether they
    were done. Both are kept until they are reset: an answer or a look may settle what was in doubt.
    """

    has_written: bool
    doubts: list[ApiError]

    async def in_one_go(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests) -> _Done:
        """
        Do a look and the write that rests on it, with no wait in between, and return what `work` does.

        After a wait or a doubtful answer, `work` is called again and has to look again.
        """
        ...
