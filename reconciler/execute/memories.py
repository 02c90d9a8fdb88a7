"""The operations on one memory, in their order."""

from collections.abc import Mapping

from reconciler.core.matching import is_alike
from reconciler.core.model.desired import ContactId, ContactMemory, ExistingMemory, User
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.altered import Altered, altered_facts, altered_user
from reconciler.core.plan.diff import FactWrite, among, diff_facts, diff_user, unsendable_facts
from reconciler.core.plan.operations import AddUser, CreateMemory, MemoryWork, Operation, UpdateUser, WriteFacts
from reconciler.core.remote import ALWAYS, NEVER, Record, Rests, Try, Unit
from reconciler.errors import AddUserRefusedError, ApiRejectedError, EmptyAnswerError, NotSentError
from reconciler.execute.attempt import Done, Shown, did_nothing, half_done, joined, kept, not_seen, unread, was_held
from reconciler.execute.contacts import ContactRun
from reconciler.user_lookup import UserReader, in_form

_NOT_CHECKED = (
    "the API refused with the error that it documents for a number already in the memory; "
    "users cannot be looked up here, so it was not checked"
)
_IN_MEMORY = "the user is in the memory"
_NO_MEMORY = "the account has no memory with this id"


class MemoryRun:
    """
    A memory while its operations are done: ids once known, and what stands in the way of those that need them.

    Each write rests on what was read before it, and is done in one go with it: what had to wait is looked at again.
    """

    def __init__(self, writer: Unit, users: UserReader, work: MemoryWork, contact: ContactRun | None) -> None:
        self._writer = writer
        self._users = users
        self._memory = work.memory
        self._writes_facts = any(isinstance(operation, WriteFacts) for operation in work.operations)
        self.contact_id = work.contact_id or (contact.contact_id if contact else None)
        self.memory_id = work.memory_id
        self.written: tuple[FactWrite, ...] = ()
        self.altered: tuple[Altered, ...] = ()
        self._live_facts: Mapping[str, Json] | None = None
        self._seen_at = NEVER
        self.obstacle = contact.obstacle if contact else ""
        if not self.obstacle and contact and self.contact_id is None:
            self.obstacle = f"not tried: there is no {work.memory.address.partition('.scopes.')[0]} yet"

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        match operation:
            case CreateMemory():
                return await self._create()
            case WriteFacts():
                shown = Shown(operation.facts, certain=operation.certain)
                return await self._writer.in_one_go(
                    lambda trying: self._write_facts(operation, shown, trying), self._rests(operation)
                )
            case AddUser(user=user):
                shown = Shown((), certain=operation.certain)
                return await self._writer.in_one_go(
                    lambda trying: self._add_user(user, shown, trying), Rests(ALWAYS, writes=self._requests(1))
                )
            case UpdateUser():
                shown = Shown(operation.changes, certain=operation.certain)
                return await self._writer.in_one_go(
                    lambda trying: self._update_planned(operation, shown, trying), Rests(self._writer.began)
                )
            case _:
                raise TypeError(operation.type)

    def note_failure(self, why: str) -> None:
        """Remember that without an id nothing else can be done to the memory."""
        if self.memory_id is None:
            self.obstacle = f"not tried: the memory's id could not be had ({why})"

    def _requests(self, writes: int) -> int:
        """Return the requests of so many writes with what they need first: the id, where it is not known."""
        return writes + (self.memory_id is None)

    def _rests(self, operation: WriteFacts) -> Rests:
        """Return what a write of facts rests on: the answer that gave the id, or the plan where that is enough."""
        if self.memory_id is None:
            return Rests(ALWAYS, writes=self._requests(1))
        if self._live_facts is not None:
            return Rests(self._seen_at)
        return Rests(NEVER if operation.needs_second_look else self._writer.began)

    async def _create(self) -> Done:
        """Get or create the memory, and keep room for the facts that are written next, in view of the answer."""
        follow = int(self._writes_facts)
        rests = Rests(ALWAYS, writes=1 + follow, looks=0, keeps_room=bool(follow))
        return await self._writer.in_one_go(self._created, rests)

    async def _created(self, trying: Try) -> Done:
        if await self._get_or_create():
            return "done", ""
        return was_held(trying.doubt, what="the memory exists", otherwise="the memory exists")

    async def _write_facts(self, operation: WriteFacts, shown: Shown, trying: Try) -> Done:
        """Write what is still needed, and compare what came back with what was sent."""
        memory_id, facts = await self._still_needed(operation, trying)
        if facts is None:
            return "failed", not_seen("the memory")
        if not facts:
            return was_held(trying.doubt, what="the memory holds it", otherwise="the memory holds it by now")
        if changed := shown.changed_since_plan(facts):
            return "skipped", changed
        unsent = unsendable_facts(facts)
        facts = tuple(fact for fact in facts if fact.key not in unsent)
        return await self._send(memory_id, facts, unsent, operation, trying) if facts else kept((), unsent)

    async def _send(
        self,
        memory_id: str,
        facts: tuple[FactWrite, ...],
        unsent: Mapping[str, str],
        operation: WriteFacts,
        trying: Try,
    ) -> Done:
        """Send facts; where the answer does not show what the memory holds now, look."""
        self.written = joined(self.written, facts)
        held = await self._writer.write_facts(memory_id, facts)
        if held is None:
            held = await self._read_back(memory_id)
            if held is None:
                return "unknown", unread("the memory")
            needed = diff_facts(operation.memory.facts, held)
            if all(among(write, needed) for write in facts):
                return did_nothing(self._writer, trying)
        self._writer.doubts.clear()
        self.altered = altered_facts(facts, operation.memory.facts, held)
        return kept(self.altered, unsent)

    async def _still_needed(self, operation: WriteFacts, trying: Try) -> tuple[str, tuple[FactWrite, ...] | None]:
        """
        Return the memory's id, and what to write in view of what is live at this moment; None where nobody can see it.

        The answer of get-or-create shows it for nothing. Seeded facts must not overwrite what was learned since the
        plan, and parts of a mapping that no spec names are sent back, so they must be those of now.
        """
        if self.memory_id is None:
            await self._get_or_create()
        elif not trying.view_holds:
            record = await self._writer.read_memory(self.memory_id)
            if record is None:
                return self.memory_id, None
            self._live_facts = record.facts
        live = self._live_facts
        return self._id(), operation.facts if live is None else diff_facts(operation.memory.facts, live)

    async def _read_back(self, memory_id: str) -> Mapping[str, Json] | None:
        try:
            record = await self._writer.read_memory(memory_id)
        except ApiRejectedError:
            return None
        return record.facts if record else None

    async def _add_user(self, user: User, shown: Shown, trying: Try) -> Done:
        """
        Add a user; after a doubtful answer, look first.

        Where nobody can look, the user is sent again: a number that is there is refused, so none is added twice.
        """
        memory_id = await self._known_id()
        if trying.doubt and (found := await self._found(memory_id, user, shown, trying)):
            return found
        try:
            entry = await self._writer.add_user(memory_id, user)
        except AddUserRefusedError as error:
            return await self._settle_refusal(memory_id, user, shown, error, trying)
        except EmptyAnswerError:
            live = await self._look_at(memory_id, user)
            if live is None:
                return did_nothing(self._writer, trying)
            entry = _texts(live)
        self._writer.doubts.clear()
        self.altered = altered_user(user, entry)
        return kept(self.altered, {})

    async def _found(self, memory_id: str, user: User, shown: Shown, trying: Try) -> Done | None:
        """Return what a look after a doubtful answer tells; None where the user is not there, or nobody can look."""
        live = (await self._users.read(memory_id, [user])).known.get(user.phone_number)
        if live is None:
            return None
        if changes := diff_user(user, live):
            return await self._change(memory_id, in_form(user, live.shown_as), shown, changes, trying)
        return was_held(trying.doubt, what=_IN_MEMORY, otherwise=_IN_MEMORY)

    async def _settle_refusal(
        self, memory_id: str, user: User, shown: Shown, error: AddUserRefusedError, trying: Try
    ) -> Done:
        """Report a number that is already there from another failure: the API gives both the same error."""
        users = await self._users.read(memory_id, [user])
        live = users.known.get(user.phone_number)
        if live is not None and (changes := diff_user(user, live)):
            return await self._change(memory_id, in_form(user, live.shown_as), shown, changes, trying)
        if live is not None:
            return was_held(trying.doubt, what=_IN_MEMORY, otherwise=_IN_MEMORY)
        if users.is_known(user.phone_number):
            return "failed", str(error)
        if users.memory_missing and isinstance(self._memory, ExistingMemory):
            return "failed", _NO_MEMORY
        return "already", f"{trying.doubt}; sent again, {_NOT_CHECKED}" if trying.doubt else _NOT_CHECKED

    async def _change(
        self, memory_id: str, user: User, shown: Shown, changes: tuple[FactWrite, ...], trying: Try
    ) -> Done:
        """Update a user who turned out to be there with other texts."""
        if changed := shown.changed_since_plan(changes):
            return "skipped", changed
        try:
            result, detail = await self._update(memory_id, user, changes, trying)
        except NotSentError as unsent:
            raise half_done(unsent, what=_IN_MEMORY) from unsent
        return result, detail or "the user was in the memory already, and was updated"

    async def _update_planned(self, operation: UpdateUser, shown: Shown, trying: Try) -> Done:
        memory_id, user, changes = await self._known_id(), operation.user, operation.changes
        shown_as = operation.shown_as
        if not trying.view_holds:
            live = (await self._users.read(memory_id, [user])).known.get(user.phone_number)
            if live is None:
                return "failed", not_seen("the user")
            changes, shown_as = diff_user(user, live), live.shown_as
            if not changes:
                return was_held(
                    trying.doubt, what="the user is as declared", otherwise="the user is as declared by now"
                )
            if changed := shown.changed_since_plan(changes):
                return "skipped", changed
        return await self._update(memory_id, in_form(user, shown_as), changes, trying)

    async def _update(self, memory_id: str, user: User, changes: tuple[FactWrite, ...], trying: Try) -> Done:
        self.written = joined(self.written, changes)
        try:
            entry = await self._writer.update_user(memory_id, user)
        except EmptyAnswerError:
            live = await self._look_at(memory_id, user)
            if live is None:
                return "unknown", unread("the user")
            if all(among(write, diff_user(user, live)) for write in changes):
                return did_nothing(self._writer, trying)
            entry = _texts(live)
        self._writer.doubts.clear()
        self.altered = altered_user(user, entry)
        return kept(self.altered, {})

    async def _look_at(self, memory_id: str, user: User) -> LiveUser | None:
        """Return a user, None where the memory has none; raises `EmptyAnswerError` where nobody can look."""
        users = await self._users.read(memory_id, [user])
        if not users.is_known(user.phone_number):
            raise EmptyAnswerError
        return users.known.get(user.phone_number)

    async def _known_id(self) -> str:
        if self.memory_id is None:
            await self._get_or_create()
        return self._id()

    def _id(self) -> str:
        assert self.memory_id is not None  # noqa: S101  get-or-create gives the id or raises
        return self.memory_id

    async def _get_or_create(self) -> bool:
        memory = self._memory
        assert isinstance(memory, ContactMemory)  # noqa: S101  any other memory is declared by its id
        assert self.contact_id is not None  # noqa: S101  without it there is an obstacle
        seen_at = self._writer.now
        try:
            record, created = await self._writer.create_memory(self.contact_id, memory.scope_key)
        except EmptyAnswerError:
            record, created = await self._record_of(memory, self.contact_id)
        self.memory_id, self._live_facts, self._seen_at = record.memory_id, record.facts, seen_at
        return created

    async def _record_of(self, memory: ContactMemory, contact_id: str) -> tuple[Record, bool]:
        """Look for the memory of which get-or-create said nothing; raises `EmptyAnswerError` where it is not found."""
        try:
            contact = await self._writer.read_contact(ContactId(contact_id))
        except ApiRejectedError:
            contact = None
        found = [
            record for record in (contact and contact.memories) or () if is_alike(record.scope_key, memory.scope_key)
        ]
        if len(found) != 1:
            raise EmptyAnswerError
        return found[0], not found[0].facts


def _texts(live: LiveUser) -> Mapping[str, Json]:
    """Return what is declared of users, as far as it can be compared."""
    return {"summary": live.summary, **({"metadata": live.metadata} if live.comparable else {})}
