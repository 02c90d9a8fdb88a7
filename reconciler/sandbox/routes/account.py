"""The account and its personas: as much as the official command line uses."""

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
