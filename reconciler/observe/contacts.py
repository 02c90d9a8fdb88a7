"""The readers of contacts: all of them page by page, one by one, or none where the account offers no such calls."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import Literal, TypeAlias

from reconciler.core.matching import contacts_in_doubt
from reconciler.core.model.desired import Contact, ContactId, Identifier, Identity, identifier_key, number_key
from reconciler.core.remote import CONTACTS_A_PAGE, ContactPage, ContactRecord, Reader
from reconciler.errors import OtherRecordError, RouteAbsentError
from reconciler.observe.listing import list_on
from reconciler.workers import for_each

ReaderChoice: TypeAlias = Literal["auto", "contacts", "contact", "context"]
"""`auto` takes the reader that needs the fewest requests, and falls back to `context` where there is no other."""

_MOST_SINGLE = 50
"""More contacts than this are not looked up one by one on the word of `total` alone, which may be wrong."""

Records: TypeAlias = Mapping[str, ContactRecord | None]
"""The contacts that were found, by declared name; None for one that the account does not have."""


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
        return await _ContactReader(reader, concurrency, on_notice).read_believable(contacts, choice)
    except RouteAbsentError as error:
        if choice != "auto":
            raise
        on_notice(f"contacts cannot be listed here ({error}); each memory is read by itself, and less can be known")
        return None


class _ContactReader:
    """Looks contacts up with the calls under `/v1/contacts`."""

    def __init__(self, reader: Reader, concurrency: int, on_notice: Callable[[str], None]) -> None:
        self._reader = reader
        self._concurrency = concurrency
        self._on_notice = on_notice
        self._listed: tuple[ContactRecord, ...] = ()

    async def read_believable(self, contacts: Sequence[Contact], choice: ReaderChoice) -> Records:
        """Find the contacts; raises `OtherRecordError` where what is shown of one contradicts itself or the others."""
        found = await self.read(contacts, choice)
        shown = {record.contact_id: record for record in (*self._listed, *filter(None, found.values()))}
        doubts = contacts_in_doubt(shown.values())
        for contact in contacts:
            record = found[contact.name]
            if record is not None and (reason := doubts.get(record.contact_id)):
                raise OtherRecordError(f"{contact.address}: {reason}")
        self._tell_ambiguous([contact for contact in contacts if found[contact.name] is None])
        return found

    def _tell_ambiguous(self, missing: Sequence[Contact]) -> None:
        """Report contacts that were not found because several live ones have other forms of their identifier."""
        owners = Counter(
            key for record in self._listed for key in {identifier_key(*item) for item in record.identifiers or ()}
        )
        for contact in missing:
            if isinstance(contact.identity, Identifier) and owners[contact.identity.key] > 1:
                kind = contact.identity.kind
                self._on_notice(
                    f"{contact.address}: several live contacts have other forms of its {kind}; none is taken for it"
                )

    async def read(self, contacts: Sequence[Contact], choice: ReaderChoice) -> Records:
        if choice == "contact":
            return await self._read_each(contacts)
        if choice == "auto" and len(contacts) <= 1:
            with suppress(RouteAbsentError):  # a listing may be there all the same
                return await self._read_each(contacts)
        first = await self._reader.list_contacts(0)
        self._listed = first.contacts
        found = _matched(contacts, first.contacts)
        missing = [contact for contact in contacts if found[contact.name] is None]
        if choice == "auto" and len(missing) < min(_pages_left(first), _MOST_SINGLE):
            return {**found, **await self._read_each(missing)}
        return await self._read_on(contacts, first)

    async def _read_on(self, contacts: Sequence[Contact], first: ContactPage) -> Records:
        """Read the whole listing; where it moved while it was read, look again for what it did not show."""
        listing = await list_on(self._reader, first, concurrency=self._concurrency)
        self._listed = listing.contacts
        found = _matched(contacts, listing.contacts)
        if listing.is_complete:
            return found
        missing = [contact for contact in contacts if found[contact.name] is None]
        return {**found, **await self._read_each(missing)}

    async def _read_each(self, contacts: Sequence[Contact]) -> Records:
        found: dict[str, ContactRecord | None] = {}

        async def read(contact: Contact) -> None:
            try:
                found[contact.name] = await self._look_up(contact.identity)
            except OtherRecordError as error:
                raise OtherRecordError(f"{contact.address}: {error}") from error

        await for_each(contacts, read, concurrency=self._concurrency)
        return found

    async def _look_up(self, identity: Identity) -> ContactRecord | None:
        """Look a contact up by itself; where no listing shows the account's forms, a number by its bare digits, too."""
        found = await self._reader.read_contact(identity)
        if found is None and not self._listed and isinstance(identity, Identifier) and identity.kind == "phone_number":
            return await self._reader.read_contact(Identifier("phone_number", number_key(identity.value)))
        return found


def _pages_left(first: ContactPage) -> float:
    """Return how many pages follow the first, as far as that is known."""
    if first.has_more is False:
        return 0
    return ceil(first.total / CONTACTS_A_PAGE) - 1 if first.total is not None else float("inf")


def _matched(contacts: Iterable[Contact], records: Iterable[ContactRecord]) -> dict[str, ContactRecord | None]:
    """Find each declared contact among live ones, by id or by identifier."""
    find = finder(records)
    return {contact.name: find(contact.identity) for contact in contacts}


def finder(records: Iterable[ContactRecord]) -> Callable[[Identity], ContactRecord | None]:
    """Return what finds a contact: an identifier in another form counts where exactly one contact has such."""
    exact: dict[tuple[str, str], ContactRecord] = {}
    alike: dict[tuple[str, str], set[str]] = {}
    by_id = {record.contact_id: record for record in records}
    for record in by_id.values():
        for kind, value in record.identifiers or ():
            exact[kind, value] = record
            alike.setdefault(identifier_key(kind, value), set()).add(record.contact_id)

    def match(identity: Identity) -> ContactRecord | None:
        if isinstance(identity, ContactId):
            return by_id.get(identity.contact_id)
        owners = alike.get(identity.key, set())
        return exact.get((identity.kind, identity.value)) or (by_id[min(owners)] if len(owners) == 1 else None)

    return match
