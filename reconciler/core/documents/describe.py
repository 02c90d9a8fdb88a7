"""Turn a plan into its document; the masker decides what is shown of each value."""

from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from reconciler.core.documents.context import describe_keys, describe_memory, in_order
from reconciler.core.documents.plan import (
    FORMAT_VERSION,
    MOST_RULE_PLACES,
    AddUserEntry,
    CostEntry,
    CreateContactEntry,
    CreateMemoryEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    NoticeEntry,
    OperationEntry,
    PlaceEntry,
    PlanDocument,
    RuleEntry,
    RulePlaceEntry,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
    operations_digest,
)
from reconciler.core.model.desired import Identifier, Identity, Memory, User
from reconciler.core.model.masking import Masker, Text
from reconciler.core.model.rules import RuleVerdict
from reconciler.core.model.selection import ALL
from reconciler.core.model.settings import NOTHING_MEASURED
from reconciler.core.model.value import Json
from reconciler.core.plan.base import Base, Cause
from reconciler.core.plan.diff import Added, Change, FactWrite, Updated
from reconciler.core.plan.measures import measures_of, summary_of
from reconciler.core.plan.operations import (
    AddUser,
    CreateContact,
    CreateMemory,
    MemoryWork,
    Notice,
    Operation,
    Plan,
    UpdateContact,
    UpdateUser,
    Work,
    WriteFacts,
)
from reconciler.errors import Source


def describe_plan(plan: Plan, masker: Masker, *, unmanaged_keys: bool = False, digested: bool = True) -> PlanDocument:
    """
    Return the document of a plan; keys of live facts that no spec names are listed only with `unmanaged_keys`.

    One that is shown as text need not be `digested`: the digest takes longer than the text.
    """
    view = _ValueView(masker, plan.base)
    operations = tuple(_operation(item, work, view) for work in plan.work for item in work.operations)
    document = PlanDocument(
        format_version=FORMAT_VERSION,
        kind="plan",
        environment=plan.origin.environment,
        api=plan.origin.api,
        specs_digest=plan.origin.specs_digest,
        created_at=plan.origin.created_at,
        key_check=masker.key_check,
        operations_digest="",  # of all the rest
        summary=summary_of(plan),
        cost=CostEntry(plan.requests_read, plan.requests_to_write, plan.seconds_at_rate_limit, plan.is_rate_shared),
        operations=operations,
        memories=tuple(describe_memory(work, masker) for work in plan.work if isinstance(work, MemoryWork)),
        notices=tuple(_notice(notice, masker, unmanaged_keys=unmanaged_keys) for notice in plan.notices),
        snapshot_taken_at=plan.origin.snapshot_taken_at,
        base=plan.base.ref if plan.base else None,
        measures=measures_of(plan),
        guards=plan.exceeded,
        rules=tuple(map(rule_entry, plan.refusing)),
        shards=plan.origin.shards,
        keys=describe_keys(plan, masker),
        chosen=plan.origin.chosen if plan.origin.chosen != ALL else None,
    )
    if not digested:
        return document
    return replace(document, operations_digest=operations_digest(document, masker.digest_of_list))


def describe_diff(plan: Plan, ref: str, masker: Masker) -> PlanDocument:
    """Return the document of what is declared otherwise than at the revision `ref`."""
    return replace(describe_plan(plan, masker), kind="diff", base=ref, measures=NOTHING_MEASURED)


class _ValueView(Struct, frozen=True):
    """The masker that shows values, and the base that the causes of changes are derived from."""

    masker: Masker
    base: Base | None

    def cause_of_creation(self, thing: Identity | Memory, user: User | None = None) -> Cause | None:
        return self.base.cause_of_creation(thing, user) if self.base else None

    @property
    def without_sensitive_keys(self) -> "_ValueView":
        return _ValueView(self.masker.without_sensitive_keys, self.base)

    def changes(
        self, writes: Iterable[FactWrite], was: Callable[[Base], Mapping[str, Json] | None]
    ) -> tuple[FactEntry, ...]:
        declared = was(self.base) if self.base else None
        return tuple(self._change(change, fact, declared) for fact in writes for change in fact.changes)

    def _change(self, change: Change, fact: FactWrite, was: Mapping[str, Json] | None) -> FactEntry:
        place, cause = _place(fact.source), self.base.cause(was, change) if self.base else None
        after = self.masker.declared(change.after, change.path)
        match change:
            case Added(path=path):
                return FactAdded(fact.key, "add", path, after, place, cause)
            case Updated(path=path, before=before):
                former = self.masker.former(before, change.after, path)
                return FactUpdated(fact.key, "update", path, former, after, place, cause)
            case _:
                assert_never(change)


def _operation(operation: Operation, work: Work, view: _ValueView) -> OperationEntry:
    memory_id = work.memory_id if isinstance(work, MemoryWork) else None
    match operation:
        case CreateContact():
            return _create_contact(operation, view)
        case UpdateContact():
            return _update_contact(operation, work.contact_id, view)
        case CreateMemory():
            return _create_memory(operation, work.contact_id, view)
        case WriteFacts():
            return _write_facts(operation, memory_id, view)
        case AddUser():
            return _add_user(operation, memory_id, view)
        case UpdateUser():
            return _update_user(operation, memory_id, view)
        case _:
            assert_never(operation)


def _create_contact(operation: CreateContact, view: _ValueView) -> CreateContactEntry:
    identity = operation.contact.identity
    identifiers = {identity.kind: view.masker.text(identity.value)} if isinstance(identity, Identifier) else {}
    profile = {fact.key: view.masker.declared(fact.value) for fact in operation.contact.profile}
    return CreateContactEntry(
        type="create_contact",
        address=operation.address,
        certain=operation.certain,
        source=_place(operation.source),
        external_id=identifiers.get("external_id"),
        phone_number=identifiers.get("phone_number"),
        email=identifiers.get("email"),
        name=profile.get("name"),
        metadata=profile.get("metadata"),
        cause=view.cause_of_creation(identity),
    )


def _update_contact(operation: UpdateContact, contact_id: str | None, view: _ValueView) -> UpdateContactEntry:
    return UpdateContactEntry(
        type="update_contact",
        address=operation.address,
        certain=operation.certain,
        contact_id=contact_id,
        source=_place(operation.source),
        changes=view.without_sensitive_keys.changes(
            operation.profile, lambda base: base.profile(operation.contact.identity)
        ),
    )


def _create_memory(operation: CreateMemory, contact_id: str | None, view: _ValueView) -> CreateMemoryEntry:
    fields = operation.memory.scope_key.fields
    return CreateMemoryEntry(
        type="create_memory",
        address=operation.address,
        certain=operation.certain,
        contact_id=contact_id,
        persona_id=fields.get("persona_id"),
        agent_number=fields.get("agent_number"),
        source=_place(operation.source),
        cause=view.cause_of_creation(operation.memory),
    )


def _write_facts(operation: WriteFacts, memory_id: str | None, view: _ValueView) -> WriteFactsEntry:
    return WriteFactsEntry(
        type="write_facts",
        address=operation.address,
        certain=operation.certain,
        memory_id=memory_id,
        source=_place(operation.source),
        facts=view.changes(operation.facts, lambda base: base.facts(operation.memory)),
    )


def _add_user(operation: AddUser, memory_id: str | None, view: _ValueView) -> AddUserEntry:
    user = operation.user
    return AddUserEntry(
        type="add_user",
        address=operation.address,
        certain=operation.certain,
        memory_id=memory_id,
        source=_place(operation.source),
        phone_number=user.phone_number,
        metadata=view.masker.text(user.metadata),
        summary=view.masker.text(user.summary),
        external_memory_key=view.masker.text(user.external_memory_key),
        cause=view.cause_of_creation(operation.memory, user),
    )


def _update_user(operation: UpdateUser, memory_id: str | None, view: _ValueView) -> UpdateUserEntry:
    return UpdateUserEntry(
        type="update_user",
        address=operation.address,
        certain=operation.certain,
        memory_id=memory_id,
        source=_place(operation.source),
        phone_number=operation.user.phone_number,
        changes=view.without_sensitive_keys.changes(
            operation.changes, lambda base: base.user(operation.memory, operation.user.phone_number)
        ),
    )


def _notice(notice: Notice, masker: Masker, *, unmanaged_keys: bool) -> NoticeEntry:
    source = _place(notice.source) if notice.source is not None else None
    keys: tuple[Text, ...] = notice.keys
    if notice.type == "unmanaged":
        keys = tuple(masker.live_key(key) for key in notice.keys) if unmanaged_keys else ()
    keys += in_order(masker.live_key(key) for key in notice.live_keys)
    return NoticeEntry(
        notice.type, notice.address, notice.count, source, keys, notice.rule, notice.message, notice.since
    )


def rule_entry(verdict: RuleVerdict) -> RuleEntry:
    """Return the entry of a rule that refuses a plan, or would without `--allow`."""
    rule = verdict.rule
    places = (place for place in verdict.broken[:MOST_RULE_PLACES] if place.address)
    return RuleEntry(
        name=rule.name,
        kind=rule.kind,
        message=rule.message,
        source=_place(rule.source),
        count=len(verdict.broken),
        places=tuple(
            RulePlaceEntry(one.address, _place(one.source) if one.source else None, one.detail) for one in places
        ),
        allowed=verdict.is_allowed,
    )


def _place(source: Source) -> PlaceEntry:
    return PlaceEntry(source.file, source.line)
