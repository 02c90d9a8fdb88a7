import logging

import pytest

from .driver import KEY, SCOPE, driver, error

CREATE = "/v1/memory/contact"
JSON_HEADERS = {**KEY, "content-type": "application/json"}


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"nothing",
        b'{"facts": NaN}',
        b'{"facts": {"n": 1e999}}',
        b'{"contact_id": "\xff"}',
        b'{"contact_id": "\\ud800"}',
        b"[" * 100_000,
        b'{"n": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_body_that_is_not_json_is_refused(text: bytes) -> None:
    refused = driver().ask("POST", CREATE, content=text, headers=JSON_HEADERS)
    assert error(refused) == (400, "BAD_REQUEST", "Invalid JSON body")


@pytest.mark.parametrize("body", [[], "text", 1, True])
def test_a_body_that_is_not_an_object_is_refused(body: object) -> None:
    assert error(driver().post(CREATE, body)) == (400, "BAD_REQUEST", "Request body must be a JSON object")


def test_a_body_of_another_content_type_is_refused() -> None:
    refused = driver().ask("POST", CREATE, content=b"{}", headers={**KEY, "content-type": "text/plain"})
    assert error(refused) == (400, "BAD_REQUEST", "Content-Type must be application/json")


def test_no_body_is_an_empty_one() -> None:
    assert error(driver().ask("POST", CREATE)) == (400, "BAD_REQUEST", "contact_id is required")


@pytest.mark.parametrize("field", ["contact_id", "persona_id", "agent_number"])
def test_an_id_must_be_a_string(field: str) -> None:
    body = {"contact_id": "c1", "agent_number": "+14155550100", field: 7}
    assert error(driver().post(CREATE, body)) == (400, "BAD_REQUEST", f"{field} must be a string")


@pytest.mark.parametrize(
    "value", ["", "ü\u6f22\U0001f600\u2028\x00", 0, -1.5, 10**15, True, None, [1], {"a": {"b": []}}]
)
def test_a_fact_comes_back_as_it_was_sent(value: object) -> None:
    sandbox = driver()
    memory_id = sandbox.remember()
    sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {"key": value}})
    assert sandbox.facts(memory_id) == {"key": value}


@pytest.mark.parametrize("key", ["", " ", "Plan", "plan", "e\u0301", "\u00e9", "a.b", "__proto__"])
def test_a_key_is_kept_exactly(key: str) -> None:
    sandbox = driver()
    memory_id = sandbox.remember()
    sandbox.patch(f"/v1/memory/contact/{memory_id}/facts", {"facts": {key: "x"}})
    assert list(sandbox.facts(memory_id)) == [key]


def test_a_defect_of_the_sandbox_is_an_internal_error_without_details(caplog: pytest.LogCaptureFixture) -> None:
    sandbox = driver()
    del sandbox.store.memories
    with caplog.at_level(logging.CRITICAL):
        refused = sandbox.post(CREATE, SCOPE)
    assert error(refused) == (500, "INTERNAL_ERROR", "An unexpected error occurred")
