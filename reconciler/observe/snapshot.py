"""A reader that answers from a snapshot, and asks the account, if there is one, for what is missing."""

from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus

from reconciler.concurrency import for_each
from reconciler.core.matching import contacts_in_doubt
from reconciler.core.model.desired import ContactId, Identity, ScopeKey, User
from reconciler.core.model.observed import AmbiguousContact, LiveUser
from reconciler.core.remote import ContactPage, ContactRecord, Context, Reader, Record, UserPage
from reconciler.core.snapshot import Holdings
from reconciler.errors import ApiRejectedError, RouteAbsentError, TooMuchError
from reconciler.observe.contacts import SeveralContactsError, finder, list_on
from reconciler.user_lookup import UserReader


class SnapshotReader:
    """
    Answers from `holdings`, and adds the answers of `live` to them.

    `lacking` are the pairs of contact id and scope that were asked for and not found.
    """

    def __init__(self, holdings: Holdings, live: Reader | None = None) -> None:
        self._holdings = holdings
        self._live = live
        self.lacking: set[tuple[str, ScopeKey]] = set()

    @property
    def requests_sent(self) -> int:
        """Count the requests that went out."""
        return self._live.requests_sent if self._live else 0

    async def list_contacts(self, offset: int) -> ContactPage:
        """Return all contacts as one page; raises `RouteAbsentError` where there is no listing."""
        contacts = self._contacts()[offset:]
        return ContactPage(contacts, total=len(contacts), has_more=False)

    async def read_contact(self, identity: Identity) -> ContactRecord | None:
        """
        Find a contact; one that an incomplete listing lacks is read by itself.

        Raises `SeveralContactsError` where several contacts match.
        """
        found = self._find(identity)
        if isinstance(found, AmbiguousContact):
            raise SeveralContactsError(found)
        if found is None and self._live and not self._holdings.is_complete:
            return await self._live.read_contact(identity)
        return found

    async def read_context(self, contact_id: str, scope_key: ScopeKey) -> Context:
        """Return the facts of a contact in a scope; an empty context where they are not known."""
        held = self._holdings.contexts.get((contact_id, scope_key))
        if held is None and self._live:
            held = self._holdings.contexts[contact_id, scope_key] = await self._live.read_context(contact_id, scope_key)
        if held is None:
            self.lacking.add((contact_id, scope_key))
        return held or Context({}, is_empty=True, contact_known=True)

    async def read_memory(self, memory_id: str) -> Record | None:
        """Return a memory by its id; None where it is not known."""
        held = self._holdings.memories.get(memory_id)
        if held is None and self._live:
            held = await self._live.read_memory(memory_id)
            if held is not None:
                self._holdings.memories[memory_id] = held
        return held

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        """Return the users of a memory; raises `ApiRejectedError` where they are not known."""
        if self._live:
            page = await self._live.list_users(memory_id, offset)
            users, _ = self._holdings.users.setdefault(memory_id, ({}, True))
            users.update(page.users)
            return page
        users, listed = self._holdings.users.get(memory_id, ({}, False))
        if not listed:
            raise _not_held()
        return UserPage({phone: user for phone, user in users.items() if user}, has_more=False)

    async def read_user(self, memory_id: str, user: User) -> LiveUser | None:
        """Return one user of a memory; raises `ApiRejectedError` where they are not known."""
        users, _ = self._holdings.users.setdefault(memory_id, ({}, False))
        if self._live:
            users[user.phone_number] = await self._live.read_user(memory_id, user)
        if user.phone_number not in users:
            raise _not_held()
        return users[user.phone_number]

    @cached_property
    def _find(self) -> Callable[[Identity], ContactRecord | AmbiguousContact | None]:
        """Return a function that finds a contact; its index is made once, for all contacts."""
        return finder(self._contacts())

    def _contacts(self) -> tuple[ContactRecord, ...]:
        if self._holdings.contacts is None:
            raise RouteAbsentError("there is no listing of contacts", status=HTTPStatus.NOT_FOUND)
        return self._holdings.contacts


_MOST_KEPT = 25_000_000
"""Bytes of memory: masked and written, each key and value of a listing takes fifteen times as much."""


async def list_account(reader: Reader, *, concurrency: int) -> Holdings:
    """Read the whole listing of an account, contradictory entries included; raises `ApiError`."""
    try:
        first = await reader.list_contacts(0)
        listing = await list_on(reader, first, concurrency=concurrency, most_kept=_MOST_KEPT)
    except RouteAbsentError:
        return Holdings(None, is_complete=False, memories={}, contexts={}, users={})
    doubts = contacts_in_doubt(listing.shown)
    contacts = [item for item in listing.contacts if item.contact_id not in doubts]
    contradictory = [item for item in listing.shown if item.contact_id in doubts]

    async def read(number: int) -> None:
        contact = contacts[number]
        contacts[number] = await reader.read_contact(ContactId(contact.contact_id)) or contact

    lacking = [number for number, contact in enumerate(contacts) if contact.memories is None]
    await for_each(lacking, read, concurrency=concurrency)
    ordered = tuple(sorted([*contacts, *contradictory], key=lambda contact: contact.contact_id))
    return Holdings(ordered, is_complete=listing.is_complete, memories={}, contexts={}, users={})


async def read_all_users(recorder: SnapshotReader, *, concurrency: int) -> None:
    """Read the users of every memory that is listed; raises `ApiError`."""
    page = await recorder.list_contacts(0)
    users = UserReader(recorder, first_alone=True)

    async def read(memory_id: str) -> None:
        await users.list_all(memory_id)

    memory_ids = [memory.memory_id for contact in page.contacts for memory in contact.memories or ()]
    try:
        await for_each(memory_ids, read, concurrency=concurrency)
    except TooMuchError as error:
        raise TooMuchError(f"{error}; leave out --all-users") from error


def _not_held() -> ApiRejectedError:
    return ApiRejectedError("the snapshot does not hold this", status=HTTPStatus.NOT_FOUND)
