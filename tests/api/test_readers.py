import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler import user_lookup
from reconciler.concurrency import for_each
from reconciler.core.model.desired import Contact, ContactId, Desired, Identifier, Identity, Persona, User
from reconciler.core.model.masking import worded
from reconciler.core.model.observed import (
    Absent,
    Ambiguous,
    AmbiguousContact,
    FoundContact,
    KeptUsers,
    LiveUser,
    MissingContact,
    Observed,
    Present,
    UnlistedContact,
    Unreadable,
    UnreadableContact,
    Unseen,
    same_contact_problems,
    same_memory_problems,
)
from reconciler.core.plan.remembered import RememberedUsers, SeenUser
from reconciler.core.remote import ContactRecord, UserPage
from reconciler.core.snapshot import Holdings
from reconciler.errors import ApiRejectedError, ApiUnavailableError, EndlessAnswerError, RouteAbsentError
from reconciler.observe import Observing, ReaderChoice, observe, snapshot
from reconciler.observe.contacts import finder
from reconciler.sandbox import faults
from reconciler.sandbox.answers import Answer
from reconciler.sandbox.faults import Reply, Rule
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.user_lookup import UserReader
from tests.api.support import World, call_reader
from tests.builders import HERE, MASKER, desired, existing, memory, plan, user
from tests.fakes import FakeWriter


def people(count: int) -> Desired:
    contacts = [Contact(f"n{n:04}", Identifier("external_id", f"crm-{n:04}"), (), HERE) for n in range(count)]
    memories = [
        replace(memory({"plan": "premium"}), contact=contact, scope_key=Persona("persona-1")) for contact in contacts
    ]
    return Desired(("support",), tuple(contacts), tuple(memories), ())


def account(count: int) -> dict[str, Any]:
    return {
        "contacts": [
            {
                "id": f"c-{n:04}",
                "identifiers": [{"identifier_type": "external_id", "identifier_value": f"crm-{n:04}"}],
            }
            for n in range(count)
        ],
        "contact_memories": [
            {"id": f"mem-{n:04}", "contact_id": f"c-{n:04}", "persona_id": "persona-1", "facts": {"plan": "premium"}}
            for n in range(count)
        ],
    }


def served(world: dict[str, Any], **settings: Any) -> World:
    store = Store()
    store.load(world)
    return World(Settings(**settings), store=store)


def seen(world: World, wanted: Desired, choice: ReaderChoice = "auto", ids: dict[str, str] | None = None) -> Observed:
    told: list[str] = world.told
    observing = Observing(choice, ids or {}, 4, lambda _done, _of: None, told.append)
    return call_reader(world.endpoint(), lambda reader: observe(reader, wanted, observing))


def one(observed: Observed) -> tuple[Any, Any]:
    return next(iter(observed.contacts.values())), next(iter(observed.memories.values()))


BY_ID = desired(memory({"plan": "premium"}))
SARAH = {"id": "id-of-sarah", "identifiers": [], "name": "Sarah"}
REMEMBERED = '["id-of-sarah",{"persona_id":"persona-support"}]'


def memory_of_sarah(**more: Any) -> dict[str, Any]:
    return {"id": "mem-1", "contact_id": "id-of-sarah", "persona_id": "persona-support", **more}


def test_a_thousand_contacts_are_read_in_five_requests_none_of_them_on_the_scarce_router() -> None:
    world = served(account(1_000))
    observed = seen(world, people(1_000))

    assert observed.requests == len(world.requests) == 5
    assert set(world.requests) == {"GET /v1/contacts"}
    assert all(isinstance(item, Present) and item.memory_id for item in observed.memories.values())


@pytest.mark.parametrize("choice", ["auto", "contacts", "contact"])
def test_with_the_contacts_routes_absent_and_empty_are_told_apart(choice: ReaderChoice) -> None:
    empty = {"contacts": [SARAH], "contact_memories": [memory_of_sarah()]}
    contact, found = one(seen(served(empty), BY_ID, choice))
    assert (contact, found) == (FoundContact("id-of-sarah", {"name": "Sarah", "metadata": {}}), Present("mem-1", {}))

    assert one(seen(served({"contacts": [SARAH]}), BY_ID, choice))[1] == Absent()


def test_with_the_seed_calls_alone_they_are_not_and_it_is_said_once() -> None:
    world = served({"contacts": [SARAH], "contact_memories": [memory_of_sarah()]}, seeds_only=True)
    wanted = desired(memory({"plan": 1}), memory({"plan": 1}, contact="jon"), memory({"plan": 1}, contact="kim"))

    observed = seen(world, wanted)

    assert set(observed.contacts.values()) == {FoundContact(f"id-of-{name}", None) for name in ("sarah", "jon", "kim")}
    assert set(observed.memories.values()) == {Unseen()}
    assert sum(line.startswith("contacts cannot be listed here") for line in world.told) == 1


def test_a_reader_that_was_chosen_is_not_silently_replaced() -> None:
    with pytest.raises(RouteAbsentError):
        seen(served({}, seeds_only=True), BY_ID, "contacts")


def test_an_identifier_that_nobody_has_is_a_missing_contact() -> None:
    assert one(seen(served({}), people(1))) == (MissingContact(), Absent())


def test_an_identifier_that_cannot_be_looked_up_is_unreadable() -> None:
    assert one(seen(served({}, seeds_only=True), people(1))) == (UnreadableContact(), Unreadable())


@pytest.mark.parametrize("remembered", [False, True])
def test_a_wrong_key_is_told_where_no_contact_can_be_looked_up(*, remembered: bool) -> None:
    world = served({}, key="another")
    wanted, known = (BY_ID, {REMEMBERED: "mem-1"}) if remembered else (people(1), {})
    with pytest.raises(ApiRejectedError) as caught:
        seen(world, wanted, "context", known)

    assert caught.value.status == 401
    assert world.requests[-1] == "GET /v1/memory/context"


def test_a_wrong_url_is_told_where_no_contact_can_be_looked_up() -> None:
    world = served({}).without("GET", "/v1/memory/context")

    with pytest.raises(RouteAbsentError):
        seen(world, people(1), "context")


@pytest.mark.parametrize("answer", ["object", "null", "not_found"])
def test_that_nobody_is_known_is_no_trouble_where_no_contact_can_be_looked_up(answer: str) -> None:
    world = served({}, empty_context=answer)

    assert one(seen(world, people(1), "context")) == (UnreadableContact(), Unreadable())


@pytest.mark.parametrize(
    ("wanted", "requests"), [(BY_ID, 1), (replace(people(1), contact_memories=()), 0), (desired(existing()), 1)]
)
def test_the_key_is_tried_alone_only_where_no_other_request_shows_whether_it_is_right(
    wanted: Desired, requests: int
) -> None:
    world = served({})
    seen(world, wanted, "context")

    assert len(world.requests) == requests


def test_an_id_that_the_account_does_not_show_is_read_by_context_all_the_same() -> None:
    world = served({})

    assert one(seen(world, BY_ID)) == (UnlistedContact("id-of-sarah"), Unseen())
    assert world.requests[-1] == "GET /v1/memory/context"


def test_two_memories_for_one_scope_are_ambiguous() -> None:
    world = served({"contacts": [SARAH], "contact_memories": [memory_of_sarah()]})
    twice = {**memory_of_sarah(), "id": "mem-2"}
    body = {"data": {**SARAH, "memories": [memory_of_sarah(), twice]}, "errors": None}

    assert one(seen(world.answering("GET", "/v1/contacts/*", body), BY_ID))[1] == Ambiguous(("mem-1", "mem-2"))


def test_where_a_contact_is_shown_without_its_memories_each_is_read_by_itself() -> None:
    world = served({"contacts": [SARAH], "contact_memories": [memory_of_sarah(facts={"plan": "trial"})]})
    contact, found = one(seen(world.answering("GET", "/v1/contacts/*", {"data": SARAH, "errors": None}), BY_ID))

    assert contact == FoundContact("id-of-sarah", {"name": "Sarah"})
    assert found == Present(None, {"plan": "trial"})


def test_a_remembered_id_tells_existence_id_and_facts_in_one_request() -> None:
    world = served({"contact_memories": [memory_of_sarah()]}, seeds_only=True)
    observed = seen(world, BY_ID, "context", {REMEMBERED: "mem-1"})

    assert one(observed)[1] == Present("mem-1", {})
    assert world.requests == ["GET /v1/memory/contact/mem-1"]


@pytest.mark.parametrize("other", [{"persona_id": "persona-other"}, {"contact_id": "id-of-another"}])
def test_a_remembered_id_of_another_memory_is_not_believed(other: dict[str, str]) -> None:
    world = served({"contact_memories": [{**memory_of_sarah(facts={"plan": "premium"}), **other}]}, seeds_only=True)

    assert one(seen(world, BY_ID, "context", {REMEMBERED: "mem-1"}))[1] == Unseen()


def test_two_declarations_of_one_live_contact_are_a_problem_that_names_both() -> None:
    first, second = (replace(contact, source=replace(HERE, line=n)) for n, contact in enumerate(people(2).contacts, 7))
    by_phone = replace(second, identity=Identifier("phone_number", "+14155550192"))
    world = account(1)
    world["contacts"][0]["identifiers"].append({"identifier_type": "phone_number", "identifier_value": "+14155550192"})
    wanted = Desired((), (first, by_phone), (), ())
    (problem,) = same_contact_problems(wanted, seen(served(world), wanted))

    assert str(worded(problem, reveal=False)) == (
        "specs/a.yaml:8:5 contacts.n0001: in this account this is the same contact as contacts.n0000 "
        "at specs/a.yaml:7:5; declare the contact once"
    )


def test_a_declaration_that_was_not_read_is_known_by_its_identifier_or_id() -> None:
    first, second = people(2).contacts
    world = account(1)
    world["contacts"][0]["identifiers"].append({"identifier_type": "external_id", "identifier_value": "crm-0001"})
    by_id = replace(second, name="other", identity=ContactId("c-0000"))
    read = Desired((), (first,), (), ())

    problems = same_contact_problems(Desired((), (first, second, by_id), (), ()), seen(served(world), read))

    assert [problem.address for problem in problems] == ["contacts.n0001", "contacts.other"]


def test_two_declarations_of_one_live_memory_are_a_problem_where_both_say_something_of_the_same() -> None:
    theirs, others = user("+1 415 555 0192"), user("+14155550193")
    wanted = memory({"a": 1}, users=[user("+14155550192")])
    named = existing(theirs, memory_id="mem-1")
    found = Present("mem-1", {})
    observed = Observed({}, {wanted.address: found, named.address: found}, requests=1)

    (problem,) = same_memory_problems(desired(wanted, named), observed)

    assert (problem.address, problem.cure) == ("memories.vip-line", "declare the memory once")
    assert "the same memory as contacts.sarah.scopes.support at" in str(worded(problem, reveal=False))
    assert same_memory_problems(desired(wanted, replace(named, users=(others,))), observed) == ()


def paged(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> World:
    """Return an account that shows two pages, though each holds few contacts."""
    rules = []
    for number, page in enumerate((first, second), 1):
        body = {"data": page, "errors": None, "pagination": {"total": 2_000, "limit": 200, "has_more": number == 1}}
        reply = Reply(Answer(status=200, body=json.dumps(body).encode()))
        rules.append(Rule(fault=reply, method="GET", path="/v1/contacts", occurrences=frozenset({number})))
    return World(rules=tuple(rules), store=served({"contacts": [*first, *second]}).store)


def by_phone(contact_id: str, number: str) -> dict[str, Any]:
    identifiers = [{"identifier_type": "phone_number", "identifier_value": number}]
    return {"id": contact_id, "identifiers": identifiers}


def test_a_number_in_another_form_on_the_first_page_is_not_taken_before_all_pages_are_seen() -> None:
    world = paged([by_phone("c-1", "+1 415 555 0192"), SARAH], [by_phone("c-2", "1 415 555 0192")])
    wanted = replace(people(1).contacts[0], identity=Identifier("phone_number", "+14155550192"))
    both = Desired((), (wanted, replace(wanted, name="sarah", identity=ContactId("id-of-sarah"))), (), ())

    observed = seen(world, both)

    assert observed.contacts[wanted.address] == AmbiguousContact(("c-1", "c-2"))


# users


def users_of(world: World, choice: ReaderChoice = "auto") -> Any:
    wanted = desired(memory(users=[user("+14155550192", metadata="x"), user("+442079460001")]))
    return one(seen(world, wanted, choice))[1].users


WITH_USERS = {
    "contacts": [SARAH],
    "contact_memories": [memory_of_sarah(users=[{"phone_number": "+14155550192", "metadata": "live"}])],
}


USERS = [user("+14155550192"), user("+442079460001")]


@pytest.mark.parametrize(
    ("wanted", "choice", "ids", "cost", "requests"),
    [
        (people(3), "auto", {}, (0, 0), 1),
        (people(3), "context", {}, (0, 0), 1),
        (BY_ID, "context", {}, (1, 1), 1),
        (BY_ID, "context", {REMEMBERED: "mem-1"}, (1, 1), 1),
        (BY_ID, "auto", {}, (0, 0), 1),
        (desired(memory(users=USERS)), "auto", {}, (1, 1), 2),
        (desired(memory(users=USERS)), "context", {REMEMBERED: "mem-1"}, (1, 2), 2),
        (desired(memory(users=USERS)), "context", {}, (1, 1), 1),
        (desired(memory(users=USERS, scope="of-nobody")), "auto", {}, (0, 0), 1),
        (desired(memory(users=USERS, contact="jon"), memory()), "contacts", {}, (1, 1), 2),
        (desired(existing(*USERS, memory_id="mem-1")), "auto", {}, (1, 1), 1),
        (desired(existing(memory_id="mem-1"), memory()), "auto", {}, (0, 0), 1),
    ],
)
def test_what_reading_costs_is_told_before_it_and_then_each_memory(
    wanted: Desired, choice: ReaderChoice, ids: dict[str, str], cost: tuple[int, int], requests: int
) -> None:
    told: list[tuple[str, int, int]] = []
    observing = Observing(
        choice,
        ids,
        4,
        lambda done, of: told.append(("read", done, of)),
        lambda _line: None,
        on_cost=lambda memories, requests: told.append(("cost", memories, requests)),
    )
    world = served(WITH_USERS)
    observed = call_reader(world.endpoint(), lambda reader: observe(reader, wanted, observing))

    number = len(wanted.memories)
    assert told == [("cost", *cost), *(("read", done, number) for done in range(1, number + 1))]
    assert observed.requests == len(world.requests) == requests


@pytest.mark.parametrize(("number", "requests"), [(0, 1), (1, 1), (2, 0)])
def test_users_cost_no_request_once_all_of_a_memory_are_remembered(number: int, requests: int) -> None:
    earlier = RememberedUsers(KeptUsers({}, "", is_writing=False), MASKER.digest, at="2026-01-02T12:00:00.000Z")
    for one in USERS[:number]:
        earlier.note_seen(SeenUser("store-1", one, shows_key=True))
    told: list[tuple[int, int]] = []
    remembered = RememberedUsers(earlier.learned, MASKER.digest, at="2026-01-02T13:00:00.000Z")
    observing = Observing(
        "auto",
        {},
        4,
        lambda _done, _of: None,
        lambda _line: None,
        on_cost=lambda *cost: told.append(cost),
        remembered=remembered,
    )
    world = served({"stores": [{"id": "store-1", "name": "x"}]})
    call_reader(world.endpoint(), lambda reader: observe(reader, desired(existing(*USERS)), observing))

    assert told == [(requests, requests)]
    assert len(world.requests) == requests


def test_users_are_listed() -> None:
    users = users_of(served(WITH_USERS))

    assert users.listed
    assert users.known["+14155550192"].metadata == "live"
    assert users.is_known("+442079460001")


def test_users_are_listed_page_by_page() -> None:
    many = [{"phone_number": f"+1415555{n:04}"} for n in range(120)]
    world = served({"contacts": [SARAH], "contact_memories": [memory_of_sarah(users=many)]}, revision="L")

    assert len(users_of(world).known) == 120


@pytest.mark.parametrize(("most", "is_listed"), [(2, False), (3, True)])
def test_users_that_are_listed_on_too_many_pages_are_asked_for_one_by_one(
    monkeypatch: pytest.MonkeyPatch, most: int, *, is_listed: bool
) -> None:
    monkeypatch.setattr(user_lookup, "_MOST_PAGES", most)
    many = [{"phone_number": f"+1415555{n:04}"} for n in range(120)]
    users = users_of(served({"contacts": [SARAH], "contact_memories": [memory_of_sarah(users=many)]}, revision="L"))

    assert users.listed is is_listed


def test_metadata_that_a_listing_shows_as_an_object_are_asked_for_one_by_one() -> None:
    world = served(WITH_USERS, revision="L", user_metadata="object")

    assert users_of(world).known["+14155550192"].metadata == "live"
    assert world.requests[-1] == "POST /v1/memory/mem-1/user"


def test_a_failure_of_the_server_about_a_listed_user_is_told_since_that_user_is_not_absent() -> None:
    world = served(WITH_USERS, revision="L", user_metadata="object")
    failure = Rule(fault=faults.envelope_error(500, "INTERNAL_ERROR", "An unexpected error occurred"), path="*/user")
    world = World(world.settings, (failure,), store=world.store)

    with pytest.raises(ApiUnavailableError, match="INTERNAL_ERROR"):
        users_of(world)


def test_where_the_account_lists_a_user_and_refuses_to_show_the_metadata_the_plan_says_so() -> None:
    world = served(WITH_USERS, revision="L", user_metadata="object")
    refusal = Rule(fault=faults.envelope_error(403, "FORBIDDEN", "Forbidden"), path="*/user")
    world = World(world.settings, (refusal,), store=world.store)
    wanted = memory(users=[user("+14155550192", metadata="x")])

    made = plan(wanted, one(seen(world, desired(wanted)))[1])

    assert [(notice.type, notice.count) for notice in made.notices] == [("unverifiable", 1)]
    assert made.operations == ()


def test_where_users_cannot_be_listed_they_are_asked_for_one_by_one() -> None:
    users = users_of(served(WITH_USERS).without("GET", "/v1/memory/mem-1"))

    assert not users.listed
    assert users.known["+14155550192"].metadata == "live"
    assert not users.is_known("+442079460001")


def test_where_users_cannot_be_read_at_all_nothing_is_known() -> None:
    world = served(WITH_USERS).without("*", "/v1/memory/mem-1*")

    assert users_of(world).known == {}
    assert not users_of(world).listed


class Endless(FakeWriter):
    """Gives an answer about a user that does not end."""

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        del memory_id, user
        raise EndlessAnswerError("it did not end")


def test_an_answer_about_a_user_that_does_not_end_does_not_mean_that_the_user_is_absent() -> None:
    with pytest.raises(EndlessAnswerError):
        asyncio.run(UserReader(Endless()).read("m", [user()]))


class Slow(FakeWriter):
    """Answers late, so that many ask before the first is answered; offers neither of the calls that look users up."""

    requests_sent = 0

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        self.calls.append("list")
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().list_users(memory_id, offset)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        self.calls.append("ask")
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().read_user(memory_id, user)


def test_whether_users_can_be_looked_up_is_found_out_once_before_the_workers_fan_out() -> None:
    remote = Slow()
    users = UserReader(remote, first_alone=True)

    async def read(number: int) -> None:
        found = await users.read(f"m-{number}", [user()])
        assert not found.is_known(user().phone_number)

    asyncio.run(for_each(range(30), read, concurrency=10))

    assert remote.calls == ["list", "ask"]


def test_a_plan_finds_that_out_with_its_first_memory() -> None:
    remote = Slow()
    wanted = desired(*(replace(existing(user(), memory_id=f"m-{n}"), name=f"n{n}") for n in range(4)))
    observing = Observing("auto", {}, 4, lambda _done, _of: None, lambda _line: None)
    asyncio.run(observe(remote, wanted, observing))  # type: ignore[arg-type]

    assert remote.calls == ["list", "ask"]


class ListsObjects(FakeWriter):
    """Lists one user whose metadata cannot be compared, and shows them where it is asked for the user."""

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        del memory_id, offset
        return UserPage({user().phone_number: LiveUser(None, "grown", comparable=False)}, has_more=False)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        del memory_id
        self.calls.append(user.phone_number)
        return LiveUser("same", "grown")


@pytest.mark.parametrize(("summary", "asked"), [("grown", 0), ("small", 1), (None, 0)])
def test_a_listing_that_contradicts_what_is_remembered_of_a_user_counts_more(summary: str | None, asked: int) -> None:
    remote, declared = ListsObjects(), user(metadata="same", summary=summary)
    recalled = {declared.phone_number: (LiveUser("same", summary), "2026-01-02T12:00:00.000Z")}
    found = asyncio.run(UserReader(remote).read("m", [declared], recalled))

    assert len(remote.calls) == asked
    assert bool(found.remembered) is not bool(asked)


def test_a_snapshot_is_indexed_once_however_many_contacts_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    held = tuple(ContactRecord(f"c-{n:04}", {}, (("external_id", f"crm-{n:04}"),), ()) for n in range(3))
    indexed: list[object] = []

    def index(shown: Iterable[ContactRecord]) -> Callable[[Identity], ContactRecord | AmbiguousContact | None]:
        indexed.append(shown)
        return finder(shown)

    monkeypatch.setattr(snapshot, "finder", index)
    offline = snapshot.SnapshotReader(Holdings(held, is_complete=True, memories={}, contexts={}, users={}))

    async def look_up() -> list[str]:
        found = [await offline.read_contact(contact.identity) for contact in people(3).contacts]
        return [record.contact_id for record in found if record]

    assert asyncio.run(look_up()) == ["c-0000", "c-0001", "c-0002"]
    assert indexed == [held]
