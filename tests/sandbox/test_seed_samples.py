"""Every JSON sample of the seeds, over a real loopback connection."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store

from .driver import KEY, Json, sample

UUID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
MEMORY = f"/v1/memory/contact/mem-{UUID}"


def at(moment: str) -> Callable[[], datetime]:
    return lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC)


def asked(store: Store, settings: Settings, method: str, path: str, options: Json | None = None) -> Json:
    with running(create_app(store, settings)) as url, httpx.Client(base_url=url, headers=KEY) as client:
        body: Json = client.request(method, path, **(options or {})).raise_for_status().json()
        return body


def test_creating_a_contact_memory_answers_as_the_sample() -> None:
    store = Store(clock=at("2025-07-22T10:30:00"), new_id=lambda: UUID)
    body = {"contact_id": UUID, "persona_id": "persona-12345678"}
    answer = asked(store, Settings(), "POST", "/v1/memory/contact", {"json": body})
    assert answer == sample("create_contact_memory.response")


def test_getting_a_contact_memory_answers_as_the_sample() -> None:
    expected = sample("get_contact_memory.response")
    store = Store()
    store.load({"contact_memories": [expected["data"]]})
    assert asked(store, Settings(), "GET", MEMORY) == expected


def test_the_fields_of_a_contact_memory_come_in_the_order_of_the_sample() -> None:
    expected = sample("get_contact_memory.response")
    store = Store()
    store.load({"contact_memories": [expected["data"]]})
    assert list(asked(store, Settings(), "GET", MEMORY)["data"]) == list(expected["data"])


def test_updating_facts_answers_as_the_sample() -> None:
    # The sample's request does not lead to the sample's response: the last two of the facts shown are sent here.
    expected = sample("update_facts.response")
    sent = {key: expected["data"]["facts"][key] for key in ("preferred_contact", "timezone")}
    before = {key: value for key, value in expected["data"]["facts"].items() if key not in sent}
    store = Store(clock=at("2025-07-22T16:00:00"))
    store.load({"contact_memories": [{**expected["data"], "facts": before}]})
    trimmed = Settings(patch_answer="trimmed")
    assert asked(store, trimmed, "PATCH", f"{MEMORY}/facts", {"json": {"facts": sent}}) == expected


def test_the_sample_of_new_facts_is_merged() -> None:
    request, known = sample("update_facts.request"), sample("update_facts.response")["data"]
    store = Store()
    store.load({"contact_memories": [known]})
    answer = asked(store, Settings(), "PATCH", f"{MEMORY}/facts", {"json": request})
    assert answer["data"]["facts"] == {**known["facts"], **request["facts"]}


def test_adding_a_user_answers_with_what_the_sample_sends() -> None:
    # The page prints the request in place of a response; the response is that of its table of fields.
    request = sample("add_user.request")
    store = Store(clock=at("2025-07-22T10:30:00"), new_id=lambda: "user-1")
    store.load({"stores": [{"id": "store-1", "name": "callers"}]})
    answer = asked(store, Settings(), "POST", "/v1/memory/store-1/add-user", {"json": request})
    assert answer["errors"] is None
    assert answer["data"]["user"] == {
        **request,
        "id": "user-1",
        "memory_id": "store-1",
        "created_at": "2025-07-22T10:30:00.000Z",
        "call_count": 0,
        "last_call_at": None,
    }


def test_getting_the_context_answers_as_the_sample() -> None:
    expected = sample("get_memory_context.response")
    shown = expected["data"]
    memory = {
        "contact_id": shown["contact_id"],
        "agent_number": "+14155550100",
        "summary": shown["summary"],
        "facts": shown["contactFacts"],
        "recent_messages": shown["recentMessages"],
        "open_items": shown["openItems"],
        "entities": shown["entities"],
    }
    store = Store()
    store.load({"contact_memories": [memory]})
    query = {"contact_id": UUID, "agent_number": "+14155550100"}
    assert asked(store, Settings(), "GET", "/v1/memory/context", {"params": query}) == expected
