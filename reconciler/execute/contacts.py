"""The operations on one contact."""

from collections.abc import MutableMapping, Sequence
from http import HTTPStatus

from reconciler.core.model.desired import ContactId, Identifier, id_key
from reconciler.core.plan.diff import FactWrite, among, diff_facts, unsendable_facts
from reconciler.core.plan.operations import ContactWork, CreateContact, Operation, UpdateContact
from reconciler.core.plan.receipt import altered_profile
from reconciler.core.remote import ALWAYS, NEVER, ContactRecord, Rests, UnitWriter
from reconciler.errors import (
    BY_CONTACT_ID,
    NO_CONTACTS_CALLS,
    ApiRejectedError,
    EmptyAnswerError,
    NotSentError,
    RouteAbsentError,
)
from reconciler.execute.attempt import Done, SubjectRun, half_done, kept, not_seen, unread


def same_contact(address: str, first: str) -> str:
    """Return why nothing is done to a declared contact that is another declared one already."""
    return f"not tried: {address} is the same live contact as {first}; declare it once"


class ContactRun(SubjectRun):
    """
    A contact while its operations are done, and its id once known.

    `owners` holds which declared contact each live one is, by id; all contacts of a run share it.
    """

    def __init__(self, writer: UnitWriter, work: ContactWork, owners: MutableMapping[str, str]) -> None:
        super().__init__(writer)
        self._contact = work.contact
        self._owners = owners
        self.contact_id = work.contact_id
        self._was_created = False

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        try:
            return await self._do(operation)
        except RouteAbsentError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                raise
            raise ApiRejectedError(f"{NO_CONTACTS_CALLS}; {BY_CONTACT_ID}", status=error.status) from error

    async def _do(self, operation: Operation) -> Done:
        match operation:
            case CreateContact():
                return await self._in_one_go(self._create, _rests(ALWAYS), shown=() if operation.certain else None)
            case UpdateContact():
                shown = operation.profile if operation.certain else None
                rests = _rests(NEVER if operation.needs_second_look else self._writer.began)
                return await self._in_one_go(lambda: self._update_declared(operation), rests, shown=shown)
            case _:
                raise TypeError(operation.type)

    def note_failure(self, why: str) -> None:
        """Record that without an id nothing can be done to the contact's memories."""
        if self.contact_id is None:
            self.obstacle = f"not tried: {self._contact.address} could not be found or created ({why})"

    async def _create(self) -> Done:
        """Find or create (`POST /v1/contacts/resolve`), then correct what the answer does not show as declared."""
        record, created = await self._resolved()
        self._was_created = self._was_created or created
        self.contact_id = record.contact_id
        if self._is_anothers(record.contact_id):
            return "failed", self.obstacle
        missing = diff_facts(self._contact.profile, record.profile)
        if not created and (changed := self._changed_since_plan(missing)):
            return "failed" if self._was_created else "skipped", changed
        if missing:
            return await self._complete(missing)
        return ("done", "") if self._was_created else self._held("the contact exists")

    async def _resolved(self) -> tuple[ContactRecord, bool]:
        """Find or create the contact; where the answer is empty, look for it."""
        identity = self._contact.identity
        assert isinstance(identity, Identifier)  # noqa: S101  nothing else is ever created
        declared = {fact.key: fact.value for fact in self._contact.profile}
        try:
            return await self._writer.resolve_contact(identity, declared)
        except EmptyAnswerError:
            found = await self._writer.read_contact(identity)
            if found is None:
                raise
            return found, not diff_facts(self._contact.profile, found.profile)

    async def _complete(self, missing: Sequence[FactWrite]) -> Done:
        try:
            return await self._update(missing)
        except NotSentError as error:
            raise half_done(error, what="the contact is there") from error

    def _is_anothers(self, contact_id: str) -> bool:
        """Return whether a live contact is another declared one already, so that nothing is done to it here."""
        address = self._contact.address
        first = self._owners.setdefault(id_key(contact_id), address)
        if first != address:
            self.obstacle = same_contact(address, first)
        return first != address

    async def _update_declared(self, operation: UpdateContact) -> Done:
        """Update what is still needed; parts that no spec names are sent back as they are now, or nothing is sent."""
        assert self.contact_id is not None  # noqa: S101  an update is planned with an id
        needed = operation.profile
        if not self._trying.view_holds:
            record = await self._writer.read_contact(ContactId(self.contact_id))
            if record is None:
                return not_seen("the contact")
            needed = diff_facts(self._contact.profile, record.profile)
            if done := self._nothing_to_send(needed, "the contact holds it"):
                return done
        return await self._update(needed)

    async def _update(self, profile: Sequence[FactWrite]) -> Done:
        assert self.contact_id is not None  # noqa: S101  planned with an id, or just created
        unsent = unsendable_facts(profile, by_key=True)
        profile = tuple(write for write in profile if write.key not in unsent)
        if not profile:
            return kept((), unsent)
        self._note_sent(profile)
        record = await self._writer.update_contact(self.contact_id, profile)
        if record is None:
            record = await self._read_back(self.contact_id)
            if record is None:
                return unread("the contact")
            needed = diff_facts(self._contact.profile, record.profile)
            if all(among(write, needed) for write in profile):
                return self._did_nothing()
        return self._answered(altered_profile(profile, self._contact.profile, record.profile), unsent)

    async def _read_back(self, contact_id: str) -> ContactRecord | None:
        try:
            return await self._writer.read_contact(ContactId(contact_id))
        except ApiRejectedError:
            return None


def _rests(seen_at: float) -> Rests:
    """Return what a write on a contact rests on; the API does not limit the contacts calls."""
    return Rests(seen_at, writes=0, looks=0)
