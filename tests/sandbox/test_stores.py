import pytest

from .driver import Json, driver, error

USERS = [{"phone_number": f"+1234567890{n}", "metadata": f"caller {n}"} for n in range(3)]
STORE: Json = {"id": "store-1", "name": "callers", "created_at": "2025-01-01T00:00:00.000Z", "users": USERS}


ORIGIN = ("calls", "contact_id", "contact_memory_id", "contact_name", "agent_number")


def numbers(store: Json) -> list[str]:
    return [user["phone_number"] for user in store["users"]]


def test_a_store_is_created_and_listed() -> None:
    sandbox = driver()
    created = sandbox.post("/v1/memory/create", {"name": "callers"}).json()["data"]
    assert (created["name"], created["memory_duration"]) == ("callers", None)
    assert sandbox.get("/v1/memory").json()["data"] == {"memories": [created]}


def test_a_store_is_shown_with_the_documented_fields() -> None:
    (shown,) = driver(world={"stores": [STORE]}).get("/v1/memory").json()["data"]["memories"]
    assert list(shown) == ["id", "created_at", "user_id", "name", "memory_duration"]


@pytest.mark.parametrize(("switches", "status"), [({}, 200), ({"revision": "L"}, 201), ({"create_status": 201}, 201)])
def test_the_status_of_a_new_store_is_by_the_revision(switches: Json, status: int) -> None:
    assert driver(**switches).post("/v1/memory/create", {"name": "callers"}).status_code == status


def test_contact_memories_are_not_among_the_stores() -> None:
    sandbox = driver()
    sandbox.remember()
    assert sandbox.get("/v1/memory").json()["data"] == {"memories": []}


@pytest.mark.parametrize(("revision", "code"), [("D", "INVALID_REQUEST"), ("L", "BAD_REQUEST")])
def test_a_store_needs_a_name(revision: str, code: str) -> None:
    refused = driver(revision=revision).post("/v1/memory/create", {})
    assert error(refused) == (400, code, "Memory name is required.")


def test_a_store_is_read_with_all_its_users() -> None:
    data = driver(world={"stores": [STORE]}).get("/v1/memory/store-1").json()["data"]
    assert (data["memory_id"], data["name"], data["created_at"]) == ("store-1", "callers", "2025-01-01T00:00:00.000Z")
    assert [user["phone_number"] for user in data["users"]] == [user["phone_number"] for user in USERS]
    assert set(data["users"][0]) == {
        "phone_number",
        "created_at",
        "call_count",
        "metadata",
        "last_call_at",
        "summary",
    }


def test_a_contact_memory_is_read_like_a_store() -> None:
    memory = {"id": "mem-1", "contact_id": "c1", "persona_id": "p1", "users": USERS[:1]}
    data = driver(world={"contact_memories": [memory]}).get("/v1/memory/mem-1").json()["data"]
    assert (data["memory_id"], data["name"], len(data["users"])) == ("mem-1", "p1", 1)


@pytest.mark.parametrize(("revision", "code"), [("D", "MEMORY_NOT_FOUND"), ("L", "NOT_FOUND")])
def test_an_unknown_store_is_not_found(revision: str, code: str) -> None:
    assert error(driver(revision=revision).get("/v1/memory/nowhere")) == (404, code, "Memory not found.")


def test_the_later_revision_pages_the_users_inside_the_data() -> None:
    sandbox = driver(world={"stores": [STORE]}, revision="L")
    body = sandbox.get("/v1/memory/store-1", params={"limit": 2, "offset": 1}).json()
    assert numbers(body["data"]) == ["+12345678901", "+12345678902"]
    assert body["data"]["pagination"] == {"total": 3, "limit": 2, "offset": 1, "has_more": False}
    assert set(body) == {"data", "errors"}


def test_a_page_of_users_tells_that_there_are_more() -> None:
    data = driver(world={"stores": [STORE]}, revision="L").get("/v1/memory/store-1", params={"limit": 2}).json()["data"]
    assert data["pagination"] == {"total": 3, "limit": 2, "offset": 0, "has_more": True}


@pytest.mark.parametrize("limit", ["", "0", "-1", "all", "²", "٣"])
def test_a_page_of_users_is_never_of_size_zero(limit: str) -> None:
    sandbox = driver(world={"stores": [STORE]}, revision="L")
    data = sandbox.get("/v1/memory/store-1", params={"limit": limit}).json()["data"]
    assert (len(data["users"]), data["pagination"]["limit"]) == (3, 50)


def test_the_documentation_of_the_seeds_knows_no_pages_of_users() -> None:
    sandbox = driver(world={"stores": [STORE]})
    data = sandbox.get("/v1/memory/store-1", params={"limit": 1, "offset": 1, "search": "x"}).json()["data"]
    assert (len(data["users"]), "pagination" in data) == (3, False)


def test_the_later_revision_shows_whose_memory_a_user_is_in() -> None:
    memory = {"id": "mem-1", "contact_id": "c1", "agent_number": "+14155550100", "users": USERS[:1]}
    world: Json = {"contacts": [{"id": "c1", "name": "Sarah"}], "contact_memories": [memory]}
    (user,) = driver(world=world, revision="L").get("/v1/memory/mem-1").json()["data"]["users"]
    assert user["metadata"] == {"text": "caller 0"}
    assert {name: user[name] for name in ORIGIN} == {
        "calls": [],
        "contact_id": "c1",
        "contact_memory_id": "mem-1",
        "contact_name": "Sarah",
        "agent_number": "+14155550100",
    }


def test_the_later_revision_has_no_contact_for_a_user_of_a_store() -> None:
    user = driver(world={"stores": [STORE]}, revision="L").get("/v1/memory/store-1").json()["data"]["users"][0]
    assert [user[name] for name in ORIGIN] == [[], None, None, None, None]


def test_the_later_revision_searches_the_users() -> None:
    sandbox = driver(world={"stores": [STORE]}, revision="L")
    data = sandbox.get("/v1/memory/store-1", params={"search": "8902"}).json()["data"]
    assert numbers(data) == ["+12345678902"]
    assert data["pagination"] == {"total": 1, "limit": 50, "offset": 0, "has_more": False}


@pytest.mark.parametrize(("search", "total"), [("", 3), ("+1234567890", 3), ("nobody", 0)])
def test_the_total_of_a_search_counts_all_that_match_and_not_the_page(search: str, total: int) -> None:
    sandbox = driver(world={"stores": [STORE]}, revision="L")
    data = sandbox.get("/v1/memory/store-1", params={"search": search, "limit": 1}).json()["data"]
    assert (data["pagination"]["total"], data["pagination"]["has_more"]) == (total, total > 1)
    assert len(data["users"]) == min(1, total)


@pytest.mark.parametrize(
    ("metadata", "shown"), [('{"age": 25}', {"age": 25}), ("25 years", {"text": "25 years"}), (None, {})]
)
def test_metadata_can_be_listed_as_an_object(metadata: str | None, shown: Json) -> None:
    store = {**STORE, "users": [{"phone_number": "+12345678900", "metadata": metadata}]}
    data = driver(world={"stores": [store]}, user_metadata="object").get("/v1/memory/store-1").json()["data"]
    assert data["users"][0]["metadata"] == shown


def test_a_store_is_renamed() -> None:
    sandbox = driver(world={"stores": [STORE]})
    shown = sandbox.post("/v1/memory/store-1/update", {"name": "guests"}).json()["data"]
    assert shown == {**sandbox.get("/v1/memory").json()["data"]["memories"][0], "name": "guests"}
    assert numbers(sandbox.get("/v1/memory/store-1").json()["data"]) == [user["phone_number"] for user in USERS]


@pytest.mark.parametrize(("revision", "code"), [("D", "INVALID_REQUEST"), ("L", "BAD_REQUEST")])
def test_a_new_name_is_needed(revision: str, code: str) -> None:
    refused = driver(world={"stores": [STORE]}, revision=revision).post("/v1/memory/store-1/update", {"name": None})
    assert error(refused) == (400, code, "No update data provided.")


def test_only_a_store_is_renamed() -> None:
    sandbox = driver()
    for memory_id in ("store-none", sandbox.remember()):
        refused = sandbox.post(f"/v1/memory/{memory_id}/update", {"name": "guests"})
        assert error(refused) == (404, "MEMORY_UPDATE_ERROR", "Failed to update memory.")
