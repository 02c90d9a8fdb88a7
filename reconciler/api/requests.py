"""
The requests of the API, pure: values → method, path and body; and the two lists of calls that a client may send.

Fields and paths are those of the API reference. Neither list has a call that removes. `POST /v1/memory/contact` and
`POST /v1/contacts/resolve` get or create, so they are writes. `POST /v1/contacts/find` and
`POST /v1/memory/{memory_id}/user` only look, so they are reads.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import quote

from msgspec import Struct

from reconciler.core.matching import NOBODY, Asked, check_usable
from reconciler.core.model.desired import Identifier, Identity, ScopeKey, User
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite
from reconciler.core.remote import CONTACTS_A_PAGE
from reconciler.errors import ApiError, ForbiddenCallError

MOST_OF_A_LISTING = 64 * 2**20
MOST_OF_A_RECORD = 16 * 2**20

_ID = r"(?!\.\.?(?:/|$))[A-Za-z0-9._~%-]+"  # as `quote` writes it, without `.` and `..`, which change a path


class Allowed(Struct, frozen=True):
    """The method and path pairs that a client lets through, as `METHOD path` patterns."""

    patterns: tuple[str, ...]

    def check(self, method: str, path: str) -> None:
        """Raise `ForbiddenCallError` unless the call is on the list; `path` is without the query."""
        call = f"{method} {path}"
        if not _any_of(self.patterns).fullmatch(call):
            raise ForbiddenCallError(f"{call} is not a call that this client may send; nothing was sent")


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


READS = Allowed(
    (
        r"GET /v1/memory/context",
        rf"GET /v1/memory/contact/{_ID}",
        rf"GET /v1/memory/{_ID}",
        rf"POST /v1/memory/{_ID}/user",
        r"GET /v1/contacts",
        rf"GET /v1/contacts/{_ID}",
        r"POST /v1/contacts/find",
    )
)

READS_AND_WRITES = Allowed(
    (
        *READS.patterns,
        r"POST /v1/contacts/resolve",
        rf"PATCH /v1/contacts/{_ID}",
        r"POST /v1/memory/contact",
        rf"PATCH /v1/memory/contact/{_ID}/facts",
        rf"POST /v1/memory/{_ID}/add-user",
        rf"POST /v1/memory/{_ID}/user/update",
    )
)


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


class Request(Struct, frozen=True):
    """
    One request: `path` is percent-encoded, query included; `asked` is what its answer has to be about.

    `writes` is whether it may change anything. With `refusal_answers`, an error of the API is an answer, whatever its
    status, so the request is not sent again. `most_bytes` is how large its answer may be, once it is unpacked.
    """

    method: str
    path: str
    asked: Asked
    body: Mapping[str, Json] | None = None
    writes: bool = False
    refusal_answers: bool = False
    most_bytes: int = MOST_OF_A_RECORD

    @property
    def is_limited(self) -> bool:
        """Return whether the API counts it under the limit of `/v1/memory/*`."""
        return self.path.startswith("/v1/memory/")


def content(request: Request) -> bytes | None:
    """
    Return the body of a request as bytes of ASCII, in which half a character stays what it is.

    Raises `ApiError` for a value that JSON cannot express, before anything is sent.
    """
    if request.body is None:
        return None
    try:
        return _ENCODER.encode(request.body).encode("ascii")
    except (ValueError, RecursionError) as error:
        raise ApiError(f"the request cannot be written as JSON ({error}); nothing was sent") from error


def context(contact_id: str, scope_key: ScopeKey) -> Request:
    """Ask for the facts of a contact in a scope (`GET /v1/memory/context`)."""
    fields = {"contact_id": contact_id, **scope_key.fields}
    query = "&".join([f"{name}={quote(text, safe='')}" for name, text in fields.items()])
    return Request("GET", f"/v1/memory/context?{query}", Asked(contact_id=contact_id))


def memory(memory_id: str) -> Request:
    """Ask for a contact memory by its id (`GET /v1/memory/contact/{memory_id}`)."""
    return Request("GET", f"/v1/memory/contact/{_memory(memory_id)}", Asked(memory_id=memory_id))


def create_memory(contact_id: str, scope_key: ScopeKey) -> Request:
    """Get or create a memory (`POST /v1/memory/contact`); a second call gives the record of the first."""
    asked = Asked(contact_id=contact_id, scope_key=scope_key)
    return Request("POST", "/v1/memory/contact", asked, {"contact_id": contact_id, **scope_key.fields}, writes=True)


def write_facts(memory_id: str, facts: Mapping[str, Json]) -> Request:
    """Merge facts into a memory (`PATCH /v1/memory/contact/{memory_id}/facts`); no key is deleted."""
    path, asked = f"/v1/memory/contact/{_memory(memory_id)}/facts", Asked(memory_id=memory_id)
    return Request("PATCH", path, asked, {"facts": facts}, writes=True)


def add_user(memory_id: str, user: User) -> Request:
    """Add a user (`POST /v1/memory/{memory_id}/add-user`), which errors for a number that is already there."""
    return _write_user(f"/v1/memory/{_memory(memory_id)}/add-user", memory_id, user)


def users(memory_id: str, offset: int) -> Request:
    """Ask for the users of a memory (`GET /v1/memory/{memory_id}`), from `offset` on where the API pages."""
    query = f"?offset={offset}" if offset else ""
    path, asked = f"/v1/memory/{_memory(memory_id)}{query}", Asked(memory_id=memory_id)
    return Request("GET", path, asked, most_bytes=MOST_OF_A_LISTING)


def user_of(memory_id: str, user: User) -> Request:
    """Ask for one user of a memory (`POST /v1/memory/{memory_id}/user`, a read)."""
    body = _declared(phone_number=user.phone_number, external_memory_key=user.external_memory_key)
    # an absent user may be answered with a refusal: asking again would only take time
    path, asked = f"/v1/memory/{_memory(memory_id)}/user", Asked(memory_id=memory_id, user=user.phone_number)
    return Request("POST", path, asked, body, refusal_answers=True)


def update_user(memory_id: str, user: User) -> Request:
    """Set a user's metadata and summary (`POST /v1/memory/{memory_id}/user/update`)."""
    return _write_user(f"/v1/memory/{_memory(memory_id)}/user/update", memory_id, user)


def _write_user(path: str, memory_id: str, user: User) -> Request:
    body = _declared(
        phone_number=user.phone_number,
        metadata=user.metadata,
        summary=user.summary,
        external_memory_key=user.external_memory_key,
    )
    return Request("POST", path, Asked(memory_id=memory_id, user=user.phone_number), body, writes=True)


def contacts(offset: int) -> Request:
    """Ask for a page of contacts with their memories (`GET /v1/contacts`)."""
    path = f"/v1/contacts?limit={CONTACTS_A_PAGE}&offset={offset}"
    return Request("GET", path, NOBODY, most_bytes=MOST_OF_A_LISTING)


def contact(identity: Identity) -> Request:
    """Ask for one contact (`GET /v1/contacts/{contact_id}`, or `POST /v1/contacts/find`, a read)."""
    if isinstance(identity, Identifier):
        return Request("POST", "/v1/contacts/find", Asked(identifier=identity), {identity.kind: identity.value})
    return Request("GET", f"/v1/contacts/{_contact(identity.contact_id)}", Asked(contact_id=identity.contact_id))


def contact_with(contact_id: str, identifier: Identifier) -> Request:
    """Ask for one contact by its id, which has to have an identifier (`GET /v1/contacts/{contact_id}`)."""
    asked = Asked(contact_id=contact_id, identifier=identifier)
    return Request("GET", f"/v1/contacts/{_contact(contact_id)}", asked)


def resolve_contact(identifier: Identifier, profile: Mapping[str, Json]) -> Request:
    """Find or create a contact (`POST /v1/contacts/resolve`); a second call finds the contact of the first."""
    body = {identifier.kind: identifier.value, **profile}
    return Request("POST", "/v1/contacts/resolve", Asked(identifier=identifier), body, writes=True)


def update_contact(contact_id: str, profile: Iterable[FactWrite]) -> Request:
    """Set a contact's name and merge its metadata (`PATCH /v1/contacts/{contact_id}`)."""
    body = {write.key: write.changed_part for write in profile}
    return Request("PATCH", f"/v1/contacts/{_contact(contact_id)}", Asked(contact_id=contact_id), body, writes=True)


def _declared(**fields: str | None) -> dict[str, Json]:
    return {name: text for name, text in fields.items() if text is not None}


def _contact(contact_id: str) -> str:
    return _segment("contact", contact_id)


def _memory(memory_id: str) -> str:
    return _segment("memory", memory_id)


def _segment(what: str, identifier: str) -> str:
    """Return an id as one segment of a path; raises `ApiError` for an id that would change the path."""
    check_usable(what, identifier)
    return quote(identifier, safe="")
