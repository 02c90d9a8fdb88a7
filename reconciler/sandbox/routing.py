"""Every route in the order in which they are tried, and whether it may write; here the account and its personas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.sandbox import contact_routes as contacts
from reconciler.sandbox import memory_routes as memories
from reconciler.sandbox import store_routes as stores
from reconciler.sandbox.answers import PERSONA_ABSENT, Answer, RequestRefusedError, json_answer, success
from reconciler.sandbox.request import Call, whole_number
from reconciler.sandbox.values import JsonObject

_DEFAULT_PAGE = 20
_LARGEST_PAGE = 100


def me(call: Call) -> Answer:  # noqa: ARG001 - every route takes the call
    """`GET /v1/me`: what the official command line needs to log in; without the envelope."""
    billing = {"current_balance": 0, "refill_to": None}
    return json_answer({"status": "active", "billing": billing, "total_calls": 0})


def personas(call: Call) -> Answer:
    """`GET /v1/personas` (D): the personas that some memory is scoped to."""
    limit = min(whole_number(call.query, "limit", default=_DEFAULT_PAGE) or _DEFAULT_PAGE, _LARGEST_PAGE)
    start = (max(whole_number(call.query, "page", default=1), 1) - 1) * limit
    return success([_persona(record) for record in call.store.memories.personas()[start : start + limit]])


def persona(call: Call) -> Answer:
    """`GET /v1/personas/{persona_id}` (D); the page shows no error, another one has that of an absent persona."""
    found = [record for record in call.store.memories.personas() if record["id"] == call.ids["persona_id"]]
    if not found:
        raise RequestRefusedError(PERSONA_ABSENT)
    return success(_persona(found[0]))


def _persona(record: JsonObject) -> JsonObject:
    return {
        "id": record["id"],
        "name": record["id"],
        "role": None,
        "description": None,
        "tags": [],
        "image_url": None,
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
        "deleted_at": None,
        "user_id": None,
        "current_production_version_id": None,
        "current_draft_version_id": None,
        "inbound_numbers": [],
        "current_production_version": None,
        "current_draft_version": None,
    }


READS, WRITES = False, True
SEED, LATER = True, False


@dataclass(frozen=True, slots=True)
class Route:
    """A call of the API: whether it may write, and whether it is one of the five of the seeds."""

    method: str
    pattern: str
    mutates: bool
    in_seeds: bool
    answer: Callable[[Call], Answer]


# Literal paths come before `/v1/memory/{memory_id}`. No call that removes anything may be added.
ROUTES = (
    Route("POST", "/v1/memory/contact", WRITES, SEED, memories.create),
    Route("GET", "/v1/memory/contact/{memory_id}", READS, SEED, memories.get),
    Route("PATCH", "/v1/memory/contact/{memory_id}/facts", WRITES, SEED, memories.patch_facts),
    Route("PATCH", "/v1/memory/contact/{memory_id}/summary", WRITES, LATER, memories.patch_summary),
    Route("GET", "/v1/memory/contact/{memory_id}/messages", READS, LATER, memories.get_messages),
    Route("GET", "/v1/memory/context", READS, SEED, memories.get_context),
    Route("GET", "/v1/memory/changes", READS, LATER, memories.get_changes),
    Route("POST", "/v1/memory/create", WRITES, LATER, stores.create),
    Route("GET", "/v1/memory", READS, LATER, stores.listing),
    Route("GET", "/v1/memory/{memory_id}", READS, LATER, stores.get),
    Route("POST", "/v1/memory/{memory_id}/update", WRITES, LATER, stores.rename),
    Route("POST", "/v1/memory/{memory_id}/add-user", WRITES, SEED, stores.add_user),
    Route("POST", "/v1/memory/{memory_id}/user", READS, LATER, stores.get_user),
    Route("POST", "/v1/memory/{memory_id}/user/search", READS, LATER, stores.search_calls),
    Route("POST", "/v1/memory/{memory_id}/user/update", WRITES, LATER, stores.update_user),
    Route("GET", "/v1/contacts", READS, LATER, contacts.listing),
    Route("POST", "/v1/contacts/find", READS, LATER, contacts.find),
    Route("POST", "/v1/contacts/resolve", WRITES, LATER, contacts.resolve),
    Route("GET", "/v1/contacts/{contact_id}", READS, LATER, contacts.get),
    Route("PATCH", "/v1/contacts/{contact_id}", WRITES, LATER, contacts.update),
    Route("GET", "/v1/me", READS, LATER, me),
    Route("GET", "/v1/personas", READS, LATER, personas),
    Route("GET", "/v1/personas/{persona_id}", READS, LATER, persona),
)


@dataclass(frozen=True, slots=True)
class Matched:
    """The route of a request, and the ids in its path."""

    answer: Callable[[Call], Answer]
    mutates: bool
    ids: Mapping[str, str]


class Router:
    """Finds the route of a request."""

    def __init__(self, *, seeds_only: bool) -> None:
        self._routes: dict[tuple[str, int], list[tuple[Route, tuple[str, ...]]]] = {}
        for route in ROUTES:
            if route.in_seeds or not seeds_only:
                parts = tuple(route.pattern.strip("/").split("/"))
                self._routes.setdefault((route.method, len(parts)), []).append((route, parts))

    def match(self, method: str, segments: tuple[str, ...]) -> Matched | None:
        """Return the first route whose method and pattern fit; None where there is none."""
        for route, parts in self._routes.get((method, len(segments)), []):
            ids = _fitted(parts, segments)
            if ids is not None:
                return Matched(route.answer, route.mutates, ids)
        return None


def _fitted(parts: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    ids = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            ids[part[1:-1]] = segment
        elif part != segment:
            return None
    return ids
