import pytest

from .driver import SCOPE, Json, driver, error

CONTEXT = "/v1/memory/context"
EMPTY_CONTEXT: Json = {"recentMessages": [], "summary": None, "contactFacts": {}, "entities": [], "openItems": []}


def test_creating_twice_gives_the_same_memory() -> None:
    sandbox = driver()
    first, second = (sandbox.post("/v1/memory/contact", SCOPE).json()["data"] for _ in range(2))
    assert (first["created"], second["created"]) == (True, False)
    assert first["memory"] == second["memory"]


def test_creating_again_keeps_the_facts() -> None:
    sandbox = driver()
    sandbox.store.learn_facts(sandbox.remember(), {"plan": "premium"})
    assert sandbox.post("/v1/memory/contact", SCOPE).json()["data"]["memory"]["facts"] == {"plan": "premium"}


@pytest.mark.parametrize(
    "other", [{"persona_id": "p2"}, {"agent_number": "p1"}, {"persona_id": "p1", "contact_id": "c2"}]
)
def test_another_scope_is_another_memory(other: Json) -> None:
    sandbox = driver()
    assert sandbox.remember(**{"contact_id": "c1", **other}) != sandbox.remember()


def test_with_a_persona_and_a_number_the_persona_counts() -> None:
    sandbox = driver()
    memory = sandbox.post("/v1/memory/contact", {**SCOPE, "agent_number": "+14155550100"}).json()["data"]["memory"]
    assert (memory["persona_id"], memory["agent_number"]) == ("p1", None)
    assert memory["id"] == sandbox.remember()


def test_the_status_of_a_creation_can_be_chosen() -> None:
    sandbox = driver(create_status=201)
    assert [sandbox.post("/v1/memory/contact", SCOPE).status_code for _ in range(2)] == [201, 200]


@pytest.mark.parametrize("scope", [{}, {"persona_id": None}, {"persona_id": "", "agent_number": ""}])
def test_a_memory_needs_a_scope(scope: Json) -> None:
    refused = driver().post("/v1/memory/contact", {"contact_id": "c1", **scope})
    assert error(refused) == (400, "BAD_REQUEST", "persona_id or agent_number is required")


def test_a_memory_needs_a_contact() -> None:
    refused = driver().post("/v1/memory/contact", {"persona_id": "p1"})
    assert error(refused) == (400, "BAD_REQUEST", "contact_id is required")


def test_the_contact_of_a_new_memory_is_listed() -> None:
    sandbox = driver()
    sandbox.remember()
    assert [contact["id"] for contact in sandbox.get("/v1/contacts").json()["data"]] == ["c1"]


def test_an_unknown_contact_can_be_refused() -> None:
    refused = driver(require_contact=True).post("/v1/memory/contact", SCOPE)
    assert error(refused) == (404, "NOT_FOUND", "Contact not found")


def test_an_unknown_memory_is_not_found() -> None:
    refused = driver().get("/v1/memory/contact/mem-x")
    assert error(refused) == (404, "NOT_FOUND", "Contact memory not found")


@pytest.mark.parametrize("memory_id", ["mem/1 ü%2F", "mem-\u6f22", "a?b#c", ".."])
def test_an_id_may_hold_anything_once_it_is_percent_encoded(memory_id: str) -> None:
    sandbox = driver(world={"contact_memories": [{"id": memory_id, **SCOPE}]})
    encoded = "".join(f"%{byte:02X}" for byte in memory_id.encode())
    assert sandbox.get(f"/v1/memory/contact/{encoded}").json()["data"]["id"] == memory_id


def test_merging_facts_adds_and_overwrites_and_removes_nothing() -> None:
    sandbox = driver()
    memory_id = sandbox.remember()
    sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"kept": 1, "changed": 1}})
    answer = sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"changed": 2, "new": [1, {"a": None}]}})
    assert answer.json()["data"]["facts"] == {"kept": 1, "changed": 2, "new": [1, {"a": None}]}
    assert sandbox.facts(memory_id) == answer.json()["data"]["facts"]


def test_null_is_stored_as_a_value() -> None:
    sandbox = driver()
    memory_id = sandbox.remember()
    sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"plan": None}})
    assert sandbox.facts(memory_id) == {"plan": None}


@pytest.mark.parametrize(("merge", "expected"), [("shallow", {"b": 2}), ("deep", {"a": 1, "b": 2})])
def test_a_nested_fact_is_replaced_or_merged(merge: str, expected: Json) -> None:
    sandbox = driver(nested_merge=merge)
    memory_id = sandbox.remember()
    for value in ({"a": 1}, {"b": 2}):
        sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"address": value}})
    assert sandbox.facts(memory_id) == {"address": expected}


def test_new_facts_move_the_time_of_the_last_update() -> None:
    sandbox = driver()
    memory_id = sandbox.remember()
    sandbox.time.seconds += 60
    memory = sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {}}).json()["data"]
    assert (memory["created_at"], memory["updated_at"]) == ("2025-07-22T10:30:00.000Z", "2025-07-22T10:31:00.000Z")


def test_the_answer_to_new_facts_is_the_full_record() -> None:
    sandbox = driver()
    path = f"/v1/memory/contact/{sandbox.remember()}"
    patched = sandbox.patch(f"{path}/facts", {"facts": {"plan": "premium"}}).json()
    assert patched == sandbox.get(path).json()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "facts is required"),
        ({"facts": None}, "facts is required"),
        ({"facts": ["plan"]}, "facts must be an object"),
    ],
)
def test_facts_must_be_an_object(body: Json, message: str) -> None:
    sandbox = driver()
    refused = sandbox.patch(f"/v1/memory/contact/{sandbox.remember()}/facts", body)
    assert error(refused) == (400, "BAD_REQUEST", message)


def test_facts_of_an_unknown_memory_are_refused() -> None:
    refused = driver().patch("/v1/memory/contact/mem-x/facts", {"facts": {"plan": "premium"}})
    assert error(refused) == (404, "NOT_FOUND", "Contact memory not found")


def test_the_context_shows_the_facts_and_no_id() -> None:
    sandbox = driver()
    sandbox.store.learn_facts(sandbox.remember(), {"plan": "premium"})
    context = sandbox.get(CONTEXT, params=SCOPE).json()["data"]
    assert context == {**EMPTY_CONTEXT, "contact_id": "c1", "contactFacts": {"plan": "premium"}}


def test_without_a_record_the_context_is_empty() -> None:
    context = driver().get(CONTEXT, params=SCOPE).json()
    assert context == {"data": {**EMPTY_CONTEXT, "contact_id": "c1"}, "errors": None}


def test_without_a_record_the_context_can_be_null() -> None:
    assert driver(empty_context="null").get(CONTEXT, params=SCOPE).json() == {"data": None, "errors": None}


def test_the_context_of_an_unknown_contact_can_be_not_found() -> None:
    sandbox = driver(world={"contacts": [{"id": "known"}]}, empty_context="not_found")
    assert error(sandbox.get(CONTEXT, params=SCOPE)) == (404, "NOT_FOUND", "Contact not found")
    assert sandbox.get(CONTEXT, params={**SCOPE, "contact_id": "known"}).status_code == 200


def test_the_context_needs_a_scope() -> None:
    refused = driver().get(CONTEXT, params={"contact_id": "c1"})
    assert error(refused) == (400, "BAD_REQUEST", "persona_id or agent_number is required")


@pytest.mark.parametrize(("written", "facts"), [("%2B14155550100", {"plan": "x"}), ("+14155550100", {})])
def test_a_plus_that_is_not_encoded_is_a_space(written: str, facts: Json) -> None:
    memory = {"contact_id": "c1", "agent_number": "+14155550100", "facts": {"plan": "x"}}
    context = driver(world={"contact_memories": [memory]}).get(f"{CONTEXT}?contact_id=c1&agent_number={written}")
    assert context.json()["data"]["contactFacts"] == facts


@pytest.mark.parametrize("number", ["+1 (415) 555-0100", "4155550100", "14155550100"])
def test_numbers_are_compared_as_written_or_in_e164(number: str) -> None:
    same = [
        driver(numbers=numbers, world={"contact_memories": [{"contact_id": "c1", "agent_number": "+14155550100"}]})
        .post("/v1/memory/contact", {"contact_id": "c1", "agent_number": number})
        .json()["data"]["created"]
        for numbers in ("exact", "normalising")
    ]
    assert same == [True, False]


def test_a_summary_is_overwritten_and_told_with_its_time() -> None:
    sandbox = driver()
    path = f"/v1/memory/contact/{sandbox.remember()}"
    sandbox.patch(f"{path}/summary", {"summary": "asked for a price"})
    sandbox.time.seconds = 60

    shown = sandbox.patch(f"{path}/summary", {"summary": "placed an order"}).json()["data"]

    assert (shown["summary"], shown["facts"]) == ("placed an order", {})
    assert shown["summary_updated_at"] == shown["updated_at"] == "2025-07-22T10:31:00.000Z"
    assert sandbox.get(path).json()["data"]["summary"] == "placed an order"
    assert [(entry.mutates, entry.committed) for entry in sandbox.log][-2:] == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "summary is required"),
        ({"summary": ""}, "summary is required"),
        ({"summary": 7}, "summary must be a string"),
    ],
)
def test_a_summary_must_be_a_text(body: Json, message: str) -> None:
    sandbox = driver()
    refused = sandbox.patch(f"/v1/memory/contact/{sandbox.remember()}/summary", body)
    assert error(refused) == (400, "BAD_REQUEST", message)


def test_a_summary_of_an_unknown_memory_is_refused() -> None:
    refused = driver().patch("/v1/memory/contact/mem-none/summary", {"summary": "new"})
    assert error(refused) == (404, "NOT_FOUND", "Contact memory not found")


def test_a_viewer_writes_no_summary() -> None:
    refused = driver(role="viewer").patch("/v1/memory/contact/mem-none/summary", {"summary": "new"})
    assert error(refused)[:2] == (403, "FORBIDDEN")


def test_messages_come_with_the_oldest_first() -> None:
    messages = [
        {"role": "user", "content": content, "channel": "call", "timestamp": f"2025-07-22T10:3{minute}:00.000Z"}
        for content, minute in (("second", 2), ("first", 1))
    ]
    memory = {"id": "mem-1", "contact_id": "c1", "persona_id": "p1", "recent_messages": messages}
    sandbox = driver(world={"contact_memories": [memory]})

    assert sandbox.get("/v1/memory/contact/mem-1/messages").json() == {"data": messages[::-1], "errors": None}


def test_an_unknown_memory_has_no_messages() -> None:
    sandbox = driver()
    assert sandbox.get("/v1/memory/contact/mem-none/messages").json()["data"] == []
    assert sandbox.get(f"/v1/memory/contact/{sandbox.remember()}/messages").json()["data"] == []


HISTORY: list[Json] = [
    {
        "timestamp": f"2025-07-22T10:3{minute}:00.000Z",
        "type": "summary_update",
        "value": value,
        "call_id": "call-1",
        "initial_memory": {"summary": None, "facts": {"plan": f"trial {minute}"}},
        "changes": {"summary": value, "facts": {"plan": f"premium {minute}"}},
    }
    for minute, value in ((2, "ordered"), (1, "asked"))
]
OTHERS: list[Json] = [{"timestamp": "2025-07-22T10:30:00.000Z", "type": "x", "value": "y", "conversation_id": "sms-1"}]


def test_the_changes_of_a_call_are_those_that_the_history_of_a_memory_names() -> None:
    memory = {"contact_id": "c1", "persona_id": "p1", "memory_history": [*HISTORY, *OTHERS]}
    sandbox = driver(world={"contact_memories": [memory, {"contact_id": "c2", "persona_id": "p1"}]})

    assert sandbox.get("/v1/memory/changes", params={"call_id": "call-1"}).json()["data"] == {
        "initial_memory": {"summary": None, "facts": {"plan": "trial 1"}},
        "changes": {"summary": "ordered", "facts": {"plan": "premium 2"}},
        "memory_history": [
            {"timestamp": "2025-07-22T10:31:00.000Z", "type": "summary_update", "value": "asked"},
            {"timestamp": "2025-07-22T10:32:00.000Z", "type": "summary_update", "value": "ordered"},
        ],
    }
    conversation = sandbox.get("/v1/memory/changes", params={"conversation_id": "sms-1"}).json()["data"]
    assert conversation["initial_memory"] == conversation["changes"] == {"summary": None, "facts": {}}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (400, "BAD_REQUEST", "call_id or conversation_id is required")),
        (
            {"call_id": "sms-1"},
            (404, "NOT_FOUND", "Call or conversation not found, or no memory data available"),
        ),
    ],
)
def test_changes_need_a_call_or_a_conversation_that_is_known(asked: Json, expected: tuple[int, str, str]) -> None:
    sandbox = driver(world={"contact_memories": [{"contact_id": "c1", "persona_id": "p1", "memory_history": OTHERS}]})
    assert error(sandbox.get("/v1/memory/changes", params=asked)) == expected
