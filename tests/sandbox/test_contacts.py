import pytest

from .driver import Driver, Json, driver, error, statuses

SARAH: Json = {
    "id": "c1",
    "name": "Sarah Chen",
    "metadata": {"vip": True},
    "identifiers": [
        {"identifier_type": "phone_number", "identifier_value": "+14155550192"},
        {"identifier_type": "email", "identifier_value": "sarah@example.com"},
    ],
}


WITH_SARAH: Json = {"contacts": [SARAH]}


def with_many(total: int) -> Driver:
    return driver(world={"contacts": [{"id": f"c{n:03}"} for n in range(total)]})


def identifiers(contact: Json) -> set[tuple[str, str]]:
    return {(entry["identifier_type"], entry["identifier_value"]) for entry in contact["identifiers"]}


def test_a_contact_comes_with_identifiers_and_memories() -> None:
    sandbox = driver(world=WITH_SARAH)
    memory_id = sandbox.remember()
    contact = sandbox.get("/v1/contacts/c1").json()["data"]
    assert (contact["name"], contact["metadata"]) == ("Sarah Chen", {"vip": True})
    assert identifiers(contact) == {("phone_number", "+14155550192"), ("email", "sarah@example.com")}
    assert [memory["id"] for memory in contact["memories"]] == [memory_id]


def test_a_memory_inside_a_contact_has_no_organisation_and_no_times() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.remember()
    (memory,) = sandbox.get("/v1/contacts/c1").json()["data"]["memories"]
    assert not {"org_id", "created_at", "updated_at", "memory_history"} & set(memory)


def test_an_identifier_has_the_documented_fields() -> None:
    identifier = driver(world=WITH_SARAH).get("/v1/contacts/c1").json()["data"]["identifiers"][0]
    assert identifier == {
        "id": "ident-id-1",
        "contact_id": "c1",
        "identifier_type": "phone_number",
        "identifier_value": "+14155550192",
        "is_primary": True,
    }


def test_an_unknown_contact_is_not_found() -> None:
    assert error(driver().get("/v1/contacts/nobody")) == (404, "NOT_FOUND", "Contact not found")


def test_contacts_are_listed_in_pages_of_fifty() -> None:
    body = with_many(51).get("/v1/contacts").json()
    assert len(body["data"]) == 50
    assert body["pagination"] == {"total": 51, "limit": 50, "offset": 0, "has_more": True}


def test_a_page_holds_at_most_two_hundred_contacts() -> None:
    body = with_many(201).get("/v1/contacts", params={"limit": 1000}).json()
    assert (len(body["data"]), body["pagination"]["limit"], body["pagination"]["has_more"]) == (200, 200, True)


def test_the_last_page_has_no_more() -> None:
    body = with_many(5).get("/v1/contacts", params={"limit": 3, "offset": 3}).json()
    assert [contact["id"] for contact in body["data"]] == ["c003", "c004"]
    assert body["pagination"]["has_more"] is False


@pytest.mark.parametrize("limit", ["many", "-1", "0", "", "²", "٣", "1.5", "9" * 5000])
def test_a_limit_that_is_none_counts_as_not_given(limit: str) -> None:
    assert with_many(1).get("/v1/contacts", params={"limit": limit}).json()["pagination"]["limit"] == 50


def test_a_contact_is_found_by_an_identifier() -> None:
    found = driver(world=WITH_SARAH).post("/v1/contacts/find", {"email": "sarah@example.com"})
    assert found.json()["data"]["id"] == "c1"


@pytest.mark.parametrize("path", ["/v1/contacts/c1", "/v1/contacts"])
def test_a_contact_shows_its_memories_with_the_facts(path: str) -> None:
    sandbox = driver(world=WITH_SARAH)
    memory_id = sandbox.remember()
    sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"plan": "premium"}})
    data = sandbox.get(path).json()["data"]
    contact = data[0] if isinstance(data, list) else data
    assert contact["memories"][0]["facts"] == {"plan": "premium"}
    assert contact == sandbox.post("/v1/contacts/find", {"phone_number": "+14155550192"}).json()["data"]


def test_a_page_beyond_the_end_is_empty() -> None:
    body = with_many(3).get("/v1/contacts", params={"offset": 3}).json()
    assert body["data"] == []
    assert body["pagination"] == {"total": 3, "limit": 50, "offset": 3, "has_more": False}


def test_an_update_of_nothing_changes_nothing_that_is_shown() -> None:
    sandbox = driver(world=WITH_SARAH)
    before = sandbox.get("/v1/contacts/c1").json()
    sandbox.patch("/v1/contacts/c1", {})
    assert sandbox.get("/v1/contacts/c1").json() == before


def test_metadata_is_merged_by_key_and_nested_values_are_replaced() -> None:
    sandbox = driver(world={"contacts": [{"id": "c1", "metadata": {"a": {"x": 1}, "b": 1}}]})
    contact = sandbox.patch("/v1/contacts/c1", {"metadata": {"a": {"y": 2}, "c": None}}).json()["data"]
    assert contact["metadata"] == {"a": {"y": 2}, "b": 1, "c": None}


def test_an_update_takes_no_phone_number() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.patch("/v1/contacts/c1", {"phone_number": "+19995550100"})
    assert sandbox.post("/v1/contacts/find", {"phone_number": "+19995550100"}).json()["data"] is None


def test_nothing_found_is_null_and_no_error() -> None:
    found = driver(world=WITH_SARAH).post("/v1/contacts/find", {"external_id": "crm-1"})
    assert (found.status_code, found.json()) == (200, {"data": None, "errors": None})


@pytest.mark.parametrize("call", ["find", "resolve"])
def test_finding_needs_an_identifier(call: str) -> None:
    message = "At least one identifier (phone_number, email, or external_id) is required"
    assert error(driver().post(f"/v1/contacts/{call}", {"name": "Sarah"})) == (400, "BAD_REQUEST", message)


def test_resolving_creates_a_contact_once() -> None:
    sandbox = driver()
    body = {"phone_number": "+14155550192", "email": "s@example.com", "name": "Sarah", "metadata": {"vip": True}}
    first, second = (sandbox.post("/v1/contacts/resolve", body).json()["data"] for _ in range(2))
    assert (first["created"], second["created"]) == (True, False)
    assert first["contact"] == second["contact"]
    contact = sandbox.get(f"/v1/contacts/{first['contact']['id']}").json()["data"]
    assert identifiers(contact) == {("phone_number", "+14155550192"), ("email", "s@example.com")}


def test_resolving_leaves_an_existing_contact_as_it_is() -> None:
    sandbox = driver(world=WITH_SARAH)
    before = sandbox.store.dump()
    body = {"phone_number": "+14155550192", "name": "Other", "metadata": {"vip": False}, "external_id": "crm-1"}
    assert sandbox.post("/v1/contacts/resolve", body).json()["data"]["contact"]["name"] == "Sarah Chen"
    assert sandbox.store.dump() == before


def test_resolving_creates_the_memory_as_well_when_it_names_a_scope() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.post("/v1/contacts/resolve", {"email": "sarah@example.com", "persona_id": "p1"})
    (memory,) = sandbox.get("/v1/contacts/c1").json()["data"]["memories"]
    assert memory["persona_id"] == "p1"


def test_the_later_revision_resolves_to_the_full_contact_and_no_memory() -> None:
    sandbox = driver(world=WITH_SARAH, revision="L")
    contact = sandbox.post("/v1/contacts/resolve", {"email": "sarah@example.com", "persona_id": "p1"}).json()["data"][
        "contact"
    ]
    assert (len(contact["identifiers"]), contact["memories"], contact["crm_syncs"]) == (2, [], [])


def test_the_later_revision_tells_by_the_status_whether_it_created() -> None:
    sandbox = driver(revision="L")
    resolved = [sandbox.post("/v1/contacts/resolve", {"email": "s@example.com"}) for _ in range(2)]
    assert statuses(resolved) == [201, 200]


def test_the_seeds_say_nothing_of_a_status_so_that_both_are_plain() -> None:
    sandbox = driver()
    resolved = [sandbox.post("/v1/contacts/resolve", {"email": "s@example.com"}) for _ in range(2)]
    assert statuses(resolved) == [200, 200]


def test_of_several_identifiers_the_phone_number_decides() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.post("/v1/contacts/resolve", {"external_id": "crm-2"})
    found = sandbox.post("/v1/contacts/find", {"external_id": "crm-2", "phone_number": "+14155550192"})
    assert found.json()["data"]["id"] == "c1"


def test_numbers_can_be_brought_to_e164_before_they_are_compared() -> None:
    found = driver(world=WITH_SARAH, numbers="normalising").post(
        "/v1/contacts/find", {"phone_number": "(415) 555-0192"}
    )
    assert found.json()["data"]["id"] == "c1"


def test_updating_a_contact_merges_the_metadata() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.time.seconds += 1
    contact = sandbox.patch("/v1/contacts/c1", {"name": "Sarah C.", "metadata": {"tier": 2}}).json()["data"]
    assert (contact["name"], contact["metadata"]) == ("Sarah C.", {"vip": True, "tier": 2})
    assert contact["updated_at"] == "2025-07-22T10:30:01.000Z"
    assert set(contact) == {"id", "org_id", "name", "metadata", "created_at", "updated_at"}


def test_updating_an_address_replaces_or_adds_it() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.patch("/v1/contacts/c1", {"email": "new@example.com", "external_id": "crm-1"})
    contact = sandbox.get("/v1/contacts/c1").json()["data"]
    assert identifiers(contact) - {("phone_number", "+14155550192")} == {
        ("email", "new@example.com"),
        ("external_id", "crm-1"),
    }


def test_an_address_that_a_contact_has_already_is_its_own() -> None:
    sandbox = driver(world=WITH_SARAH)
    before = identifiers(sandbox.get("/v1/contacts/c1").json()["data"])
    (email,) = (value for kind, value in before if kind == "email")
    answer = sandbox.patch("/v1/contacts/c1", {"email": email})
    assert answer.status_code == 200
    assert identifiers(sandbox.get("/v1/contacts/c1").json()["data"]) == before


@pytest.mark.parametrize("field", ["name", "metadata", "email", "external_id"])
def test_null_in_an_update_of_a_contact_erases_nothing(field: str) -> None:
    sandbox = driver(world=WITH_SARAH)
    before = sandbox.get("/v1/contacts/c1").json()["data"]
    assert sandbox.patch("/v1/contacts/c1", {field: None}).status_code == 200
    after = sandbox.get("/v1/contacts/c1").json()["data"]
    assert before["name"]
    assert before["metadata"]
    assert {**after, "updated_at": before["updated_at"]} == before


def test_an_address_of_another_contact_is_refused_and_nothing_changes() -> None:
    sandbox = driver(world=WITH_SARAH)
    sandbox.post("/v1/contacts/resolve", {"external_id": "crm-2"})
    before = sandbox.store.dump()
    refused = sandbox.patch("/v1/contacts/c1", {"email": "new@example.com", "external_id": "crm-2"})
    assert error(refused) == (400, "BAD_REQUEST", "external_id belongs to another contact")
    assert sandbox.store.dump() == before


def test_an_unknown_contact_cannot_be_updated() -> None:
    assert error(driver().patch("/v1/contacts/nobody", {"name": "x"})) == (404, "NOT_FOUND", "Contact not found")
