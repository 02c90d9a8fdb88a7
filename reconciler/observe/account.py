"""Reading an account as a whole: all contacts that it lists, and the users of the wanted ones."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from reconciler.core.export import NOTHING_DECLARED, Declared, LiveAccount, Wanted, select
from reconciler.core.matching import contacts_in_doubt
from reconciler.core.model.desired import ContactId
from reconciler.core.model.observed import LiveUser
from reconciler.core.remote import ContactRecord, Reader
from reconciler.errors import InputError, OtherRecordError, RouteAbsentError
from reconciler.observe.listing import Listing, list_on
from reconciler.user_lookup import UserReader
from reconciler.workers import for_each


class AccountReading(Struct, frozen=True):
    """
    How to read an account; `on_read` is told of how many memories the users are read, and of how many.

    Of contacts that are `declared`, no users are read.
    """

    wanted: Wanted
    concurrency: int
    on_read: Callable[[int, int], None]
    declared: Declared = NOTHING_DECLARED


async def read_account(reader: Reader, reading: AccountReading) -> LiveAccount:
    """Read the account; raises `InputError` where nothing is wanted or nothing can be listed, and `ApiError`."""
    listing = await _listing(reader, reading.concurrency)
    listed = await _with_memories(reader, listing.contacts, reading.concurrency)
    selected = select(listed, reading.wanted)
    if not selected:
        raise InputError(_nothing(listed))
    doubts = contacts_in_doubt((*listing.shown, *listed))
    if reason := next((doubts[contact.contact_id] for contact in selected if contact.contact_id in doubts), ""):
        raise OtherRecordError(f"{reason}; --contact exports others alone")
    users = UserReader(reader, first_alone=True)
    new = [contact for contact in selected if reading.declared.contact(contact) is None]
    found = await _users(users, new, reading)
    return LiveAccount(listed, selected, found, listing.is_complete, users.can_list)


async def _listing(reader: Reader, concurrency: int) -> Listing:
    try:
        return await list_on(reader, await reader.list_contacts(0), concurrency=concurrency)
    except RouteAbsentError as error:
        raise InputError(
            f"this account cannot be exported, because it offers no listing of contacts ({error}); "
            "use a key that may list them, or write the specs by hand"
        ) from error


async def _with_memories(
    reader: Reader, contacts: Sequence[ContactRecord], concurrency: int
) -> tuple[ContactRecord, ...]:
    """Sort the contacts by id, and ask by itself for each one that the listing shows without its memories."""
    known = {contact.contact_id: contact for contact in contacts}

    async def read(contact: ContactRecord) -> None:
        alone = await reader.read_contact(ContactId(contact.contact_id))
        known[contact.contact_id] = contact if alone is None else alone

    await for_each([contact for contact in contacts if contact.memories is None], read, concurrency=concurrency)
    return tuple(known[contact_id] for contact_id in sorted(known))


async def _users(
    users: UserReader, contacts: Sequence[ContactRecord], reading: AccountReading
) -> Mapping[str, Mapping[str, LiveUser]]:
    memory_ids = sorted({memory.memory_id for contact in contacts for memory in contact.memories or ()})
    found: dict[str, Mapping[str, LiveUser]] = {}
    done: list[str] = []

    async def read(memory_id: str) -> None:
        listed = await users.list_all(memory_id)
        if listed is not None:
            found[memory_id] = listed
        done.append(memory_id)
        reading.on_read(len(done), len(memory_ids))

    await for_each(memory_ids, read, concurrency=reading.concurrency)
    return found


def _nothing(listed: Sequence[ContactRecord]) -> str:
    if not listed:
        return "there is nothing to export: this account lists no contacts"
    return "there is nothing to export: no contact matches all of --contact, --scope and --name; check their values"
