"""The operations on one contact."""

from collections.abc import MutableMapping, Sequence
from http import HTTPStatus

from reconciler.core.desired import ContactId, Identifier
from reconciler.core.diff import FactWrite, diff_facts
from reconciler.core.plan import ContactWork, CreateContact, Operation, UpdateContact
from reconciler.core.remote import ContactRecord, Writer
from reconciler.core.value import covers
from reconciler.errors import ApiRejectedError, NotSentError, RouteAbsentError
from reconciler.execute.attempt import Done, half_done, moved_since, not_kept

_NO_CONTACTS_CALLS = (
    "this account does not offer the contacts calls; declare the contact by contact_id, without name and metadata"
)


class ContactRun:
    """
    A contact while its operations are done: its id once known, and why what depends on it cannot be done.

    `owners` notes which declared contact each live one is, by id, and is shared by all contacts of a run.
    """

    def __init__(self, writer: Writer, work: ContactWork, owners: MutableMapping[str, str]) -> None:
        self._writer = writer
        self._contact = work.contact
        self._owners = owners
        self.contact_id = work.contact_id
        self.written: tuple[FactWrite, ...] = ()
        self.obstacle = ""

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
                return await self._create(certain=operation.certain)
            case UpdateContact():
                return await self._update_declared(operation)
            case _:
                raise TypeError(operation.type)

    def note_failure(self, why: str) -> None:
        """Keep in mind that without an id nothing can be done to the contact's memories."""
        if self.contact_id is None:
            self.obstacle = f"not tried: {self._contact.address} could not be had ({why})"

    async def _create(self, *, certain: bool) -> Done:
        """Find or create; what the answer does not show as declared is then corrected (`POST /v1/contacts/resolve`)."""
        assert isinstance(self._contact.identity, Identifier)  # noqa: S101  nothing else is ever created
        declared = {fact.key: fact.value for fact in self._contact.profile}
        record, created = await self._writer.resolve_contact(self._contact.identity, declared)
        self.contact_id = record.contact_id
        if self._is_anothers(record.contact_id):
            return "failed", self.obstacle
        missing = diff_facts(self._contact.profile, record.profile)
        if not created and (moved := moved_since((), missing, certain=certain)):
            return "skipped", moved
        if missing:
            return await self._complete(missing)
        return ("done", "") if created else ("already", "the contact exists")

    async def _complete(self, missing: Sequence[FactWrite]) -> Done:
        try:
            return await self._update(missing)
        except NotSentError as error:
            raise half_done(error, what="the contact is there") from error

    def _is_anothers(self, contact_id: str) -> bool:
        """Say whether a live contact is another declared one already; nothing is then done to it in this one's name."""
        address = self._contact.address
        first = self._owners.setdefault(contact_id, address)
        if first != address:
            self.obstacle = f"not tried: {address} is the same live contact as {first}; declare it once"
        return first != address

    async def _update_declared(self, operation: UpdateContact) -> Done:
        """Update what is still needed; parts that no spec names are sent back as they are by now, or nothing is."""
        if not operation.needs_second_look:
            return await self._update(operation.profile)
        assert self.contact_id is not None  # noqa: S101  an update is planned with an id
        record = await self._writer.read_contact(ContactId(self.contact_id))
        if record is None:
            return await self._update(operation.profile)
        still_needed = diff_facts(self._contact.profile, record.profile)
        if moved := moved_since(operation.profile, still_needed, certain=operation.certain):
            return "skipped", moved
        return await self._update(still_needed) if still_needed else ("already", "the contact holds it by now")

    async def _update(self, profile: Sequence[FactWrite]) -> Done:
        assert self.contact_id is not None  # noqa: S101  planned with an id, or just created
        self.written = tuple(profile)
        record = await self._writer.update_contact(self.contact_id, profile)
        if record is None:
            return "done", "the answer did not show the contact, so it was not checked"
        return not_kept([write for write in profile if not _is_held(write, record)])


def _is_held(write: FactWrite, record: ContactRecord) -> bool:
    return write.key in record.profile and covers(record.profile[write.key], write.declared)
