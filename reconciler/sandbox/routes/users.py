"""The users of a memory: S2, and the calls of D that read and change them. Contact memories and stores alike."""

from dataclasses import replace

from reconciler.sandbox.answers import (
    PHONE_REQUIRED,
    PHONE_REQUIRED_IN_BODY,
    STORE_ABSENT_OR_FOREIGN,
    USER_NOT_ADDED,
    USER_NOT_UPDATED,
    USER_UNREADABLE,
    Answer,
    Failure,
    RefusedError,
    in_revision,
    success,
)
from reconciler.sandbox.routes.call import Call, required_text, text
from reconciler.sandbox.routes.shapes import user_alone, user_entry
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.values import JsonObject

_NOTES = ("metadata", "summary", "external_memory_key")


def add(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/add-user` (S2): a number that is already there, and an unknown id, are errors."""
    memory_id, phone_number = call.ids["memory_id"], _phone_number(call)
    notes = {name: text(call.body, name) for name in _NOTES}
    if not call.store.holds_memory(memory_id) or call.store.users.find(memory_id, phone_number) is not None:
        raise RefusedError(_not_added(call.settings))
    user = call.store.users.plant({"phone_number": phone_number, **notes}, memory_id=memory_id)
    return success({"message": "User added to memory successfully", "user": user_entry(user)})


def get(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/user` (D): reads, although it is a POST."""
    user = _user(call)
    if user is not None:
        return success(user_alone(user))
    if call.settings.absent_user == "error" or not call.store.holds_memory(call.ids["memory_id"]):
        raise RefusedError(USER_UNREADABLE)
    return success(None if call.settings.absent_user == "null" else {})


def search_calls(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/user/search` (D): the calls of a user; reads, although it is a POST."""
    phone_number = call.number(required_text(call.body, "phone_number", otherwise=PHONE_REQUIRED_IN_BODY))
    if not call.store.holds_memory(call.ids["memory_id"]):
        raise RefusedError(STORE_ABSENT_OR_FOREIGN)
    user = call.store.users.find(call.ids["memory_id"], phone_number)
    return success([] if user is None else user["calls"])


def update(call: Call) -> Answer:
    """`POST /v1/memory/{memory_id}/user/update` (D): what is not sent stays."""
    user = _user(call)
    given = {name: text(call.body, name) for name in ("metadata", "summary") if call.body.get(name) is not None}
    if user is None:
        raise RefusedError(USER_NOT_UPDATED)
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
