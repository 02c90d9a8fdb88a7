"""
A whole world as one JSON value: what `sandbox show` prints and what tests and scenarios plant.

``contacts`` hold their ``identifiers``, ``contact_memories`` and ``stores`` hold their ``users``. Every field but the
natural key (a memory's ``contact_id``, a user's ``phone_number``, a store's ``name``, an identifier's type and value)
may be left out. Two ``contact_memories`` of the same contact and scope can be planted, which no request would create:
calls by scope then mean the first, calls by id each.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from reconciler.sandbox.errors import SandboxStateError

if TYPE_CHECKING:
    from reconciler.sandbox.store import Store
    from reconciler.sandbox.values import JsonObject

_PARTS = ("contacts", "contact_memories", "stores")


def dump_world(store: Store) -> JsonObject:
    """Everything in the store, sorted."""
    return {
        "contacts": _with_inner(
            store.contacts.everything(), store.identifiers.everything(), ("identifiers", "contact_id")
        ),
        "contact_memories": _with_inner(store.memories.everything(), store.users.everything(), ("users", "memory_id")),
        "stores": _with_inner(store.stores.everything(), store.users.everything(), ("users", "memory_id")),
    }


def _with_inner(outer: list[JsonObject], inner: list[JsonObject], link: tuple[str, str]) -> list[JsonObject]:
    field, key = link
    held: dict[object, list[JsonObject]] = {record["id"]: [] for record in outer}
    for record in inner:
        if record[key] in held:
            held[record[key]].append({name: value for name, value in record.items() if name != key})
    return [{**record, field: held[record["id"]]} for record in outer]


def load_world(store: Store, world: JsonObject) -> None:
    """Plant everything that the world names."""
    unknown = sorted(world.keys() - set(_PARTS))
    if unknown:
        raise SandboxStateError(f"world: unknown part {unknown[0]!r}; known are {', '.join(_PARTS)}")
    try:
        for record in _list(world, "contacts"):
            _plant_contact(store, record)
        for record in _list(world, "contact_memories"):
            _plant_memory(store, record)
        for record in _list(world, "stores"):
            _plant_store(store, record)
    except sqlite3.Error as error:
        raise SandboxStateError(f"world: cannot be planted: {error}") from error


def _plant_contact(store: Store, record: JsonObject) -> None:
    contact = store.contacts.plant(_without(record, "identifiers"))
    for identifier in _list(record, "identifiers"):
        store.identifiers.plant(identifier, contact_id=str(contact["id"]))


def _plant_memory(store: Store, record: JsonObject) -> None:
    memory = store.memories.plant(_without(record, "users"))
    store.contacts.ensure(str(memory["contact_id"]))
    _plant_users(store, record, memory_id=str(memory["id"]))


def _plant_store(store: Store, record: JsonObject) -> None:
    planted = store.stores.plant(_without(record, "users"))
    _plant_users(store, record, memory_id=str(planted["id"]))


def _plant_users(store: Store, record: JsonObject, *, memory_id: str) -> None:
    for user in _list(record, "users"):
        store.users.plant(user, memory_id=memory_id)


def _without(record: JsonObject, field: str) -> JsonObject:
    return {name: value for name, value in record.items() if name != field}


def _list(holder: JsonObject, field: str) -> list[JsonObject]:
    records = holder.get(field, [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SandboxStateError(f"{field}: expected a list of objects")
    return records
