import json
from typing import Literal

import httpx
import pytest

from reconciler.sandbox import faults
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import About, Drop, Faults, Meanwhile, Mistake, Reply, Rule, Truncate, Wait
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.sandbox.values import ConnectionDropped

from .driver import KEY, SCOPE, Driver, driver, statuses

CREATE = "/v1/memory/contact"


def memories(sandbox: Driver) -> int:
    held = sandbox.store.dump()["contact_memories"]
    assert isinstance(held, list)
    return len(held)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (
            faults.envelope_error(409, "CONFLICT", "No"),
            409,
            '{"data":null,"errors":[{"error":"CONFLICT","message":"No"}]}',
        ),
        (faults.envelope_error(200, "ODD", "No"), 200, '{"data":null,"errors":[{"error":"ODD","message":"No"}]}'),
        (faults.status_error(402, "Pay"), 402, '{"status":"error","message":"Pay"}'),
        (faults.bare_error(429, "Slow down"), 429, '{"error":"Slow down"}'),
        (faults.too_many_requests(), 429, "Too many requests, please try again later."),
        (faults.empty_body(), 200, ""),
        (faults.invalid_json(), 200, "<not json>"),
        (faults.null_data(), 200, '{"data":null,"errors":null}'),
    ],
)
def test_an_answer_is_replaced_by_another(fault: Reply, status: int, body: str) -> None:
    answer = driver(Rule(fault=fault)).post(CREATE, SCOPE)
    assert (answer.status_code, answer.text) == (status, body)


def test_a_server_error_and_a_bad_gateway_differ_in_their_type() -> None:
    sandbox = driver(Rule(fault=faults.server_error(), path="/v1/me"), Rule(fault=faults.bad_gateway()))
    answers = [sandbox.get("/v1/me"), sandbox.get("/v1/contacts")]
    assert statuses(answers) == [500, 502]
    assert [answer.headers["content-type"].partition(";")[0] for answer in answers] == ["application/json", "text/html"]


def test_a_refusal_for_too_many_requests_can_say_when_to_come_back() -> None:
    assert driver(Rule(fault=faults.too_many_requests(retry_after="7"))).get("/v1/me").headers["retry-after"] == "7"


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_a_fault_is_on_one_side_of_the_commit(when: Literal["before", "after"], left: int) -> None:
    sandbox = driver(Rule(fault=faults.server_error(), when=when))
    assert sandbox.post(CREATE, SCOPE).status_code == 500
    assert memories(sandbox) == left
    assert sandbox.log[0].committed is bool(left)


def test_an_answer_is_cut_in_the_middle() -> None:
    whole = driver().post(CREATE, SCOPE).text
    cut = driver(Rule(fault=Truncate(), when="after")).post(CREATE, SCOPE)
    assert cut.status_code == 200
    assert cut.text == whole[: len(whole) // 2]
    with pytest.raises(json.JSONDecodeError):
        cut.json()


def test_a_slow_answer_comes_in_the_end() -> None:
    sandbox = driver(Rule(fault=Wait(3)))
    assert sandbox.post(CREATE, SCOPE).status_code == 200
    assert sandbox.time.naps == [3]


def test_an_answer_that_hangs_after_the_commit_is_logged_before_the_wait() -> None:
    sandbox = driver(Rule(fault=faults.hang(), when="after"))
    sandbox.post(CREATE, SCOPE)
    assert sandbox.log[0].committed
    assert sandbox.time.naps == [faults.HOURS]


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_in_process_a_dropped_connection_is_an_exception(when: Literal["before", "after"], left: int) -> None:
    sandbox = driver(Rule(fault=Drop(), when=when))
    with pytest.raises(ConnectionDropped):
        sandbox.post(CREATE, SCOPE)
    assert (memories(sandbox), sandbox.log[0].status) == (left, None)


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_on_a_port_a_dropped_connection_is_really_dropped(when: Literal["before", "after"], left: int) -> None:
    store = Store()
    app = create_app(store, faults=Faults([Rule(fault=Drop(), method="POST", when=when)]))
    with running(app) as url, httpx.Client(base_url=url, headers=KEY) as client:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client.post(CREATE, json=SCOPE)
        assert client.get("/v1/contacts").json()["pagination"]["total"] == left


def test_a_fault_happens_to_the_requests_that_it_names() -> None:
    rule = Rule(fault=faults.server_error(), method="POST", path="/v1/memory/*", occurrences=frozenset({2, 3}))
    sandbox = driver(rule)
    sandbox.get("/v1/memory/context", params=SCOPE)
    assert statuses(sandbox.post(CREATE, SCOPE) for _ in range(4)) == [200, 500, 500, 200]


def test_the_first_rule_that_applies_wins_and_all_keep_counting() -> None:
    sandbox = driver(
        Rule(fault=faults.bad_gateway(), occurrences=frozenset({1})),
        Rule(fault=faults.server_error(), occurrences=frozenset({1, 2})),
    )
    assert statuses(sandbox.get("/v1/me") for _ in range(3)) == [502, 500, 200]


def test_a_rate_is_repeatable_by_its_seed() -> None:
    runs = [statuses(rated.get("/v1/me") for _ in range(40)) for rated in (half(1), half(1), half(2))]
    assert runs[0] == runs[1] != runs[2]
    assert 5 < runs[0].count(500) < 35


def half(seed: int) -> Driver:
    return driver(Rule(fault=faults.server_error(), rate=0.5), seed=seed)


def test_meanwhile_someone_else_changes_the_account() -> None:
    arrives = Meanwhile(lambda store: store.load({"contacts": [{"id": "c-other"}]}))
    sandbox = driver(Rule(fault=arrives, path="/v1/contacts", occurrences=frozenset({2}), when="after"))
    totals = [sandbox.get("/v1/contacts").json()["pagination"]["total"] for _ in range(3)]
    assert totals == [0, 0, 1]
    assert not any(entry.committed for entry in sandbox.log)


def test_meanwhile_can_come_before_the_answer() -> None:
    learns = Meanwhile(lambda store: store.learn_facts("mem-1", {"plan": "trial"}))
    memory = {"id": "mem-1", "contact_id": "c1", "persona_id": "p1"}
    sandbox = driver(Rule(fault=learns), world={"contact_memories": [memory]})
    assert sandbox.facts("mem-1") == {"plan": "trial"}


def test_a_fault_comes_before_the_key_is_looked_at() -> None:
    assert driver(Rule(fault=faults.bad_gateway())).get("/v1/me", headers={}).status_code == 502


FOUR = {
    "contacts": [{"id": "c1"}, {"id": "c2", "name": "Bo"}],
    "contact_memories": [
        {"id": f"m-{contact}-{persona}", "contact_id": contact, "persona_id": persona}
        for contact in ("c1", "c2")
        for persona in ("p1", "p2")
    ],
}


@pytest.mark.parametrize(("about", "memory"), [("contact", "m-c2-p1"), ("scope", "m-c1-p2"), ("memory", "m-c2-p1")])
def test_an_answer_can_be_about_another_contact_scope_or_memory(about: About, memory: str) -> None:
    sandbox = driver(Rule(fault=Mistake(about)), world=FOUR)

    assert sandbox.post(CREATE, SCOPE).json()["data"]["memory"]["id"] == memory
    assert sandbox.get("/v1/memory/contact/m-c1-p1").json()["data"]["id"] == memory
    assert sandbox.get("/v1/contacts").json()["data"][0]["memories"][0]["id"] == memory


def test_a_mistake_about_a_contact_shows_another_contact_whole() -> None:
    sandbox = driver(Rule(fault=Mistake("contact")), world=FOUR)

    shown = sandbox.get("/v1/contacts/c1").json()["data"]
    context = sandbox.get("/v1/memory/context?contact_id=c1&persona_id=p1").json()["data"]

    assert (shown["id"], shown["name"], shown["memories"][0]["contact_id"]) == ("c2", "Bo", "c2")
    assert context["contact_id"] == "c2"


def test_a_mistake_about_a_memory_shows_users_of_another_one() -> None:
    sandbox = driver(Rule(fault=Mistake("memory")), world=FOUR)

    added = sandbox.post("/v1/memory/m-c1-p1/add-user", {"phone_number": "+14155550192"}).json()["data"]["user"]

    assert added["memory_id"] == "m-c1-p2"
    assert sandbox.get("/v1/memory/m-c1-p1").json()["data"]["memory_id"] == "m-c1-p2"
    assert sandbox.store.users.find("m-c1-p1", "+14155550192") is not None


def test_a_mistake_without_another_record_is_none() -> None:
    sandbox = driver(Rule(fault=Mistake("contact")))

    assert sandbox.post(CREATE, SCOPE).json()["data"]["memory"]["contact_id"] == "c1"
