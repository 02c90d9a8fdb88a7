"""Answers about another contact, scope, memory or user than the one that was asked about."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.api.client import open_writer
from reconciler.concurrency import Stop
from reconciler.core.export import Wanted
from reconciler.core.model.desired import AgentNumber, ContactId, Identifier, Persona, memory_key
from reconciler.core.model.observed import Present
from reconciler.core.model.settings import ExpectedAccount
from reconciler.core.plan.diff import diff_facts
from reconciler.core.plan.operations import Notice, Plan
from reconciler.core.plan.planner import build_plan
from reconciler.core.plan.receipt import Outcome
from reconciler.core.snapshot import Taken, mask_holdings, unmask_snapshot
from reconciler.errors import ApiError, OtherRecordError, RefusedError
from reconciler.execute import Together, execute
from reconciler.observe import Observing, observe
from reconciler.observe.observing import check_account
from reconciler.observe.snapshot import SnapshotReader, list_account
from reconciler.sandbox.store import Store
from reconciler.workflow.exporting import AccountScope, read_account
from tests.api.support import World, call, call_reader
from tests.builders import HERE, MASKER, ORIGIN, desired, fact, memory, plan_all, user

FACTS = diff_facts((fact("plan", "premium"),), {})
CRM = Identifier("external_id", "crm-a")


def shown_memory(memory_id: str = "mem-A", contact_id: str = "id-A", **more: Any) -> dict[str, Any]:
    return {"id": memory_id, "contact_id": contact_id, "persona_id": "persona-support", "facts": {}, **more}


def shown_contact(contact_id: str = "id-A", crm: str = "crm-a", *memories: Any, **more: Any) -> dict[str, Any]:
    identifiers = [{"identifier_type": "external_id", "identifier_value": crm}]
    return {"id": contact_id, "name": "Ann", "identifiers": identifiers, "memories": list(memories), **more}


def enveloped(data: Any, **beside: Any) -> Mapping[str, Any]:
    return {"data": data, "errors": None, **beside}


def refused(method: str, path: str, data: Any, work: Callable[[Any], Awaitable[object]]) -> ApiError:
    """Return the error of a call that is answered with `data`."""
    with pytest.raises(ApiError) as raised:
        call(World().answering(method, path, enveloped(data)).endpoint(), work)
    return raised.value


ANSWERS: Mapping[str, tuple[str, str, Any, Callable[[Any], Awaitable[object]], tuple[str, str]]] = {
    "a contact": (
        "GET",
        "/v1/contacts/id-A",
        shown_contact("id-B"),
        lambda remote: remote.read_contact(ContactId("id-A")),
        ('the contact "id-A"', 'the contact "id-B"'),
    ),
    "a contact by an identifier": (
        "POST",
        "/v1/contacts/find",
        shown_contact("id-B", "crm-b"),
        lambda remote: remote.read_contact(CRM),
        ("the declared external_id", 'the contact "id-B"'),
    ),
    "a contact without the identifier": (
        "POST",
        "/v1/contacts/find",
        {"id": "id-B", "identifiers": []},
        lambda remote: remote.read_contact(CRM),
        ("the declared external_id", 'the contact "id-B"'),
    ),
    "a contact that holds another's memory": (
        "GET",
        "/v1/contacts/id-A",
        shown_contact("id-A", "crm-a", shown_memory(contact_id="id-B")),
        lambda remote: remote.read_contact(ContactId("id-A")),
        ('under the contact "id-A"', 'of the contact "id-B"'),
    ),
    "a resolved contact": (
        "POST",
        "/v1/contacts/resolve",
        {"contact": shown_contact("id-B", "crm-b"), "created": False},
        lambda remote: remote.resolve_contact(CRM, {}),
        ("the declared external_id", 'the contact "id-B"'),
    ),
    "an updated contact": (
        "PATCH",
        "/v1/contacts/id-A",
        {"id": "id-B", "name": "Ann"},
        lambda remote: remote.update_contact("id-A", FACTS),
        ('the contact "id-A"', 'the contact "id-B"'),
    ),
    "a memory": (
        "GET",
        "/v1/memory/contact/mem-A",
        shown_memory("mem-B"),
        lambda remote: remote.read_memory("mem-A"),
        ('the memory "mem-A"', 'the memory "mem-B"'),
    ),
    "a context": (
        "GET",
        "/v1/memory/context",
        {"contact_id": "id-B", "contactFacts": {}},
        lambda remote: remote.read_context("id-A", Persona("p")),
        ('the contact "id-A"', 'the contact "id-B"'),
    ),
    "a created memory of another contact": (
        "POST",
        "/v1/memory/contact",
        {"memory": shown_memory("mem-B", "id-B"), "created": False},
        lambda remote: remote.create_memory("id-A", Persona("persona-support")),
        ('the contact "id-A"', 'the contact "id-B"'),
    ),
    "a created memory of another persona": (
        "POST",
        "/v1/memory/contact",
        {"memory": shown_memory("mem-B", persona_id="p-OTHER"), "created": False},
        lambda remote: remote.create_memory("id-A", Persona("persona-support")),
        ('the persona "persona-support"', 'the persona "p-OTHER"'),
    ),
    "a created memory of another number": (
        "POST",
        "/v1/memory/contact",
        {"memory": {"id": "mem-B", "agent_number": "+14155550101", "facts": {}}, "created": False},
        lambda remote: remote.create_memory("id-A", AgentNumber("+14155550100")),
        ("an agent number", "another agent number"),
    ),
    "written facts": (
        "PATCH",
        "/v1/memory/contact/mem-A/facts",
        shown_memory("mem-B"),
        lambda remote: remote.write_facts("mem-A", FACTS),
        ('the memory "mem-A"', 'the memory "mem-B"'),
    ),
    "the users of a memory": (
        "GET",
        "/v1/memory/mem-A",
        {"memory_id": "mem-B", "users": []},
        lambda remote: remote.list_users("mem-A", 0),
        ('the memory "mem-A"', 'the memory "mem-B"'),
    ),
    "an added user": (
        "POST",
        "/v1/memory/mem-A/add-user",
        {"user": {"memory_id": "mem-B", "phone_number": "+14155550192"}},
        lambda remote: remote.add_user("mem-A", user()),
        ('the memory "mem-A"', 'the memory "mem-B"'),
    ),
    "another added user": (
        "POST",
        "/v1/memory/mem-A/add-user",
        {"user": {"memory_id": "mem-A", "phone_number": "+12345678900"}},
        lambda remote: remote.add_user("mem-A", user()),
        ("one user", "another phone number"),
    ),
    "an updated user": (
        "POST",
        "/v1/memory/mem-A/user/update",
        {"user": {"memory_id": "mem-B"}},
        lambda remote: remote.update_user("mem-A", user()),
        ('the memory "mem-A"', 'the memory "mem-B"'),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_about_something_else_is_an_error_that_names_both(name: str) -> None:
    method, path, data, work, (asked, answered) = ANSWERS[name]

    error = refused(method, path, data, work)

    assert isinstance(error, OtherRecordError)
    assert asked in str(error)
    assert answered in str(error)
    assert "+1" not in str(error)
    assert "crm-" not in str(error)


def test_an_id_is_the_same_in_either_case_and_with_or_without_its_prefix() -> None:
    uuid = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    world = World().answering("GET", f"/v1/memory/mem-{uuid}", enveloped({"memory_id": uuid.upper(), "users": []}))

    assert not call(world.endpoint(), lambda remote: remote.list_users(f"mem-{uuid}", 0)).users


@pytest.mark.parametrize(
    ("kind", "asked", "shown"),
    [("email", "Ann@Example.com", "ann@example.COM"), ("phone_number", "+14155550192", "1 (415) 555-0192")],
)
def test_an_identifier_is_the_same_in_another_form(kind: Any, asked: str, shown: str) -> None:
    contact = {"id": "id-A", "identifiers": [{"identifier_type": kind, "identifier_value": shown}]}
    world = World().answering("POST", "/v1/contacts/find", enveloped(contact))

    found = call(world.endpoint(), lambda remote: remote.read_contact(Identifier(kind, asked)))

    assert found.contact_id == "id-A"


def test_a_contact_that_is_shown_without_identifiers_is_looked_at_before_anything_is_written_to_it() -> None:
    world = World().answering("POST", "/v1/contacts/resolve", enveloped({"contact": {"id": "id-B"}, "created": False}))
    world = world.answering("GET", "/v1/contacts/id-B", enveloped(shown_contact("id-B", "crm-b")))

    with pytest.raises(OtherRecordError, match="id-B") as raised:
        call(world.endpoint(), lambda remote: remote.resolve_contact(CRM, {}))
    assert raised.value.may_have_happened


def test_a_contact_that_cannot_be_looked_at_is_believed() -> None:
    world = World().answering("POST", "/v1/contacts/resolve", enveloped({"contact": {"id": "id-B"}, "created": True}))

    contact, created = call(world.without("GET", "/v1/contacts/*").endpoint(), lambda it: it.resolve_contact(CRM, {}))

    assert (contact.contact_id, created) == ("id-B", True)


def test_one_memory_for_two_contacts_is_used_for_the_first_alone() -> None:
    reply = enveloped({"memory": {"id": "mem-SAME"}, "created": False})

    async def work(remote: Any) -> None:
        await remote.create_memory("id-A", Persona("p"))
        await remote.create_memory("id-A", Persona("p"))
        await remote.create_memory("id-B", Persona("p"))

    with pytest.raises(OtherRecordError, match='"mem-SAME" for the contact "id-B" and the contact "id-A"'):
        call(World().answering("POST", "/v1/memory/contact", reply).endpoint(), work)


@pytest.mark.parametrize(
    ("bad", "why"), [("..", "dots"), (".", "dots"), ("", "empty"), ("a/b", "a slash"), ("a\nb", "control characters")]
)
def test_an_id_that_no_path_can_hold_is_told_and_nothing_is_sent(bad: str, why: str) -> None:
    world = World().answering("POST", "/v1/memory/contact", enveloped({"memory": {"id": bad}, "created": True}))

    with pytest.raises(ApiError, match=f"the id of a memory, .*, (is|holds) .*{why}: no call can name it"):
        call(world.endpoint(), lambda remote: remote.create_memory("id-A", Persona("p")))
    with pytest.raises(ApiError, match=why):
        call(world.endpoint(), lambda remote: remote.list_users(bad, 0))
    assert world.requests == ["POST /v1/memory/contact"]


# the whole way: what is read, planned and written


def listing(*contacts: Any) -> World:
    page = {"total": len(contacts), "limit": 200, "offset": 0, "has_more": False}
    store = Store()
    store.load({"contacts": [{"id": "id-A"}, {"id": "id-B"}]})
    return World(store=store).answering("GET", "/v1/contacts", enveloped(list(contacts), pagination=page))


ANN = memory({"plan": "premium"}, contact="ann", identity=CRM)
BOB = memory({"plan": "premium"}, contact="bob", identity=Identifier("external_id", "crm-b"))


def planned(world: World, *memories: Any) -> Plan:
    wanted = desired(*memories)
    observing = Observing("contacts", {}, 4, lambda _done, _of: None, world.told.append)
    observed = call_reader(world.endpoint(), lambda reader: observe(reader, wanted, observing))
    return build_plan(wanted, observed, origin=ORIGIN, left_out=0)


def executed(world: World, plan: Plan) -> tuple[Outcome, ...]:
    async def work() -> tuple[Outcome, ...]:
        async with open_writer(world.endpoint()) as writer:
            execution = await execute(plan, writer, concurrency=2, stop=Stop(), observer=Together())
            return execution.outcomes

    return asyncio.run(work())


def test_a_listed_memory_of_another_contact_ends_the_plan_of_this_one() -> None:
    world = listing(shown_contact("id-A", "crm-a", shown_memory(contact_id="id-OTHER")), shown_contact("id-B", "crm-b"))

    with pytest.raises(OtherRecordError, match=r'^contacts\.ann: .*"mem-A" under the contact "id-A".*"id-OTHER"'):
        planned(world, ANN)
    assert planned(world, BOB).work


def test_one_listed_memory_of_several_contacts_ends_their_plans() -> None:
    shared = [shown_contact(f"id-{n}", f"crm-{n.lower()}", shown_memory("mem-SAME", f"id-{n}")) for n in "ABC"]

    with pytest.raises(OtherRecordError, match='"mem-SAME" under the contact "id-B" and under the contact "id-A"'):
        planned(listing(*shared), BOB)


@pytest.mark.parametrize(("bad", "why"), [("..", "dots"), ("", "empty"), ("x/y", "slash")])
def test_a_listed_memory_with_an_id_that_no_path_can_hold_ends_the_plan_in_words(bad: str, why: str) -> None:
    with pytest.raises(OtherRecordError, match=why):
        planned(listing(shown_contact("id-A", "crm-a", shown_memory(bad))), ANN)


def test_a_listed_memory_without_contact_and_scope_fields_does_no_harm() -> None:
    world = listing(shown_contact("id-A", "crm-a", {"id": "mem-A", "persona_id": "persona-support", "facts": {}}))

    (work,) = planned(world, ANN).work

    assert [operation.type for operation in work.operations] == ["write_facts"]


@pytest.mark.parametrize(
    ("answer", "asked", "answered"),
    [
        (shown_memory("mem-B"), '"mem-A"', '"mem-B"'),
        (shown_memory(contact_id="id-B"), '"id-A"', '"id-B"'),
        (shown_memory(persona_id="p-OTHER"), '"persona-support"', '"p-OTHER"'),
    ],
)
def test_facts_whose_answer_is_about_another_memory_are_not_done(answer: Any, asked: str, answered: str) -> None:
    world = listing(shown_contact("id-A", "crm-a", shown_memory()))
    plan = planned(world, ANN)

    world = world.answering("PATCH", "/v1/memory/contact/mem-A/facts", enveloped(answer))
    (outcome,) = executed(world, plan)

    assert outcome.result == "unknown"
    assert asked in outcome.detail
    assert answered in outcome.detail


@pytest.mark.parametrize(
    ("now", "answered"),
    [(shown_memory(contact_id="id-B"), '"id-B"'), (shown_memory(persona_id="p-OTHER"), '"p-OTHER"')],
)
def test_nothing_is_written_to_a_memory_that_is_somebody_elses_when_it_is_looked_at_again(
    now: Any, answered: str
) -> None:
    seeded = memory(seeds={"timezone": "UTC"}, contact="ann", identity=CRM)
    world = listing(shown_contact("id-A", "crm-a", shown_memory()))
    plan = planned(world, seeded)

    world = world.answering("GET", "/v1/memory/contact/mem-A", enveloped(now))
    (outcome,) = executed(world, plan)

    assert outcome.result == "failed"
    assert answered in outcome.detail
    assert world.requests == ["GET /v1/memory/contact/mem-A"]


def test_a_memory_that_the_plan_knows_as_one_contacts_is_not_used_for_another() -> None:
    world = listing(shown_contact("id-A", "crm-a", shown_memory()), shown_contact("id-B", "crm-b"))
    plan = planned(world, ANN, BOB)

    reply = enveloped({"memory": {"id": "mem-A", "facts": {}}, "created": True})
    world = world.answering("POST", "/v1/memory/contact", reply)
    world = world.answering("PATCH", "/v1/memory/contact/mem-A/facts", enveloped({"facts": {"plan": "premium"}}))
    outcomes = executed(world, plan)

    assert [outcome.result for outcome in outcomes] == ["done", "unknown", "skipped"]


def test_nothing_is_written_to_the_memory_of_another_scope() -> None:
    world = listing(shown_contact("id-A", "crm-a"))
    plan = planned(world, ANN)
    other = {"memory": shown_memory("mem-B", persona_id="p-OTHER", facts={"plan": "old"}), "created": False}

    world = world.answering("POST", "/v1/memory/contact", enveloped(other))
    outcomes = executed(world, plan)

    assert [outcome.result for outcome in outcomes] == ["unknown", "skipped"]
    assert world.requests == ["POST /v1/memory/contact"]


def test_nothing_is_written_to_a_contact_with_another_identifier() -> None:
    contact = replace(ANN.contact, profile=(fact("name", "Ann"),))
    world = listing()
    plan = planned(world, replace(ANN, contact=contact))

    world = world.answering("POST", "/v1/contacts/resolve", enveloped({"contact": {"id": "id-B"}, "created": False}))
    world = world.answering("GET", "/v1/contacts/id-B", enveloped(shown_contact("id-B", "crm-b")))
    outcomes = executed(world, plan)

    assert [outcome.result for outcome in outcomes] == ["unknown", "skipped", "skipped"]
    assert world.requests == ["POST /v1/contacts/resolve", "GET /v1/contacts/id-B"]


def test_a_remembered_id_that_is_answered_with_another_memory_ends_the_plan() -> None:
    remembered = {memory_key("id-of-sarah", Persona("persona-support")): "mem-A"}
    world = World().answering("GET", "/v1/memory/contact/mem-A", enveloped(shown_memory("mem-B", "id-of-sarah")))
    observing = Observing("context", remembered, 4, lambda _done, _of: None, world.told.append)

    with pytest.raises(OtherRecordError, match=r'"mem-A", the API answered about the memory "mem-B"; .*ids\.json'):
        call_reader(world.endpoint(), lambda reader: observe(reader, desired(memory({"a": 1})), observing))


def test_an_identifier_that_says_it_is_another_contacts_finds_nobody() -> None:
    strange = [{"identifier_type": "external_id", "identifier_value": "crm-a", "contact_id": "id-OTHER"}]

    plan = planned(listing({"id": "id-B", "identifiers": strange, "memories": []}), ANN)

    assert plan.work[0].operations[0].type == "create_contact"


def test_an_account_that_lists_memories_of_others_is_not_exported() -> None:
    world = listing(shown_contact("id-A", "crm-a", shown_memory(contact_id="id-OTHER")))
    reading = AccountScope(Wanted(), 4, lambda _done, _of: None)

    with pytest.raises(OtherRecordError, match=r'"mem-A" under the contact "id-A".*"id-OTHER"'):
        call_reader(world.endpoint(), lambda reader: read_account(reader, reading))


def test_an_account_that_answers_with_another_contact_is_not_the_expected_one() -> None:
    world = World().answering("GET", "/v1/contacts/id-A", enveloped(shown_contact("id-B")))

    with pytest.raises(RefusedError, match="it has no contact id-A"):
        call_reader(world.endpoint(), lambda reader: check_account(reader, ExpectedAccount("id-A")))


def test_a_snapshot_is_believed_no_more_than_the_account() -> None:
    world = listing(shown_contact("id-A", "crm-a", shown_memory(contact_id="id-OTHER")))
    wanted = desired(ANN)
    holdings = call_reader(world.endpoint(), lambda reader: list_account(reader, concurrency=2))
    snapshot = mask_holdings(holdings, Taken("t", "sandbox", "2026-01-02T12:00:00Z"), MASKER)
    offline = SnapshotReader(unmask_snapshot(snapshot, [wanted], MASKER))
    observing = Observing("auto", {}, 4, lambda _done, _of: None, world.told.append)

    with pytest.raises(OtherRecordError, match="id-OTHER"):
        asyncio.run(observe(offline, wanted, observing))


def test_a_contact_that_is_deleted_while_a_snapshot_is_taken_stays_as_it_was_listed() -> None:
    shown = {key: value for key, value in shown_contact("id-GONE", "crm-gone").items() if key != "memories"}
    holdings = call_reader(listing(shown).endpoint(), lambda reader: list_account(reader, concurrency=2))

    assert holdings.contacts is not None
    assert [(contact.contact_id, contact.memories) for contact in holdings.contacts] == [("id-GONE", None)]


UUID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
BOB = memory({"plan": "bobs"}, contact="bob", identity=Identifier("external_id", "crm-b"))


def with_keys(contact: dict[str, Any], *more: str) -> dict[str, Any]:
    extra = [{"identifier_type": "external_id", "identifier_value": crm} for crm in more]
    return {**contact, "identifiers": [*contact["identifiers"], *extra]}


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ((shown_contact("id-A", "crm-a"), shown_contact("id-A", "crm-b")), '"id-A" twice, with different identifiers'),
        (
            (shown_contact("id-A", "crm-a", shown_memory("m-1")), shown_contact("id-A", "crm-a", shown_memory("m-2"))),
            '"id-A" twice, with different memories',
        ),
        (
            (
                shown_contact("id-A", "crm-a", shown_memory(f"mem-{UUID}")),
                shown_contact("id-B", "crm-b", shown_memory(UUID.upper(), "id-B")),
            ),
            'under the contact "id-A" and under the contact "id-B"',
        ),
        (
            (shown_contact("id-A", "crm-a", shown_memory(), shown_memory(persona_id="p-2")),),
            'the memory "mem-A" under the contact "id-A" for two scopes',
        ),
    ],
)
@pytest.mark.parametrize("in_turn", [1, -1])
def test_a_listing_that_contradicts_itself_ends_the_plan(entries: Any, why: str, in_turn: int) -> None:
    with pytest.raises(OtherRecordError, match=why):
        planned(listing(*entries[::in_turn]), ANN)


def test_a_contact_that_is_listed_twice_with_more_of_the_same_is_one() -> None:
    world = listing(shown_contact("id-A", "crm-a"), with_keys(shown_contact("id-A", "crm-a"), "crm-b"))

    assert planned(world, ANN).work[0].contact_id == "id-A"


def test_one_memory_in_two_spellings_under_one_contact_is_one() -> None:
    world = listing(shown_contact("id-A", "crm-a", shown_memory(f"mem-{UUID}"), shown_memory(UUID)))

    assert [operation.type for operation in planned(world, ANN).operations] == ["write_facts"]


def test_of_several_contacts_with_the_very_identifier_none_is_taken() -> None:
    plan = planned(listing(shown_contact("id-A", "crm-a"), shown_contact("id-B", "crm-a")), ANN)

    assert (plan.work, plan.notices) == ((), (Notice("ambiguous_contact", ANN.contact.address, 2, HERE),))


def test_of_several_contacts_with_an_email_in_other_case_none_is_taken() -> None:
    kind = "identifier_type"
    entries = [
        {"id": f"id-{n}", "identifiers": [{kind: "email", "identifier_value": email}], "memories": []}
        for n, email in enumerate(("Ann@x.io", "ANN@x.io"))
    ]
    wanted = replace(ANN, contact=replace(ANN.contact, identity=Identifier("email", "ann@x.io")))

    plan = planned(listing(*entries), wanted)

    assert (plan.work, plan.notices[0].type) == ((), "ambiguous_contact")


USER_PAGES = {
    "another memory": ({"memory_id": "mem-OTHER", "metadata": "x"},),
    "other texts": ({"metadata": "x"}, {"metadata": "y"}),
}


@pytest.mark.parametrize("name", USER_PAGES)
def test_users_of_another_memory_and_one_number_with_two_texts_are_no_answer(name: str) -> None:
    users = [{"phone_number": "+14155550192", "summary": None, **texts} for texts in USER_PAGES[name]]

    error = refused(
        "GET", "/v1/memory/mem-A", {"memory_id": "mem-A", "users": users}, lambda r: r.list_users("mem-A", 0)
    )

    assert isinstance(error, OtherRecordError)
    assert '"mem-A"' in str(error)


def test_one_user_who_is_listed_twice_alike_is_one() -> None:
    twice = [{"phone_number": "+14155550192", "metadata": "x"}] * 2
    world = World().answering("GET", "/v1/memory/mem-A", enveloped({"memory_id": "mem-A", "users": twice}))

    assert len(call(world.endpoint(), lambda remote: remote.list_users("mem-A", 0)).users) == 1


def test_nothing_is_done_to_a_live_contact_under_a_second_name() -> None:
    world = listing(with_keys(shown_contact("id-A", "crm-a", shown_memory()), "crm-b"))

    _first, second = executed(world, planned(world, ANN, BOB))

    assert second.result == "skipped"
    assert second.detail == "not tried: contacts.bob is the same live contact as contacts.ann; declare it once"


def test_nothing_is_done_to_a_live_memory_under_a_second_contact() -> None:
    made = plan_all([(ANN, Present(f"mem-{UUID}", {})), (BOB, Present(UUID, {}))])

    _first, second = executed(World(), made)

    assert second.result == "skipped"
    assert f'the memory "{UUID}" for the contact "id-of-bob" and the contact "id-of-ann"' in second.detail
