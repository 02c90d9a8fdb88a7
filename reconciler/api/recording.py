"""A writer that records what it would send: in the client's place, it makes an apply a dry run."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TypeVar
from urllib.parse import quote

from reconciler.api import requests
from reconciler.api.requests import Request
from reconciler.core.documents.receipt import RequestEntry
from reconciler.core.model.desired import Identifier, Identity, ScopeKey, User
from reconciler.core.model.masking import Masker, Mixed
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.core.remote import ContactRecord, Record, Rests, Try, UserPage
from reconciler.errors import ApiError

_Done = TypeVar("_Done")
_UNKNOWN_CONTACT = "{contact_id}"
_UNKNOWN_MEMORY = "{memory_id}"


class RecordingWriter:
    """
    Answers as an account that keeps what it is sent, and records each request with its masked body, in order.

    An id that only the API can give is written `{contact_id}` or `{memory_id}`.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self.began = self.now = 0.0
        self.has_written = False
        self.doubts: list[ApiError] = []
        self.requests: list[RequestEntry] = []

    def unit(self) -> AbstractAsyncContextManager["RecordingWriter"]:
        """Return this recorder."""
        return nullcontext(self)

    async def in_one_go(self, work: Callable[[Try], Awaitable[_Done]], rests: Rests) -> _Done:
        """Do the work once, by what the plan saw."""
        del rests
        return await work(Try(view_holds=True, doubt=None))

    async def read_memory(self, memory_id: str) -> Record | None:
        """Return nothing: a recorder holds no memories."""
        del memory_id
        return None

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        """Return no users: a recorder holds no memories."""
        del memory_id, offset
        return UserPage({}, has_more=False)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        """Return nothing: a recorder holds no memories."""
        del memory_id, user
        return None

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        """Return nothing: a recorder holds no contacts."""
        del identity
        return None

    async def resolve_contact(self, identifier: Identifier, profile: Mapping[str, Json]) -> tuple[ContactRecord, bool]:
        """Record the find-or-create call."""
        self._record(requests.resolve_contact(identifier, profile))
        return ContactRecord(_UNKNOWN_CONTACT, profile, ((identifier.kind, identifier.value),), ()), True

    async def update_contact(self, contact_id: str, profile: Sequence[FactWrite]) -> ContactRecord:
        """Record the update of a contact."""
        shown = {
            write.key: self._masker.without_sensitive_keys.sent(write.changed_part, write.declared, (write.key,))
            for write in profile
        }
        self._record(requests.update_contact(contact_id, profile), body=shown)
        return ContactRecord(contact_id, {write.key: write.value for write in profile}, (), ())

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        """Record the get-or-create call."""
        self._record(requests.create_memory(contact_id, scope_key))
        return Record(_UNKNOWN_MEMORY, contact_id, scope_key, {}), True

    def expect_memory(self, memory_id: str, contact_id: str, scope_key: ScopeKey) -> None:
        """Note nothing: a recorder gets no answers."""

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json]:
        """Record the merge of facts; their live parts are shown as live values are."""
        values = {fact.key: fact.value for fact in facts}
        shown = {fact.key: self._masker.sent(fact.value, fact.declared, (fact.key,)) for fact in facts}
        self._record(requests.write_facts(memory_id, values), body={"facts": shown})
        return values

    async def add_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        """Record the adding of a user."""
        self._record(requests.add_user(memory_id, user))
        return {}

    async def update_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        """Record the update of a user."""
        self._record(requests.update_user(memory_id, user))
        return {}

    def _record(self, request: Request, body: Mapping[str, Mixed] | None = None) -> None:
        path = request.path
        for unknown in (_UNKNOWN_CONTACT, _UNKNOWN_MEMORY):
            path = path.replace(quote(unknown), unknown)
        declared = {key: self._masker.declared(value) for key, value in (request.body or {}).items()}
        self.requests.append(RequestEntry(request.method, path, body or declared))
