"""A snapshot answers for an account, alone or before it, and says what it does not hold."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest

from reconciler.core.model.desired import ContactId, Identifier, Persona, User
from reconciler.core.model.observed import AmbiguousContact, LiveUser
from reconciler.core.remote import ContactPage, ContactRecord, Context, Record, UserPage
from reconciler.core.snapshot import Holdings
from reconciler.errors import ApiRejectedError, RouteAbsentError
from reconciler.observe.contacts import SeveralContactsError
from reconciler.observe.snapshot import SnapshotReader, list_account, read_all_users
from tests.builders import user

_Result = TypeVar("_Result")
SCOPE = Persona("p")
FACTS = Context({"a": 1}, is_empty=False, contact_known=True)
ANA = LiveUser("met", "grown")
PHONE, OTHER_PHONE = "+14155550192", "+14155550193"


def contact(contact_id: str, *identifiers: tuple[str, str], memories: tuple[Record, ...] | None = ()) -> ContactRecord:
    return ContactRecord(contact_id, {}, identifiers, memories)


def record(memory_id: str, contact_id: str = "c-1") -> Record:
    return Record(memory_id, contact_id, SCOPE, {"a": 1})


def holding(*contacts: ContactRecord, is_complete: bool = True, listed: bool = True) -> Holdings:
    return Holdings(contacts if listed else None, is_complete=is_complete, memories={}, contexts={}, users={})


class Live:
    """An account that knows one of each, and notes what it was asked."""

    def __init__(self, *pages: ContactPage, single: ContactRecord | None = None) -> None:
        self.pages = [*pages]
        self.single = single
        self.calls: list[str] = []
        self.requests_sent = 7

    async def list_contacts(self, offset: int) -> ContactPage:
        self.calls.append(f"list {offset}")
        if not self.pages:
            raise RouteAbsentError("no such route", status=404)
        return self.pages[0]

    async def read_contact(self, identity: ContactId | Identifier) -> ContactRecord | None:
        self.calls.append(identity.contact_id if isinstance(identity, ContactId) else identity.value)
        return self.single

    async def read_context(self, contact_id: str, scope_key: object) -> Context:
        del scope_key
        self.calls.append(f"context {contact_id}")
        return FACTS

    async def read_memory(self, memory_id: str) -> Record | None:
        self.calls.append(f"memory {memory_id}")
        return record(memory_id) if memory_id == "m-1" else None

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        self.calls.append(f"users {memory_id} {offset}")
        return UserPage({(OTHER_PHONE if offset else PHONE): ANA}, has_more=not offset)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        self.calls.append(f"user {memory_id} {user.phone_number}")
        return ANA if user.phone_number == PHONE else None


def offline(holdings: Holdings) -> SnapshotReader:
    return SnapshotReader(holdings)


def online(holdings: Holdings, live: Live) -> SnapshotReader:
    return SnapshotReader(holdings, live)


def run(work: Awaitable[_Result]) -> _Result:
    async def awaited() -> _Result:
        return await work

    return asyncio.run(awaited())


def test_a_snapshot_shows_all_its_contacts_as_one_page() -> None:
    reader = offline(holding(contact("a"), contact("b")))

    assert run(reader.list_contacts(0)) == ContactPage((contact("a"), contact("b")), 2, has_more=False)
    assert run(reader.list_contacts(1)) == ContactPage((contact("b"),), 1, has_more=False)
    assert reader.requests_sent == 0


def test_a_snapshot_without_a_listing_offers_no_contacts_calls() -> None:
    reader = offline(holding(listed=False))
    for call in (reader.list_contacts(0), reader.read_contact(ContactId("a"))):
        with pytest.raises(RouteAbsentError) as caught:
            run(call)
        assert caught.value.status == 404


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_contact_that_is_not_held_is_asked_for_only_where_the_listing_is_incomplete(*, is_complete: bool) -> None:
    live = Live(single=contact("b"))
    reader = online(holding(contact("a"), is_complete=is_complete), live)

    assert run(reader.read_contact(ContactId("a"))) == contact("a")
    assert run(reader.read_contact(ContactId("b"))) == (None if is_complete else contact("b"))
    assert live.calls == ([] if is_complete else ["b"])
    assert run(offline(holding(contact("a"), is_complete=is_complete)).read_contact(ContactId("b"))) is None
    assert reader.requests_sent == 7


def test_of_several_contacts_with_an_identifier_none_is_shown() -> None:
    email = ("email", "a@b.co")
    with pytest.raises(SeveralContactsError) as caught:
        run(offline(holding(contact("b", email), contact("a", email))).read_contact(Identifier(*email)))  # type: ignore[arg-type]

    assert caught.value.seen == AmbiguousContact(("a", "b"))


def test_a_context_is_read_once_and_one_that_is_not_held_is_empty_and_told() -> None:
    live, holdings = Live(), holding()
    reader = online(holdings, live)
    assert [run(reader.read_context("c-1", SCOPE)) for _ in range(2)] == [FACTS, FACTS]
    assert live.calls == ["context c-1"]
    assert reader.lacking == set()

    alone = offline(holdings)
    assert run(alone.read_context("c-1", SCOPE)) == FACTS
    assert run(alone.read_context("c-2", SCOPE)) == Context({}, is_empty=True, contact_known=True)
    assert alone.lacking == {("c-2", SCOPE)}


def test_a_memory_is_read_once_where_there_is_one() -> None:
    live, holdings = Live(), holding()
    reader = online(holdings, live)
    assert [run(reader.read_memory(name)) for name in ("m-1", "m-1", "m-2", "m-2")] == [record("m-1")] * 2 + [None] * 2
    assert live.calls == ["memory m-1", "memory m-2", "memory m-2"]
    assert [run(offline(holdings).read_memory(name)) for name in ("m-1", "m-2")] == [record("m-1"), None]


def test_users_that_were_listed_are_held_and_others_are_not() -> None:
    holdings = holding()
    reader = online(holdings, Live())
    assert run(reader.list_users("m-1", 0)).has_more
    run(reader.list_users("m-1", 50))
    assert run(reader.read_user("m-2", user(PHONE))) == ANA
    assert run(reader.read_user("m-2", user(OTHER_PHONE))) is None

    alone = offline(holdings)
    assert run(alone.list_users("m-1", 0)) == UserPage({PHONE: ANA, OTHER_PHONE: ANA}, has_more=False)
    assert run(alone.read_user("m-2", user(PHONE))) == ANA
    assert run(alone.read_user("m-2", user(OTHER_PHONE))) is None
    lacking: list[Any] = [alone.list_users("m-2", 0), alone.list_users("m-3", 0), alone.read_user("m-3", user(PHONE))]
    for call in lacking:
        with pytest.raises(ApiRejectedError, match="the snapshot does not hold this") as caught:
            run(call)
        assert caught.value.status == 404


def test_a_listed_user_who_was_read_and_is_not_there_is_in_no_list() -> None:
    holdings = holding()
    holdings.users["m-1"] = ({PHONE: ANA, OTHER_PHONE: None}, True)

    assert run(offline(holdings).list_users("m-1", 0)).users == {PHONE: ANA}


def test_an_account_is_listed_in_order_and_what_a_page_lacks_is_read() -> None:
    whole = contact("b", memories=(record("m-1", "b"),))
    live = Live(ContactPage((contact("c"), contact("b", memories=None)), 2, has_more=False), single=whole)

    assert run(list_account(live, concurrency=2)) == holding(whole, contact("c"))
    assert live.calls == ["list 0", "b"]


def test_a_contact_that_is_gone_by_then_stays_as_it_was_listed() -> None:
    bare = contact("b", memories=None)
    live = Live(ContactPage((bare,), 3, has_more=False))

    assert run(list_account(live, concurrency=2)) == holding(bare, is_complete=False)


def test_contradictory_entries_are_kept_as_they_were_shown() -> None:
    one, other = contact("b", ("email", "a@b.co"), memories=None), contact("b", ("email", "c@d.co"), memories=None)
    live = Live(ContactPage((one, contact("a"), other), 2, has_more=False))
    held = run(list_account(live, concurrency=2))

    assert held.contacts == (contact("a"), one, other)
    assert live.calls == ["list 0"]


def test_an_account_without_a_listing_holds_no_contacts() -> None:
    assert run(list_account(Live(), concurrency=2)) == holding(listed=False, is_complete=False)


def test_all_users_of_all_listed_memories_are_read() -> None:
    held = holding(contact("a", memories=(record("m-1"), record("m-2"))), contact("b", memories=None))
    live = Live()
    run(read_all_users(online(held, live), concurrency=2))

    assert held.users == dict.fromkeys(("m-1", "m-2"), ({PHONE: ANA, OTHER_PHONE: ANA}, True))
