"""Receipts and dry runs as documents: the outcomes of an apply, and the requests that it would send."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from reconciler.core.documents.plan import FORMAT_VERSION, PlaceEntry
from reconciler.core.model.masking import Masker, Mixed, Shown
from reconciler.core.model.selection import Shards
from reconciler.core.model.value import DocumentPart
from reconciler.core.plan.receipt import RunRecord

if TYPE_CHECKING:  # a plan shows no receipt
    from reconciler.core.plan.receipt import Altered, Outcome, Receipt


class AlteredEntry(DocumentPart, frozen=True):
    """A fact or field that the account stores otherwise than it was sent; `missing` where it is not stored at all."""

    key: str
    came_back: Shown
    missing: bool = False


class OutcomeEntry(DocumentPart, frozen=True):
    """
    The outcome of one operation, and why; `changed_since_plan`: it was skipped, since the live value changed.

    `altered` lists what the account stores otherwise than it was sent; another run would not change that.
    """

    type: str
    address: str
    outcome: str
    detail: str
    source: PlaceEntry
    changed_since_plan: bool = False
    altered: tuple[AlteredEntry, ...] = ()


class TotalsEntry(DocumentPart, frozen=True):
    """The number of outcomes of each kind."""

    done: int
    already: int
    skipped: int
    failed: int
    unknown: int

    @property
    def sum(self) -> int:
        """Return the number of all operations."""
        return self.done + self.already + self.skipped + self.failed + self.unknown


class ReceiptDocument(DocumentPart, frozen=True):
    """
    A receipt; times are ISO 8601 in UTC. `shards` is set where it is for some shards only.

    `run` is the run that it is of, and of a merged receipt the last one; `runs` are then all of them, the oldest first.
    `requests` counts those that were sent, reads included; a killed run may have sent a few more.
    `allowed` are the rules that are broken and were raised for the run, by `--allow`. `resolved`: a later run has
    looked at what this one left open. `refused_by` are the guards and rules that refused the run, which wrote nothing;
    of a merged receipt, those that refused the newest run of any shard.
    """

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
    run: RunRecord | None = None
    requests: int | None = None
    runs: tuple[RunRecord, ...] = ()
    allowed: tuple[str, ...] = ()
    resolved: bool = False
    refused_by: tuple[str, ...] = ()

    @property
    def every_run(self) -> tuple[RunRecord, ...]:
        """Return the runs that it is of, one or several; none where nobody recorded one."""
        return self.runs or ((self.run,) if self.run else ())


class RequestEntry(DocumentPart, frozen=True):
    """A request that an apply would send; live values in its `body` are masked."""

    method: str
    path: str
    body: Mapping[str, Mixed]


class DryRunDocument(DocumentPart, frozen=True):
    """The requests of an apply, in the order in which one worker sends them."""

    format_version: str
    kind: Literal["dry_run"]
    environment: str
    api: str
    requests: tuple[RequestEntry, ...]


def describe_receipt(receipt: "Receipt", masker: Masker) -> ReceiptDocument:
    """Return the document of a receipt; it has the API's messages only where live values are shown."""
    return ReceiptDocument(
        format_version=FORMAT_VERSION,
        kind="receipt",
        environment=receipt.origin.environment,
        api=receipt.origin.api,
        specs_digest=receipt.origin.specs_digest,
        started_at=receipt.started_at,
        finished_at=receipt.finished_at,
        interrupted=receipt.interrupted,
        totals=TotalsEntry(**receipt.totals),
        outcomes=tuple(_outcome(outcome, masker) for outcome in receipt.outcomes),
        shards=receipt.origin.shards,
        run=receipt.run,
        requests=receipt.requests,
        allowed=receipt.allowed,
    )


def _outcome(outcome: "Outcome", masker: Masker) -> OutcomeEntry:
    operation = outcome.operation
    message = f" ({outcome.said})" if masker.reveal and outcome.said else ""
    shown = masker if operation.type == "write_facts" else masker.without_sensitive_keys
    return OutcomeEntry(
        type=operation.type,
        address=operation.address,
        outcome=outcome.result,
        detail=f"{outcome.detail}{message}",
        source=PlaceEntry(operation.source.file, operation.source.line),
        changed_since_plan=outcome.changed_since_plan,
        altered=tuple(_altered(item, shown) for item in outcome.altered),
    )


def _altered(item: "Altered", masker: Masker) -> AlteredEntry:
    if item.is_missing:
        return AlteredEntry(item.key, None, missing=True)
    return AlteredEntry(item.key, masker.former(item.came_back, item.sent, (item.key,)))
