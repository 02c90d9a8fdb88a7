"""
Find the declared contacts: in the listing, one by one, or not at all where the account offers no such calls.

Offsets can skip and repeat contacts while the account changes (`GET /v1/contacts` states no order), so a listing knows
whether it is complete. `has_more` and empty pages end it, whatever `total` is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import takewhile
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from reconciler.concurrency import for_each
from reconciler.core.matching import contacts_in_doubt
from reconciler.core.model.desired import Contact, ContactId, Identifier, Identity, id_key, identifier_key, number_key
from reconciler.core.model.observed import AmbiguousContact
from reconciler.core.model.settings import ReaderChoice
from reconciler.core.model.value import Json
from reconciler.core.remote import CONTACTS_A_PAGE, MOST_KEPT, ContactPage, ContactRecord, Kept, Reader
from reconciler.errors import ApiError, OtherRecordError, RouteAbsentError, TooMuchError

_MOST_ANNOUNCED = 10_000_000
_MOST_UNANNOUNCED = 200_000
_MOST_ADDED = 10_000
_NO_FACTS: Mapping[str, Json] = MappingProxyType({})
_MOST_SINGLE = 50
"""At most this many contacts are looked up one by one because of `total` alone, which may be wrong."""

Records: TypeAlias = Mapping[str, ContactRecord | AmbiguousContact | None]
"""The contacts by declared name; None for one that the account does not have."""


class SeveralContactsError(ApiError):
    """Several live contacts match; only a reader that compares by itself raises it."""

    def __init__(self, seen: AmbiguousContact) -> None:
        super().__init__("several live contacts have the identifier")
        self.seen = seen


async def look_up_contacts(
    reader: Reader,
    contacts: Sequence[Contact],
    *,
    choice: ReaderChoice,
    concurrency: int,
    on_notice: Callable[[str], None],
) -> Records | None:
    """Find the declared contacts; None where that has to be done without the contacts routes."""
    if choice == "context":
        return None
    try:
        return await _ContactReader(reader, concurrency).read_believable(contacts, choice)
    except RouteAbsentError as error:
        if choice != "auto":
            raise
        on_notice(f"contacts cannot be listed here ({error}); each memory is read by itself, and less can be known")
        return None


class _ContactReader:
    """Looks contacts up with the calls under `/v1/contacts`."""

    def __init__(self, reader: Reader, concurrency: int) -> None:
        self._reader = reader
        self._concurrency = concurrency
        self._shown: tuple[ContactRecord, ...] = ()

    async def read_believable(self, contacts: Sequence[Contact], choice: ReaderChoice) -> Records:
        """Find the contacts; raises `OtherRecordError` where what is shown of one contradicts itself or the others."""
        found = await self.read(contacts, choice)
        records = [record for record in found.values() if isinstance(record, ContactRecord)]
        doubts = contacts_in_doubt((*self._shown, *records))
        for contact in contacts:
            record = found[contact.name]
            if isinstance(record, ContactRecord) and (reason := doubts.get(record.contact_id)):
                raise OtherRecordError(f"{contact.address}: {reason}")
        return found

    async def read(self, contacts: Sequence[Contact], choice: ReaderChoice) -> Records:
        if choice == "contact":
            return await self._read_each(contacts)
        if choice == "auto" and len(contacts) <= 1:
            with suppress(RouteAbsentError):  # there may still be a listing
                return await self._read_each(contacts)
        first = await self._reader.list_contacts(0)
        self._shown = first.contacts
        found = _matched(contacts, first.contacts)
        unsure = [contact for contact in contacts if not _is_exact(contact.identity, found[contact.name])]
        if choice == "auto" and len(unsure) < min(_pages_left(first), _MOST_SINGLE):
            alone = await self._read_each(unsure)
            if all(alone[contact.name] or not found[contact.name] for contact in unsure):
                return {**found, **alone}
        return await self._read_on(contacts, first)

    async def _read_on(self, contacts: Sequence[Contact], first: ContactPage) -> Records:
        """Read the whole listing; where it changed meanwhile, look up the missing contacts one by one."""
        try:
            listing = await list_on(self._reader, first, concurrency=self._concurrency, keep=keeping(contacts))
        except TooMuchError as error:
            if error.is_read:  # whatever is declared
                raise ApiError(f"{error}; set `reader: contact` to read only what is declared") from error
            raise
        self._shown = listing.shown
        found = _matched(contacts, listing.shown)
        if listing.is_complete:
            return found
        missing = [contact for contact in contacts if found[contact.name] is None]
        return {**found, **await self._read_each(missing)}

    async def _read_each(self, contacts: Sequence[Contact]) -> Records:
        found: dict[str, ContactRecord | AmbiguousContact | None] = {}

        async def read(contact: Contact) -> None:
            try:
                found[contact.name] = await self._look_up(contact.identity)
            except SeveralContactsError as error:
                found[contact.name] = error.seen
            except OtherRecordError as error:
                raise OtherRecordError(f"{contact.address}: {error}") from error

        await for_each(contacts, read, concurrency=self._concurrency)
        return found

    async def _look_up(self, identity: Identity) -> ContactRecord | None:
        """Look up one contact; a phone number also by its bare digits, unless the listing shows numbers with "+"."""
        found = await self._reader.read_contact(identity)
        if found is None and isinstance(identity, Identifier) and identity.kind == "phone_number" and self._may_be_bare:
            return await self._reader.read_contact(Identifier("phone_number", number_key(identity.value)))
        return found

    @property
    def _may_be_bare(self) -> bool:
        """Return whether the account may store numbers as bare digits, as far as the listing shows."""
        identifiers = (item for contact in self._shown for item in contact.identifiers or ())
        numbers = [value for kind, value in identifiers if kind == "phone_number"]
        return not numbers or not all(number.startswith("+") for number in numbers)


def _pages_left(first: ContactPage) -> float:
    """Return how many pages follow the first, as far as that is known."""
    if first.has_more is False:
        return 0
    return _pages(first.total, CONTACTS_A_PAGE) - 1 if first.total is not None else float("inf")


def _is_exact(identity: Identity, found: ContactRecord | AmbiguousContact | None) -> bool:
    """Return whether a contact was found in the declared form, so that no other page can hold a better match."""
    if not isinstance(found, ContactRecord):
        return False
    return isinstance(identity, ContactId) or (identity.kind, identity.value) in (found.identifiers or ())


def _matched(contacts: Iterable[Contact], shown: Iterable[ContactRecord]) -> Records:
    """Find each declared contact among live ones, by id or by identifier."""
    find = finder(shown)
    return {contact.name: find(contact.identity) for contact in contacts}


_Owners: TypeAlias = dict[tuple[str, str], dict[str, ContactRecord]]


def finder(shown: Iterable[ContactRecord]) -> Callable[[Identity], ContactRecord | AmbiguousContact | None]:
    """
    Return a function that finds a contact: by the exact identifier, else by one that is alike.

    Where several contacts match, it returns them as ambiguous. Of several entries of one contact, it returns the last
    one that has the identifier: the others may have been kept without their facts.
    """
    shown = tuple(shown)
    records = {id_key(record.contact_id): record for record in shown}

    @cache
    def index() -> tuple[_Owners, _Owners]:
        exact: _Owners = {}
        alike: _Owners = {}
        for record in shown:
            for kind, value in record.identifiers or ():
                exact.setdefault((kind, value), {})[id_key(record.contact_id)] = record
                alike.setdefault(identifier_key(kind, value), {})[id_key(record.contact_id)] = record
        return exact, alike

    def match(identity: Identity) -> ContactRecord | AmbiguousContact | None:
        if isinstance(identity, ContactId):  # contacts that are declared by id need no index of all identifiers
            return records.get(id_key(identity.contact_id))
        exact, alike = index()
        owners = exact.get((identity.kind, identity.value)) or alike.get(identity.key, {})
        if len(owners) > 1:
            return AmbiguousContact(tuple(sorted(record.contact_id for record in owners.values())))
        return next(iter(owners.values()), None)

    return match


class Listing(Struct, frozen=True):
    """
    All contacts that were listed, each once; `is_complete` where none can have been missed.

    `shown` are all entries in their order, with contradictory ones.
    """

    contacts: tuple[ContactRecord, ...]
    is_complete: bool
    shown: tuple[ContactRecord, ...]


def keeping(contacts: Iterable[Contact]) -> Callable[[ContactRecord], ContactRecord]:
    """Return a function that keeps a declared contact whole, and of any other its ids and identifiers."""
    declared = {
        id_key(one.contact_id) if isinstance(one, ContactId) else one.key
        for one in (contact.identity for contact in contacts)
    }

    def keep(record: ContactRecord) -> ContactRecord:
        if id_key(record.contact_id) in declared:
            return record
        if any(identifier_key(kind, value) in declared for kind, value in record.identifiers or ()):
            return record
        memories = record.memories and tuple(replace(memory, facts=_NO_FACTS) for memory in record.memories)
        return replace(record, profile=_NO_FACTS, memories=memories)

    return keep


def _whole(record: ContactRecord) -> ContactRecord:
    return record


async def list_on(
    reader: Reader,
    first: ContactPage,
    *,
    concurrency: int,
    keep: Callable[[ContactRecord], ContactRecord] = _whole,
    most_kept: int = MOST_KEPT,
) -> Listing:
    """
    Read the pages after the first, several at once as far as `total` announces them, and `keep` what is needed of each.

    `most_kept` is how many bytes of memory that may take, beside what each contact takes anyway. Raises `ApiError` for
    a listing that announces too much, goes on far beyond what it announces, or holds too much.
    """
    most = _most_contacts(first)
    kept = Kept("the contacts of this account", most=most_kept)

    def keep_of(page: ContactPage) -> ContactPage:
        contacts = tuple(map(keep, page.contacts))
        kept.add(contacts, count=len(contacts), size=page.size)
        return replace(page, contacts=contacts)

    first = keep_of(first)
    pages = [first]
    step = len(first.contacts) if first.has_more else CONTACTS_A_PAGE
    seen = _ids([first])
    while _goes_on(pages[-1]):
        ahead = _pages_ahead(pages[-1], done=len(pages) * step, step=step, most=concurrency)
        offsets = [(len(pages) + number) * step for number in range(ahead)]
        following = await _read_pages(reader, offsets, concurrency, keep_of)
        pages += _until_the_end(following)
        if _ids(following) <= seen:  # the same page again: the offset is ignored
            break
        seen |= _ids(following)
        if len(seen) > most:
            raise ApiError(f"the listing of contacts does not end: {len(seen):,} were read, {_announced(first)}")
    shown = tuple(contact for page in pages for contact in page.contacts)
    contacts = {id_key(contact.contact_id): contact for contact in shown}
    return Listing(tuple(contacts.values()), _is_complete(pages, len(contacts)), shown)


async def _read_pages(
    reader: Reader, offsets: list[int], concurrency: int, keep_of: Callable[[ContactPage], ContactPage]
) -> list[ContactPage]:
    pages: dict[int, ContactPage] = {}

    async def read(offset: int) -> None:
        pages[offset] = keep_of(await reader.list_contacts(offset))

    await for_each(offsets, read, concurrency=concurrency)
    return [pages[offset] for offset in offsets]


def _goes_on(page: ContactPage) -> bool:
    if not page.contacts:
        return False
    return len(page.contacts) >= CONTACTS_A_PAGE if page.has_more is None else page.has_more


def _pages_ahead(page: ContactPage, *, done: int, step: int, most: int) -> int:
    return max(1, min(most, _pages((page.total or 0) - done, step)))


def _pages(contacts: int, step: int) -> int:
    return -(-contacts // step)


def _most_contacts(first: ContactPage) -> int:
    """Return how many contacts a listing may show; a few may be added while it is read."""
    if first.total is None:
        return _MOST_UNANNOUNCED
    if first.total > _MOST_ANNOUNCED:
        raise ApiError(f"the listing of contacts announces more than {_MOST_ANNOUNCED:,} of them, which cannot be read")
    return 2 * first.total + _MOST_ADDED


def _announced(first: ContactPage) -> str:
    return "without a total" if first.total is None else f"and its total is {first.total:,}"


def _until_the_end(pages: Sequence[ContactPage]) -> Sequence[ContactPage]:
    """Return the pages up to the last one of the listing."""
    going_on = [*takewhile(_goes_on, pages)]
    return pages[: len(going_on) + 1]


def _ids(pages: Iterable[ContactPage]) -> set[str]:
    return {contact.contact_id for page in pages for contact in page.contacts}


def _is_complete(pages: list[ContactPage], distinct: int) -> bool:
    """
    Return whether every contact was seen, with its identifiers.

    A contact that the reader missed since offsets shifted is missing from the count.
    """
    totals = {page.total for page in pages}
    if any(contact.identifiers is None for page in pages for contact in page.contacts):
        return False
    return totals == {distinct} and sum(len(page.contacts) for page in pages) == distinct
