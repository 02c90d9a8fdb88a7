"""Answers of the API as the documentation shows them: records with their fields in order, and errors."""

import json
from dataclasses import dataclass, replace

from reconciler.sandbox.settings import ApiRevision, Settings
from reconciler.sandbox.values import JsonObject, to_json

_MEMORY = (
    "id",
    "org_id",
    "contact_id",
    "persona_id",
    "agent_number",
    "summary",
    "facts",
    "recent_messages",
    "open_items",
    "memory_history",
    "created_at",
    "updated_at",
)
_TRIMMED = tuple(field for field in _MEMORY if field not in {"open_items", "memory_history"})
_EMBEDDED = (
    "id",
    "contact_id",
    "persona_id",
    "agent_number",
    "summary",
    "facts",
    "recent_messages",
    "open_items",
    "entities",
)
_ENTRY = ("id", "memory_id", "phone_number", "metadata", "summary", "created_at", "call_count", "last_call_at")
_LISTED = ("phone_number", "created_at", "call_count", "metadata", "last_call_at", "summary")
_METADATA_IN = {"D": "string", "L": "object"}
_USER = ("metadata", "summary", "last_call_at", "call_count", "calls")


def _picked(record: JsonObject, fields: tuple[str, ...]) -> JsonObject:
    return {field: record[field] for field in fields}


def contact_memory(record: JsonObject) -> JsonObject:
    """Show the object of S0 and S1."""
    return _picked(record, _MEMORY)


def patched_memory(record: JsonObject, settings: Settings) -> JsonObject:
    """Show the same after new facts; the sample of S3 lacks two of its arrays."""
    return _picked(record, _MEMORY if settings.patch_answer == "full" else _TRIMMED)


def summarised_memory(record: JsonObject) -> JsonObject:
    """Show the same after a new summary (D): with its time, and as short as the sample of S3."""
    shown = _picked(record, _TRIMMED)
    return {**shown, "summary_updated_at": record["updated_at"]}


def memory_changes(entries: list[JsonObject]) -> JsonObject:
    """Show what an interaction changed, by its entries in a `memory_history`, oldest first (D memory-changes)."""
    return {
        "initial_memory": _state(entries[0].get("initial_memory")),
        "changes": _state(entries[-1].get("changes")),
        "memory_history": [{field: entry.get(field) for field in ("timestamp", "type", "value")} for entry in entries],
    }


def _state(known: object) -> JsonObject:
    given = known if isinstance(known, dict) else {}
    return {"summary": given.get("summary"), "facts": given.get("facts", {})}


def embedded_memory(record: JsonObject) -> JsonObject:
    """Show the memory inside a contact (D contacts): no organisation, no times."""
    return _picked(record, _EMBEDDED)


def context(contact_id: str, record: JsonObject | None) -> JsonObject:
    """Show the object of S4, in its mixture of cases; without a record, the empty one of D."""
    known = record or {}
    return {
        "contact_id": contact_id,
        "recentMessages": known.get("recent_messages", []),
        "summary": known.get("summary"),
        "contactFacts": known.get("facts", {}),
        "entities": known.get("entities", []),
        "openItems": known.get("open_items", []),
    }


def store_entry(record: JsonObject) -> JsonObject:
    """Show a legacy store on its own or in the listing (D memory, memory-create)."""
    return {**_picked(record, ("id", "created_at", "user_id", "name")), "memory_duration": None}


def user_entry(record: JsonObject) -> JsonObject:
    """Show the user of S2's field table."""
    return _picked(record, _ENTRY)


def user_alone(record: JsonObject) -> JsonObject:
    """Show one user with the calls (D memory-memory-id-user)."""
    return _picked(record, _USER)


def listed_user(record: JsonObject, settings: Settings) -> JsonObject:
    """Show a user in the listing of a memory (D memory-memory-id)."""
    listed = _picked(record, _LISTED)
    if (settings.user_metadata or _METADATA_IN[settings.revision]) == "object":
        listed["metadata"] = _as_object(record["metadata"])
    return listed


def _as_object(metadata: object) -> JsonObject:
    try:
        value = json.loads(str(metadata))
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    return {} if metadata is None else {"text": metadata}


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of the envelope, with its HTTP status (mostly not stated, U14)."""

    status: int
    code: str
    message: str


class RequestRefusedError(Exception):
    """The request is answered with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.code}: {failure.message}")
        self.failure = failure


UNAUTHORIZED = Failure(401, "AUTH_FAILURE", "Unauthorized")
FORBIDDEN = Failure(403, "FORBIDDEN", "Forbidden")
TOO_MANY_REQUESTS = Failure(429, "TOO_MANY_REQUESTS", "Rate limit exceeded")
INTERNAL_ERROR = Failure(500, "INTERNAL_ERROR", "An unexpected error occurred")

SCOPE_REQUIRED = Failure(400, "BAD_REQUEST", "persona_id or agent_number is required")
FACTS_REQUIRED = Failure(400, "BAD_REQUEST", "facts is required")
SUMMARY_REQUIRED = Failure(400, "BAD_REQUEST", "summary is required")
INTERACTION_REQUIRED = Failure(400, "BAD_REQUEST", "call_id or conversation_id is required")
IDENTIFIER_REQUIRED = Failure(
    400, "BAD_REQUEST", "At least one identifier (phone_number, email, or external_id) is required"
)
MEMORY_ABSENT = Failure(404, "NOT_FOUND", "Contact memory not found")
CONTACT_ABSENT = Failure(404, "NOT_FOUND", "Contact not found")
INTERACTION_ABSENT = Failure(404, "NOT_FOUND", "Call or conversation not found, or no memory data available")
PERSONA_ABSENT = Failure(404, "PERSONA_NOT_FOUND", "Persona not found or access denied")

STORE_NAME_REQUIRED = Failure(400, "INVALID_REQUEST", "Memory name is required.")
STORE_UPDATE_REQUIRED = Failure(400, "INVALID_REQUEST", "No update data provided.")
PHONE_REQUIRED = Failure(400, "INVALID_REQUEST", "Phone number is required.")
PHONE_REQUIRED_IN_BODY = Failure(400, "INVALID_REQUEST", "Phone number is required in request body.")
STORE_ABSENT = Failure(404, "MEMORY_NOT_FOUND", "Memory not found.")
STORE_ABSENT_OR_FOREIGN = Failure(404, "MEMORY_NOT_FOUND", "Memory not found or you don't have access to it.")
STORE_NOT_UPDATED = Failure(404, "MEMORY_UPDATE_ERROR", "Failed to update memory.")
USER_UNREADABLE = Failure(404, "MEMORY_ERROR", "Failed to retrieve memory data.")
USER_NOT_ADDED = Failure(400, "MEMORY_ADD_USER_ERROR", "Failed to add user to memory.")
USER_NOT_UPDATED = Failure(404, "MEMORY_UPDATE_USER_ERROR", "Failed to update user memory data.")

# L has three general codes for the legacy stores. The third, for the other codes that begin with MEMORY_, has the
# status 500: so a 500 is no proof that the server failed.
_RENAMED_IN_L = {"INVALID_REQUEST": "BAD_REQUEST", "MEMORY_NOT_FOUND": "NOT_FOUND"}


def bad_request(message: str) -> Failure:
    """Return the failure for input that the documentation has no message for."""
    return Failure(400, "BAD_REQUEST", message)


def in_revision(failure: Failure, revision: ApiRevision) -> Failure:
    """Return the failure as that revision of the documentation names it."""
    if revision == "D":
        return failure
    if failure.code in _RENAMED_IN_L:
        return replace(failure, code=_RENAMED_IN_L[failure.code])
    if failure.code.startswith("MEMORY_"):
        return INTERNAL_ERROR
    return failure


JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(content: object, *, status: int = 200) -> Answer:
    """Return an answer with a JSON value, without the envelope."""
    return Answer(status=status, body=to_json(content).encode())


def success(data: object, *, status: int = 200) -> Answer:
    """Return an answer with a result in the envelope (S0, S1, S3, S4)."""
    return json_answer({"data": data, "errors": None}, status=status)


def refusal(failure: Failure) -> Answer:
    """Return an answer with an error in the envelope."""
    errors = [{"error": failure.code, "message": failure.message}]
    return json_answer({"data": None, "errors": errors}, status=failure.status)


def unknown_route(*, method: str, path: str) -> Answer:
    """Return the 404 page of Express, which the API appears to be built with."""
    shown = path.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>Cannot {method} {shown}</pre>\n</body>\n</html>\n"
    )
    return Answer(status=404, body=page.encode(), content_type=HTML_TYPE)
