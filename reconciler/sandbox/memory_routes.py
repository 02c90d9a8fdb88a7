"""Contact memories: the four calls S0, S1, S3 and S4, and those of D on summaries, messages and changes."""

from reconciler.sandbox.answers import (
    CONTACT_ABSENT,
    FACTS_REQUIRED,
    INTERACTION_ABSENT,
    INTERACTION_REQUIRED,
    MEMORY_ABSENT,
    SCOPE_REQUIRED,
    SUMMARY_REQUIRED,
    Answer,
    RequestRefusedError,
    contact_memory,
    context,
    memory_changes,
    patched_memory,
    success,
    summarised_memory,
)
from reconciler.sandbox.request import Call, mapping, required_text, scope_of
from reconciler.sandbox.values import JsonObject, Scope


def create(call: Call) -> Answer:
    """`POST /v1/memory/contact` (S0): get or create; an existing record comes back as it is."""
    scope = _required_scope(call, call.body)
    found = call.store.memories.find(scope)
    if found is not None:
        return success({"memory": contact_memory(found), "created": False})
    _know_contact(call, scope.contact_id)
    created = call.store.memories.create(scope)
    return success({"memory": contact_memory(created), "created": True}, status=call.settings.create_status)


def get(call: Call) -> Answer:
    """`GET /v1/memory/contact/{memory_id}` (S1)."""
    return success(contact_memory(_memory(call)))


def patch_facts(call: Call) -> Answer:
    """`PATCH /v1/memory/contact/{memory_id}/facts` (S3): merge; no key is ever deleted, null is stored (U8)."""
    facts = mapping(call.body, "facts")
    if facts is None:
        raise RequestRefusedError(FACTS_REQUIRED)
    memory = _memory(call)
    deep = call.settings.nested_merge == "deep"
    call.store.memories.set_facts(call.ids["memory_id"], _merged(memory["facts"], facts, deep=deep))
    return success(patched_memory(_memory(call), call.settings))


def patch_summary(call: Call) -> Answer:
    """`PATCH /v1/memory/contact/{memory_id}/summary` (D): overwrites the summary."""
    summary = required_text(call.body, "summary", otherwise=SUMMARY_REQUIRED)
    _memory(call)
    call.store.memories.set_summary(call.ids["memory_id"], summary)
    return success(summarised_memory(_memory(call)))


def get_messages(call: Call) -> Answer:
    """`GET /v1/memory/contact/{memory_id}/messages` (D): oldest first; an unknown id has none (L)."""
    memory = call.store.memories.get(call.ids["memory_id"]) or {}
    messages = memory.get("recent_messages")
    return success(sorted(messages, key=_timestamp) if isinstance(messages, list) else [])


def get_changes(call: Call) -> Answer:
    """`GET /v1/memory/changes` (D): what an interaction changed, of those that some `memory_history` names."""
    field = next((name for name in ("call_id", "conversation_id") if call.query.get(name)), None)
    if field is None:
        raise RequestRefusedError(INTERACTION_REQUIRED)
    histories = [memory["memory_history"] for memory in call.store.memories.everything()]
    entries = [
        entry
        for history in histories
        if isinstance(history, list)
        for entry in history
        if isinstance(entry, dict) and entry.get(field) == call.query[field]
    ]
    if not entries:
        raise RequestRefusedError(INTERACTION_ABSENT)
    return success(memory_changes(sorted(entries, key=_timestamp)))


def _timestamp(record: object) -> str:
    return str(record.get("timestamp", "")) if isinstance(record, dict) else ""


def get_context(call: Call) -> Answer:
    """`GET /v1/memory/context` (S4): what the agent knows of a contact, without the id of the record."""
    scope = _required_scope(call, call.query)
    found = call.store.memories.find(scope)
    if found is None and call.settings.empty_context == "null":
        return success(None)
    if found is None and call.settings.empty_context == "not_found" and not _knows(call, scope.contact_id):
        raise RequestRefusedError(CONTACT_ABSENT)
    return success(context(scope.contact_id, found))


def _merged(known: object, new: JsonObject, *, deep: bool) -> JsonObject:
    """Return the known facts with the new ones on top; `deep` also merges objects that both sides hold (U7)."""
    result = dict(known) if isinstance(known, dict) else {}
    for key, value in new.items():
        nested = deep and isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value, deep=True) if nested and isinstance(value, dict) else value
    return result


def _required_scope(call: Call, fields: object) -> Scope:
    scope = scope_of(call, fields if isinstance(fields, dict) else {})
    if scope is None:
        raise RequestRefusedError(SCOPE_REQUIRED)
    return scope


def _know_contact(call: Call, contact_id: str) -> None:
    if call.settings.require_contact and not _knows(call, contact_id):
        raise RequestRefusedError(CONTACT_ABSENT)
    call.store.contacts.ensure(contact_id)


def _knows(call: Call, contact_id: str) -> bool:
    return call.store.contacts.get(contact_id) is not None


def _memory(call: Call) -> JsonObject:
    memory = call.store.memories.get(call.ids["memory_id"])
    if memory is None:
        raise RequestRefusedError(MEMORY_ABSENT)
    return memory
