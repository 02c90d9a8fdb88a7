"""Make a snapshot of what was read, with every value, key, identifier and phone number masked."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.documents.plan import FORMAT_VERSION
from reconciler.core.model.desired import ScopeKey, identifier_key, number_key
from reconciler.core.model.masking import Masked, Masker
from reconciler.core.model.observed import LiveUser
from reconciler.core.model.value import Json
from reconciler.core.remote import ContactRecord, Context, Record
from reconciler.core.snapshot.seen import (
    Holdings,
    Seen,
    SeenContact,
    SeenContext,
    SeenMapping,
    SeenMemory,
    SeenUser,
    SeenUsers,
    Snapshot,
    compared,
    one_of_several,
    scope_key_of,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Where and when a snapshot was taken; `taken_at` is an ISO 8601 time in UTC."""

    environment: str
    api: str
    taken_at: str


def mask_holdings(holdings: Holdings, taken: Taken, masker: Masker) -> Snapshot:
    """Return the snapshot of what was read."""
    masking = _Masking(masker)
    several = _several(holdings.contacts or ())
    contacts = None if holdings.contacts is None else tuple(masking.contact(it, several) for it in holdings.contacts)
    contexts = [masking.context(*asked, context) for asked, context in holdings.contexts.items()]
    users = [masking.users(memory_id, held) for memory_id, held in holdings.users.items()]
    return Snapshot(
        format_version=FORMAT_VERSION,
        kind="snapshot",
        environment=taken.environment,
        api=taken.api,
        taken_at=taken.taken_at,
        key_check=masker.key_check,
        is_complete=holdings.is_complete,
        contacts=contacts,
        memories=tuple(masking.memory(holdings.memories[memory_id]) for memory_id in sorted(holdings.memories)),
        contexts=tuple(sorted(contexts, key=lambda seen: (seen.contact_id, str(scope_key_of(seen))))),
        users=tuple(sorted(users, key=lambda seen: seen.memory_id)),
    )


def _several(contacts: Iterable[ContactRecord]) -> frozenset[tuple[str, str]]:
    """Return the identifiers that several contacts have, in the form in which they are compared."""
    keys = Counter(key for contact in contacts for key in {identifier_key(*item) for item in contact.identifiers or ()})
    return frozenset(key for key, count in keys.items() if count > 1)


@dataclass(frozen=True, slots=True)
class _Masking:
    """Masks every value, key, identifier and phone number of what was read."""

    masker: Masker

    def contact(self, record: ContactRecord, several: Container[tuple[str, str]]) -> SeenContact:
        """Mask a contact; `several` are the identifiers that several contacts have."""
        identifiers = None
        if record.identifiers is not None:
            identifiers = tuple((kind, self._identifier(kind, value, several)) for kind, value in record.identifiers)
        memories = None if record.memories is None else tuple(map(self.memory, record.memories))
        return SeenContact(record.contact_id, self._profile(record.profile), identifiers, memories)

    def memory(self, record: Record) -> SeenMemory:
        """Mask a contact memory."""
        return SeenMemory(
            record.memory_id, record.contact_id, *self._scope(record.scope_key), self._facts(record.facts)
        )

    def context(self, contact_id: str, scope_key: ScopeKey, context: Context) -> SeenContext:
        """Mask an answer of the context call."""
        facts = self._facts(context.facts)
        return SeenContext(contact_id, *self._scope(scope_key), facts, context.is_empty, context.contact_known)

    def users(self, memory_id: str, held: tuple[Mapping[str, LiveUser | None], bool]) -> SeenUsers:
        """Mask the users of a memory."""
        users, listed = held
        forms = Counter(map(number_key, users))
        several = {("phone_number", form) for form, count in forms.items() if count > 1}
        masked = {self._identifier("phone_number", phone, several): self._user(user) for phone, user in users.items()}
        return SeenUsers(memory_id, listed, masked)

    def _user(self, user: LiveUser | None) -> SeenUser | None:
        if user is None:
            return None
        key = self._text(user.external_memory_key)
        return SeenUser(self._text(user.metadata), self._text(user.summary), user.comparable, key)

    def _text(self, text: str | None) -> Masked | None:
        return None if text is None else self.masker.mask(text, "live")

    def _profile(self, profile: Mapping[str, Json]) -> Mapping[str, Seen]:
        return {key: self._seen(value) for key, value in profile.items()}

    def _facts(self, facts: Mapping[str, Json]) -> Mapping[str, Seen]:
        return {self.masker.digest(key): self._seen(value) for key, value in facts.items()}

    def _seen(self, value: Json) -> Seen:
        whole = self.masker.mask(value, "live")
        return SeenMapping(whole, self._facts(value)) if isinstance(value, dict) else whole

    def _identifier(self, kind: str, value: str, several: Container[tuple[str, str]] = ()) -> str:
        """Mask an identifier in the form in which it is compared, after its own digest where several are alike."""
        alike = self.masker.digest(compared(kind, value))
        return one_of_several(self.masker.digest(value), alike) if identifier_key(kind, value) in several else alike

    def _scope(self, scope_key: ScopeKey | None) -> tuple[str | None, str | None]:
        fields = scope_key.fields if scope_key else {}
        number = fields.get("agent_number")
        return fields.get("persona_id"), None if number is None else self._number(number)

    def _number(self, number: str) -> str:
        return self._identifier("phone_number", number)
