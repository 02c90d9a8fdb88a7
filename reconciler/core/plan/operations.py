"""The plan as data: operations, grouped by contact and memory, and notices."""

from typing import Literal, TypeAlias

from msgspec import Struct

from reconciler.core.model.address import user_address
from reconciler.core.model.desired import Contact, ContactMemory, Memory, User
from reconciler.core.model.observed import NO_KEYS, KnownKeys, NewKey
from reconciler.core.model.rules import RuleVerdict
from reconciler.core.model.selection import ALL, Chosen, Shards
from reconciler.core.model.settings import ExceededGuard
from reconciler.core.plan.base import Base
from reconciler.core.plan.diff import FactWrite
from reconciler.errors import Source


class _OnContact(Struct, frozen=True):
    """An operation on a contact."""

    contact: Contact

    @property
    def address(self) -> str:
        """Return the contact's address."""
        return self.contact.address

    @property
    def source(self) -> Source:
        """Return where the contact is declared."""
        return self.contact.source


class _OnContactMemory(Struct, frozen=True):
    """An operation on the memory of a contact."""

    memory: ContactMemory

    @property
    def address(self) -> str:
        """Return the memory's address."""
        return self.memory.address

    @property
    def source(self) -> Source:
        """Return where the memory is declared."""
        return self.memory.source


class _OnUser(Struct, frozen=True):
    """An operation on a user of a memory."""

    memory: Memory
    user: User

    @property
    def address(self) -> str:
        """Return the user's address."""
        return user_address(self.memory.address, self.user.phone_number)

    @property
    def source(self) -> Source:
        """Return where the user is declared."""
        return self.user.source


class CreateContact(_OnContact, frozen=True):
    """Find or create a contact by its identifier (`POST /v1/contacts/resolve`)."""

    type = "create_contact"
    certain: bool


class UpdateContact(_OnContact, frozen=True):
    """Set a contact's name and merge its metadata (`PATCH /v1/contacts/{contact_id}`)."""

    type = "update_contact"
    profile: tuple[FactWrite, ...]
    certain: bool

    @property
    def needs_second_look(self) -> bool:
        """Return whether the contact must be read again first: it was not read, or live parts are sent back."""
        return not self.certain or any(write.keeps_live_part for write in self.profile)


class CreateMemory(_OnContactMemory, frozen=True):
    """Get or create a memory (`POST /v1/memory/contact`); not `certain` where it may exist and be empty."""

    type = "create_memory"
    certain: bool


class WriteFacts(_OnContactMemory, frozen=True):
    """Add and update facts of a memory, all in one request (`PATCH /v1/memory/contact/{memory_id}/facts`)."""

    type = "write_facts"
    facts: tuple[FactWrite, ...]
    certain: bool

    @property
    def needs_second_look(self) -> bool:
        """Return whether the memory must be read again first: facts are seeded, or live parts are sent back."""
        seeded = {fact.key for fact in self.memory.facts if fact.policy == "seed"}
        return any(write.key in seeded or write.keeps_live_part for write in self.facts)


class AddUser(_OnUser, frozen=True):
    """Add a user to a memory (`POST /v1/memory/{memory_id}/add-user`); not `certain` where users cannot be listed."""

    type = "add_user"
    certain: bool


class UpdateUser(_OnUser, frozen=True):
    """
    Set the declared texts of a memory's user (`POST /v1/memory/{memory_id}/user/update`).

    `shown_as` is the phone number in the account, where it has another form than the declared one.
    """

    type = "update_user"
    certain = True
    changes: tuple[FactWrite, ...]
    shown_as: str | None = None


ContactOperation: TypeAlias = CreateContact | UpdateContact
MemoryOperation: TypeAlias = CreateMemory | WriteFacts | AddUser | UpdateUser
Operation: TypeAlias = ContactOperation | MemoryOperation


class ContactWork(Struct, frozen=True):
    """The operations on one contact, which precede those on its memories; `contact_id` is None while unknown."""

    contact: Contact
    contact_id: str | None
    operations: tuple[ContactOperation, ...]

    @property
    def address(self) -> str:
        """Return the contact's address."""
        return self.contact.address


class MemoryWork(Struct, frozen=True):
    """
    The operations on one memory, in the required order; ids are None while unknown.

    `left_alone` are declared numbers that match several users of the memory.
    """

    memory: Memory
    contact_id: str | None
    memory_id: str | None
    operations: tuple[MemoryOperation, ...]
    left_alone: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        """Return the memory's address."""
        return self.memory.address

    @property
    def needs_second_look(self) -> bool:
        """Return whether the memory has to be read again before its facts are written."""
        writes = (item for item in self.operations if isinstance(item, WriteFacts))
        return self.memory_id is not None and any(item.needs_second_look for item in writes)

    @property
    def needs_lookup(self) -> bool:
        """Return whether the id of an existing memory must first be asked for, with the get-or-create call."""
        return self.memory_id is None and not any(isinstance(item, CreateMemory) for item in self.operations)


Work: TypeAlias = ContactWork | MemoryWork

NoticeType: TypeAlias = Literal[
    "ambiguous_contact",
    "ambiguous_memory",
    "ambiguous_user",
    "key_changed",
    "near_duplicate",
    "not_read",
    "now_enforced",
    "now_seeded",
    "other_shard",
    "remembered",
    "retained",
    "rule",
    "rule_not_judged",
    "unconfirmed_key",
    "undeclared",
    "unknown_contact",
    "unmanaged",
    "unverifiable",
]
AMBIGUOUS: frozenset[NoticeType] = frozenset(("ambiguous_contact", "ambiguous_memory", "ambiguous_user"))
"""Several live things match the declared one, so nothing is planned for it or below it."""


class Notice(Struct, frozen=True):
    """
    A remark on what cannot or need not be done; it never blocks.

    `count` counts, by type: live keys (`unmanaged`); users or contacts that cannot be looked up (`unverifiable`); users
    whose `external_memory_key` is not shown as declared (`unconfirmed_key`); live contacts, memories or users that
    match one declaration (`ambiguous_…`); declared memories (`unknown_contact`, `not_read`, `other_shard`); facts and
    users that are declared no longer (`retained`). Those of a diff alone count contacts and memories that are declared
    no longer (`undeclared`), facts whose policy changed (`now_enforced`, `now_seeded`), and users whose
    `external_memory_key` did (`key_changed`). `source` is the place of the declaration, `keys` are the counted keys. Of
    a `near_duplicate`, `keys` are the new key and similar declared ones, `live_keys` similar live ones. Of a `rule`
    that warns, and one that is not judged (`rule_not_judged`), `rule` is the name, and `message` what the rule says. Of
    `remembered` users, which were not read, `since` is the oldest time at which one was seen as declared.
    """

    type: NoticeType
    address: str
    count: int
    source: Source | None = None
    keys: tuple[str, ...] = ()
    live_keys: tuple[str, ...] = ()
    rule: str = ""
    message: str = ""
    since: str | None = None


class PlanOrigin(Struct, frozen=True):
    """
    The environment, specs and time of a plan; times are ISO 8601 in UTC.

    `snapshot_taken_at` is None unless a snapshot was read instead of the account, `shards` unless it covers a part.
    `chosen` is what options left to be read.
    """

    environment: str
    api: str
    specs_digest: str
    created_at: str
    snapshot_taken_at: str | None = None
    shards: Shards | None = None
    chosen: Chosen = ALL


class Plan(Struct, frozen=True):
    """
    What an apply would do. `memories` counts the memories that were read, `requests_read` the requests for that.

    `left_alone` counts the memories that are neither written nor known to be as declared: they, or their contact,
    match several live ones, or nothing holds of what a saved plan has for them. `base` holds the declarations of a
    revision, where changes are shown with their causes. `seconds_at_rate_limit` is the wait of the apply, 0 without
    a limit, and longer where it `is_rate_shared`; `looks` and `contact_looks` count the reads that it repeats.
    `enforced_facts_live` counts the enforced facts that are live with any value. `similar_keys` are the new keys that
    are one typo away from `keys`. `exceeded` are the guards that refuse the plan, `refusing` the rules that do, or
    would without `--allow`.
    """

    origin: PlanOrigin
    work: tuple[Work, ...]
    notices: tuple[Notice, ...]
    memories: int
    requests_read: int
    base: Base | None = None
    seconds_at_rate_limit: int = 0
    is_rate_shared: bool = False
    looks: int = 0
    contact_looks: int = 0
    left_alone: int = 0
    enforced_facts_live: int = 0
    keys: KnownKeys = NO_KEYS
    similar_keys: tuple[NewKey, ...] = ()
    exceeded: tuple[ExceededGuard, ...] = ()
    refusing: tuple[RuleVerdict, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Return all operations in the order of the plan."""
        return tuple(operation for work in self.work for operation in work.operations)

    @property
    def has_changes(self) -> bool:
        """Return whether changes are pending; uncertain ones do not count."""
        return any(operation.certain for operation in self.operations)

    @property
    def requests_to_write(self) -> int:
        """
        Count the requests of an apply: one an operation, and one for each read.

        A created contact is read afterwards, since the documented answer does not show its identifier.
        """
        contacts = [item for work in self.work if isinstance(work, ContactWork) for item in work.operations]
        looks = sum(isinstance(item, CreateContact) or item.needs_second_look for item in contacts)
        return len(contacts) + looks + self.contact_looks + self.limited_requests_to_write

    @property
    def limited_requests_to_write(self) -> int:
        """Count the requests to `/v1/memory`, which share one rate limit."""
        memories = [work for work in self.work if isinstance(work, MemoryWork)]
        plain = sum(len(work.operations) + (work.needs_lookup or work.needs_second_look) for work in memories)
        return plain + self.looks
