import pytest

from .driver import Json, driver, error

USERS = [{"phone_number": f"+1234567890{n}", "metadata": f"caller {n}"} for n in range(3)]
STORE: Json = {"id": "store-1", "name": "callers", "created_at": "2025-01-01T00:00:00.000Z", "users": USERS}


def test_a_store_is_created_and_listed() -> None:
    sandbox = driver()
    created = sandbox.post("/v1/memory/create", {"name": "callers"}).json()["data"]
    assert (created["name"], created["memory_duration"]) == ("callers", None)
    assert sandbox.get("/v1/memory").json()["data"] == {"memories": [created]}


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
    data = sandbox.get("/v1/memory/store-1", params={"limit": 2, "offset": 1}).json()["data"]
    assert [user["metadata"] for user in data["users"]] == ["caller 1", "caller 2"]
    assert data["pagination"] == {"total": 3, "limit": 2, "offset": 1, "has_more": False}


def test_the_later_revision_searches_the_users() -> None:
    sandbox = driver(world={"stores": [STORE]}, revision="L")
    data = sandbox.get("/v1/memory/store-1", params={"search": "8902"}).json()["data"]
    assert [user["metadata"] for user in data["users"]] == ["caller 2"]


@pytest.mark.parametrize(
    ("metadata", "shown"), [('{"age": 25}', {"age": 25}), ("25 years", {"text": "25 years"}), (None, {})]
)
def test_metadata_can_be_listed_as_an_object(metadata: str | None, shown: Json) -> None:
    store = {**STORE, "users": [{"phone_number": "+12345678900", "metadata": metadata}]}
    data = driver(world={"stores": [store]}, user_metadata="object").get("/v1/memory/store-1").json()["data"]
    assert data["users"][0]["metadata"] == shown
