"""Laws of shards: together they are the whole, and merging their plans is planning the whole."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.merging import merge
from reconciler.core.documents.plan import PlaceEntry, PlanDocument
from reconciler.core.documents.receipt import ReceiptDocument, describe_receipt
from reconciler.core.model.desired import ContactMemory, Desired
from reconciler.core.model.masking import Text
from reconciler.core.model.observed import NO_USERS, Absent, FoundContact, Observed, ObservedMemory, Present
from reconciler.core.model.selection import Chosen, Shard, select, shards_of
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.planner import build_plan
from reconciler.core.plan.receipt import Outcome, Receipt
from reconciler.errors import Source
from tests.builders import MASKER, ORIGIN, desired, existing, memory, user

NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,4}", fullmatch=True), min_size=1, max_size=8, unique=True)
KEYS = ["plan", "Plan", "favorite_color", "favourite_color", "x"]
VALUES = st.integers(0, 2) | st.dictionaries(st.sampled_from("ab"), st.integers(0, 1), max_size=2)
FACTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Desired, Observed, int]:
    wanted: list[ContactMemory] = []
    seen: dict[str, ObservedMemory] = {}
    for name in draw(NAMES):
        for scope in draw(st.sets(st.sampled_from(["sales", "support"]))):
            one = memory(draw(FACTS), contact=name, scope=scope, users=[user()] if draw(st.booleans()) else [])
            place = Source("specs/a.yaml", draw(st.integers(1, 3)))
            one = replace(one, facts=tuple(replace(fact, source=place) for fact in one.facts))
            wanted.append(one)
            live = Present(f"id-{one.address}", draw(FACTS), NO_USERS)
            seen[one.address] = live if draw(st.booleans()) else Absent()
    store = existing(user(), memory_id=draw(st.sampled_from(["a", "b", "c"])))
    seen[store.address] = Present(store.memory_id, {}, NO_USERS)
    everything = desired(*sorted(wanted, key=lambda one: (one.contact.name, one.scope)), store)
    contacts = {one.address: FoundContact(f"id-{one.name}", {}) for one in everything.contacts}
    return everything, Observed(contacts, seen, requests=1), draw(st.integers(1, 5))


def known_to_specs(everything: Desired, observed: Observed) -> Observed:
    """Give an account without the keys that nobody declares, but for one that is like no other."""
    declared = {fact.key for one in everything.contact_memories for fact in one.facts} | {"x"}
    memories = {
        address: replace(seen, facts={key: value for key, value in seen.facts.items() if key in declared})
        if isinstance(seen, Present)
        else seen
        for address, seen in observed.memories.items()
    }
    return replace(observed, memories=memories)


def planned(everything: Desired, observed: Observed, shard: Shard | None, targets: list[str]) -> Plan:
    chosen = select(everything, Chosen(tuple(targets)), shard)
    shards = shards_of(everything, shard)
    return build_plan(
        chosen.desired,
        observed,
        origin=replace(ORIGIN, shards=shards),
        left_out=chosen.left_out,
        elsewhere=chosen.elsewhere,
        declared=everything,
    )


def shards(everything: Desired, observed: Observed, count: int, targets: list[str]) -> list[tuple[str, PlanDocument]]:
    plans = [planned(everything, observed, Shard(index, count), targets) for index in range(count)]
    return [(str(index), describe_plan(made, MASKER)) for index, made in enumerate(plans)]


@given(cases(), st.sampled_from([[], ["contacts.*.scopes.support"]]), st.randoms())
def test_merging_the_plans_of_all_shards_is_planning_the_whole(
    case: tuple[Desired, Observed, int], targets: list[str], random: Random
) -> None:
    everything, observed, count = case
    observed = known_to_specs(everything, observed)
    parts = shards(everything, observed, count, targets)
    random.shuffle(parts)

    merged = merge(parts)
    assert isinstance(merged, PlanDocument)

    whole = describe_plan(planned(everything, observed, None, targets), MASKER)
    reads = replace(whole.cost, requests_read=count)
    assert merged == replace(whole, cost=reads, operations_digest=merged.operations_digest)


@given(cases())
def test_a_merged_plan_knows_which_keys_are_new_and_doubts_no_more_than_the_whole(
    case: tuple[Desired, Observed, int],
) -> None:
    everything, observed, count = case
    merged = merge(shards(everything, observed, count, []))
    assert isinstance(merged, PlanDocument)

    whole = describe_plan(planned(everything, observed, None, []), MASKER)

    assert merged.measures == whole.measures
    assert doubts(merged) <= doubts(whole)


def doubts(plan: PlanDocument) -> set[tuple[Text, PlaceEntry | None, Text]]:
    found = [notice for notice in plan.notices if notice.type == "near_duplicate"]
    return {(notice.keys[0], notice.source, other) for notice in found for other in notice.keys[1:]}


@given(cases())
def test_merging_can_be_done_in_steps(case: tuple[Desired, Observed, int]) -> None:
    everything, observed, count = case
    parts = shards(everything, observed, count, [])

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
        (str(index), describe_receipt(receipt(planned(everything, observed, Shard(index, count), [])), MASKER))
        for index in reversed(range(count))
    ]

    assert merge(parts) == describe_receipt(receipt(planned(everything, observed, None, [])), MASKER)
