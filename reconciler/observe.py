"""Reads the account: a remote and what is declared in, what is there out."""

from collections.abc import Callable, Mapping, Sequence

from reconciler.core.desired import ContactMemory, ExistingMemory, Memory
from reconciler.core.observed import Observed, ObservedMemory, Present, Unseen
from reconciler.core.remote import Reader
from reconciler.workers import for_each


async def observe(
    reader: Reader,
    memories: Sequence[Memory],
    *,
    known_ids: Mapping[str, str],
    concurrency: int,
    on_read: Callable[[int, int], None],
) -> Observed:
    """
    Read every declared memory with the calls of the `context` reader, one request each.

    `known_ids` gives ids seen before, by `ContactMemory.identity`; with one, a single request tells existence, id and
    facts. `on_read` is told how many are read, and of how many. Raises `ApiError`.
    """
    seen: dict[str, ObservedMemory] = {}
    before = reader.requests_sent

    async def read(memory: Memory) -> None:
        seen[memory.address] = await _read(reader, memory, known_ids)
        on_read(len(seen), len(memories))

    await for_each(memories, read, concurrency=concurrency)
    return Observed(memories=seen, requests=reader.requests_sent - before)


async def _read(reader: Reader, memory: Memory, known_ids: Mapping[str, str]) -> ObservedMemory:
    match memory:
        case ExistingMemory(memory_id=memory_id):
            return Present(memory_id, facts={})
        case ContactMemory():
            return await _read_by_id(reader, memory, known_ids) or await _read_by_context(reader, memory)


async def _read_by_id(reader: Reader, memory: ContactMemory, known_ids: Mapping[str, str]) -> Present | None:
    """Read a memory whose id is remembered; None where there is no such id, or it belongs to another memory now."""
    memory_id = known_ids.get(memory.identity)
    record = await reader.read_memory(memory_id) if memory_id else None
    if record is None or (record.contact_id, record.scope_key) != (memory.contact.contact_id, memory.scope_key):
        return None
    return Present(record.memory_id, record.facts)


async def _read_by_context(reader: Reader, memory: ContactMemory) -> Present | Unseen:
    """Read a memory by contact and scope; an empty answer is given for no memory, too (`GET /v1/memory/context`)."""
    context = await reader.read_context(memory.contact.contact_id, memory.scope_key)
    if context.is_empty:
        return Unseen(contact_known=context.contact_known)
    return Present(memory_id=None, facts=context.facts)
