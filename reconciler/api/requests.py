"""Values → the requests of the API, pure. Fields and paths are those of the API reference."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from msgspec import Struct

from reconciler.core.desired import Identifier, Identity, ScopeKey, User
from reconciler.core.diff import FactWrite
from reconciler.core.remote import CONTACTS_A_PAGE
from reconciler.core.value import Json


class Request(Struct, frozen=True):
    """One request: `path` is percent-encoded, query included; `repeatable` where it is safe and of use to repeat it."""

    method: str
    path: str
    body: Mapping[str, Json] | None = None
    repeatable: bool = True

    @property
    def is_limited(self) -> bool:
        """Say whether the API counts it under the limit of `/v1/memory/*`."""
        return self.path.startswith("/v1/memory/")


def context(contact_id: str, scope_key: ScopeKey) -> Request:
    """Ask for the facts of a contact in a scope (`GET /v1/memory/context`)."""
    query = urlencode({"contact_id": contact_id, **scope_key.fields}, quote_via=quote)
    return Request("GET", f"/v1/memory/context?{query}")


def memory(memory_id: str) -> Request:
    """Ask for a contact memory by its id (`GET /v1/memory/contact/{memory_id}`)."""
    return Request("GET", f"/v1/memory/contact/{_segment(memory_id)}")


def create_memory(contact_id: str, scope_key: ScopeKey) -> Request:
    """Get or create a memory (`POST /v1/memory/contact`); a second call gives the record of the first."""
    return Request("POST", "/v1/memory/contact", {"contact_id": contact_id, **scope_key.fields})


def write_facts(memory_id: str, facts: Mapping[str, Json]) -> Request:
    """Merge facts into a memory (`PATCH /v1/memory/contact/{memory_id}/facts`); no key is deleted."""
    return Request("PATCH", f"/v1/memory/contact/{_segment(memory_id)}/facts", {"facts": facts})


def add_user(memory_id: str, user: User) -> Request:
    """Add a user (`POST /v1/memory/{memory_id}/add-user`), which errors for a number that is already there."""
    body = _declared(
        phone_number=user.phone_number,
        metadata=user.metadata,
        summary=user.summary,
        external_memory_key=user.external_memory_key,
    )
    return Request("POST", f"/v1/memory/{_segment(memory_id)}/add-user", body, repeatable=False)


def users(memory_id: str, offset: int) -> Request:
    """Ask for the users of a memory (`GET /v1/memory/{memory_id}`), from `offset` on where the API pages."""
    query = f"?offset={offset}" if offset else ""
    return Request("GET", f"/v1/memory/{_segment(memory_id)}{query}")


def user_of(memory_id: str, user: User) -> Request:
    """Ask for one user of a memory (`POST /v1/memory/{memory_id}/user`, a read)."""
    body = _declared(phone_number=user.phone_number, external_memory_key=user.external_memory_key)
    # a refusal, under 500 too, is how an absent user may be answered: asking again would only take time
    return Request("POST", f"/v1/memory/{_segment(memory_id)}/user", body, repeatable=False)


def update_user(memory_id: str, user: User) -> Request:
    """Set a user's metadata and summary (`POST /v1/memory/{memory_id}/user/update`)."""
    body = _declared(
        phone_number=user.phone_number,
        metadata=user.metadata,
        summary=user.summary,
        external_memory_key=user.external_memory_key,
    )
    return Request("POST", f"/v1/memory/{_segment(memory_id)}/user/update", body)


def contacts(offset: int) -> Request:
    """Ask for a page of contacts with their memories (`GET /v1/contacts`)."""
    return Request("GET", f"/v1/contacts?limit={CONTACTS_A_PAGE}&offset={offset}")


def contact(identity: Identity) -> Request:
    """Ask for one contact (`GET /v1/contacts/{contact_id}`, or `POST /v1/contacts/find`, a read)."""
    if isinstance(identity, Identifier):
        return Request("POST", "/v1/contacts/find", {identity.kind: identity.value})
    return Request("GET", f"/v1/contacts/{_segment(identity.contact_id)}")


def resolve_contact(identifier: Identifier, profile: Mapping[str, Json]) -> Request:
    """Find or create a contact (`POST /v1/contacts/resolve`); a second call finds the contact of the first."""
    return Request("POST", "/v1/contacts/resolve", {identifier.kind: identifier.value, **profile})


def update_contact(contact_id: str, profile: Iterable[FactWrite]) -> Request:
    """Set a contact's name and merge its metadata (`PATCH /v1/contacts/{contact_id}`)."""
    body = {write.key: changed_part(write) for write in profile}
    return Request("PATCH", f"/v1/contacts/{_segment(contact_id)}", body)


def changed_part(write: FactWrite) -> Json:
    """Give what has to be sent of a value that the API merges by key: the keys at its top that change."""
    value = write.value
    keys = [change.path[1] for change in write.changes if len(change.path) > 1]
    return {key: value[key] for key in dict.fromkeys(keys)} if keys and isinstance(value, dict) else value


def _declared(**fields: str | None) -> dict[str, Json]:
    return {name: text for name, text in fields.items() if text is not None}


def _segment(identifier: str) -> str:
    return quote(identifier, safe="")
