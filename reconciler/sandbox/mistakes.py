"""
Answers about somebody else: each record in an answer is replaced by another one of the store.

The request itself is handled as it was asked; only its answer is about another contact, scope or memory. Records of a
listing keep their contact and show memories of others. Where the store holds no other record, the answer is right.

Other mistakes are those of listings that contradict themselves: all entries but the first have its contact id
(`listed_id`), its identifiers (`listed_identifier`) or its memories with ids in another spelling (`listed_memory`), and
users are shown with another memory (`user_memory`) or with the number of the first (`user_number`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from reconciler.sandbox.answers import Answer, embedded_memory
from reconciler.sandbox.faults import About
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import JsonObject, to_json

_AnswerEdit: TypeAlias = Callable[[Any], JsonObject]
_SCOPE = ("persona_id", "agent_number")


def mistaken(answer: Answer | None, about: About, store: Store) -> Answer | None:
    """Return the answer with other records in it; None where there is no answer."""
    if answer is None or not answer.body.startswith(b"{"):
        return answer
    body = json.loads(answer.body)
    return replace(answer, body=to_json({**body, "data": _Mistakes(store, about).of(body["data"])}).encode())


class _Mistakes:
    """Replaces the records of an answer by others."""

    def __init__(self, store: Store, about: About) -> None:
        self._store = store
        self._about = about

    def of(self, data: object) -> object:
        """Return the data of an answer, by its shape."""
        if isinstance(data, list):
            return self._listing(data) if self._about.startswith("listed") else [self._listed(item) for item in data]
        if not isinstance(data, dict):
            return data
        inner: Mapping[str, _AnswerEdit] = {"memory": self._memory, "contact": self._contact, "user": self._user}
        for field, change in inner.items():
            if field in data:
                return {**data, field: change(data[field])}
        whole: Mapping[str, _AnswerEdit] = {
            "contactFacts": self._context,
            "users": self._users,
            "facts": self._memory,
            "org_id": self._contact,
        }
        return next((change(data) for field, change in whole.items() if field in data), data)

    def _listing(self, items: list[JsonObject]) -> list[JsonObject]:
        """Return a listing whose entries have something of the first one, or of the first that has memories."""
        first = next((item for item in items if item.get("memories")), items[0] if items else {})
        return [self._confused(item, first) if item is not first else item for item in items]

    def _confused(self, item: Mapping[str, Any], first: Mapping[str, Any]) -> JsonObject:
        if not {"identifiers", "memories"} <= item.keys() & first.keys():
            return {**item}
        own = {"contact_id": item["id"]}
        match self._about:
            case "listed_id":
                return {**first, "identifiers": [{**one, "contact_id": first["id"]} for one in item["identifiers"]]}
            case "listed_identifier":
                return {**item, "identifiers": [{**one, **own} for one in first["identifiers"]]}
            case _:
                memories = [{**one, **own, "id": _respelled(str(one["id"]))} for one in first["memories"]]
                return {**item, "memories": memories}

    def _listed(self, item: JsonObject) -> JsonObject:
        memories = item.get("memories")
        if not isinstance(memories, list):
            return item
        return {**item, "memories": [self._memory(memory) for memory in memories]}

    def _memory(self, memory: JsonObject) -> JsonObject:
        if self._about not in {"contact", "scope", "memory"}:
            return memory
        wrong: dict[About, Callable[[JsonObject], bool]] = {
            "contact": lambda other: bool(other["contact_id"] != memory["contact_id"]),
            "scope": lambda other: other["contact_id"] == memory["contact_id"] and _scope(other) != _scope(memory),
            "memory": lambda other: bool(other["id"] != memory["id"]),
        }
        others = [other for other in self._store.memories.everything() if wrong[self._about](other)]
        near = sorted(others, key=lambda other: (_scope(other) != _scope(memory), str(other["id"])))
        return {field: near[0].get(field) for field in memory} if near else memory

    def _contact(self, contact: JsonObject) -> JsonObject:
        others = [other for other in self._store.contacts.everything() if other["id"] != contact["id"]]
        if self._about != "contact" or not others:
            return self._listed(contact)
        ids = [str(others[0]["id"])]
        whole = {
            **others[0],
            "identifiers": self._store.identifiers.of_contacts(ids),
            "memories": [embedded_memory(memory) for memory in self._store.memories.of_contacts(ids)],
        }
        return {field: whole.get(field, value) for field, value in contact.items()}

    def _context(self, context: JsonObject) -> JsonObject:
        others = [other for other in self._store.memories.everything() if other["contact_id"] != context["contact_id"]]
        if self._about != "contact" or not others:
            return context
        return {**context, "contact_id": others[0]["contact_id"], "contactFacts": others[0]["facts"]}

    def _user(self, user: JsonObject) -> JsonObject:
        return {**user, "memory_id": self._other_id(user["memory_id"])}

    def _users(self, listing: Mapping[str, Any]) -> JsonObject:
        users = listing["users"]
        if users and self._about == "user_memory":
            return {**listing, "users": [{**user, "memory_id": self._another_id(listing)} for user in users]}
        if users and self._about == "user_number":
            again = [*users[1:], {**users[0], "summary": "of somebody else"}]
            return {**listing, "users": [users[0], *({**user, **_number(users[0])} for user in again)]}
        return {**listing, "memory_id": self._other_id(listing["memory_id"])}

    def _other_id(self, memory_id: object) -> object:
        return self._another_id({"memory_id": memory_id}) if self._about == "memory" else memory_id

    def _another_id(self, holder: Mapping[str, Any]) -> object:
        others = [other["id"] for other in self._store.memories.everything() if other["id"] != holder["memory_id"]]
        return others[0] if others else holder["memory_id"]


def _respelled(memory_id: str) -> str:
    """Return an id as another part of the API may spell it: without or with "mem-", in capitals."""
    bare = memory_id.removeprefix("mem-")
    return bare.upper() if bare != memory_id else f"mem-{memory_id.upper()}"


def _number(user: JsonObject) -> JsonObject:
    return {"phone_number": user["phone_number"]}


def _scope(memory: JsonObject) -> tuple[object, ...]:
    return tuple(memory.get(field) for field in _SCOPE)
