"""Mask what was read of an account for a snapshot, and find the values of the specs behind the masks again."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping

from msgspec import Struct

from reconciler.core.documents.plan import FORMAT_VERSION
from reconciler.core.model.desired import (
    AgentNumber,
    Desired,
    Fact,
    Identifier,
    ScopeKey,
    User,
    identifier_key,
    number_key,
)
from reconciler.core.model.masking import DigestOnly, DigestsIn, Masked, Masker
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


def unmask_snapshot(snapshot: Snapshot, declared: Iterable[Desired], masker: Masker) -> Holdings:
    """Return what was read, as far as it is declared; everything else stays a digest."""
    unmasking = _Unmasking(_by_digest(declared, masker))
    contacts = None if snapshot.contacts is None else tuple(map(unmasking.contact, snapshot.contacts))
    contexts = {(seen.contact_id, unmasking.scope_key(seen)): unmasking.context(seen) for seen in snapshot.contexts}
    return Holdings(
        contacts=contacts,
        is_complete=snapshot.is_complete,
        memories={seen.memory_id: unmasking.memory(seen) for seen in snapshot.memories},
        contexts={(contact_id, key): context for (contact_id, key), context in contexts.items() if key is not None},
        users={seen.memory_id: (unmasking.users(seen), seen.listed) for seen in snapshot.users},
    )


def has_key_of(snapshot: Snapshot, masker: Masker) -> bool:
    """Return whether a masker has the key that the snapshot was made with."""
    return masker.key_check == snapshot.key_check


class _Unmasking(Struct, frozen=True):
    """Replaces the digests of declared values and keys; `known` maps digests to them."""

    known: Mapping[str, Json]

    def contact(self, seen: SeenContact) -> ContactRecord:
        """Return a contact."""
        identifiers = None
        if seen.identifiers is not None:
            identifiers = tuple((kind, self._identifier(digest)) for kind, digest in seen.identifiers)
        memories = None if seen.memories is None else tuple(map(self.memory, seen.memories))
        profile = {key: self._value(value) for key, value in seen.profile.items()}
        return ContactRecord(seen.contact_id, profile, identifiers, memories)

    def memory(self, seen: SeenMemory) -> Record:
        """Return a contact memory."""
        return Record(seen.memory_id, seen.contact_id, self.scope_key(seen), self._facts(seen.facts))

    def context(self, seen: SeenContext) -> Context:
        """Return an answer of the context call."""
        return Context(self._facts(seen.facts), seen.is_empty, seen.contact_known)

    def scope_key(self, seen: SeenMemory | SeenContext) -> ScopeKey | None:
        """Return the scope; an agent number that no spec declares stays a digest."""
        scope_key = scope_key_of(seen)
        return AgentNumber(self._key(scope_key.agent_number)) if isinstance(scope_key, AgentNumber) else scope_key

    def users(self, seen: SeenUsers) -> dict[str, LiveUser | None]:
        """Return the users of a memory by phone number."""
        return {self._identifier(digest, n): self._user(seen.users[digest]) for n, digest in enumerate(seen.users, 1)}

    def _user(self, seen: SeenUser | None) -> LiveUser | None:
        if seen is None:
            return None
        key = self._text(seen.external_memory_key)
        return LiveUser(self._text(seen.metadata), self._text(seen.summary), seen.comparable, key)

    def _text(self, masked: Masked | None) -> str | None:
        value = None if masked is None else self._value(masked)
        return value if isinstance(value, str) else None

    def _facts(self, facts: Mapping[str, Seen]) -> dict[str, Json]:
        return {self._key(digest): self._value(value) for digest, value in facts.items()}

    def _value(self, seen: Seen) -> Json:
        if isinstance(seen, SeenMapping):
            return DigestsIn(self._facts(seen.parts), seen.whole)
        return self.known[seen.masked] if seen.masked in self.known else DigestOnly(seen)

    def _identifier(self, digests: str, number: int = 1) -> str:
        """Return an identifier back; one of several that are alike in its own form, or in some other than declared."""
        own, _, alike = digests.partition(" ")
        declared = self.known.get(alike)
        if own in self.known or not isinstance(declared, str):
            return self._key(own if own in self.known else digests)
        return declared.swapcase() if "@" in declared else declared + " " * number

    def _key(self, digest: str) -> str:
        key = self.known.get(digest)
        return key if isinstance(key, str) else digest


def _by_digest(declared: Iterable[Desired], masker: Masker) -> Mapping[str, Json]:
    """Return declared values and keys by digest, and identifiers by the digests of both of their forms."""
    desired = tuple(declared)
    known = {masker.digest(value): value for one in desired for value in _declared(one)}
    known |= {masker.digest(value): value for one in desired for _, value in _identifiers(one)}
    return known | {masker.digest(compared(*item)): item[1] for one in desired for item in _identifiers(one)}


def _declared(desired: Desired) -> Iterator[Json]:
    for contact in desired.contacts:
        yield from _of_facts(contact.profile)
    for memory in desired.contact_memories:
        yield from memory.scope_key.fields.values()
        yield from _of_facts(memory.facts)
        yield from memory.left_out
    for any_memory in desired.memories:
        yield from _of_users(any_memory.users)


def _identifiers(desired: Desired) -> Iterator[tuple[str, str]]:
    """Return identifiers and phone numbers, each with its kind."""
    for contact in desired.contacts:
        if isinstance(contact.identity, Identifier):
            yield contact.identity.kind, contact.identity.value
    for memory in desired.contact_memories:
        if isinstance(memory.scope_key, AgentNumber):
            yield "phone_number", memory.scope_key.agent_number
    for user in (user for any_memory in desired.memories for user in any_memory.users):
        yield "phone_number", user.phone_number


def _of_facts(facts: Iterable[Fact]) -> Iterator[Json]:
    for fact in facts:
        yield fact.key
        yield from _parts(fact.value)


def _parts(value: Json) -> Iterator[Json]:
    if not isinstance(value, dict):
        yield value
        return
    for key, item in value.items():
        yield key
        yield from _parts(item)


def _of_users(users: Iterable[User]) -> Iterator[Json]:
    for user in users:
        texts = (user.phone_number, user.metadata, user.summary, user.external_memory_key)
        yield from (text for text in texts if text is not None)


class Taken(Struct, frozen=True):
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


class _Masking(Struct, frozen=True):
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
