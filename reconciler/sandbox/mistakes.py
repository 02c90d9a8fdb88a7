"""
Answers about somebody else: each record in an answer gives way to another one that the store holds.

The request itself is handled as it was asked; only its answer is about another contact, scope or memory. Records of a
listing keep their contact and show memories of others. Where the store holds no other record, the answer is right.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from reconciler.sandbox.answers import Answer
from reconciler.sandbox.routes.shapes import embedded_memory
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import JsonObject, to_json

About: TypeAlias = Literal["contact", "scope", "memory"]
"""What an answer is wrong about."""

_Change: TypeAlias = Callable[[Any], JsonObject]
_SCOPE = ("persona_id", "agent_number")


def mistaken(answer: Answer | None, about: About, store: Store) -> Answer | None:
    """Return the answer with other records in it; None where there is no answer."""
    if answer is None or not answer.body.startswith(b"{"):
        return answer
    body = json.loads(answer.body)
    return replace(answer, body=to_json({**body, "data": _Mistakes(store, about).of(body["data"])}).encode())


class _Mistakes:
    """Puts other records in the place of the right ones."""

    def __init__(self, store: Store, about: About) -> None:
        self._store = store
        self._about = about

    def of(self, data: object) -> object:
        """Return the data of an answer, by its shape."""
        if isinstance(data, list):
            return [self._listed(item) for item in data]
        if not isinstance(data, dict):
            return data
        inner: Mapping[str, _Change] = {"memory": self._memory, "contact": self._contact, "user": self._user}
        for field, change in inner.items():
            if field in data:
                return {**data, field: change(data[field])}
        whole: Mapping[str, _Change] = {
            "contactFacts": self._context,
            "users": self._users,
            "facts": self._memory,
            "org_id": self._contact,
        }
        return next((change(data) for field, change in whole.items() if field in data), data)

    def _listed(self, item: JsonObject) -> JsonObject:
        memories = item.get("memories")
        if not isinstance(memories, list):
            return item
        return {**item, "memories": [self._memory(memory) for memory in memories]}

    def _memory(self, memory: JsonObject) -> JsonObject:
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

    def _users(self, listing: JsonObject) -> JsonObject:
        return {**listing, "memory_id": self._other_id(listing["memory_id"])}

    def _other_id(self, memory_id: object) -> object:
        others = [other["id"] for other in self._store.memories.everything() if other["id"] != memory_id]
        return others[0] if self._about == "memory" and others else memory_id


def _scope(memory: JsonObject) -> tuple[object, ...]:
    return tuple(memory.get(field) for field in _SCOPE)
