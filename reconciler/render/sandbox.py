"""What the sandbox holds, as text: a block for each contact, with its memories, and for each legacy store."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from reconciler.core.model.text import json_text, visible

_StateRecord: TypeAlias = Mapping[str, Any]


def render_sandbox(state: Mapping[str, Sequence[_StateRecord]]) -> str:
    """Return the state as text: `contacts`, `contact_memories` and `stores`, as the sandbox dumps them."""
    memories: dict[str, list[_StateRecord]] = {}
    for memory in state["contact_memories"]:
        memories.setdefault(memory["contact_id"], []).append(memory)
    blocks = [_contact(contact, memories.get(contact["id"], [])) for contact in state["contacts"]]
    blocks += [_store(store) for store in state["stores"]]
    counts = (
        (len(state["contacts"]), "contact", "contacts"),
        (len(state["contact_memories"]), "memory", "memories"),
        (len(state["stores"]), "store", "stores"),
    )
    head = f"The sandbox holds {', '.join(f'{count:,} {one if count == 1 else many}' for count, one, many in counts)}."
    return "\n\n".join([head, *("\n".join(map(visible, block)) for block in blocks)]) + "\n"


def _contact(contact: _StateRecord, memories: Sequence[_StateRecord]) -> Iterator[str]:
    yield f"contact {contact['id']}{_named(contact)}"
    yield from (f"  {one['identifier_type']}: {one['identifier_value']}" for one in contact["identifiers"])
    if contact["metadata"]:
        yield f"  metadata: {json_text(contact['metadata'])}"
    for memory in memories:
        yield f"  memory {memory['id']}, {memory['persona_id'] or memory['agent_number'] or 'no scope'}"
        yield from _given("    ", memory, "summary")
        yield from (f"    fact {key}: {json_text(value)}" for key, value in sorted(memory["facts"].items()))
        yield from _users("    ", memory)


def _store(store: _StateRecord) -> Iterator[str]:
    yield f"store {store['id']}{_named(store)}"
    yield from _users("  ", store)


def _users(margin: str, memory: _StateRecord) -> Iterator[str]:
    for user in memory["users"]:
        yield f"{margin}user {user['phone_number']}"
        yield from _given(f"{margin}  ", user, "metadata", "summary")


def _given(margin: str, record: _StateRecord, *fields: str) -> Iterator[str]:
    yield from (f"{margin}{field}: {json_text(record[field])}" for field in fields if record[field] is not None)


def _named(record: _StateRecord) -> str:
    return f", {record['name']}" if record["name"] else ""
