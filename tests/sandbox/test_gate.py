import httpx
import pytest

from reconciler.sandbox.settings import Settings

from .driver import KEY, SCOPE, Driver, driver, error, statuses

UNAUTHORIZED = (401, "AUTH_FAILURE", "Unauthorized")
TWO = (2, 900)
CREATE = "/v1/memory/contact"
CONTEXT = "/v1/memory/context"


def one_too_many(sandbox: Driver) -> httpx.Response:
    return [sandbox.get(CONTEXT, params=SCOPE) for _ in range(3)][-1]


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authorization": "Bearer key-1"}])
def test_a_raw_key_is_needed(headers: dict[str, str]) -> None:
    assert error(driver().get("/v1/me", headers=headers)) == UNAUTHORIZED


def test_any_key_is_good_unless_one_is_named() -> None:
    assert driver().get("/v1/me").status_code == 200
    assert error(driver(key="key-2").get("/v1/me")) == UNAUTHORIZED
    assert driver(key="key-1").get("/v1/me").status_code == 200


def test_a_bearer_key_can_be_allowed() -> None:
    sandbox = driver(key="key-1", accept_bearer=True)
    assert sandbox.get("/v1/me", headers={"authorization": "Bearer key-1"}).status_code == 200


def test_a_viewer_may_read_but_not_write() -> None:
    sandbox = driver(role="viewer")
    assert error(sandbox.post(CREATE, SCOPE)) == (403, "FORBIDDEN", "Forbidden")
    assert sandbox.post("/v1/contacts/find", {"email": "a@example.com"}).status_code == 200
    assert sandbox.store.dump()["contact_memories"] == []


@pytest.mark.parametrize("role", ["admin", "owner", "operator"])
def test_other_roles_may_write(role: str) -> None:
    assert driver(role=role).post(CREATE, SCOPE).status_code == 200


def test_one_request_too_many_is_refused_until_the_window_ends() -> None:
    sandbox = driver(rate_limit=TWO)
    assert one_too_many(sandbox).status_code == 429
    sandbox.time.seconds = 899
    assert sandbox.get("/v1/memory").status_code == 429
    sandbox.time.seconds = 900
    assert sandbox.get("/v1/memory").status_code == 200


def test_the_limit_is_on_memory_alone() -> None:
    sandbox = driver(rate_limit=TWO)
    assert statuses(sandbox.get("/v1/contacts") for _ in range(4)) == [200] * 4


def test_each_key_has_its_own_window() -> None:
    sandbox = driver(rate_limit=TWO)
    one_too_many(sandbox)
    assert sandbox.get("/v1/memory", headers={"authorization": "key-2"}).status_code == 200


@pytest.mark.parametrize(
    ("style", "body"),
    [
        ("text", "Too many requests, please try again later."),
        ("envelope", '{"data":null,"errors":[{"error":"TOO_MANY_REQUESTS","message":"Rate limit exceeded"}]}'),
        ("status", '{"status":"error","message":"Rate limit exceeded"}'),
    ],
)
def test_the_body_of_a_refusal_can_be_chosen(style: str, body: str) -> None:
    assert one_too_many(driver(rate_limit=TWO, limit_body=style)).text == body


@pytest.mark.parametrize(
    ("style", "header"), [("none", None), ("seconds", "900"), ("date", "Tue, 22 Jul 2025 10:45:00 GMT")]
)
def test_the_time_to_wait_can_be_told_in_different_ways(style: str, header: str | None) -> None:
    assert one_too_many(driver(rate_limit=TWO, retry_after=style)).headers.get("retry-after") == header


def test_the_key_comes_before_the_role() -> None:
    assert driver(role="viewer").post(CREATE, SCOPE, headers={}).status_code == 401


def test_the_role_comes_before_the_limit() -> None:
    sandbox = driver(rate_limit=TWO, role="viewer")
    assert one_too_many(sandbox).status_code == 429
    assert sandbox.post(CREATE, SCOPE).status_code == 403


def test_the_limit_comes_before_the_input() -> None:
    sandbox = driver(rate_limit=TWO)
    assert statuses(sandbox.post(CREATE, {}) for _ in range(3)) == [400, 400, 429]


def test_the_input_comes_before_existence() -> None:
    assert driver().patch("/v1/memory/contact/nowhere/facts", {}).status_code == 400


def test_a_missing_key_does_not_use_up_the_limit() -> None:
    sandbox = driver(rate_limit=TWO)
    assert statuses(sandbox.get("/v1/memory", headers=headers) for headers in ({}, {}, {}, KEY)) == [401, 401, 401, 200]


def test_latency_is_added_to_every_request() -> None:
    sandbox = driver(latency=0.25)
    sandbox.get("/v1/me")
    assert sandbox.time.naps == [0.25]


def test_errors_that_the_later_revision_did_not_rename_stay() -> None:
    assert error(driver(revision="L").get("/v1/me", headers={})) == UNAUTHORIZED


def test_the_defaults_limit_nothing_and_accept_any_key() -> None:
    assert (Settings().rate_limit, Settings().key, Settings().latency) == (None, None, 0.0)
