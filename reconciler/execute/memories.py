"""The operations on one memory, in their order."""

from collections.abc import Mapping
from http import HTTPStatus

from reconciler.core.matching import is_alike
from reconciler.core.model.desired import ContactId, ContactMemory, ExistingMemory, User
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite, among, diff_facts, diff_user, unsendable_facts
from reconciler.core.plan.operations import AddUser, CreateMemory, MemoryWork, Operation, UpdateUser, WriteFacts
from reconciler.core.plan.receipt import altered_facts, altered_user
from reconciler.core.plan.remembered import SeenUser, seen_user
from reconciler.core.remote import ALWAYS, NEVER, Record, Rests, UnitWriter
from reconciler.errors import (
    AddUserRefusedError,
    ApiRejectedError,
    EmptyAnswerError,
    NotSentError,
    RouteAbsentError,
)
from reconciler.execute.attempt import Done, SubjectRun, half_done, kept, not_seen, unread
from reconciler.execute.contacts import ContactRun
from reconciler.user_lookup import UserReader, in_form

_NOT_CHECKED = (
    "the API refused with the error that it documents for a number already in the memory; "
    "users cannot be looked up here, so it was not checked"
)
_IN_MEMORY = "the user is in the memory"
_NO_MEMORY = "the account has no memory with this id"


class MemoryRun(SubjectRun):
    """
    A memory while its operations are done, and its ids once known.

    Each write rests on what was read before it, and is done in one go with it: after a wait, it is read again.
    `users_seen` are those that the account shows as declared. `is_gone` is whether it answered that it has no such
    memory, or no such user in it.
    """

    def __init__(self, writer: UnitWriter, users: UserReader, work: MemoryWork, contact: ContactRun | None) -> None:
        super().__init__(writer)
        self._users = users
        self._memory = work.memory
        self._writes_facts = any(isinstance(operation, WriteFacts) for operation in work.operations)
        self.contact_id = work.contact_id or (contact.contact_id if contact else None)
        self.memory_id = work.memory_id
        self._live_facts: Mapping[str, Json] | None = None
        self._seen_at = NEVER
        self.users_seen: list[SeenUser] = []
        self.is_gone = False
        self.obstacle = contact.obstacle if contact else ""
        if not self.obstacle and contact and self.contact_id is None:
            self.obstacle = f"not tried: {work.memory.address.partition('.scopes.')[0]} does not exist yet"

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        try:
            return await self._do(operation)
        except ApiRejectedError as error:
            self.is_gone |= error.status == HTTPStatus.NOT_FOUND and not isinstance(error, RouteAbsentError)
            raise

    async def _do(self, operation: Operation) -> Done:
        match operation:
            case CreateMemory():
                return await self._create()
            case WriteFacts(facts=facts):
                shown, rests = facts if operation.certain else None, self._rests(operation)
                return await self._in_one_go(lambda: self._write_facts(operation), rests, shown=shown)
            case AddUser(user=user):
                shown, rests = () if operation.certain else None, Rests(ALWAYS, writes=self._requests(1))
                return await self._in_one_go(lambda: self._add_user(user), rests, shown=shown)
            case UpdateUser(changes=changes):
                rests = Rests(self._writer.began)
                return await self._in_one_go(lambda: self._update_planned(operation), rests, shown=changes)
            case _:
                raise TypeError(operation.type)

    def note_failure(self, why: str) -> None:
        """Record that without an id nothing else can be done to the memory."""
        if self.memory_id is None:
            self.obstacle = f"not tried: the memory's id could not be read ({why})"

    def _requests(self, writes: int) -> int:
        """Return the requests of so many writes, with the one that gets the id where it is not known."""
        return writes + (self.memory_id is None)

    def _rests(self, operation: WriteFacts) -> Rests:
        """Return what a write of facts rests on: the answer that gave the id, or the plan where that is enough."""
        if self.memory_id is None:
            return Rests(ALWAYS, writes=self._requests(1))
        if self._live_facts is not None:
            return Rests(self._seen_at)
        return Rests(NEVER if operation.needs_second_look else self._writer.began)

    async def _create(self) -> Done:
        """Get or create the memory, and keep room for the facts that are written next, which rest on the answer."""
        follow = int(self._writes_facts)
        rests = Rests(ALWAYS, writes=1 + follow, looks=0, keeps_room=bool(follow))
        return await self._in_one_go(self._created, rests)

    async def _created(self) -> Done:
        return ("done", "") if await self._get_or_create() else self._held("the memory exists")

    async def _write_facts(self, operation: WriteFacts) -> Done:
        """Write what is still needed; where the answer does not show what the memory holds now, look."""
        memory_id, facts = await self._still_needed(operation)
        if facts is None:
            return not_seen("the memory")
        if done := self._nothing_to_send(facts, "the memory holds it"):
            return done
        unsent = unsendable_facts(facts)
        facts = tuple(fact for fact in facts if fact.key not in unsent)
        if not facts:
            return kept((), unsent)
        self._note_sent(facts)
        held = await self._writer.write_facts(memory_id, facts)
        if held is None:
            held = await self._read_back(memory_id)
            if held is None:
                return unread("the memory")
            needed = diff_facts(operation.memory.facts, held)
            if all(among(write, needed) for write in facts):
                return self._did_nothing()
        return self._answered(altered_facts(facts, operation.memory.facts, held), unsent)

    async def _still_needed(self, operation: WriteFacts) -> tuple[str, tuple[FactWrite, ...] | None]:
        """
        Return the memory's id, and the facts to write in view of what is live now; None where nobody can see that.

        The answer of get-or-create shows it without another request. Seeded facts must not overwrite what was learned
        since the plan. Parts of a mapping that no spec names are sent back, so they must be the current ones.
        """
        if self.memory_id is None:
            await self._get_or_create()
        elif not self._trying.view_holds:
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

    async def _add_user(self, user: User) -> Done:
        """
        Add a user; after a doubtful answer, look first.

        Where nobody can look, send the user again: a number that is there is refused, so none is added twice.
        """
        memory_id = await self._known_id()
        if self._trying.doubt and (live := (await self._users.read(memory_id, [user])).known.get(user.phone_number)):
            return await self._found(memory_id, user, live)
        try:
            entry = await self._writer.add_user(memory_id, user)
        except AddUserRefusedError as error:
            return await self._explain_refusal(memory_id, user, error)
        except EmptyAnswerError:
            live = await self._look_at(memory_id, user)
            if live is None:
                return self._did_nothing()
            entry = _texts(live)
        return self._user_answered(memory_id, user, entry)

    async def _explain_refusal(self, memory_id: str, user: User, error: AddUserRefusedError) -> Done:
        """Return the result of a refused user: the API has one error for a number already there and for others."""
        users = await self._users.read(memory_id, [user])
        if live := users.known.get(user.phone_number):
            return await self._found(memory_id, user, live)
        if users.is_known(user.phone_number):
            return "failed", str(error)
        if users.memory_missing and isinstance(self._memory, ExistingMemory):
            self.is_gone = True
            return "failed", _NO_MEMORY
        doubt = self._trying.doubt
        return "already", f"{doubt}; sent again, {_NOT_CHECKED}" if doubt else _NOT_CHECKED

    async def _found(self, memory_id: str, user: User, live: LiveUser) -> Done:
        """Update a user who turned out to be there, where the texts differ."""
        changes = diff_user(user, live)
        if done := self._nothing_to_send(changes, _IN_MEMORY):
            self._note_seen(memory_id, user, live)
            return done
        try:
            result, detail = await self._update(memory_id, user, changes, live.shown_as)
        except NotSentError as unsent:
            raise half_done(unsent, what=_IN_MEMORY) from unsent
        return result, detail or "the user was in the memory already, and was updated"

    async def _update_planned(self, operation: UpdateUser) -> Done:
        memory_id, user, changes = await self._known_id(), operation.user, operation.changes
        shown_as = operation.shown_as
        if not self._trying.view_holds:
            live = (await self._users.read(memory_id, [user])).known.get(user.phone_number)
            if live is None:
                return not_seen("the user")
            changes, shown_as = diff_user(user, live), live.shown_as
            if done := self._nothing_to_send(changes, "the user is as declared"):
                self._note_seen(memory_id, user, live)
                return done
        return await self._update(memory_id, user, changes, shown_as)

    async def _update(self, memory_id: str, user: User, changes: tuple[FactWrite, ...], shown_as: str | None) -> Done:
        self._note_sent(changes)
        try:
            entry = await self._writer.update_user(memory_id, in_form(user, shown_as))
        except EmptyAnswerError:
            live = await self._look_at(memory_id, user)
            if live is None:
                return unread("the user")
            if all(among(write, diff_user(user, live)) for write in changes):
                return self._did_nothing()
            entry = _texts(live)
        return self._user_answered(memory_id, user, entry)

    def _user_answered(self, memory_id: str, user: User, entry: Mapping[str, Json]) -> Done:
        """
        Return the result of a write of a user whose answer shows this.

        One that shows all that is declared need not be read again. The external_memory_key may be shown by no listing.
        """
        altered = altered_user(user, entry)
        declared = {"metadata": user.metadata, "summary": user.summary}
        is_shown = all(text is None or key in entry for key, text in declared.items())
        if is_shown and not altered and user.external_memory_key is None:
            self.users_seen.append(SeenUser(memory_id, user, shows_key=True))
        return self._answered(altered)

    def _note_seen(self, memory_id: str, user: User, live: LiveUser) -> None:
        seen = seen_user(memory_id, user, live)
        self.users_seen += [seen] if seen else []

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
        assert self.memory_id is not None  # noqa: S101  get-or-create sets the id or raises
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
        """Look for the memory where get-or-create answered nothing; raises `EmptyAnswerError` where none is found."""
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
    """Return the declared texts of a user, as far as they can be compared."""
    return {"summary": live.summary, **({"metadata": live.metadata} if live.comparable else {})}
