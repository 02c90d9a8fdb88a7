import pytest

from .driver import Json, driver, error

PHONE = "+12345678900"
WORLD: Json = {
    "stores": [{"id": "store-1", "name": "callers"}],
    "contact_memories": [{"id": "mem-1", "contact_id": "c1", "persona_id": "p1"}],
}
FAILED_TO_ADD = (400, "MEMORY_ADD_USER_ERROR", "Failed to add user to memory.")
INTERNAL_ERROR = (500, "INTERNAL_ERROR", "An unexpected error occurred")
FAILED_TO_READ = (404, "MEMORY_ERROR", "Failed to retrieve memory data.")


USER = {"phone_number": PHONE, "metadata": "25 years", "summary": "age", "calls": [{"c_id": "call-1"}]}
WITH_USER: Json = {"stores": [{"id": "store-1", "name": "callers", "users": [USER]}]}


@pytest.mark.parametrize("memory_id", ["store-1", "mem-1"])
def test_a_user_is_added_to_a_store_or_a_contact_memory(memory_id: str) -> None:
    sandbox = driver(world=WORLD)
    data = sandbox.post(f"/v1/memory/{memory_id}/add-user", {"phone_number": PHONE, "summary": "new"}).json()["data"]
    assert data["message"] == "User added to memory successfully"
    assert sandbox.store.users.find(memory_id, PHONE) is not None
    assert (data["user"]["memory_id"], data["user"]["summary"], data["user"]["metadata"]) == (memory_id, "new", None)


def test_a_number_that_is_already_there_is_refused_and_left_alone() -> None:
    sandbox = driver(world=WITH_USER)
    before = sandbox.store.dump()
    refused = sandbox.post("/v1/memory/store-1/add-user", {"phone_number": PHONE, "summary": "other"})
    assert error(refused) == FAILED_TO_ADD
    assert sandbox.store.dump() == before


def test_an_unknown_memory_and_a_known_number_are_refused_alike() -> None:
    refused = driver(world=WORLD).post("/v1/memory/nowhere/add-user", {"phone_number": PHONE})
    assert error(refused) == FAILED_TO_ADD


@pytest.mark.parametrize("status", [400, 409, 500])
def test_the_status_of_a_refused_number_can_be_chosen(status: int) -> None:
    sandbox = driver(world=WORLD, add_user_error_status=status)
    refused = [sandbox.post("/v1/memory/mem-1/add-user", {"phone_number": PHONE}) for _ in range(2)][1]
    assert error(refused) == (status, *FAILED_TO_ADD[1:])


def test_the_later_revision_calls_a_refused_number_an_internal_error() -> None:
    sandbox = driver(revision="L")
    refused = sandbox.post("/v1/memory/nowhere/add-user", {"phone_number": PHONE})
    assert error(refused) == INTERNAL_ERROR


def test_a_status_that_is_chosen_holds_in_the_later_revision_as_well() -> None:
    refused = driver(revision="L", add_user_error_status=409).post("/v1/memory/no/add-user", {"phone_number": PHONE})
    assert error(refused) == (409, *INTERNAL_ERROR[1:])


@pytest.mark.parametrize("call", ["user", "user/update"])
def test_the_later_revision_answers_for_a_user_that_is_not_there_with_an_internal_error(call: str) -> None:
    refused = driver(world=WORLD, revision="L").post(f"/v1/memory/mem-1/{call}", {"phone_number": PHONE})
    assert error(refused) == INTERNAL_ERROR


@pytest.mark.parametrize("call", ["add-user", "user", "user/search", "user/update"])
def test_the_later_revision_calls_a_missing_number_a_bad_request(call: str) -> None:
    status, code, message = error(driver(revision="L").post(f"/v1/memory/store-1/{call}", {}))
    assert (status, code, message.startswith("Phone number is required")) == (400, "BAD_REQUEST", True)


def test_a_number_in_two_memories_is_two_users() -> None:
    sandbox = driver(world=WORLD)
    for memory in ("store-1", "mem-1"):
        sandbox.post(f"/v1/memory/{memory}/add-user", {"phone_number": PHONE, "summary": memory})
    sandbox.post("/v1/memory/mem-1/user/update", {"phone_number": PHONE, "summary": "new"})
    read = [sandbox.post(f"/v1/memory/{memory}/user", {"phone_number": PHONE}) for memory in ("store-1", "mem-1")]
    assert [response.json()["data"]["summary"] for response in read] == ["store-1", "new"]


@pytest.mark.parametrize("memory_id", ["mem-1", "nowhere"])
def test_a_refused_update_changes_nothing(memory_id: str) -> None:
    sandbox = driver(world=WORLD)
    before = sandbox.store.dump()
    sandbox.post(f"/v1/memory/{memory_id}/user/update", {"phone_number": PHONE, "summary": "x"})
    assert (sandbox.store.dump(), sandbox.log[-1].committed) == (before, False)


def test_the_same_number_may_be_in_two_memories() -> None:
    sandbox = driver(world=WORLD)
    added = [sandbox.post(f"/v1/memory/{memory}/add-user", {"phone_number": PHONE}) for memory in ("store-1", "mem-1")]
    assert [response.status_code for response in added] == [200, 200]


@pytest.mark.parametrize("call", ["add-user", "user", "user/update"])
def test_a_user_needs_a_number(call: str) -> None:
    refused = driver(world=WORLD).post(f"/v1/memory/store-1/{call}", {})
    assert error(refused) == (400, "INVALID_REQUEST", "Phone number is required.")


def test_metadata_must_be_a_string() -> None:
    refused = driver(world=WORLD).post("/v1/memory/mem-1/add-user", {"phone_number": PHONE, "metadata": {"age": 25}})
    assert error(refused) == (400, "BAD_REQUEST", "metadata must be a string")


def test_one_user_is_read_with_the_calls() -> None:
    assert driver(world=WITH_USER).post("/v1/memory/store-1/user", {"phone_number": PHONE}).json()["data"] == {
        "metadata": "25 years",
        "summary": "age",
        "last_call_at": None,
        "call_count": 0,
        "calls": [{"c_id": "call-1"}],
    }


def test_a_user_that_is_not_there_cannot_be_read() -> None:
    assert error(driver(world=WORLD).post("/v1/memory/mem-1/user", {"phone_number": PHONE})) == FAILED_TO_READ


@pytest.mark.parametrize(("absent", "data"), [("null", None), ("empty", {})])
def test_a_user_that_is_not_there_can_be_nothing(absent: str, data: object) -> None:
    sandbox = driver(world=WORLD, absent_user=absent)
    assert sandbox.post("/v1/memory/mem-1/user", {"phone_number": PHONE}).json() == {"data": data, "errors": None}
    assert error(sandbox.post("/v1/memory/nowhere/user", {"phone_number": PHONE})) == FAILED_TO_READ


def test_the_calls_of_a_user_can_be_searched() -> None:
    sandbox = driver(world=WITH_USER)
    found = [sandbox.post("/v1/memory/store-1/user/search", {"phone_number": n}) for n in (PHONE, "+19995550100")]
    assert [response.json()["data"] for response in found] == [[{"c_id": "call-1"}], []]


def test_searching_needs_a_number_and_a_memory() -> None:
    nothing = driver().post("/v1/memory/store-1/user/search", {})
    nowhere = driver().post("/v1/memory/nowhere/user/search", {"phone_number": PHONE})
    assert error(nothing) == (400, "INVALID_REQUEST", "Phone number is required in request body.")
    assert error(nowhere) == (404, "MEMORY_NOT_FOUND", "Memory not found or you don't have access to it.")


def test_updating_a_user_changes_only_what_is_sent() -> None:
    sandbox = driver(world=WITH_USER)
    data = sandbox.post("/v1/memory/store-1/user/update", {"phone_number": PHONE, "summary": "older"}).json()["data"]
    assert data["message"] == "User memory data updated successfully"
    assert (data["user"]["metadata"], data["user"]["summary"]) == ("25 years", "older")
    stored = sandbox.store.users.find("store-1", PHONE)
    assert stored is not None
    assert stored["summary"] == "older"


@pytest.mark.parametrize("field", ["metadata", "summary"])
def test_null_in_an_update_of_a_user_erases_nothing(field: str) -> None:
    sandbox = driver(world=WITH_USER)
    before = sandbox.store.users.find("store-1", PHONE)
    assert before is not None
    assert before[field]
    sandbox.post("/v1/memory/store-1/user/update", {"phone_number": PHONE, field: None})
    assert sandbox.store.users.find("store-1", PHONE) == before


def test_an_unknown_user_cannot_be_updated() -> None:
    refused = driver(world=WORLD).post("/v1/memory/mem-1/user/update", {"phone_number": PHONE, "summary": "x"})
    assert error(refused) == (404, "MEMORY_UPDATE_USER_ERROR", "Failed to update user memory data.")
