"""Laws of shards: together they are the whole, and merging their plans is planning the whole."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.core.describe import describe_plan, describe_receipt
from reconciler.core.desired import ContactMemory, Desired
from reconciler.core.document import PlanDocument, ReceiptDocument
from reconciler.core.merging import merge
from reconciler.core.observed import NO_USERS, Absent, FoundContact, Observed, ObservedMemory, Present
from reconciler.core.plan import Plan
from reconciler.core.planner import build_plan
from reconciler.core.receipt import Outcome, Receipt
from reconciler.core.shard import Shard, Shards, part_of
from reconciler.core.target import select
from tests.builders import MASKER, ORIGIN, desired, existing, memory, user

NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,4}", fullmatch=True), min_size=1, max_size=8, unique=True)
FACTS = st.dictionaries(st.sampled_from(["plan", "tier", "x"]), st.integers(0, 2), max_size=3)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Desired, Observed, int]:
    wanted: list[ContactMemory] = []
    seen: dict[str, ObservedMemory] = {}
    for name in draw(NAMES):
        for scope in draw(st.sets(st.sampled_from(["sales", "support"]))):
            one = memory(draw(FACTS), contact=name, scope=scope, users=[user()] if draw(st.booleans()) else [])
            wanted.append(one)
            live = Present(f"id-{one.address}", draw(FACTS), NO_USERS)
            seen[one.address] = live if draw(st.booleans()) else Absent()
    store = existing(user(), memory_id=draw(st.sampled_from(["a", "b", "c"])))
    seen[store.address] = Present(store.memory_id, {}, NO_USERS)
    everything = desired(*sorted(wanted, key=lambda one: (one.contact.name, one.scope)), store)
    contacts = {one.address: FoundContact(f"id-{one.name}", {}) for one in everything.contacts}
    return everything, Observed(contacts, seen, requests=1), draw(st.integers(1, 5))


def planned(everything: Desired, observed: Observed, shard: Shard | None, targets: list[str]) -> Plan:
    chosen = select(everything, targets, shard)
    shards = Shards(shard.count, (shard.index,), len(part_of(everything, shard).memories)) if shard else None
    return build_plan(
        chosen.desired,
        observed,
        origin=structs.replace(ORIGIN, shards=shards),
        left_out=chosen.left_out,
        elsewhere=chosen.elsewhere,
        declared=everything,
    )


@given(cases(), st.sampled_from([[], ["contacts.*.scopes.support"]]), st.randoms())
def test_merging_the_plans_of_all_shards_is_planning_the_whole(
    case: tuple[Desired, Observed, int], targets: list[str], random: Random
) -> None:
    everything, observed, count = case
    parts = [
        (str(index), describe_plan(planned(everything, observed, Shard(index, count), targets), MASKER))
        for index in range(count)
    ]
    random.shuffle(parts)

    merged = merge(parts)
    assert isinstance(merged, PlanDocument)

    whole = describe_plan(planned(everything, observed, None, targets), MASKER)
    reads = replace(whole.cost, requests_read=count)
    keys = {key for _, part in parts for key in part.measures.new_keys}
    measures = replace(whole.measures, new_keys=tuple(sorted(keys)))
    expected = replace(whole, cost=reads, measures=measures, operations_digest=merged.operations_digest)
    assert merged == expected
    assert keys >= set(whole.measures.new_keys)


@given(cases())
def test_merging_can_be_done_in_steps(case: tuple[Desired, Observed, int]) -> None:
    everything, observed, count = case
    parts = [
        (str(index), describe_plan(planned(everything, observed, Shard(index, count), []), MASKER))
        for index in range(count)
    ]

    stepwise: tuple[str, PlanDocument | ReceiptDocument] = parts[0]
    for part in parts[1:]:
        stepwise = ("merged", merge([stepwise, part]))

    assert count == 1 or stepwise[1] == merge(parts)


@given(cases())
def test_merged_receipts_hold_every_outcome_in_the_order_of_the_whole(case: tuple[Desired, Observed, int]) -> None:
    everything, observed, count = case

    def receipt(plan: Plan) -> Receipt:
        outcomes = tuple(Outcome(operation, "done") for operation in plan.operations)
        return Receipt(plan.origin, "2026-01-02", "2026-01-03", stop_requested=False, outcomes=outcomes)

    parts = [
        (str(index), describe_receipt(receipt(planned(everything, observed, Shard(index, count), []))))
        for index in reversed(range(count))
    ]

    assert merge(parts) == describe_receipt(receipt(planned(everything, observed, None, [])))
