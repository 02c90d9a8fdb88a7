"""
Plans and receipts as documents: the JSON contract as frozen values, with live values already masked.

Every format is rendered from these, so that none can show what the JSON lacks. Field names are the JSON's.

Documents are dataclasses, since pydantic reads them back and makes their schema. All other values are `msgspec.Struct`,
which is made in a hundredth of the time when the program starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.documents.plan_keys import KeysEntry
from reconciler.core.model.desired import Policy
from reconciler.core.model.masking import Mixed, Shown, Text
from reconciler.core.model.selection import Shards
from reconciler.core.plan.base import Cause
from reconciler.core.plan.guards import NOTHING_MEASURED, ExceededGuard, Measures
from reconciler.core.plan.totals import SummaryEntry

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """A place in a spec; `line` starts at 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class FactAdded:
    """A fact, or a part of one at `path`, that the live side lacks."""

    key: str
    action: Literal["add"]
    path: tuple[str, ...]
    after: Mixed
    source: PlaceEntry
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class FactUpdated:
    """A fact, or a part of one at `path`, that the live side holds with another value."""

    key: str
    action: Literal["update"]
    path: tuple[str, ...]
    before: Shown
    after: Mixed
    source: PlaceEntry
    cause: Cause | None = None


FactEntry: TypeAlias = FactAdded | FactUpdated


@dataclass(frozen=True, slots=True)
class CreateMemoryEntry:
    """`POST /v1/memory/contact`; one of `persona_id` and `agent_number` is null, and `contact_id` until it is known."""

    type: Literal["create_memory"]
    address: str
    certain: bool
    contact_id: str | None
    persona_id: str | None
    agent_number: str | None
    source: PlaceEntry
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class WriteFactsEntry:
    """`PATCH /v1/memory/contact/{memory_id}/facts`; `memory_id` is null until an apply learns it."""

    type: Literal["write_facts"]
    address: str
    certain: bool
    memory_id: str | None
    source: PlaceEntry
    facts: tuple[FactEntry, ...]


@dataclass(frozen=True, slots=True)
class AddUserEntry:
    """`POST /v1/memory/{memory_id}/add-user`; what is null is not declared, and `memory_id` may not be known."""

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


@dataclass(frozen=True, slots=True)
class UpdateUserEntry:
    """`POST /v1/memory/{memory_id}/user/update`; `changes` are of `metadata` and `summary`."""

    type: Literal["update_user"]
    address: str
    certain: bool
    memory_id: str | None
    source: PlaceEntry
    phone_number: str
    changes: tuple[FactEntry, ...]


@dataclass(frozen=True, slots=True)
class CreateContactEntry:
    """`POST /v1/contacts/resolve`: one of the three identifiers; what else is null is not declared."""

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


@dataclass(frozen=True, slots=True)
class UpdateContactEntry:
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


@dataclass(frozen=True, slots=True)
class UnchangedFact:
    """A declared fact, or a part of one, that no operation changes; `seed` is live already, with any value."""

    key: str
    path: tuple[str, ...]
    policy: Policy
    declared: Mixed
    source: PlaceEntry


@dataclass(frozen=True, slots=True)
class UnchangedUser:
    """A declared user that the memory holds already, and that no operation changes."""

    phone_number: str
    source: PlaceEntry


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """What stays of a memory that has operations; `contact` and `scope` are null where it is declared by id."""

    address: str
    contact: str | None
    scope: str | None
    unchanged: tuple[UnchangedFact, ...]
    unchanged_users: tuple[UnchangedUser, ...]


@dataclass(frozen=True, slots=True)
class NoticeEntry:
    """What cannot or need not be done; `source` is null where no spec declares it, `keys` are told where asked for."""

    type: str
    address: str
    count: int
    source: PlaceEntry | None = None
    keys: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class CostEntry:
    """Requests that the plan took and the apply will take; `seconds_at_rate_limit` is 0 without a limit."""

    requests_read: int
    requests_to_write: int
    seconds_at_rate_limit: int


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """
    A plan; times are ISO 8601 in UTC.

    `key_check` tells whether a key is the one that values are masked with, `operations_digest` whether operations are
    those that were planned. `snapshot_taken_at` is null unless a snapshot was read in the account's place, `base`
    unless changes are shown with their causes since that revision, `shards` and `keys` unless it is for a part of what
    is declared. `guards` are held against `measures`; those that are told refuse the plan.
    """

    format_version: str
    kind: Literal["plan"]
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
    shards: Shards | None = None
    keys: KeysEntry | None = None


@dataclass(frozen=True, slots=True)
class AlteredEntry:
    """A fact or field that came back otherwise than it was sent: as what; null, with `missing`, for not at all."""

    key: str
    came_back: Shown
    missing: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeEntry:
    """
    The outcome of one operation, and why; `changed_since_plan`: it was skipped, since the live value changed.

    `altered` is what the account keeps otherwise than it was sent, which another run would not change.
    """

    type: str
    address: str
    outcome: str
    detail: str
    source: PlaceEntry
    changed_since_plan: bool = False
    altered: tuple[AlteredEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class TotalsEntry:
    """Outcomes of each kind."""

    done: int
    already: int
    skipped: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """A receipt; times are ISO 8601 in UTC. `shards` is null unless it is for a part of what is declared."""

    format_version: str
    kind: Literal["receipt"]
    environment: str
    api: str
    specs_digest: str
    started_at: str
    finished_at: str
    interrupted: bool
    totals: TotalsEntry
    outcomes: tuple[OutcomeEntry, ...]
    shards: Shards | None = None


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """A request that an apply would send; what was kept of the live side in its `body` is masked."""

    method: str
    path: str
    body: Mapping[str, Mixed]


@dataclass(frozen=True, slots=True)
class DryRunDocument:
    """The requests of an apply, in the order in which one worker would send them."""

    format_version: str
    kind: Literal["dry_run"]
    environment: str
    api: str
    requests: tuple[RequestEntry, ...]
