import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.api import requests, wire
from reconciler.api.client import base_url, open_reader
from reconciler.api.client.connection import connected
from reconciler.api.requests import READS, READS_AND_WRITES, Request
from reconciler.core.matching import NOBODY, Asked
from reconciler.core.model.desired import AgentNumber, ContactId, Identifier, Persona
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import diff_facts
from reconciler.core.remote import ContactRecord, Record
from reconciler.errors import (
    AddUserRefusedError,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    ForbiddenCallError,
    InputError,
)
from reconciler.sandbox import faults
from reconciler.sandbox.answers import Answer, success
from reconciler.sandbox.faults import Fault, Rule, When
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from tests.api.support import KEY, LONGER, World, call
from tests.builders import fact, user

SEEDS = Path(__file__).parent.parent / "seeds"
PERSONA = Persona("persona-12345678")
FACTS = diff_facts([fact("name", "John Doe"), fact("plan", "premium")], {})


def seed(name: str) -> Any:
    return json.loads((SEEDS / name).read_text())


def error_of(world: World, work: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        world.call(work)
    return caught.value


async def create(remote: Any) -> Any:
    return await remote.create_memory("c-1", PERSONA)


async def add_user(remote: Any) -> None:
    record, _ = await create(remote)
    await remote.add_user(record.memory_id, user())


# every JSON sample of the API reference, as the client reads it


def test_the_sample_of_a_created_memory_is_read() -> None:
    record, created = wire.created_from(seed("create_contact_memory.response.json")["data"], NOBODY)

    assert created
    assert record.memory_id == "mem-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    assert (record.contact_id, record.scope_key, record.facts) == ("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", PERSONA, {})


def test_the_sample_of_a_memory_is_read() -> None:
    record = wire.record_from(seed("get_contact_memory.response.json")["data"], NOBODY)

    assert record is not None
    assert record.facts["timezone"] == "America/Los_Angeles"


def test_the_sample_of_a_context_is_read() -> None:
    context = wire.context_from(seed("get_memory_context.response.json")["data"], NOBODY)

    assert not context.is_empty
    assert context.facts["phone"] == "+14155550192"


@pytest.mark.parametrize(
    "part",
    [
        {"summary": "asked for a refund"},
        {"contactFacts": {"plan": "gold"}},
        {"recentMessages": [{"text": "hello"}]},
        {"entities": ["Acme"]},
        {"openItems": ["call back"]},
    ],
)
def test_a_memory_that_holds_anything_is_there(part: dict[str, Any]) -> None:
    empty: dict[str, Any] = {
        "summary": None,
        "contactFacts": {},
        "recentMessages": [],
        "entities": None,
        "openItems": [],
    }

    assert wire.context_from(empty, NOBODY).is_empty
    assert not wire.context_from({**empty, **part}, NOBODY).is_empty
    assert not wire.context_from(part, NOBODY).is_empty


def test_ids_and_numbers_that_are_no_texts_are_read_as_such() -> None:
    memory: Json = {"id": 5, "contact_id": 7, "agent_number": 14155550192, "facts": {"age": 5}}
    identifier: Json = {"identifier_type": "phone_number", "identifier_value": 14155550193, "contact_id": 7}
    contact: Json = {"id": 7, "org_id": 1, "identifiers": [identifier], "memories": [memory]}
    record = Record("5", "7", AgentNumber("14155550192"), {"age": 5})
    shown = ContactRecord("7", {}, (("phone_number", "14155550193"),), (record,), "1")

    assert wire.record_from(memory, NOBODY) == record
    assert wire.contact_from(contact, NOBODY) == shown
    assert wire.contacts_from({"data": [contact]}, size=0).contacts == (shown,)
    assert list(wire.users_from({"memory_id": 5, "users": [{"phone_number": 14155550194}]}, NOBODY).users) == [
        "14155550194"
    ]
    for other in (wire.record_from(memory, Asked(memory_id="5")), wire.record_from(memory, Asked(contact_id="7"))):
        assert other == record


@pytest.mark.parametrize("more", [{"metadata": {"a": 1}}, {"summary": None, "visits": 5}, {"tags": ["a"]}, {}])
def test_of_a_user_that_was_written_only_texts_are_compared(more: dict[str, Any]) -> None:
    shown = {"phone_number": "+14155550192", "memory_id": "m"}

    assert wire.entry_from({"user": {**shown, **more}}, NOBODY) == shown


@pytest.mark.parametrize(
    ("read", "places"),
    [
        (lambda: wire.contacts_from({"data": [{"name": "Ana"}, {"name": "Ana"}]}, 1), "data.0.id"),
        (
            lambda: wire.contacts_from({"data": [{"id": "c", "memories": [{"name": "Ana"}, {}]}]}, 1),
            "data.0.memories.0.id",
        ),
        (
            lambda: wire.contact_from({"id": "c", "identifiers": ["Ana", "Ana"], "metadata": "Ana"}, NOBODY),
            "identifiers.0, metadata",
        ),
        (lambda: wire.users_from({"users": ["Ana", "Ana"], "memory_id": ["Ana"]}, NOBODY), "memory_id, users.0"),
        (lambda: wire.record_from("Ana", NOBODY), "data"),
    ],
)
def test_an_answer_that_is_not_as_documented_is_told_by_its_first_places_without_what_is_there(
    read: Callable[[], object], places: str
) -> None:
    with pytest.raises(ApiUnavailableError, match=rf"documentation describes \(look at {places}\)$") as caught:
        read()

    assert (caught.value.may_have_happened, caught.value.is_final) == (True, True)
    assert "Ana" not in f"{caught.value.__cause__}"


def test_what_was_got_or_created_is_new_where_the_answer_says_so() -> None:
    memory: Json = {"id": "m", "contact_id": "c"}
    for said, is_new in (({"created": True}, True), ({"created": False}, False), ({}, False)):
        assert wire.created_from({"memory": memory, **said}, NOBODY)[1] is is_new
        assert wire.resolved_from({"contact": {"id": "c"}, **said}, NOBODY)[1] is is_new


def test_of_identifiers_those_that_name_another_contact_are_not_its_own() -> None:
    shown: Json = [
        {"identifier_type": "email", "identifier_value": f"{name}@b.co", "contact_id": name}
        for name in ("c", "d", "", None)
    ]
    contact = wire.contact_from({"id": "c", "identifiers": shown}, NOBODY)

    assert contact is not None
    assert contact.identifiers == (("email", "c@b.co"), ("email", "@b.co"), ("email", "None@b.co"))


def test_of_a_profile_what_is_null_is_not_set() -> None:
    contact = wire.contact_from({"id": "c", "name": "", "metadata": None}, NOBODY)

    assert contact == ContactRecord("c", {"name": ""}, None, None)


def test_of_a_user_metadata_and_key_count_where_they_are_texts() -> None:
    texts = {"metadata": "x", "summary": "y", "external_memory_key": "z"}

    assert wire.user_from(texts, NOBODY) == LiveUser("x", "y", external_memory_key="z")
    assert wire.user_from({"metadata": {"a": 1}, "external_memory_key": 5}, NOBODY) == LiveUser(
        None, None, comparable=False
    )
    assert wire.user_from({"metadata": None}, NOBODY) == LiveUser(None, None)
    assert wire.user_from({}, NOBODY) is None


def test_an_answer_that_shows_no_facts_says_nothing_of_them() -> None:
    assert wire.facts_from(None, NOBODY) is None
    assert wire.facts_from({"id": "m"}, NOBODY) is None
    assert wire.facts_from({"id": "m", "facts": {}}, NOBODY) == {}


@pytest.mark.parametrize(
    ("answer", "has_more"),
    [
        ({"pagination": {"has_more": True}}, True),
        ({"pagination": {"has_more": False}}, False),
        ({"pagination": {}}, False),
        ({}, False),
        ({"users": [], "pagination": {"has_more": True}}, False),
    ],
)
def test_users_go_on_where_a_page_with_users_says_so(answer: dict[str, Any], has_more: bool) -> None:  # noqa: FBT001
    assert wire.users_from({"users": [{"phone_number": "+14155550192"}], **answer}, NOBODY).has_more is has_more


def test_the_sample_of_updated_facts_is_read() -> None:
    facts = wire.facts_from(seed("update_facts.response.json")["data"], NOBODY)

    assert facts is not None
    assert facts["company"] == "Acme Corp"


def test_the_sample_of_new_facts_is_what_is_sent() -> None:
    wanted = seed("update_facts.request.json")

    assert requests.write_facts("mem-1", wanted["facts"]).body == wanted


def test_the_sample_of_a_user_is_what_is_sent() -> None:
    wanted = seed("add_user.request.json")
    declared = user(wanted["phone_number"], metadata=wanted["metadata"], summary=wanted["summary"])

    assert requests.add_user("m", declared).body == wanted


USER = user("+14155550192", metadata="x", summary="y", external_memory_key="z")
SARAH = Identifier("external_id", "crm-1")


@pytest.mark.parametrize(
    ("request_made", "call", "body"),
    [
        (
            requests.context("c 1", PERSONA),
            f"GET /v1/memory/context?contact_id=c%201&persona_id={PERSONA.persona_id}",
            None,
        ),
        (requests.memory("m"), "GET /v1/memory/contact/m", None),
        (requests.users("m", 0), "GET /v1/memory/m", None),
        (requests.users("m", 1), "GET /v1/memory/m?offset=1", None),
        (
            requests.user_of("m", USER),
            "POST /v1/memory/m/user",
            {"phone_number": "+14155550192", "external_memory_key": "z"},
        ),
        (requests.contacts(400), "GET /v1/contacts?limit=200&offset=400", None),
        (requests.contact(SARAH), "POST /v1/contacts/find", {"external_id": "crm-1"}),
        (requests.contact(ContactId("c&1")), "GET /v1/contacts/c%261", None),
        (requests.contact_with("c", SARAH), "GET /v1/contacts/c", None),
    ],
)
def test_a_read_is_sent_as_documented_and_counts_for_no_write(request_made: Request, call: str, body: Json) -> None:
    assert (f"{request_made.method} {request_made.path}", request_made.body) == (call, body)
    assert not request_made.writes
    assert request_made.is_limited is call.partition(" ")[2].startswith("/v1/memory/")
    assert request_made.refusal_answers is (call == "POST /v1/memory/m/user")
    READS.check(request_made.method, request_made.path.partition("?")[0])


@pytest.mark.parametrize(
    ("request_made", "call", "body"),
    [
        (
            requests.create_memory("c", PERSONA),
            "POST /v1/memory/contact",
            {"contact_id": "c", "persona_id": PERSONA.persona_id},
        ),
        (requests.write_facts("m", {"a": 1}), "PATCH /v1/memory/contact/m/facts", {"facts": {"a": 1}}),
        (
            requests.add_user("m", USER),
            "POST /v1/memory/m/add-user",
            {"phone_number": "+14155550192", "metadata": "x", "summary": "y", "external_memory_key": "z"},
        ),
        (requests.update_user("m", user()), "POST /v1/memory/m/user/update", {"phone_number": user().phone_number}),
        (
            requests.resolve_contact(SARAH, {"name": "Sarah"}),
            "POST /v1/contacts/resolve",
            {"external_id": "crm-1", "name": "Sarah"},
        ),
        (requests.update_contact("c", []), "PATCH /v1/contacts/c", {}),
    ],
)
def test_a_write_is_sent_as_documented_and_never_by_a_reader(request_made: Request, call: str, body: Json) -> None:
    assert (f"{request_made.method} {request_made.path}", request_made.body) == (call, body)
    assert request_made.writes
    assert not request_made.refusal_answers
    assert request_made.is_limited is call.partition(" ")[2].startswith("/v1/memory/")
    READS_AND_WRITES.check(request_made.method, request_made.path)
    with pytest.raises(ForbiddenCallError):
        READS.check(request_made.method, request_made.path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_express_is_not_sent(value: float) -> None:
    assert requests.content(requests.memory("m")) is None
    assert requests.content(requests.write_facts("m", {"a": "\udc00é"})) == rb'{"facts":{"a":"\udc00\u00e9"}}'
    with pytest.raises(ApiError, match="cannot be written as JSON"):
        requests.content(requests.write_facts("m", {"a": value}))


@pytest.mark.parametrize("url", ["http://localhost/x", "HTTP://LOCALHOST:80/x/", " http://localhost:080/%78 "])
def test_an_endpoint_is_the_same_in_each_spelling_of_its_url(url: str) -> None:
    endpoint = World().endpoint(url)

    assert (endpoint.origin, endpoint.base_path) == ("http://localhost", "/x")


# the five calls, over a port


@pytest.fixture
def served(transport: str) -> Iterator[tuple[World, str]]:  # noqa: ARG001  over both
    world = World()
    with running(world.app) as url:
        yield world, url


def test_the_five_calls_work_over_a_port(served: tuple[World, str]) -> None:
    world, url = served

    async def work(remote: Any) -> None:
        record, created = await remote.create_memory("c-1", AgentNumber("+14155550100"))
        assert created
        assert await remote.write_facts(record.memory_id, FACTS) == {"name": "John Doe", "plan": "premium"}
        await remote.add_user(record.memory_id, user())
        assert (await remote.read_context("c-1", AgentNumber("+14155550100"))).facts["plan"] == "premium"
        assert (await remote.read_memory(record.memory_id)).facts["plan"] == "premium"
        assert remote.requests_sent == 5

    call(world.endpoint(url, in_process=False), work)

    assert len(world.requests) == 5


@pytest.mark.parametrize("awkward", ["a b", "äö?x=1#y", "%2F", "a+b&c=d", "..%2f.."])
def test_awkward_ids_arrive_as_they_are(served: tuple[World, str], awkward: str) -> None:
    world, url = served

    async def work(remote: Any) -> None:
        record, _ = await remote.create_memory(awkward, Persona(awkward))
        await remote.write_facts(record.memory_id, FACTS)
        assert not (await remote.read_context(awkward, Persona(awkward))).is_empty
        assert await remote.read_memory(awkward) is None

    call(world.endpoint(url, in_process=False), work)

    assert world.requests[-1] == f"GET /v1/memory/contact/{awkward}"


def test_the_path_of_the_base_url_is_kept(served: tuple[World, str]) -> None:
    world, url = served

    with pytest.raises(ApiRejectedError, match="is the URL of the API right"):
        call(world.endpoint(f"{url}/bland/", in_process=False), create)

    assert world.requests == ["POST /bland/v1/memory/contact"]


@pytest.mark.usefixtures("transport")
def test_the_key_is_sent_raw() -> None:
    world = World(Settings(key=KEY))
    with running(world.app) as url:
        assert call(world.endpoint(url, in_process=False), create)[1]


@pytest.mark.usefixtures("transport")
def test_a_closed_port_is_a_connection_that_never_stood() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    world = World()

    with pytest.raises(ApiUnavailableError, match=r"cannot connect to http://127\.0\.0\.1") as caught:
        call(world.endpoint(url, in_process=False), add_user)

    assert not caught.value.may_have_happened
    assert len(world.waits.seconds) == 5


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_dropped_connection_may_hide_a_write(when: When) -> None:
    world = World(rules=(Rule(fault=faults.Drop(), path="*add-user", when=when),))
    with running(world.app) as url, pytest.raises(ApiUnavailableError, match="closed the connection") as caught:
        call(world.endpoint(url, in_process=False), add_user)

    assert caught.value.may_have_happened
    assert len(world.requests) == 1 + 6


@pytest.mark.usefixtures("transport")
def test_an_answer_that_does_not_come_is_a_time_out() -> None:
    world = World(rules=(Rule(fault=faults.hang()),))
    for seconds in LONGER:
        with running(world.app) as url, pytest.raises(ApiUnavailableError) as caught:
            call(world.endpoint(url, in_process=False, timeout=seconds), create)
        if "cannot connect" not in str(caught.value):
            break

    assert re.search(rf"no answer .* within {seconds:g} s", str(caught.value))
    assert caught.value.may_have_happened


# what is tried again


def test_what_is_safe_to_repeat_is_repeated_after_a_fault() -> None:
    world = World(rules=(Rule(fault=faults.bad_gateway(), occurrences=frozenset({1, 2})),))

    assert world.call(create)[1]
    assert len(world.requests) == 3
    assert 0.5 <= world.waits.seconds[0] <= world.waits.seconds[1]


@pytest.mark.parametrize(
    "fault",
    [faults.bad_gateway(), faults.server_error(), faults.invalid_json(), faults.Truncate()],
)
def test_adding_a_user_is_repeated_since_a_number_that_is_there_is_refused(fault: Fault) -> None:
    world = World(rules=(Rule(fault=fault, path="*add-user", when="after", occurrences=frozenset({1})),))
    error = error_of(world, add_user)

    assert isinstance(error, AddUserRefusedError)
    assert world.requests[1:] == [world.requests[-1]] * 2


def test_adding_a_user_is_repeated_after_a_limit_which_did_nothing() -> None:
    limit = faults.too_many_requests(retry_after="7")
    world = World(rules=(Rule(fault=limit, path="*add-user", occurrences=frozenset({1})),))
    world.call(add_user)

    assert world.waits.seconds == [7.0]


def test_without_retry_after_a_limit_is_given_more_time_than_a_fault() -> None:
    world = World(rules=(Rule(fault=faults.too_many_requests(), occurrences=frozenset({1})),))
    world.call(create)

    assert world.waits.seconds[0] >= 5


def test_a_limit_is_waited_for_until_its_window_must_have_passed() -> None:
    world = World(rules=(Rule(fault=faults.too_many_requests()),))
    error_of(world, create)

    assert sum(world.waits.seconds) >= 15 * 60
    assert len(world.requests) < 40


@pytest.mark.parametrize(("asked", "waited"), [("0", 1.0), ("2.5", 2.5), ("86400", 900.0)])
def test_a_wait_is_never_none_and_never_longer_than_the_window(asked: str, waited: float) -> None:
    world = World(rules=(Rule(fault=faults.too_many_requests(retry_after=asked), occurrences=frozenset({1})),))
    world.call(create)

    assert world.waits.seconds == [waited]


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_a_limit_a_role_or_a_missing_memory_is_no_duplicate_user_whatever_its_code(status: int) -> None:
    refusal = faults.envelope_error(status, "MEMORY_ADD_USER_ERROR", "no")
    world = World(rules=(Rule(fault=refusal, path="*add-user"),))

    assert not isinstance(error_of(world, add_user), AddUserRefusedError)


def test_the_memory_of_another_contact_is_no_answer() -> None:
    reply = faults.Reply(success({"memory": {"id": "m", "contact_id": "another"}, "created": True}))

    error = error_of(World(rules=(Rule(fault=reply),)), create)

    assert str(error).startswith('asked about the contact "c-1", the API answered about the contact "another"')


def test_a_persona_that_is_not_there_is_not_a_missing_contact() -> None:
    refusal = faults.envelope_error(404, "NOT_FOUND", "Persona not found")
    world = World(rules=(Rule(fault=refusal),))

    error = error_of(world, lambda remote: remote.read_context("c-1", PERSONA))
    assert str(error).endswith(f": the account does not know the persona {PERSONA.persona_id}")
    assert isinstance(error, ApiRejectedError)
    assert (error.status, error.code) == (404, "NOT_FOUND")


def test_a_fault_that_stays_is_given_up_after_six_attempts() -> None:
    world = World(rules=(Rule(fault=faults.server_error()),))

    assert "INTERNAL_ERROR" in str(error_of(world, create))
    assert len(world.requests) == 6


def test_a_clear_no_is_not_repeated() -> None:
    world = World(Settings(role="viewer"))
    error = error_of(world, create)

    assert "admin, owner or operator" in str(error)
    assert len(world.requests) == 1
    assert world.waits.seconds == []


# what answers mean


def test_a_duplicate_user_has_an_error_of_its_own() -> None:
    async def twice(remote: Any) -> None:
        await add_user(remote)
        await add_user(remote)

    error = error_of(World(), twice)
    assert isinstance(error, AddUserRefusedError)
    assert error.code == "MEMORY_ADD_USER_ERROR"
    assert error.said


@pytest.mark.parametrize("style", ["object", "null", "not_found"])
def test_a_memory_that_is_not_there_has_an_empty_context(style: Any) -> None:
    world = World(Settings(empty_context=style))
    context = world.call(lambda remote: remote.read_context("c-1", PERSONA))

    assert context.is_empty
    assert context.contact_known is (style != "not_found")


def test_a_memory_id_that_is_not_there_is_none() -> None:
    assert World().call(lambda remote: remote.read_memory("mem-nowhere")) is None


def test_a_route_that_is_not_there_is_no_empty_context() -> None:
    page = httpx.Response(404, html="<pre>Cannot GET /v1/memory/context</pre>")
    rule = Rule(fault=faults.Reply(Answer(status=404, body=page.content, content_type="text/html")))

    error = error_of(World(rules=(rule,)), lambda remote: remote.read_context("c-1", PERSONA))

    assert "is the URL of the API right?" in str(error)


@pytest.mark.parametrize("data", ["[]", '{"memory": {"contact_id": "c"}}', '{"memory": {"id": ["x"]}}', '"text"'])
def test_an_answer_without_what_is_needed_is_no_answer(data: str) -> None:
    reply = faults.Reply(Answer(status=200, body=f'{{"data": {data}, "errors": null}}'.encode()))

    assert "not what the API's documentation describes" in str(error_of(World(rules=(Rule(fault=reply),)), create))


# the guard, and the key


def test_a_reader_cannot_write() -> None:
    world = World()

    async def write() -> None:
        async with open_reader(world.endpoint()) as reader:
            assert not hasattr(reader, "create_memory")
        async with connected(world.endpoint(), READS) as connection:
            await connection.exchange("POST", "/v1/memory/contact", b"{}")

    with pytest.raises(ForbiddenCallError, match="POST /v1/memory/contact is not a call"):
        asyncio.run(write())

    assert world.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "POST /v1/memory/reset",
        "POST /v1/contacts/merge",
        "POST /v1/memory/m/delete",
        "POST /v1/memory/m/user/delete",
        "DELETE /v1/memory/contact/m",
        "PATCH /v1/memory/contact/m/facts/",
        "POST /v1/memory/contact/../reset",
        "PATCH /v1/memory/contact/a/b/facts",
    ],
)
def test_no_list_holds_a_call_that_removes(path: str) -> None:
    for allowed in (READS, READS_AND_WRITES):
        with pytest.raises(ForbiddenCallError):
            allowed.check(*path.split(" "))


def test_what_is_told_of_requests_holds_neither_key_nor_values() -> None:
    world = World()

    async def write(remote: Any) -> None:
        record, _ = await create(remote)
        await remote.write_facts(record.memory_id, FACTS)

    world.call(write)

    world.call(lambda remote: remote.read_context("c-1", PERSONA))
    assert world.told[0] == "POST /v1/memory/contact: ok"
    assert world.told[-1] == "GET /v1/memory/context?contact_id=…&persona_id=…: ok"
    assert KEY not in "".join(world.told)
    assert "premium" not in "".join(world.told)
    assert KEY not in repr(world.endpoint())


@pytest.mark.parametrize(
    "url",
    [
        "api.bland.ai", "ftp://host", "https://", "http://[::1", "", "https://h/?a=b", "https://h/#a", "https://a:b@h/",
        "https://a@h", "https://h:0", "https://h:65536", "http://h", "https://h/" + "a1" * 12,
    ],
)  # fmt: skip
def test_a_base_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(InputError, match="URL of the API"):
        call(World().endpoint(url), create)


@pytest.mark.parametrize(
    "url",
    [
        "https://h:1",
        "https://h:65535",
        "https://h/123e4567-e89b-12d3-a456-426614174000",
        "https://h/" + "a" * 30,
        "http://127.0.0.1:8044",
    ],
)
def test_a_base_url_that_can_be_one_stays_as_it_is(url: str) -> None:
    assert base_url(url) == url


def test_a_base_url_without_its_scheme_is_told_with_it_and_where_it_stands() -> None:
    said = r"^the URL of the API \(--api-url\) is api\.test, without https://; write https://api\.test$"
    with pytest.raises(InputError, match=said):
        base_url("api.test", source="--api-url")
    with pytest.raises(InputError, match=r"^the URL of the API is a\.test, without"):
        base_url("a.test")


@pytest.mark.parametrize("fault", [faults.bad_gateway(), faults.empty_body(), faults.Truncate(), faults.Drop()])
def test_a_fault_while_a_user_is_read_is_repeated_like_that_of_any_other_read(fault: Fault) -> None:
    world = World(rules=(Rule(fault=fault, path="*/user", when="after", occurrences=frozenset({1})),))

    async def read(remote: Any) -> LiveUser | None:
        record, _ = await create(remote)
        await remote.add_user(record.memory_id, user())
        found: LiveUser | None = await remote.read_user(record.memory_id, user())
        return found

    assert world.call(read) is not None
    assert world.requests[-1] == world.requests[-2]


def test_a_refusal_with_a_code_answers_who_asks_for_a_user_and_is_not_repeated() -> None:
    refused = faults.envelope_error(500, "MEMORY_ERROR", "no such user")
    world = World(rules=(Rule(fault=refused, path="*/user"),))

    with pytest.raises(ApiUnavailableError):
        world.call(lambda remote: remote.read_user("mem-1", user()))

    assert len(world.requests) == 1
