"""Past runs as their journals record them, and the state of the operations that a run left without an outcome."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import asdict

from reconciler.core.documents.plan import FORMAT_VERSION, PlaceEntry
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.model.address import is_within, operation_key, user_address
from reconciler.core.model.desired import Desired
from reconciler.core.model.selection import Shard, Shards
from reconciler.core.model.value import DocumentPart
from reconciler.core.plan.operations import AMBIGUOUS, Plan
from reconciler.core.plan.receipt import CHANGED_SINCE_PLAN, Result, RunRecord, totals_of
from reconciler.errors import Source

RunState: TypeAlias = Literal["running", "complete", "incomplete", "interrupted", "killed", "refused"]
"""
How a run ended.

`incomplete`: at its end, with operations that failed or were not tried. `interrupted`: a signal asked it to stop.
`killed`: without an end. `refused`: by a guard or a rule, before it wrote anything.
"""


class RunEntry(DocumentPart, frozen=True):
    """
    One run as its journal records it, with who ran it from which commit; what is not known is left out.

    `run` is its id, and `shard` the part of the contacts that it was about, such as `2/8`. `operations` counts the
    planned ones; those never begun count as skipped. `resolved`: a later run has decided what happened to the
    operations that this run left open.
    """

    run: str
    environment: str
    api: str
    started_at: str
    finished_at: str | None
    state: RunState
    resolved: bool
    operations: int
    totals: TotalsEntry
    actor: str | None = None
    host: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    ci_url: str | None = None
    version: str | None = None
    plan_digest: str | None = None
    shard: str | None = None


class RunsDocument(DocumentPart, frozen=True):
    """The runs of a repository, the newest first."""

    format_version: str
    kind: Literal["runs"]
    runs: tuple[RunEntry, ...]


JOURNAL_VERSION = "1.0"

TimeText = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,20}Z$")]
Count = Annotated[int, Meta(ge=0, le=10**9)]


class LimitedRequests(Struct, frozen=True):
    """
    What a run needs of the rate limit: requests that it has sent before it writes, and those that its plan foresees.

    `rate` is what it keeps to, as `reconciler.yaml` writes it, and empty without a limit. With `is_shared`, all who
    share its state keep to that together.
    """

    reads: Count
    writes: Count
    rate: str = ""
    is_shared: bool = False


class RunHeader(Struct, frozen=True, tag_field="kind", tag="run"):
    """
    What a run was about, as the first line of its journal.

    `account` is a digest, `operations` counts those planned, by type. `chosen` are the options that narrowed it, and
    `allowed` the rules that are broken and were raised for it.
    """

    run: RunRecord
    environment: str
    api: str
    account: str
    specs_digest: str
    started_at: TimeText
    operations: Mapping[str, Count]
    shards: Shards | None = None
    chosen: tuple[tuple[str, str], ...] = ()
    allowed: tuple[str, ...] = ()
    limited: LimitedRequests | None = None
    format_version: str = JOURNAL_VERSION

    @property
    def planned(self) -> int:
        """Return the number of planned operations."""
        return sum(self.operations.values())

    @property
    def shard(self) -> Shard | None:
        """Return the part of the contacts that it was about, unless it was about all."""
        return self.shards.alone if self.shards else None

    @property
    def account_key(self) -> tuple[str, str, str]:
        """Return what tells its account from all others."""
        return self.environment, self.api, self.account

    @property
    def campaign(self) -> str:
        """Return what all shards of the same specs have in common, and all attempts at them, in 16 digits."""
        count = self.shards.count if self.shards else 0
        parts = (*self.account_key, self.specs_digest, count, *self.chosen)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class Step(Struct, frozen=True):
    """One operation of a run; its result is None if it was begun and nothing more is known. `detail` is the reason."""

    type: str
    address: str
    source: Source
    result: Result | None
    detail: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether it is not known to have happened."""
        return self.result in {None, "unknown"}


class AtWork(Struct, frozen=True):
    """An apply that holds a lease; `shard` is empty for all that is declared."""

    run: str
    environment: str
    shard: str = ""


class PastRun(Struct, frozen=True):
    """
    One run; `steps` are in the order in which they were begun or skipped.

    `finished_at` is None for a run without an end; `last_seen_at` is the time of the journal's last line. `resolved`: a
    later run has decided what happened to the open steps, and those that the account holds are done. `requests` counts
    those that were sent, as far as the journal knows. `refused_by` names guards and rules. Of a run that is read
    without its steps, `counted` are the totals.
    """

    header: RunHeader
    steps: tuple[Step, ...]
    last_seen_at: str
    finished_at: str | None
    interrupted: bool
    resolved: bool
    requests: int = 0
    is_running: bool = False
    refused_by: tuple[str, ...] = ()
    counted: TotalsEntry | None = None

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """Return the operations that may have happened or not."""
        return tuple(step for step in self.steps if step.is_open)

    @property
    def needs_resolving(self) -> bool:
        """Return whether a later run has to decide what happened to its open steps."""
        return not self.resolved and (self.finished_at is None or bool(self.open_steps))

    @property
    def not_begun(self) -> int:
        """Return the number of operations that the journal does not name, since the run ended before them."""
        return max(0, self.header.planned - len(self.steps))

    @property
    def totals(self) -> Mapping[str, int]:
        """Return the number of operations by result; those never begun count as skipped."""
        if self.counted is not None:
            return asdict(self.counted)
        return totals_of((step.result or "unknown" for step in self.steps), not_named=self.not_begun)

    @property
    def state(self) -> RunState:
        """Return how the run ended."""
        if self.is_running:
            return "running"
        if self.finished_at is None:
            return "killed"
        if self.refused_by:
            return "refused"
        if sum(self.totals.values()) == self.totals["done"] + self.totals["already"]:
            return "complete"
        return "interrupted" if self.interrupted else "incomplete"


PROVED = "the answer was lost; a later run found it in the account"
_DETAILS: Mapping[Result | None, str] = {
    None: "the run ended while it was under way",
    "already": "nothing was left to do",
    "done": "",
    "failed": "the reason is in the run's receipt alone",
    "skipped": "not tried",
    "unknown": "the answer was lost",
}
"""The details of results without a reason, as journals of earlier versions have them."""
JOURNAL_DETAILS = frozenset(_DETAILS.values())


def describe_runs(runs: Iterable[PastRun]) -> RunsDocument:
    """Return the list of runs, the newest first."""
    newest_first = sorted(runs, key=lambda run: run.header.run.id, reverse=True)
    return RunsDocument(FORMAT_VERSION, "runs", tuple(map(_entry, newest_first)))


def describe_past_run(run: PastRun) -> ReceiptDocument:
    """Return the receipt of a run; a run without an end finished at its last line."""
    return ReceiptDocument(
        format_version=FORMAT_VERSION,
        kind="receipt",
        environment=run.header.environment,
        api=run.header.api,
        specs_digest=run.header.specs_digest,
        started_at=run.header.started_at,
        finished_at=run.finished_at or run.last_seen_at,
        interrupted=run.interrupted or run.finished_at is None,
        totals=TotalsEntry(**run.totals),
        outcomes=tuple(map(_outcome, run.steps)),
        shards=run.header.shards,
        run=run.header.run,
        requests=run.requests or None,
        allowed=run.header.allowed,
        resolved=run.resolved,
        refused_by=run.refused_by,
    )


def _entry(run: PastRun) -> RunEntry:
    header = run.header
    return RunEntry(
        run=header.run.id,
        environment=header.environment,
        api=header.api,
        started_at=header.started_at,
        finished_at=run.finished_at,
        state=run.state,
        resolved=run.resolved,
        operations=header.planned,
        totals=TotalsEntry(**run.totals),
        actor=header.run.actor,
        host=header.run.host,
        commit=header.run.commit,
        dirty=header.run.dirty,
        ci_url=header.run.ci_url,
        version=header.run.version,
        plan_digest=header.run.plan_digest,
        shard=str(header.shard) if header.shard else None,
    )


def _outcome(step: Step) -> OutcomeEntry:
    place = PlaceEntry(step.source.file, step.source.line)
    detail = step.detail or _DETAILS[step.result]
    is_changed = step.result == "skipped" and detail.startswith(CHANGED_SINCE_PLAN)
    return OutcomeEntry(step.type, step.address, step.result or "unknown", detail, place, is_changed)


StepStatus: TypeAlias = Literal["held", "planned", "unclear", "undeclared", "not_read"]
"""
What a new plan shows about an operation that an earlier run left open.

`held`: the account holds what is declared. `planned`: the operation is in the new plan. `unclear`: the account does not
show it, so it stays open until it is sent again. `undeclared`: the specs no longer ask for it. `not_read`: the new plan
did not read it, since it was not chosen.
"""

_BLIND_TO_ALL = {*AMBIGUOUS, "unknown_contact"}
_ON_USERS = {"add_user", "update_user"}


def step_statuses(
    steps: Iterable[Step], plan: Plan, *, declared: Desired, looked_at: Desired
) -> Mapping[Step, StepStatus]:
    """Return the status of each step by a new plan, all that is declared, and the part that the plan looked at."""
    all_declared, all_looked_at = _by_address(declared), _by_address(looked_at)
    planned = {operation_key(operation): operation.certain for operation in plan.operations}
    doubtful = {operation.address for operation in plan.operations if not operation.certain}
    blind = tuple(notice.address for notice in plan.notices if notice.type in _BLIND_TO_ALL)
    blind_to_users = tuple(notice.address for notice in plan.notices if notice.type == "unverifiable")

    def status(step: Step) -> StepStatus:
        address = step.address
        if address not in all_declared:
            return "not_read" if declared.elsewhere else "undeclared"
        if all_looked_at.get(address) != all_declared[address]:
            return "not_read"
        if planned.get(operation_key(step)):
            return "planned"
        unseen = (*blind, *blind_to_users) if step.type in _ON_USERS else blind
        return "unclear" if address in doubtful or _is_any_within(address, unseen) else "held"

    return {step: status(step) for step in steps}


def _is_any_within(address: str, owners: Iterable[str]) -> bool:
    return any(is_within(address, owner) for owner in owners)


def _by_address(desired: Desired) -> dict[str, object]:
    """Return every declaration by its address; users have addresses of their own."""
    found: dict[str, object] = {item.address: item for item in (*desired.contacts, *desired.memories)}
    for memory in desired.memories:
        found |= {user_address(memory.address, user.phone_number): user for user in memory.users}
    return found
