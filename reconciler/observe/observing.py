"""Read an account: first check that it is the expected one; then contacts, then memories, each with its users."""

from collections.abc import Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from reconciler.concurrency import for_each
from reconciler.core.matching import is_alike, is_same_id
from reconciler.core.model.desired import (
    Contact,
    ContactId,
    ContactMemory,
    Desired,
    ExistingMemory,
    Memory,
    Persona,
    id_key,
    memory_key,
)
from reconciler.core.model.observed import (
    Absent,
    Ambiguous,
    AmbiguousContact,
    FoundContact,
    LiveUsers,
    MissingContact,
    Observed,
    ObservedContact,
    ObservedMemory,
    Present,
    UnlistedContact,
    Unreadable,
    UnreadableContact,
    Unseen,
)
from reconciler.core.model.settings import ExpectedAccount, ReaderChoice
from reconciler.core.remote import ContactRecord, Reader, Record
from reconciler.errors import ApiRejectedError, OtherRecordError, RefusedError, RouteAbsentError, TooMuchError
from reconciler.observe.contacts import Records, look_up_contacts

if TYPE_CHECKING:  # many specs declare no users
    from reconciler.core.plan.remembered import RememberedUsers
    from reconciler.user_lookup import Recalled, UserReader

_NOTHING_ELSE = "nothing else was read, and nothing was written"


async def check_account(reader: Reader, expected: ExpectedAccount) -> None:
    """
    Look for the expected contact and organisation.

    Raises `RefusedError` for another account, and where that cannot be seen; and `ApiError`.
    """
    if expected.contact_id is None and expected.organization is None:
        return
    try:
        contacts = await _contacts(reader, expected)
    except RouteAbsentError as error:
        raise RefusedError(
            f"expect_account cannot be checked: this account offers no contacts calls ({error}); "
            f"write expect_account.digest instead, which needs no call; {_NOTHING_ELSE}"
        ) from error
    if expected.organization is not None:
        _check_organization(contacts, expected.organization)


async def _contacts(reader: Reader, expected: ExpectedAccount) -> tuple[ContactRecord, ...]:
    """Return the contact that is expected, or else those of the first page."""
    if expected.contact_id is None:
        return (await reader.list_contacts(0)).contacts
    try:
        contact = await reader.read_contact(ContactId(expected.contact_id))
    except OtherRecordError:
        contact = None
    if contact is None:
        raise RefusedError(
            f"this is not the account of expect_account: it has no contact {expected.contact_id}; "
            f"check the key and the URL; {_NOTHING_ELSE}"
        )
    return (contact,)


def _check_organization(contacts: tuple[ContactRecord, ...], organization: str) -> None:
    shown = {contact.organization for contact in contacts} - {None}
    if not shown:
        raise RefusedError(
            "expect_account cannot be checked: no contact of this account shows its organisation; "
            f"write expect_account.digest instead; {_NOTHING_ELSE}"
        )
    if shown != {organization}:
        raise RefusedError(
            "this is not the account of expect_account: its contacts are not of the organisation "
            f"{organization}; check the key and the URL; {_NOTHING_ELSE}"
        )


_NOBODY = "reconciler-probe"


class Observing(Struct, frozen=True):
    """
    Options of reading.

    `known_ids` maps `memory_key` to memory ids seen before. `on_read(done, total)` counts memories; `on_notice` takes a
    line for the operator. `on_cost(memories, requests)` is told, before memories are read, how many of them need
    requests to `/v1/memory`, and how many requests. `remembered` are users that need not be read; it learns from those
    that are.
    """

    choice: ReaderChoice
    known_ids: Mapping[str, str]
    concurrency: int
    on_read: Callable[[int, int], None]
    on_notice: Callable[[str], None]
    on_cost: Callable[[int, int], None] = lambda _memories, _requests: None
    remembered: "RememberedUsers | None" = None


async def observe(reader: Reader, desired: Desired, observing: Observing) -> Observed:
    """Read all that is declared, with the cheapest calls that the account offers; raises `ApiError`."""
    try:
        return await _observed(reader, desired, observing)
    except TooMuchError as error:
        error.is_declared = True
        raise


async def _observed(reader: Reader, desired: Desired, observing: Observing) -> Observed:
    records = await look_up_contacts(
        reader,
        desired.contacts,
        choice=observing.choice,
        concurrency=observing.concurrency,
        on_notice=observing.on_notice,
    )
    if records is None:
        await _check_api(reader, desired)
    reading, memories = _AccountReading(reader, records, observing), desired.memories
    costs = [cost for memory in memories if (cost := reading.cost(memory))]
    observing.on_cost(len(costs), sum(costs))

    async def read(memory: Memory) -> None:
        await reading.read(memory)
        observing.on_read(len(reading.memories), len(memories))

    await for_each(memories, read, concurrency=observing.concurrency)
    contacts = {contact.address: reading.contact(contact) for contact in desired.contacts}
    return Observed(contacts, reading.memories, requests=reader.requests_sent)


async def _check_api(reader: Reader, desired: Desired) -> None:
    """
    Ask for the context of an unknown contact where no other request would be sent; raises `ApiError`.

    Without the contacts routes, contacts that are declared by identifiers cannot be looked up. This request still
    reveals a wrong URL or a wrong key.
    """
    if not desired.memories or any(isinstance(contact.identity, ContactId) for contact in desired.contacts):
        return
    try:
        await reader.read_context(_NOBODY, Persona(_NOBODY))
    except RouteAbsentError:
        raise
    except ApiRejectedError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            raise


class _AccountReading:
    """Reads an account once; `records` maps declared names to contacts, and is None without contacts routes."""

    def __init__(self, reader: Reader, records: Records | None, observing: Observing) -> None:
        self._reader = reader
        self._records = records
        self._known_ids = observing.known_ids
        self._remembered = observing.remembered
        self._recalls: dict[tuple[str, str], Recalled] = {}
        self._unlisted: set[str] = set()
        self.memories: dict[str, ObservedMemory] = {}

    @cached_property
    def _users(self) -> "UserReader":
        from reconciler.user_lookup import UserReader  # noqa: PLC0415  see above

        return UserReader(self._reader, first_alone=True)

    def contact(self, contact: Contact) -> ObservedContact:
        """Return the contact as observed; its memories must be read before."""
        record = self._record_of(contact)
        if isinstance(record, AmbiguousContact):
            return record
        if record is not None:
            return FoundContact(record.contact_id, record.profile, record.identifiers or ())
        if not isinstance(contact.identity, ContactId):
            return UnreadableContact() if self._records is None else MissingContact()
        if self._records is not None or contact.name in self._unlisted:
            return UnlistedContact(contact.identity.contact_id)
        return FoundContact(contact.identity.contact_id, profile=None)

    def cost(self, memory: Memory) -> int:
        """Return how many requests to `/v1/memory` it takes to read a memory, as far as is known before."""
        if isinstance(memory, ExistingMemory):
            return self._cost_of_users(memory, memory.memory_id)
        record = self._record_of(memory.contact)
        if isinstance(record, ContactRecord) and record.memories is not None:
            seen = _among(record.memories, memory)
            return self._cost_of_users(memory, seen.memory_id if isinstance(seen, Present) else None)
        if self._contact_id(memory.contact) is None:
            return 0
        return 1 + self._cost_of_users(memory, self._known_id(memory))

    def _cost_of_users(self, memory: Memory, memory_id: str | None) -> int:
        """Return the requests for the users of a memory: one where they are listed, which is not known before."""
        return int(memory_id is not None and len(self._recalled(memory, memory_id)) < len(memory.users))

    async def read(self, memory: Memory) -> None:
        """Read a memory, and its users where any are declared."""
        match memory:
            case ExistingMemory(memory_id=memory_id):
                seen: ObservedMemory = Present(memory_id, facts={})
            case ContactMemory():
                seen = await self._contact_memory(memory)
        if isinstance(seen, Present) and seen.memory_id is not None and memory.users:
            seen = replace(seen, users=await self._users_of(memory, seen.memory_id))
        if self._remembered and memory.users:
            self._remembered.note_read(memory, seen, self._known_id(memory))
        self.memories[memory.address] = seen

    async def _users_of(self, memory: Memory, memory_id: str) -> LiveUsers:
        """Return the users of a memory; no request is sent where all are remembered."""
        recalled = self._recalled(memory, memory_id)
        if len(recalled) < len(memory.users):
            return await self._users.read(memory_id, memory.users, recalled)
        known = {number: live for number, (live, _) in recalled.items()}
        return LiveUsers(known, listed=False, remembered={number: at for number, (_, at) in recalled.items()})

    def _recalled(self, memory: Memory, memory_id: str) -> "Recalled":
        """Return the users that need not be read."""
        key = (memory.address, memory_id)
        if self._remembered and key not in self._recalls:
            self._recalls[key] = self._remembered.recall(memory, memory_id)
        return self._recalls.get(key, {})

    def _known_id(self, memory: Memory) -> str | None:
        """Return the id that earlier runs learned of a contact's memory."""
        if isinstance(memory, ExistingMemory):
            return None
        contact_id = self._contact_id(memory.contact)
        return None if contact_id is None else self._known_ids.get(memory_key(contact_id, memory.scope_key))

    def _contact_id(self, contact: Contact) -> str | None:
        """Return the id of a contact as far as it is known: the one that the account shows, else the declared one."""
        record = self._record_of(contact)
        if isinstance(record, ContactRecord):
            return record.contact_id
        return contact.identity.contact_id if record is None and isinstance(contact.identity, ContactId) else None

    async def _contact_memory(self, memory: ContactMemory) -> ObservedMemory:
        record = self._record_of(memory.contact)
        if isinstance(record, AmbiguousContact):
            return Ambiguous(())
        if record is not None and record.memories is not None:
            return _among(record.memories, memory)
        contact_id = self._contact_id(memory.contact)
        if contact_id is not None:
            return await self._read_alone(memory, contact_id)
        return Unreadable() if self._records is None else Absent()

    def _record_of(self, contact: Contact) -> ContactRecord | AmbiguousContact | None:
        return None if self._records is None else self._records[contact.name]

    async def _read_alone(self, memory: ContactMemory, contact_id: str) -> Present | Unseen:
        return await self._read_by_id(memory, contact_id) or await self._read_by_context(memory, contact_id)

    async def _read_by_id(self, memory: ContactMemory, contact_id: str) -> Present | None:
        """Read a memory by its remembered id; None without one, and where the id now belongs to another memory."""
        memory_id = self._known_id(memory)
        try:
            record = await self._read_remembered(memory_id) if memory_id else None
        except OtherRecordError as error:
            forget = "if memories were merged in the account, remove ids.json from the state folder"
            raise OtherRecordError(f"{memory.address}: {error}; {forget}") from error
        if record is None or not _is_of(record, contact_id, memory):
            return None
        return Present(record.memory_id, record.facts)

    async def _read_remembered(self, memory_id: str) -> Record | None:
        """Read by a remembered id; None where the API refuses it, since the key may no longer have access."""
        try:
            return await self._reader.read_memory(memory_id)
        except ApiRejectedError:  # of a wrong key, the next request says so
            return None

    async def _read_by_context(self, memory: ContactMemory, contact_id: str) -> Present | Unseen:
        """Read a memory by contact and scope (`GET /v1/memory/context`); none is answered like an empty one."""
        context = await self._reader.read_context(contact_id, memory.scope_key)
        if not context.contact_known:
            self._unlisted.add(memory.contact.name)
        return Unseen() if context.is_empty else Present(memory_id=None, facts=context.facts)


def _is_of(record: Record, contact_id: str, memory: ContactMemory) -> bool:
    return is_same_id(record.contact_id, contact_id) and is_alike(record.scope_key, memory.scope_key)


def _among(records: tuple[Record, ...], memory: ContactMemory) -> Present | Absent | Ambiguous:
    """Find a memory among those of its contact; an agent number in another form matches if none matches exactly."""
    same = [record for record in records if record.scope_key == memory.scope_key]
    alike = same or [record for record in records if is_alike(record.scope_key, memory.scope_key)]
    match list({id_key(record.memory_id): record for record in alike}.values()):
        case []:
            return Absent()
        case [found]:
            return Present(found.memory_id, found.facts)
        case several:
            return Ambiguous(tuple(sorted(record.memory_id for record in several)))
