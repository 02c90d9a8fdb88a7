"""What the server answers: the world in the shapes that the API's documentation shows, as bytes."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from tests.benchmarks.world import PERSONA, Facts, Person, World

PAGE = 200
_TIMES = {"created_at": "2025-07-22T10:30:00.000Z", "updated_at": "2025-07-22T10:30:00.000Z"}
_LEFT_OUT = {"org_id", "memory_history", *_TIMES}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nslow down"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nnot found"


def answer(body: object) -> bytes:
    text = json.dumps(body, separators=(",", ":")).encode()
    return _HEAD % len(text) + text


def envelope(data: object, **beside: object) -> dict[str, object]:
    return {"data": data, "errors": None, **beside}


def contexts(world: World) -> Mapping[bytes, bytes]:
    """Return the answers of `GET /v1/memory/context` by contact id."""
    return {person.contact_id.encode(): answer(envelope(_context(person))) for person in world.people()}


def pages(world: World) -> list[bytes]:
    """Return the answers of `GET /v1/contacts`, each with 200 contacts."""
    return [answer(page) for page in _pages(world)]


def _pages(world: World) -> Iterator[dict[str, object]]:
    people = world.people()
    for offset in range(0, world.size, PAGE):
        page = [_contact(person) for person in islice(people, PAGE)]
        more = offset + PAGE < world.size
        yield envelope(page, pagination={"total": world.size, "limit": PAGE, "offset": offset, "has_more": more})


def memory(person: Person, facts: Facts) -> dict[str, object]:
    """Return a contact memory in the shape of `POST /v1/memory/contact`."""
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
        **_TIMES,
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
    embedded = {key: value for key, value in memory(person, person.live or {}).items() if key not in _LEFT_OUT}
    identifier = {
        "id": f"ident-{person.number:06d}",
        "contact_id": person.contact_id,
        "identifier_type": "phone_number",
        "identifier_value": person.phone_number,
        "is_primary": True,
    }
    return {
        "id": person.contact_id,
        "org_id": "org-1",
        "name": person.declared["name"],
        "email": None,
        "external_id": None,
        "metadata": {},
        **_TIMES,
        "identifiers": [identifier],
        "memories": [] if person.live is None else [{**embedded, "entities": []}],
    }
