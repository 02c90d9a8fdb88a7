"""The operations on one contact."""

from collections.abc import MutableMapping, Sequence
from http import HTTPStatus

from reconciler.core.model.desired import ContactId, Identifier, id_key
from reconciler.core.plan.altered import Altered, altered_profile
from reconciler.core.plan.diff import FactWrite, among, diff_facts, unsendable_facts
from reconciler.core.plan.operations import ContactWork, CreateContact, Operation, UpdateContact
from reconciler.core.remote import ALWAYS, NEVER, ContactRecord, Rests, Try, Unit
from reconciler.errors import ApiRejectedError, EmptyAnswerError, NotSentError, RouteAbsentError
from reconciler.execute.attempt import Done, Shown, did_nothing, half_done, joined, kept, not_seen, unread, was_held

_NO_CONTACTS_CALLS = (
    "this account does not offer the contacts calls; declare the contact by contact_id, without name and metadata"
)


def same_contact(address: str, first: str) -> str:
    """Return why nothing is done to a declared contact that is another declared one already."""
    return f"not tried: {address} is the same live contact as {first}; declare it once"


class ContactRun:
    """
    A contact while its operations are done: its id once known, and why what depends on it cannot be done.

    `owners` notes which declared contact each live one is, by id, and is shared by all contacts of a run.
    """

    def __init__(self, writer: Unit, work: ContactWork, owners: MutableMapping[str, str]) -> None:
        self._writer = writer
        self._contact = work.contact
        self._owners = owners
        self.contact_id = work.contact_id
        self.written: tuple[FactWrite, ...] = ()
        self.altered: tuple[Altered, ...] = ()
        self.obstacle = ""
        self._was_created = False

    async def do(self, operation: Operation) -> Done:
        """Do an operation; raises `ApiError`."""
        try:
            return await self._do(operation)
        except RouteAbsentError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                raise
            raise ApiRejectedError(_NO_CONTACTS_CALLS, status=error.status) from error

    async def _do(self, operation: Operation) -> Done:
        match operation:
            case CreateContact():
                shown = Shown((), certain=operation.certain)
                return await self._writer.in_one_go(lambda trying: self._create(shown, trying), _rests(ALWAYS))
            case UpdateContact():
                shown = Shown(operation.profile, certain=operation.certain)
                seen_at = NEVER if operation.needs_second_look else self._writer.began
                return await self._writer.in_one_go(
                    lambda trying: self._update_declared(operation, shown, trying), _rests(seen_at)
                )
            case _:
                raise TypeError(operation.type)

    def note_failure(self, why: str) -> None:
        """Remember that without an id nothing can be done to the contact's memories."""
        if self.contact_id is None:
            self.obstacle = f"not tried: {self._contact.address} could not be had ({why})"

    async def _create(self, shown: Shown, trying: Try) -> Done:
        """Find or create; what the answer does not show as declared is then corrected (`POST /v1/contacts/resolve`)."""
        record, created = await self._resolved()
        self._was_created = self._was_created or created
        self.contact_id = record.contact_id
        if self._is_anothers(record.contact_id):
            return "failed", self.obstacle
        missing = diff_facts(self._contact.profile, record.profile)
        if not created and (changed := shown.changed_since_plan(missing)):
            return "failed" if self._was_created else "skipped", changed
        if missing:
            return await self._complete(missing, trying)
        if self._was_created:
            return "done", ""
        return was_held(trying.doubt, what="the contact exists", otherwise="the contact exists")

    async def _resolved(self) -> tuple[ContactRecord, bool]:
        """Find or create the contact; where the answer says nothing, look for it."""
        identity = self._contact.identity
        assert isinstance(identity, Identifier)  # noqa: S101  nothing else is ever created
        declared = {fact.key: fact.value for fact in self._contact.profile}
        try:
            record, created = await self._writer.resolve_contact(identity, declared)
        except EmptyAnswerError:
            found = await self._writer.read_contact(identity)
            if found is None:
                raise
            record, created = found, not diff_facts(self._contact.profile, found.profile)
        return record, created

    async def _complete(self, missing: Sequence[FactWrite], trying: Try) -> Done:
        try:
            return await self._update(missing, trying)
        except NotSentError as error:
            raise half_done(error, what="the contact is there") from error

    def _is_anothers(self, contact_id: str) -> bool:
        """Return whether a live contact is another declared one already, so that nothing is done to it here."""
        address = self._contact.address
        first = self._owners.setdefault(id_key(contact_id), address)
        if first != address:
            self.obstacle = same_contact(address, first)
        return first != address

    async def _update_declared(self, operation: UpdateContact, shown: Shown, trying: Try) -> Done:
        """Update what is still needed; parts that no spec names are sent back as they are by now, or nothing is."""
        assert self.contact_id is not None  # noqa: S101  an update is planned with an id
        needed = operation.profile
        if not trying.view_holds:
            record = await self._writer.read_contact(ContactId(self.contact_id))
            if record is None:
                return "failed", not_seen("the contact")
            needed = diff_facts(self._contact.profile, record.profile)
            if not needed:
                return was_held(trying.doubt, what="the contact holds it", otherwise="the contact holds it by now")
            if changed := shown.changed_since_plan(needed):
                return "skipped", changed
        return await self._update(needed, trying)

    async def _update(self, profile: Sequence[FactWrite], trying: Try) -> Done:
        assert self.contact_id is not None  # noqa: S101  planned with an id, or just created
        unsent = unsendable_facts(profile, by_key=True)
        profile = tuple(write for write in profile if write.key not in unsent)
        if not profile:
            return kept((), unsent)
        self.written = joined(self.written, profile)
        record = await self._writer.update_contact(self.contact_id, profile)
        if record is None:
            record = await self._read_back(self.contact_id)
            if record is None:
                return "unknown", unread("the contact")
            needed = diff_facts(self._contact.profile, record.profile)
            if all(among(write, needed) for write in profile):
                return did_nothing(self._writer, trying)
        self._writer.doubts.clear()
        self.altered = altered_profile(profile, self._contact.profile, record.profile)
        return kept(self.altered, unsent)

    async def _read_back(self, contact_id: str) -> ContactRecord | None:
        try:
            return await self._writer.read_contact(ContactId(contact_id))
        except ApiRejectedError:
            return None


def _rests(seen_at: float) -> Rests:
    """Return what a write on a contact rests on; the contacts calls are none of those that the API limits."""
    return Rests(seen_at, writes=0, looks=0)
