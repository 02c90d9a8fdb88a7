"""Describes plans and receipts as documents: what is shown of each value is decided here, by the masker given."""

from collections.abc import Iterator
from typing import assert_never

from reconciler.core.diff import Added, Change, FactWrite, Updated
from reconciler.core.document import (
    FORMAT_VERSION,
    AddUserEntry,
    CostEntry,
    CreateMemoryEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    NoticeEntry,
    OperationEntry,
    OutcomeEntry,
    PlaceEntry,
    PlanDocument,
    ReceiptDocument,
    SummaryEntry,
    TotalsEntry,
    WriteFactsEntry,
)
from reconciler.core.plan import AddUser, CreateMemory, MemoryWork, Operation, Plan, WriteFacts
from reconciler.core.receipt import Outcome, Receipt
from reconciler.core.redaction import Masker
from reconciler.errors import Source


def describe_plan(plan: Plan, masker: Masker) -> PlanDocument:
    """Give the document of a plan."""
    return PlanDocument(
        format_version=FORMAT_VERSION,
        kind="plan",
        environment=plan.origin.environment,
        api=plan.origin.api,
        specs_digest=plan.origin.specs_digest,
        created_at=plan.origin.created_at,
        summary=_summary(plan),
        cost=CostEntry(plan.requests_read, plan.requests_to_write, seconds_at_rate_limit=0),
        operations=tuple(_operation(item, work, masker) for work in plan.work for item in work.operations),
        notices=tuple(NoticeEntry(notice.type, notice.address, notice.count) for notice in plan.notices),
    )


def describe_receipt(receipt: Receipt) -> ReceiptDocument:
    """Give the document of a receipt."""
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
        outcomes=tuple(map(_outcome, receipt.outcomes)),
    )


def _summary(plan: Plan) -> SummaryEntry:
    certain = [operation for operation in plan.operations if operation.certain]
    changes = [
        change for item in certain if isinstance(item, WriteFacts) for fact in item.facts for change in fact.changes
    ]
    changed = {item.memory.address for item in certain}
    return SummaryEntry(
        contacts_to_create=0,
        contacts_to_update=0,
        memories_to_create=sum(isinstance(item, CreateMemory) for item in certain),
        facts_to_add=sum(isinstance(change, Added) for change in changes),
        facts_to_update=sum(isinstance(change, Updated) for change in changes),
        users_to_add=sum(isinstance(item, AddUser) for item in certain),
        users_to_update=0,
        memories_unchanged=plan.memories - len(changed),
        facts_unmanaged=sum(notice.count for notice in plan.notices if notice.type == "unmanaged"),
        uncertain=len(plan.operations) - len(certain),
    )


def _operation(operation: Operation, work: MemoryWork, masker: Masker) -> OperationEntry:
    match operation:
        case CreateMemory(memory=memory):
            fields = memory.scope_key.fields
            return CreateMemoryEntry(
                type="create_memory",
                address=operation.address,
                certain=operation.certain,
                contact_id=memory.contact.contact_id,
                persona_id=fields.get("persona_id"),
                agent_number=fields.get("agent_number"),
                source=_place(memory.source),
            )
        case WriteFacts():
            return WriteFactsEntry(
                type="write_facts",
                address=operation.address,
                certain=operation.certain,
                memory_id=work.memory_id,
                source=_place(operation.memory.source),
                facts=tuple(entry for fact in operation.facts for entry in _facts(fact, masker)),
            )
        case AddUser(user=user):
            return AddUserEntry(
                type="add_user",
                address=operation.address,
                certain=operation.certain,
                memory_id=work.memory_id,
                source=_place(user.source),
                phone_number=user.phone_number,
                metadata=user.metadata,
                summary=user.summary,
                external_memory_key=user.external_memory_key,
            )
        case _:
            assert_never(operation)


def _facts(fact: FactWrite, masker: Masker) -> Iterator[FactEntry]:
    for change in fact.changes:
        yield _fact(change, fact, masker)


def _fact(change: Change, fact: FactWrite, masker: Masker) -> FactEntry:
    place = _place(fact.source)
    match change:
        case Added(path=path, after=after):
            return FactAdded(fact.key, "add", path, after, place)
        case Updated(path=path, before=before, after=after):
            return FactUpdated(fact.key, "update", path, masker.live(before), after, place)
        case _:
            assert_never(change)


def _outcome(outcome: Outcome) -> OutcomeEntry:
    operation = outcome.operation
    return OutcomeEntry(
        type=operation.type,
        address=operation.address,
        outcome=outcome.result,
        detail=outcome.detail,
        source=_place(operation.source),
    )


def _place(source: Source) -> PlaceEntry:
    return PlaceEntry(source.file, source.line)
