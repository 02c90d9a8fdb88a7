import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from reconciler.core.model.desired import Contact, ContactId, Identifier, IdentifierKind
from reconciler.core.model.observed import AmbiguousContact
from reconciler.core.model.settings import ExpectedAccount
from reconciler.core.model.value import Json
from reconciler.core.remote import CONTACTS_A_PAGE, ContactPage, ContactRecord, Record
from reconciler.errors import ApiError, OtherRecordError, RefusedError, TooMuchError
from reconciler.observe import ReaderChoice, contacts
from reconciler.observe.contacts import Listing, finder, list_on, look_up_contacts
from reconciler.observe.observing import check_account
from tests.builders import HERE


def record(number: int) -> ContactRecord:
    return ContactRecord(f"c-{number}", {}, (("external_id", f"crm-{number}"), ("email", f"{number}@Example.com")), ())


class Pages:
    """
    A reader that lists contacts.

    `moves` puts them in another order after some pages were read, and `shown` makes other pages of those at an offset.
    """

    def __init__(
        self,
        count: int,
        *,
        total: int | None = None,
        moves: dict[int, list[int]] | None = None,
        shown: Callable[[ContactPage, int], ContactPage] = lambda page, _offset: page,
    ) -> None:
        self.order = list(range(count))
        self.total = count if total is None else total
        self.moves = moves or {}
        self.shown = shown
        self.calls: list[str] = []
        self.requests_sent = 0

    async def list_contacts(self, offset: int) -> ContactPage:
        self.calls.append(f"list {offset}")
        shown = self.order[offset : offset + CONTACTS_A_PAGE]
        page = ContactPage(tuple(map(record, shown)), self.total, offset + CONTACTS_A_PAGE < len(self.order))
        self.order = self.moves.get(len(self.calls), self.order)
        return self.shown(page, offset)

    async def read_contact(self, identity: ContactId | Identifier) -> ContactRecord | None:
        value = identity.contact_id if isinstance(identity, ContactId) else identity.value
        self.calls.append(f"read {value}")
        number = int(value.rpartition("-")[2])
        return record(number) if number in self.order else None


def listed(pages: Pages, *, concurrency: int = 4) -> Listing:
    async def read() -> Listing:
        return await list_on(pages, await pages.list_contacts(0), concurrency=concurrency)  # type: ignore[arg-type]

    return asyncio.run(read())


def declared(*numbers: int) -> list[Contact]:
    return [Contact(f"n{number}", ContactId(f"c-{number}"), (), HERE) for number in numbers]


def found(pages: Pages, contacts: list[Contact], choice: ReaderChoice = "auto") -> dict[str, bool]:
    records = asyncio.run(
        look_up_contacts(pages, contacts, choice=choice, concurrency=4, on_notice=lambda _line: None)  # type: ignore[arg-type]
    )
    assert records is not None
    return {name: record is not None for name, record in records.items()}


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1_000, 2_345])
def test_all_contacts_are_listed_once_in_as_few_requests_as_there_are_pages(count: int) -> None:
    pages = Pages(count)
    listing = listed(pages)

    assert len(listing.contacts) == count
    assert listing.is_complete
    assert len(pages.calls) == max(1, -(-count // CONTACTS_A_PAGE))


@pytest.mark.parametrize("number", [0, 199, 200, 399])
def test_a_listing_that_lacks_the_identifiers_of_one_contact_shows_not_all(number: int) -> None:
    def silent(page: ContactPage, _offset: int) -> ContactPage:
        hidden = (replace(one, identifiers=None) if one == record(number) else one for one in page.contacts)
        return replace(page, contacts=tuple(hidden))

    assert listed(Pages(400)).is_complete
    assert not listed(Pages(400, shown=silent)).is_complete


@pytest.mark.parametrize("number", [5, 250])
def test_a_contact_that_any_page_shows_otherwise_is_not_believed(number: int) -> None:
    def changing(page: ContactPage, offset: int) -> ContactPage:
        other = replace(record(number), identifiers=(("email", "other@example.com"),))
        return replace(page, contacts=(*page.contacts, *([other] if offset == 200 else [])))

    others = declared(*(n for n in range(300) if n != number))
    assert all(found(Pages(400, shown=changing), others, "contacts").values())
    with pytest.raises(OtherRecordError, match=rf"shows the contact \"c-{number}\" twice, with different identifiers"):
        found(Pages(400, shown=changing), declared(*range(300)), "contacts")


def test_a_total_that_is_too_low_does_not_end_the_listing() -> None:
    listing = listed(Pages(1_000, total=3))

    assert len(listing.contacts) == 1_000
    assert not listing.is_complete


def test_a_total_that_is_too_high_costs_no_more_than_one_round() -> None:
    pages = Pages(1_000, total=10**7)
    listing = listed(pages)

    assert len(listing.contacts) == 1_000
    assert not listing.is_complete
    assert len(pages.calls) <= 1 + 2 * 4


def test_a_contact_that_moves_between_pages_is_noticed() -> None:
    moved = [999, *range(999)]
    listing = listed(Pages(1_000, moves={1: moved}))

    assert "c-999" not in {contact.contact_id for contact in listing.contacts}
    assert not listing.is_complete


def test_a_contact_that_the_listing_missed_is_looked_up_by_itself() -> None:
    pages = Pages(1_000, moves={1: [999, *range(999)]})

    assert all(found(pages, declared(*range(1_000)), "contacts").values())
    assert [call for call in pages.calls if call.startswith("read")] == ["read c-999"]


def test_a_page_that_repeats_for_ever_ends_the_listing() -> None:
    first = tuple(map(record, range(CONTACTS_A_PAGE)))
    pages = Pages(500, shown=lambda _page, _offset: ContactPage(first, None, has_more=True))
    listing = listed(pages)

    assert len(listing.contacts) == CONTACTS_A_PAGE
    assert not listing.is_complete
    assert len(pages.calls) == 2


def test_a_total_that_changes_while_pages_are_read_makes_a_listing_incomplete() -> None:
    growing = Pages(500, shown=lambda page, offset: replace(page, total=500 if offset else 499))

    assert not listed(growing).is_complete


@pytest.mark.parametrize("read_before", [0, 1])
def test_an_empty_page_ends_the_listing_whatever_it_announces(read_before: int) -> None:
    def emptied(page: ContactPage, offset: int) -> ContactPage:
        is_empty = offset >= read_before * CONTACTS_A_PAGE
        return replace(page, contacts=() if is_empty else page.contacts, has_more=True)

    pages = Pages(500, shown=emptied)
    listing = listed(pages, concurrency=1)

    assert len(listing.contacts) == read_before * CONTACTS_A_PAGE
    assert len(pages.calls) == read_before + 1
    assert not listing.is_complete


class Endless(Pages):
    """Shows other contacts on each page, for ever."""

    async def list_contacts(self, offset: int) -> ContactPage:
        self.calls.append(f"list {offset}")
        shown = range(offset, offset + CONTACTS_A_PAGE)
        return ContactPage(tuple(map(record, shown)), self.total, has_more=True)


def test_a_listing_that_goes_on_far_beyond_its_total_is_given_up() -> None:
    pages = Endless(0, total=100)

    with pytest.raises(
        ApiError, match=r"^the listing of contacts does not end: 10,\d{3} were read, and its total is 100$"
    ):
        listed(pages)

    assert len(pages.calls) <= 10_200 / CONTACTS_A_PAGE + 2


@pytest.mark.parametrize(("total", "most"), [(0, 10_000), (100, 10_200)])
def test_a_listing_may_show_twice_its_total_and_ten_thousand(total: int, most: int) -> None:
    shown = tuple(ContactRecord(str(number), {}, (), ()) for number in range(most + 1))

    def shows(number: int) -> Pages:
        """Show one contact, and all others on the second page."""
        pages = shown[:1], shown[1:number]
        return Pages(0, shown=lambda _page, offset: ContactPage(pages[offset], total, has_more=not offset))

    assert len(listed(shows(most), concurrency=1).contacts) == most
    with pytest.raises(ApiError, match=rf" {most + 1:,} were read, and its total is {total}$"):
        listed(shows(most + 1), concurrency=1)


def test_a_listing_without_a_total_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "_MOST_UNANNOUNCED", 1_000)
    pages = Endless(0)
    pages.total = None  # type: ignore[assignment]

    with pytest.raises(ApiError, match=r"1,200 were read, without a total$"):
        listed(pages)


@pytest.mark.parametrize("total", [10_000_001, 10**49, 10**400])
def test_a_total_that_nobody_can_read_is_refused_at_once(total: int) -> None:
    pages = Pages(400, total=total)

    with pytest.raises(ApiError, match="announces more than 10,000,000 of them"):
        listed(pages)

    assert len(pages.calls) == 1


def test_a_page_shorter_than_asked_for_sets_the_step() -> None:
    def short(page: ContactPage, offset: int) -> ContactPage:
        return replace(page, contacts=page.contacts[:50], has_more=offset + 50 < 230)

    assert listed(Pages(230, shown=short)).is_complete


def test_without_pagination_a_full_page_is_followed_by_another() -> None:
    bare = Pages(450, shown=lambda page, _offset: replace(page, total=None, has_more=None))

    assert len(listed(bare).contacts) == 450


def test_one_contact_is_looked_up_without_a_listing() -> None:
    pages = Pages(1_000)
    found(pages, declared(5))

    assert pages.calls == ["read c-5"]


def test_a_few_contacts_of_a_large_account_are_looked_up_one_by_one() -> None:
    pages = Pages(10_000)
    found(pages, declared(5, 6_000, 7_000))

    assert pages.calls == ["list 0", "read c-6000", "read c-7000"]


def test_many_contacts_are_found_in_the_listing() -> None:
    pages = Pages(1_000)

    assert all(found(pages, declared(*range(1_000))).values())
    assert len(pages.calls) == 5


@pytest.mark.parametrize(("number", "requests"), [(49, 1 + 49), (50, 2), (51, 2)])
def test_a_total_that_is_far_too_high_never_leads_to_more_than_fifty_single_reads(number: int, requests: int) -> None:
    pages = Pages(400, total=9_000_000)
    pages_read = found(pages, declared(*range(200, 200 + number)))

    assert all(pages_read.values())
    assert len([call for call in pages.calls if call.startswith("read")]) == (number if number < 50 else 0)
    assert requests <= len(pages.calls) <= requests + 4  # pages that only the total announces


def test_what_a_complete_listing_does_not_show_is_not_there() -> None:
    pages = Pages(300)

    assert found(pages, declared(5, 6, 7, 99_999)) == {"n5": True, "n6": True, "n7": True, "n99999": False}
    assert pages.calls == ["list 0", "list 200"]


@pytest.mark.parametrize(
    ("kind", "declared", "first", "second"),
    [
        ("email", "ANA@b.co", "ana@b.co", "Ana@B.co"),
        ("phone_number", "+14155550192", "14155550192", "+1 (415) 555-0192"),
    ],
)
def test_of_two_contacts_that_are_alike_none_is_taken_and_of_one_that_is_exact_no_other(
    kind: IdentifierKind, declared: str, first: str, second: str
) -> None:
    one, other, exact = (
        ContactRecord(name, {}, ((kind, value),), ()) for name, value in (("a", first), ("b", second), ("c", declared))
    )
    wanted = Identifier(kind, declared)

    assert finder([one])(wanted) == one
    assert finder([other, one])(wanted) == AmbiguousContact(("a", "b"))
    assert finder([one, other, exact])(wanted) == exact
    assert finder([exact, replace(exact, contact_id="d")])(wanted) == AmbiguousContact(("c", "d"))
    assert finder([exact, exact])(wanted) == exact


@pytest.mark.parametrize("later", [None, (), (("external_id", "crm-1"),)])
@pytest.mark.parametrize("whole_comes_first", [True, False])
def test_a_contact_that_is_listed_twice_is_found_with_its_facts(
    later: tuple[tuple[str, str], ...] | None, *, whole_comes_first: bool
) -> None:
    wanted = Identifier("email", "1@Example.com")
    keep = contacts.keeping([Contact("a", wanted, (), HERE)])
    whole = replace(record(1), profile={"plan": "gold"}, memories=(Record("m-1", "", None, {"k": 1}),))
    entries = [keep(whole), keep(replace(whole, identifiers=later))]

    assert finder(entries if whole_comes_first else entries[::-1])(wanted) == whole


class Organisations:
    """A reader that lists contacts of some organisations."""

    def __init__(self, *organisations: str | None) -> None:
        self._contacts = tuple(replace(record(n), organization=name) for n, name in enumerate(organisations))

    async def list_contacts(self, offset: int) -> ContactPage:
        assert offset == 0
        return ContactPage(self._contacts, len(self._contacts), has_more=False)

    async def read_contact(self, identity: ContactId) -> ContactRecord | None:
        return next((contact for contact in self._contacts if contact.contact_id == identity.contact_id), None)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (["org-1"], ""),
        (["org-1", "org-1"], ""),
        (["org-1", None], ""),
        (["org-2"], "its contacts are not of the organisation org-1"),
        (["org-1", "org-2"], "its contacts are not of the organisation org-1"),
        (["org-2", "org-1"], "its contacts are not of the organisation org-1"),
        (["org-1", ""], "its contacts are not of the organisation org-1"),
        ([None], "no contact of this account shows its organisation"),
        ([], "no contact of this account shows its organisation"),
    ],
)
def test_an_account_is_of_the_expected_organisation_where_its_contacts_are_of_that_one_alone(
    shown: list[str | None], said: str
) -> None:
    checking = check_account(Organisations(*shown), ExpectedAccount(organization="org-1"))  # type: ignore[arg-type]
    if said:
        with pytest.raises(RefusedError, match=said):
            asyncio.run(checking)
    else:
        asyncio.run(checking)


@pytest.mark.parametrize("organization", [None, "org-2"])
def test_an_account_with_the_expected_contact_may_be_of_any_organisation_where_none_is_expected(
    organization: str | None,
) -> None:
    there = Organisations("org-1", organization)
    asyncio.run(check_account(there, ExpectedAccount(contact_id="c-1")))  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match="it has no contact c-2"):
        asyncio.run(check_account(there, ExpectedAccount(contact_id="c-2")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("organization", "said"), [(None, "no contact of this"), ("org-2", "are not of"), ("org-1", "")]
)
def test_of_an_expected_contact_and_organisation_both_have_to_be_right(organization: str | None, said: str) -> None:
    expected = ExpectedAccount(contact_id="c-1", organization="org-1")
    checking = check_account(Organisations("org-1", organization), expected)  # type: ignore[arg-type]
    if said:
        with pytest.raises(RefusedError, match=said):
            asyncio.run(checking)
    else:
        asyncio.run(checking)


def test_the_reader_can_be_chosen() -> None:
    pages = Pages(1_000)
    found(pages, declared(1, 2), "contact")
    assert pages.calls == ["read c-1", "read c-2"]

    pages = Pages(1_000)
    found(pages, declared(1), "contacts")
    assert len(pages.calls) == 5


@pytest.mark.parametrize(
    ("shown", "reads"),
    [
        ([None], 2),
        ([()], 2),
        ([(("email", "+1@b.co"),)], 2),
        ([(("phone_number", "+14155550100"),)], 1),
        ([(("phone_number", "14155550100"),)], 2),
        ([None, (("email", "a@b.co"), ("phone_number", "+14155550100"))], 1),
        ([(("phone_number", "+14155550100"),), (("phone_number", "14155550101"),)], 2),
    ],
)
def test_a_number_is_looked_up_by_its_digits_too_unless_all_shown_numbers_have_a_plus(
    shown: list[tuple[tuple[str, str], ...] | None], reads: int
) -> None:
    listed = tuple(ContactRecord(f"c-{n}", {}, identifiers, ()) for n, identifiers in enumerate(shown))
    pages = Pages(0, shown=lambda page, offset: replace(page, contacts=() if offset else listed, total=3000))
    absent = Contact("x", Identifier("phone_number", "+1-9"), (), HERE)

    assert found(pages, [absent, *declared(0)]) == {"x": False, "n0": True}
    assert pages.calls[1:] == ["read +1-9", "read 19"][:reads]


def test_what_the_first_page_shows_as_it_is_declared_is_not_looked_for_again() -> None:
    exact, alike = (Identifier("email", f"4@{host}") for host in ("Example.com", "example.com"))
    pages = Pages(10_000)
    found(pages, [Contact("a", Identifier("external_id", "crm-3"), (), HERE), Contact("b", exact, (), HERE)])
    assert pages.calls == ["list 0"]

    pages = Pages(10_000)
    with pytest.raises(ValueError, match="4@example"):  # asked for
        found(pages, [*declared(3), Contact("b", alike, (), HERE)])


def test_a_contact_whose_id_is_listed_in_two_spellings_is_one() -> None:
    one = "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee"

    def twice(page: ContactPage, _offset: int) -> ContactPage:
        return replace(page, contacts=tuple(ContactRecord(name, {}, (), ()) for name in (one, one.lower())))

    listing = listed(Pages(2, shown=twice))
    assert len(listing.contacts) == 1
    assert len(listing.shown) == 2
    assert not listing.is_complete


def test_contacts_are_found_by_any_identifier() -> None:
    contacts = [
        Contact("a", Identifier("external_id", "crm-3"), (), HERE),
        Contact("b", Identifier("email", "4@example.COM"), (), HERE),
        Contact("c", Identifier("phone_number", "crm-3"), (), HERE),
    ]

    assert found(Pages(100), contacts) == {"a": True, "b": True, "c": False}


def of_size(number: int, size: int, **facts: Json) -> ContactPage:
    """Return a page of one contact with a memory, whose answer had so many bytes."""
    memory = Record(f"m-{number}", "", None, facts)
    return ContactPage((replace(record(number), memories=(memory,)),), total=3, has_more=number < 2, size=size)


def test_of_contacts_that_are_not_declared_only_ids_and_identifiers_are_kept() -> None:
    keep = contacts.keeping(
        [Contact("a", Identifier("email", "1@example.com"), (), HERE), Contact("b", ContactId("c-2"), (), HERE)]
    )

    whole = [of_size(number, 0, k=1).contacts[0] for number in range(4)]
    kept = [keep(one) for one in whole]

    assert [one == before for one, before in zip(kept, whole, strict=True)] == [False, True, True, False]
    assert [keep(one) for one in kept] == kept
    assert [(one.contact_id, one.identifiers) for one in kept] == [(one.contact_id, one.identifiers) for one in whole]
    assert [dict((one.memories or ())[0].facts) for one in kept] == [{}, {"k": 1}, {"k": 1}, {}]


@pytest.mark.parametrize(("size", "refused"), [(2048, False), (2049, True), (129 << 20, True)])
def test_a_listing_that_is_kept_is_weighed_where_its_answers_are_large(size: int, *, refused: bool) -> None:
    pages = Pages(3, shown=lambda _page, offset: of_size(min(offset, 2), size, k="x" * 20_000))

    async def read() -> Listing:
        return await list_on(pages, await pages.list_contacts(0), concurrency=1, most_kept=1000)  # type: ignore[arg-type]

    if refused:
        with pytest.raises(TooMuchError, match="so no more of them were read"):
            asyncio.run(read())
    else:
        assert len(asyncio.run(read()).contacts) == 3
