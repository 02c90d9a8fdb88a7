"""Legacy memory stores (D, "Memory Store (Legacy)") and their users (S2, D), whom contact memories have as well."""

from dataclasses import replace

from reconciler.sandbox.answers import (
    PHONE_REQUIRED,
    PHONE_REQUIRED_IN_BODY,
    STORE_ABSENT,
    STORE_ABSENT_OR_FOREIGN,
    STORE_NAME_REQUIRED,
    STORE_NOT_UPDATED,
    STORE_UPDATE_REQUIRED,
    USER_NOT_ADDED,
    USER_NOT_UPDATED,
    USER_UNREADABLE,
    Answer,
    Failure,
    RequestRefusedError,
    in_revision,
    listed_user,
    store_entry,
    success,
    user_alone,
    user_entry,
)
from reconciler.sandbox.request import Call, asked_page, created_status, required_text, text
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.values import JsonObject

_NOTES = ("metadata", "summary", "external_memory_key")


def listing(call: Call) -> Answer:
    """`GET /v1/memory` (D): the stores; contact memories are not among them."""
    return success({"memories": [store_entry(store) for store in call.store.stores.listing()]})


def get(call: Call) -> Answer:
    """`GET /v1/memory/{memory_id}` (D): a memory with its users; L pages and searches them."""
    holder = _holder(call, call.ids["memory_id"])
    users = call.store.users.of_memory(call.ids["memory_id"])
    if call.settings.revision == "L":
        return success({**holder, **_page_of_users(call, users)})
    return success({**holder, "users": [listed_user(user, call.settings) for user in users]})


def create(call: Call) -> Answer:
    """`POST /v1/memory/create` (D)."""
    name = required_text(call.body, "name", otherwise=STORE_NAME_REQUIRED)
    return success(store_entry(call.store.stores.insert({"name": name})), status=created_status(call.settings))


def rename(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/update` (D): sets the name of a store; a contact memory has none."""
    name = required_text(call.body, "name", otherwise=STORE_UPDATE_REQUIRED)
    store = call.store.stores.get(call.ids["memory_id"])
    if store is None:
        raise RequestRefusedError(STORE_NOT_UPDATED)
    call.store.stores.rename(call.ids["memory_id"], name)
    return success(store_entry({**store, "name": name}))


def _holder(call: Call, memory_id: str) -> JsonObject:
    store = call.store.stores.get(memory_id)
    if store is not None:
        return {"memory_id": memory_id, "name": store["name"], "created_at": store["created_at"]}
    memory = call.store.memories.get(memory_id)
    if memory is None:
        raise RequestRefusedError(STORE_ABSENT)
    # The documentation does not state the name of a contact memory that is read as a store: use its scope.
    name = memory["persona_id"] or memory["agent_number"]
    return {"memory_id": memory_id, "name": name, "created_at": memory["created_at"]}


def _page_of_users(call: Call, users: list[JsonObject]) -> JsonObject:
    asked = asked_page(call.query)
    found = [user for user in users if _matches(user, call.query.get("search", ""))]
    page = found[asked.offset : asked.offset + asked.limit]
    origin = _origin(call)
    return {
        "users": [{**listed_user(user, call.settings), "calls": user["calls"], **origin} for user in page],
        "pagination": asked.pagination(held=len(page), total=len(found)),
    }


def _origin(call: Call) -> JsonObject:
    # L shows these fields for every user, and does not state their values in a store that is no contact memory: null.
    memory = call.store.memories.get(call.ids["memory_id"]) or {}
    contact = call.store.contacts.get(str(memory.get("contact_id"))) or {}
    return {
        "contact_id": memory.get("contact_id"),
        "contact_memory_id": memory.get("id"),
        "contact_name": contact.get("name"),
        "agent_number": memory.get("agent_number"),
    }


def _matches(user: JsonObject, wanted: str) -> bool:
    return wanted in str(user["phone_number"]) or wanted in str(user["summary"] or "")


def add_user(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/add-user` (S2): an existing number, and an unknown id, are errors."""
    memory_id, phone_number = call.ids["memory_id"], _phone_number(call)
    notes = {name: text(call.body, name) for name in _NOTES}
    if not call.store.holds_memory(memory_id) or call.store.users.find(memory_id, phone_number) is not None:
        raise RequestRefusedError(_not_added(call.settings))
    user = call.store.users.insert({"memory_id": memory_id, "phone_number": phone_number, **notes})
    return success({"message": "User added to memory successfully", "user": user_entry(user)})


def get_user(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/user` (D): reads, although it is a POST."""
    user = _user(call)
    if user is not None:
        return success(user_alone(user))
    if call.settings.absent_user == "error" or not call.store.holds_memory(call.ids["memory_id"]):
        raise RequestRefusedError(USER_UNREADABLE)
    return success(None if call.settings.absent_user == "null" else {})


def search_calls(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/user/search` (D): the calls of a user; reads, although it is a POST."""
    phone_number = call.number(required_text(call.body, "phone_number", otherwise=PHONE_REQUIRED_IN_BODY))
    if not call.store.holds_memory(call.ids["memory_id"]):
        raise RequestRefusedError(STORE_ABSENT_OR_FOREIGN)
    user = call.store.users.find(call.ids["memory_id"], phone_number)
    return success([] if user is None else user["calls"])


def update_user(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/user/update` (D): fields that are not sent stay."""
    user = _user(call)
    given = {name: text(call.body, name) for name in ("metadata", "summary") if call.body.get(name) is not None}
    if user is None:
        raise RequestRefusedError(USER_NOT_UPDATED)
    updated = {**user, **given}
    call.store.users.update(str(user["id"]), metadata=updated["metadata"], summary=updated["summary"])
    return success({"message": "User memory data updated successfully", "user": user_entry(updated)})


def _not_added(settings: Settings) -> Failure:
    failure = in_revision(USER_NOT_ADDED, settings.revision)
    return replace(failure, status=settings.add_user_error_status or failure.status)


def _user(call: Call) -> JsonObject | None:
    return call.store.users.find(call.ids["memory_id"], _phone_number(call))


def _phone_number(call: Call) -> str:
    return call.number(required_text(call.body, "phone_number", otherwise=PHONE_REQUIRED))
