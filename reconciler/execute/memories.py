"""The operations on one memory, in their order."""

from collections.abc import Mapping

from reconciler.core.desired import ContactMemory, ExistingMemory, User
from reconciler.core.diff import FactWrite, diff_facts, diff_user
from reconciler.core.plan import AddUser, CreateMemory, MemoryWork, Operation, UpdateUser, WriteFacts
from reconciler.core.remote import Writer
from reconciler.core.value import Json, same
from reconciler.errors import AddUserRefusedError, ApiError, ApiUnavailableError, NotSentError
from reconciler.execute.attempt import Done, half_done, moved_since, not_kept
from reconciler.execute.contacts import ContactRun
from reconciler.user_lookup import UserReader

_NOT_CHECKED = (
    "the API refused with the error that it documents for a number already in the memory; "
    "users cannot be looked up here, so it was not checked"
)
_NO_MEMORY = "the account has no memory with this id"


class MemoryRun:
    """A memory while its operations are done: ids once known, and what stands in the way of those that need them."""

    def __init__(self, writer: Writer, users: UserReader, work: MemoryWork, contact: ContactRun | None) -> None:
        self._writer = writer
        self._users = users
        self._memory = work.memory
        self.contact_id = work.contact_id or (contact.contact_id if contact else None)
        self.memory_id = work.memory_id
        self.written: tuple[FactWrite, ...] = ()
        self._live_facts: Mapping[str, Json] | None = None
        self.obstacle = contact.obstacle if contact else ""
        if not self.obstacle and contact and self.contact_id is None:
            self.obstacle = f"not tried: there is no {work.memory.address.partition('.scopes.')[0]} yet"

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        match operation:
            case CreateMemory():
                created = await self._get_or_create()
                return ("done", "") if created else ("already", "the memory exists")
            case WriteFacts():
                return await self._write_facts(operation)
            case AddUser(user=user):
                return await self._add_user(user, certain=operation.certain)
            case UpdateUser(user=user, changes=changes):
                await self._update_user(await self._known_id(), user, changes)
                return "done", ""
            case _:
                raise TypeError(operation.type)

    def note_failure(self, why: str) -> None:
        """Keep in mind that without an id nothing else can be done to the memory."""
        if self.memory_id is None:
            self.obstacle = f"not tried: the memory's id could not be had ({why})"

    async def _write_facts(self, operation: WriteFacts) -> Done:
        """Write what is still needed, and compare what came back with what was sent."""
        memory_id = await self._known_id()
        facts = await self._still_needed(memory_id, operation)
        if not facts:
            return "already", "the memory holds it by now"
        if moved := moved_since(operation.facts, facts, certain=operation.certain):
            return "skipped", moved
        self.written = facts
        held = await self._writer.write_facts(memory_id, facts)
        if held is None:
            held = await self._read_back(memory_id)
        if held is None:
            return "unknown", "written, but what the memory holds now could not be read"
        return not_kept([fact for fact in facts if not _is_held(fact, held)])

    async def _still_needed(self, memory_id: str, operation: WriteFacts) -> tuple[FactWrite, ...]:
        """
        Decide again from what is live at this moment, where that is known or matters.

        The answer of get-or-create shows it for nothing. Planted facts must not overwrite what was learned since the
        plan, and parts of a mapping that no spec names are sent back, so they must be those of now.
        """
        live = self._live_facts
        if live is None and operation.needs_second_look:
            record = await self._writer.read_memory(memory_id)
            live = record.facts if record else None
        return operation.facts if live is None else diff_facts(operation.memory.facts, live)

    async def _read_back(self, memory_id: str) -> Mapping[str, Json] | None:
        try:
            record = await self._writer.read_memory(memory_id)
        except ApiError:
            return None
        return record.facts if record else None

    async def _add_user(self, user: User, *, certain: bool) -> Done:
        memory_id = await self._known_id()
        try:
            await self._writer.add_user(memory_id, user)
        except AddUserRefusedError as error:
            return await self._settle_refusal(memory_id, user, error, certain=certain)
        except ApiUnavailableError as error:
            if not error.may_have_happened:
                raise
            return await self._settle_lost_answer(memory_id, user, error)
        return "done", ""

    async def _update_user(self, memory_id: str, user: User, changes: tuple[FactWrite, ...]) -> None:
        self.written = changes
        await self._writer.update_user(memory_id, user)

    async def _settle_refusal(self, memory_id: str, user: User, error: AddUserRefusedError, *, certain: bool) -> Done:
        """Tell a number that is already there from another failure: the API gives both the same error."""
        users = await self._users.read(memory_id, [user])
        live = users.known.get(user.phone_number)
        if live is not None and (changes := diff_user(user, live)):
            if moved := moved_since((), changes, certain=certain):
                return "skipped", moved
            await self._update_user(memory_id, user, changes)
            return "done", "the user was in the memory already, and was updated"
        if live is not None:
            return "already", "the user is in the memory"
        if users.is_known(user.phone_number):
            return "failed", str(error)
        is_gone = users.memory_missing and isinstance(self._memory, ExistingMemory)
        return ("failed", _NO_MEMORY) if is_gone else ("already", _NOT_CHECKED)

    async def _settle_lost_answer(self, memory_id: str, user: User, error: ApiUnavailableError) -> Done:
        """Look whether a user was added although the answer was lost; raises the error where that cannot be told."""
        try:
            users = await self._users.read(memory_id, [user])
        except ApiError:
            raise error from None
        if not users.is_known(user.phone_number):
            return await self._send_again(memory_id, user, error)
        live = users.known.get(user.phone_number)
        if live is None:
            return "failed", f"{error}; the user is not in the memory"
        if changes := diff_user(user, live):
            try:
                await self._update_user(memory_id, user, changes)
            except NotSentError as unsent:
                raise half_done(unsent, what="the user is in the memory") from unsent
        return "done", "the answer was lost; the user is in the memory"

    async def _send_again(self, memory_id: str, user: User, error: ApiUnavailableError) -> Done:
        """Add a user once more where nobody can look: a number that is there is refused, so none is added twice."""
        try:
            await self._writer.add_user(memory_id, user)
        except AddUserRefusedError:
            return "already", f"{error}; sent again, {_NOT_CHECKED}"
        except ApiError:
            raise error from None
        return "done", ""

    async def _known_id(self) -> str:
        if self.memory_id is None:
            await self._get_or_create()
        assert self.memory_id is not None  # noqa: S101  the call gives the id or raises
        return self.memory_id

    async def _get_or_create(self) -> bool:
        memory = self._memory
        assert isinstance(memory, ContactMemory)  # noqa: S101  any other memory is declared by its id
        assert self.contact_id is not None  # noqa: S101  without it there is an obstacle
        record, created = await self._writer.create_memory(self.contact_id, memory.scope_key)
        self.memory_id = record.memory_id
        if not created:
            self._live_facts = record.facts
        return created


def _is_held(fact: FactWrite, held: Mapping[str, Json]) -> bool:
    return fact.key in held and same(held[fact.key], fact.value)
