"""Legacy memory stores (D, "Memory Store (Legacy)"): listing, reading and creating them."""

from reconciler.sandbox.answers import STORE_ABSENT, STORE_NAME_REQUIRED, Answer, RefusedError, success
from reconciler.sandbox.routes.call import Call, asked_page, created_status, required_text
from reconciler.sandbox.routes.shapes import listed_user, store_entry
from reconciler.sandbox.values import JsonObject


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
    return success(store_entry(call.store.stores.plant({"name": name})), status=created_status(call.settings))


def _holder(call: Call, memory_id: str) -> JsonObject:
    store = call.store.stores.get(memory_id)
    if store is not None:
        return {"memory_id": memory_id, "name": store["name"], "created_at": store["created_at"]}
    memory = call.store.memories.get(memory_id)
    if memory is None:
        raise RefusedError(STORE_ABSENT)
    # What a contact memory is called when it is read as a store is not stated: its scope is the next best.
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
    # L shows these of every user; what they are in a store that is no contact memory is not stated: nothing.
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
