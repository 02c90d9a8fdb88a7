"""A writer that records what it would send: with it in the client's place, the applier makes a dry run."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from reconciler.api import wire
from reconciler.core.desired import ScopeKey, User
from reconciler.core.diff import FactWrite
from reconciler.core.document import RequestEntry
from reconciler.core.redaction import Masker, Mixed
from reconciler.core.remote import Record
from reconciler.core.value import Json

_UNKNOWN_ID = "{memory_id}"


class RecordingWriter:
    """
    Answers as an account that does as it is told would, and keeps each request with its masked body, in order.

    An id that only the API can give is written `{memory_id}`.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self.requests: list[RequestEntry] = []

    async def read_memory(self, memory_id: str) -> Record | None:
        """Give nothing: a recorder holds no memories."""
        del memory_id
        return None

    async def create_memory(self, contact_id: str, scope_key: ScopeKey) -> tuple[Record, bool]:
        """Record the get-or-create call."""
        self._record(wire.create_memory_request(contact_id, scope_key))
        return Record(_UNKNOWN_ID, contact_id, scope_key, {}), True

    async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json]:
        """Record the merge of facts; what was kept of the live side is shown as live values are."""
        values = {fact.key: fact.value for fact in facts}
        shown = {fact.key: self._masker.retained(fact.value, fact.declared) for fact in facts}
        self._record(wire.write_facts_request(memory_id, values), body={"facts": shown})
        return values

    async def add_user(self, memory_id: str, user: User) -> None:
        """Record the adding of a user."""
        self._record(wire.add_user_request(memory_id, user))

    def _record(self, request: wire.Request, body: Mapping[str, Mixed] | None = None) -> None:
        path = request.path.replace(quote(_UNKNOWN_ID), _UNKNOWN_ID)
        self.requests.append(RequestEntry(request.method, path, body or request.body or {}))
