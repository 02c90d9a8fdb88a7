import pytest

from reconciler.sandbox.routing import ROUTES

from .driver import SCOPE, driver, error

SEED_CALLS = {
    ("POST", "/v1/memory/contact"),
    ("GET", "/v1/memory/contact/{memory_id}"),
    ("PATCH", "/v1/memory/contact/{memory_id}/facts"),
    ("POST", "/v1/memory/{memory_id}/add-user"),
    ("GET", "/v1/memory/context"),
}
READING_POSTS = {
    "/v1/contacts/find",
    "/v1/memory/{memory_id}/user",
    "/v1/memory/{memory_id}/user/search",
}


def test_the_five_calls_of_the_seeds_are_marked() -> None:
    assert {(route.method, route.pattern) for route in ROUTES if route.in_seeds} == SEED_CALLS


def test_what_writes_is_decided_by_the_documentation_not_by_the_method() -> None:
    reads = {route.pattern for route in ROUTES if not route.mutates and route.method != "GET"}
    assert reads == READING_POSTS


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/memory/reset"),
        ("POST", "/v1/contacts/merge"),
        ("POST", "/v1/memory/store-1/delete"),
        ("POST", "/v1/memory/store-1/user/delete"),
        ("DELETE", "/v1/memory/contact/mem-1"),
        ("DELETE", "/v1/contacts/c1"),
    ],
)
def test_nothing_that_removes_exists(method: str, path: str) -> None:
    sandbox = driver(world={"stores": [{"id": "store-1", "name": "callers"}], "contacts": [{"id": "c1"}]})
    before = sandbox.store.dump()
    assert sandbox.ask(method, path, json=SCOPE).status_code == 404
    assert sandbox.store.dump() == before


def test_an_unknown_route_is_a_page_of_html() -> None:
    answer = driver().get("/v1/<nothing>")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<pre>Cannot GET /v1/&lt;nothing&gt;</pre>" in answer.text


def test_an_unknown_route_needs_no_key() -> None:
    assert driver().get("/v2/anything", headers={}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/memory/", "/v1//memory", "/v1/memory/context/x", "/v1/contacts/c1/x"]
)
def test_a_path_that_is_not_listed_is_unknown(path: str) -> None:
    assert "Cannot GET" in driver().get(path).text


def test_literal_paths_come_before_the_id_of_a_memory() -> None:
    assert error(driver().get("/v1/memory/context"))[2] == "contact_id is required"
    assert error(driver().get("/v1/memory/contexts"))[2] == "Memory not found."


def test_with_the_seeds_alone_only_their_calls_exist() -> None:
    sandbox = driver(seeds_only=True)
    memory_id = sandbox.remember()
    for path in ("/v1/contacts", "/v1/memory", f"/v1/memory/{memory_id}", "/v1/me", "/v1/personas"):
        assert "Cannot GET" in sandbox.get(path).text


def test_with_the_seeds_alone_their_calls_work() -> None:
    sandbox = driver(seeds_only=True)
    memory_id = sandbox.remember()
    answers = [
        sandbox.get(f"/v1/memory/contact/{memory_id}"),
        sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"a": 1}}),
        sandbox.get("/v1/memory/context", params=SCOPE),
        sandbox.post(f"/v1/memory/{memory_id}/add-user", {"phone_number": "+12345678900"}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
