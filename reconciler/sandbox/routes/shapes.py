"""Records as the documentation shows them: which fields, under which names, in which order."""

import json

from reconciler.sandbox.settings import Settings
from reconciler.sandbox.values import JsonObject

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
