"""The totals of a plan, and the measures that guards limit."""

import dataclasses
from collections import Counter
from dataclasses import dataclass

from msgspec.structs import replace

from reconciler.core.plan.guards import Guards, Measures, exceeded
from reconciler.core.plan.operations import MemoryWork, Plan, WriteFacts


@dataclass(frozen=True, slots=True)
class SummaryEntry:
    """Totals of certain operations; `uncertain` counts the others, `memories_unchanged` the memories without any."""

    contacts_to_create: int
    contacts_to_update: int
    memories_to_create: int
    facts_to_add: int
    facts_to_update: int
    users_to_add: int
    users_to_update: int
    memories_unchanged: int
    facts_unmanaged: int
    uncertain: int


def summary_of(plan: Plan) -> SummaryEntry:
    """Count the operations of a plan; uncertain ones count only as `uncertain`."""
    certain = [operation for operation in plan.operations if operation.certain]
    kinds = Counter(operation.type for operation in certain)
    facts = Counter(fact.is_new for item in certain if isinstance(item, WriteFacts) for fact in item.facts)
    touched = sum(isinstance(work, MemoryWork) for work in plan.work)
    return SummaryEntry(
        contacts_to_create=kinds["create_contact"],
        contacts_to_update=kinds["update_contact"],
        memories_to_create=kinds["create_memory"],
        facts_to_add=facts[True],
        facts_to_update=facts[False],
        users_to_add=kinds["add_user"],
        users_to_update=kinds["update_user"],
        memories_unchanged=plan.memories - touched - plan.left_alone,
        facts_unmanaged=sum(notice.count for notice in plan.notices if notice.type == "unmanaged"),
        uncertain=len(plan.operations) - len(certain),
    )


def measures_of(plan: Plan) -> Measures:
    """Return the measures that guards limit."""
    summary = summary_of(plan)
    writes = (item for item in plan.operations if isinstance(item, WriteFacts) and item.certain)
    added = {fact.key for item in writes for fact in item.facts if fact.is_new}
    return Measures(
        changes=sum(count for name, count in dataclasses.asdict(summary).items() if "_to_" in name),
        facts_to_update=summary.facts_to_update,
        enforced_facts_live=plan.enforced_facts_live,
        new_keys=tuple(sorted(added - plan.keys.live)),
    )


def guarded(plan: Plan, guards: Guards, reviewed: Measures | None = None) -> Plan:
    """
    Return the plan with the guards that refuse it.

    A saved plan re-reads only part of the account, so every measure except `changes` is taken from the `reviewed` one.
    """
    measures = measures_of(plan)
    if reviewed is not None:
        measures = dataclasses.replace(reviewed, changes=measures.changes)
    return replace(plan, exceeded=exceeded(measures, guards))
