"""
Plans as documents: the JSON contract as frozen values, with live values already masked.

Every format is rendered from these, so that none can show what the JSON lacks. Field names are the JSON's.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Literal, TypeAlias

from reconciler.core.model.desired import Policy
from reconciler.core.model.masking import Mixed, Shown, Text
from reconciler.core.model.rules import RuleKind
from reconciler.core.model.selection import Chosen, Shards
from reconciler.core.model.settings import NOTHING_MEASURED, ExceededGuard, Measures
from reconciler.core.model.value import NORMAL, DocumentPart, Json
from reconciler.core.plan.base import Cause
from reconciler.core.plan.measures import SummaryEntry

FORMAT_VERSION = "1.0"

MOST_RULE_PLACES = 20
"""The most places that break a rule and are named; all are counted."""


class PlaceEntry(DocumentPart, frozen=True):
    """A place in a spec; `line` starts at 1."""

    file: str
    line: int


class FactAdded(DocumentPart, frozen=True):
    """A fact, or the part of one at `path`, that the account does not hold."""

    key: str
    action: Literal["add"]
    path: tuple[str, ...]
    after: Mixed
    source: PlaceEntry
    cause: Cause | None = None


class FactUpdated(DocumentPart, frozen=True):
    """A fact, or the part of one at `path`, that the account holds with another value."""

    key: str
    action: Literal["update"]
    path: tuple[str, ...]
    before: Shown
    after: Mixed
    source: PlaceEntry
    cause: Cause | None = None


FactEntry: TypeAlias = FactAdded | FactUpdated


class CreateMemoryEntry(DocumentPart, frozen=True):
    """`POST /v1/memory/contact`; `persona_id` or `agent_number` is null; `contact_id` is, too, until it is known."""

    type: Literal["create_memory"]
    address: str
    certain: bool
    contact_id: str | None
    persona_id: str | None
    agent_number: str | None
    source: PlaceEntry
    cause: Cause | None = None


class WriteFactsEntry(DocumentPart, frozen=True):
    """`PATCH /v1/memory/contact/{memory_id}/facts`; `memory_id` is null where it is not known yet."""

    type: Literal["write_facts"]
    address: str
    certain: bool
    memory_id: str | None
    source: PlaceEntry
    facts: tuple[FactEntry, ...]


class AddUserEntry(DocumentPart, frozen=True):
    """`POST /v1/memory/{memory_id}/add-user`; a null field is not declared, or not known yet (`memory_id`)."""

    type: Literal["add_user"]
    address: str
    certain: bool
    memory_id: str | None
    source: PlaceEntry
    phone_number: str
    metadata: Text | None
    summary: Text | None
    external_memory_key: Text | None
    cause: Cause | None = None


class UpdateUserEntry(DocumentPart, frozen=True):
    """`POST /v1/memory/{memory_id}/user/update`; `changes` are of `metadata` and `summary`."""

    type: Literal["update_user"]
    address: str
    certain: bool
    memory_id: str | None
    source: PlaceEntry
    phone_number: str
    changes: tuple[FactEntry, ...]


class CreateContactEntry(DocumentPart, frozen=True):
    """`POST /v1/contacts/resolve`: one of the three identifiers; another null field is not declared."""

    type: Literal["create_contact"]
    address: str
    certain: bool
    source: PlaceEntry
    external_id: Text | None
    phone_number: Text | None
    email: Text | None
    name: Mixed
    metadata: Mixed
    cause: Cause | None = None


class UpdateContactEntry(DocumentPart, frozen=True):
    """`PATCH /v1/contacts/{contact_id}`; `changes` are of `name` and of parts of `metadata`."""

    type: Literal["update_contact"]
    address: str
    certain: bool
    contact_id: str | None
    source: PlaceEntry
    changes: tuple[FactEntry, ...]


OperationEntry: TypeAlias = (
    CreateContactEntry | UpdateContactEntry | CreateMemoryEntry | WriteFactsEntry | AddUserEntry | UpdateUserEntry
)


def changes_of(entry: OperationEntry) -> tuple[FactEntry, ...]:
    """Return the changes of facts or fields that an operation makes; empty where it creates something."""
    match entry:
        case WriteFactsEntry(facts=changes) | UpdateContactEntry(changes=changes) | UpdateUserEntry(changes=changes):
            return changes
        case _:
            return ()


class UnchangedFact(DocumentPart, frozen=True):
    """A declared fact, or a part of one, that no operation changes; a seeded fact is live with any value."""

    key: str
    path: tuple[str, ...]
    policy: Policy
    declared: Mixed
    source: PlaceEntry


class UnchangedUser(DocumentPart, frozen=True):
    """A declared user that the memory holds and that no operation changes."""

    phone_number: str
    source: PlaceEntry


class MemoryEntry(DocumentPart, frozen=True):
    """A memory that has operations, and what they leave unchanged; one declared by id has no `contact` and `scope`."""

    address: str
    contact: str | None
    scope: str | None
    unchanged: tuple[UnchangedFact, ...]
    unchanged_users: tuple[UnchangedUser, ...]


class NoticeEntry(DocumentPart, frozen=True):
    """
    Something that a plan cannot or need not do; `source` is null where no spec declares it.

    Of a rule that warns, or that is not judged, `rule` is the name, and `message` what the rule says.
    `since` is when the oldest of the users that are `remembered` was seen as declared.
    """

    type: str
    address: str
    count: int
    source: PlaceEntry | None = None
    keys: tuple[Text, ...] = ()
    rule: str = ""
    message: str = ""
    since: str | None = None


class RulePlaceEntry(DocumentPart, frozen=True):
    """What breaks a rule; `detail` is why the rule could not be judged there, empty where it was."""

    address: str
    source: PlaceEntry | None
    detail: str = ""


class RuleEntry(DocumentPart, frozen=True):
    """
    A rule that refuses a plan, or would without `--allow` (`allowed`); `source` is where it is declared.

    `count` contacts, memories or changes break it, and `places` are the first 20; none where the totals break it.
    """

    name: str
    kind: RuleKind
    message: str
    source: PlaceEntry
    count: int
    places: tuple[RulePlaceEntry, ...]
    allowed: bool = False


class CostEntry(DocumentPart, frozen=True):
    """
    The requests of the plan and of the apply; `seconds_at_rate_limit` is 0 without a limit.

    With `is_rate_shared`, other runs draw from the same limit, so that it takes longer while they do.
    """

    requests_read: int
    requests_to_write: int
    seconds_at_rate_limit: int
    is_rate_shared: bool = False


class SimilarKeyEntry(DocumentPart, frozen=True):
    """A key that is new to the memory at an address, and the similar keys that this memory holds."""

    address: str
    key: str
    similar: tuple[Text, ...]


class KeysEntry(DocumentPart, frozen=True):
    """
    What the plan of a shard knows about keys; merging needs it to find the keys that are new, or likely typos.

    `declared` counts the facts of all shards under each key that is similar to another key. `live` are the declared
    keys that are live in the memories that were read. `similar_here` has an entry for each new key with similar keys.
    """

    declared: Mapping[str, int]
    live: tuple[str, ...]
    similar_here: tuple[SimilarKeyEntry, ...]


class PlanDocument(DocumentPart, frozen=True):
    """
    A plan, or a diff of specs, which has the same fields; times are ISO 8601 in UTC.

    In a diff (`"kind": "diff"`), what was declared at the revision `base` stands in the place of the account: `before`
    is a former declaration. Operations that are not `certain` are other values of seeded facts, which are written only
    where they are missing. No account was read, so its ids are null, and nothing can apply a diff.

    `specs_digest` is of all declarations; in the plan of a shard, of all files as they are, comments included.
    `key_check` identifies the key that values are masked with. `operations_digest` shows whether the plan is still what
    was planned: its operations, what they are for, and its measures. `snapshot_taken_at` is set where a snapshot was
    read instead of the account, and `base` where changes have causes since that revision. `shards` and `keys` are set
    where the plan is for some shards only, and `chosen` where options left out a part. `guards` and `rules` are those
    that refuse the plan; `measures` are what guards are compared with.
    """

    format_version: str
    kind: Literal["plan", "diff"]
    environment: str
    api: str
    specs_digest: str
    created_at: str
    key_check: str
    operations_digest: str
    summary: SummaryEntry
    cost: CostEntry
    operations: tuple[OperationEntry, ...]
    memories: tuple[MemoryEntry, ...]
    notices: tuple[NoticeEntry, ...]
    snapshot_taken_at: str | None = None
    base: str | None = None
    measures: Measures = NOTHING_MEASURED
    guards: tuple[ExceededGuard, ...] = ()
    rules: tuple[RuleEntry, ...] = ()
    shards: Shards | None = None
    keys: KeysEntry | None = None
    chosen: Chosen | None = None


MERGED = "merged:sha256:"
"""The prefix of the digest of merged plans, which is made without a key."""

_UNCOUNTED = {"source", "cause"}


def operations_digest(plan: PlanDocument, digest: Callable[[Iterable[Json]], str]) -> str:
    """
    Return the keyed `digest` of a list of all that an apply of a plan rests on.

    That is what the plan is for, what its guards are compared with, and the types, targets, new values and former
    values of its operations. It ignores places in files, causes and times, so the same drift has the same digest
    tomorrow. Without the key, nobody can make a digest for another plan.
    """
    head = (plan.environment, plan.specs_digest, plan.measures, plan.shards, plan.chosen)
    return digest(map(_entry, (*head, *plan.operations)))


def _entry(value: object) -> Json:
    if isinstance(value, DocumentPart):
        parts = ((name, getattr(value, name)) for name in _counted(value.__class__))
        return {name: part if type(part) in NORMAL else _entry(part) for name, part in parts}
    if isinstance(value, list | tuple):
        return [item if type(item) in NORMAL else _entry(item) for item in value]
    if isinstance(value, Mapping):
        return {key: item if type(item) in NORMAL else _entry(item) for key, item in value.items()}
    assert value is None or isinstance(value, str | int | float)  # noqa: S101  a document holds nothing else
    return value


@cache
def _counted(kind: type[DocumentPart]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name not in _UNCOUNTED)
