"""What the server answers: the world in the shapes that the API's documentation shows, as bytes."""

import json
from collections.abc import Iterator, Mapping

from tests.benchmarks.world import PERSONA, Facts, Person, World

PAGE = 200
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nnot found"


def answer(body: object) -> bytes:
    """Give a whole HTTP answer with a JSON body."""
    text = json.dumps(body, separators=(",", ":")).encode()
    return _HEAD % len(text) + text


def envelope(data: object, **beside: object) -> dict[str, object]:
    """Wrap a result as the API does."""
    return {"data": data, "errors": None, **beside}


def contexts(world: World) -> Mapping[bytes, bytes]:
    """Give the answers of `GET /v1/memory/context` by contact id."""
    return {person.contact_id.encode(): answer(envelope(_context(person))) for person in world.people()}


def pages(world: World) -> list[bytes]:
    """Give the answers of `GET /v1/contacts`, each with 200 contacts."""
    return [answer(page) for page in _pages(world)]


def _pages(world: World) -> Iterator[dict[str, object]]:
    waiting: list[dict[str, object]] = []
    for person in world.people():
        waiting.append(_contact(person))
        if len(waiting) == PAGE or person.number == world.size - 1:
            more = person.number < world.size - 1
            offset = person.number + 1 - len(waiting)
            yield envelope(waiting, pagination={"total": world.size, "limit": PAGE, "offset": offset, "has_more": more})
            waiting = []


def memory(person: Person, facts: Facts) -> dict[str, object]:
    """Give a contact memory in the shape of `POST /v1/memory/contact`."""
    return {
        "id": person.memory_id,
        "org_id": "org-1",
        "contact_id": person.contact_id,
        "persona_id": PERSONA,
        "agent_number": None,
        "summary": None,
        "facts": facts,
        "recent_messages": [],
        "open_items": [],
        "memory_history": [],
        "created_at": "2025-07-22T10:30:00.000Z",
        "updated_at": "2025-07-22T10:30:00.000Z",
    }


def _context(person: Person) -> dict[str, object]:
    return {
        "contact_id": person.contact_id,
        "recentMessages": [],
        "summary": None,
        "contactFacts": person.live or {},
        "entities": [],
        "openItems": [],
    }


def _contact(person: Person) -> dict[str, object]:
    left_out = {"org_id", "memory_history", "created_at", "updated_at"}
    shown = {} if person.live is None else memory(person, person.live)
    embedded = {key: value for key, value in shown.items() if key not in left_out}
    return {
        "id": person.contact_id,
        "org_id": "org-1",
        "name": person.declared["name"],
        "email": None,
        "external_id": None,
        "metadata": {},
        "created_at": "2025-07-22T10:30:00.000Z",
        "updated_at": "2025-07-22T10:30:00.000Z",
        "identifiers": [_identifier(person)],
        "memories": [{**embedded, "entities": []}] if embedded else [],
    }


def _identifier(person: Person) -> dict[str, object]:
    return {
        "id": f"ident-{person.number:06d}",
        "contact_id": person.contact_id,
        "identifier_type": "phone_number",
        "identifier_value": person.phone_number,
        "is_primary": True,
    }
