"""What merging shards makes of keys, guards, rules and receipts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec import structs
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.merging import merge
from reconciler.core.documents.plan import NoticeEntry, PlaceEntry, PlanDocument, RuleEntry, RulePlaceEntry
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.observed import Absent, FoundContact, Observed, ObservedMemory, Present
from reconciler.core.model.selection import ALL, Shard, Shards, select
from reconciler.core.model.settings import ExceededGuard, Guards
from reconciler.core.model.value import Json
from reconciler.core.plan.measures import guarded
from reconciler.core.plan.operations import Plan
from reconciler.core.plan.planner import build_plan
from reconciler.errors import InputError, Source
from tests.builders import MASKER, ORIGIN, desired, memory

Facts = Mapping[str, Json]
Case = tuple[Facts, ObservedMemory]

NAMES = ("b", "a")
"""Contacts of the shards 0/2 and 1/2."""


def live(facts: Facts) -> Present:
    return Present("m", facts)


def planned(
    *cases: Case, guards: Guards | None = None, catalogue: Sequence[str] = ()
) -> list[tuple[str, PlanDocument]]:
    """Plan a memory in each of two shards, with what is declared for it and what was seen of it."""
    plans = (plan_of(cases, Shard(at, 2), guards, catalogue) for at in range(2))
    return [(f"{at}.json", describe_plan(made, MASKER)) for at, made in enumerate(plans)]


def plan_of(
    cases: tuple[Case, ...], shard: Shard | None, guards: Guards | None = None, catalogue: Sequence[str] = ()
) -> Plan:
    memories = [memory(facts, contact=name) for name, (facts, _) in zip(NAMES, cases, strict=True)]
    keys = {key: FactKey(key, Source("keys.yaml", 1)) for key in catalogue}
    everything = structs.replace(desired(*memories), catalogue=keys)
    seen = {one.address: found for one, (_, found) in zip(memories, cases, strict=True)}
    contacts = {one.address: FoundContact(f"id-{one.name}", {}) for one in everything.contacts}
    selection = select(everything, ALL, shard)
    chosen = selection.desired
    assert shard is None or len(chosen.memories) == 1
    read = {one.address: seen[one.address] for one in chosen.memories}
    origin = structs.replace(ORIGIN, shards=Shards(2, (shard.index,), 1) if shard else None)
    made = build_plan(
        chosen,
        Observed(contacts, read, requests=1),
        origin=origin,
        left_out=0,
        elsewhere=selection.elsewhere,
        declared=everything,
    )
    return guarded(made, guards or Guards())


def merged_plan(parts: list[tuple[str, PlanDocument]]) -> PlanDocument:
    merged = merge(parts)
    assert isinstance(merged, PlanDocument)
    return merged


def doubts(plan: PlanDocument) -> list[tuple[object, ...]]:
    return [notice.keys for notice in plan.notices if notice.type == "near_duplicate"]


def test_a_key_that_is_new_to_one_shard_and_live_in_another_is_not_new() -> None:
    parts = planned(({"plan": 1, "tier": 1}, Absent()), ({"plan": 2}, live({"plan": 2})))

    assert parts[0][1].measures.new_keys == ("plan", "tier")
    assert merged_plan(parts).measures.new_keys == ("tier",)


def test_a_key_is_doubted_beside_a_declared_one_that_only_another_shard_saw_live() -> None:
    parts = planned(({"colours": 1}, Absent()), ({"colour_s": 1}, live({"colour_s": 1})))

    assert [doubts(part) for _, part in parts] == [[("colours", "colour_s")], []]
    assert doubts(merged_plan(parts)) == [("colours", "colour_s")]

    parts = planned(({"colour_s": 1}, Absent()), ({"colours": 1}, live({"colours": 1})))

    assert [doubts(part) for _, part in parts] == [[], []]
    assert doubts(merged_plan(parts)) == [("colour_s", "colours")]


def test_keys_that_a_catalogue_lists_are_not_doubted_in_the_whole_either() -> None:
    keys = ("colours", "colour_s")
    parts = planned(({"colours": 1}, Absent()), ({"colour_s": 1}, live({"colour_s": 1})), catalogue=keys)

    assert [doubts(part) for _, part in parts] == [[], []]
    assert doubts(merged_plan(parts)) == []


def test_a_key_that_another_shard_saw_live_is_not_doubted_any_more() -> None:
    parts = planned(
        ({"colours": 1, "colour_s": 1}, Absent()), ({"colours": 1, "colour_s": 1}, live({"colours": 1, "colour_s": 1}))
    )

    assert len(doubts(parts[0][1])) == 1
    assert doubts(merged_plan(parts)) == []


def test_a_key_beside_one_that_only_the_account_knows_stays_in_doubt_and_that_one_masked() -> None:
    parts = planned(({"colours": 1}, live({"Colours": 1})), ({}, live({})))

    ((key, other),) = doubts(merged_plan(parts))
    assert key == "colours"
    assert other == MASKER.live_key("Colours") != "Colours"


def two_plans(left: Facts, right: Facts, guards: tuple[Guards, Guards]) -> list[tuple[str, PlanDocument]]:
    """Plan facts that are updated from nothing alike, each shard with guards of its own."""
    cases = ((left, live(dict.fromkeys(left, "old"))), (right, live(dict.fromkeys(right, "old"))))
    return [planned(*cases, guards=one)[at] for at, one in enumerate(guards)]


def test_what_only_the_whole_exceeds_refuses_no_shard_and_no_merged_plan() -> None:
    parts = two_plans({"a": 1, "b": 1}, {"a": 1, "b": 1}, (Guards(max_changes=3), Guards(max_changes=3)))

    assert merged_plan(parts).measures.changes == 4
    assert merged_plan(parts).guards == ()


def test_a_guard_that_refuses_a_shard_is_told_with_what_the_whole_comes_to() -> None:
    parts = two_plans({"a": 1, "b": 1}, {"a": 1}, (Guards(max_changes=1), Guards(max_changes=1)))

    assert merged_plan(parts).guards == (ExceededGuard("max_changes", 1, 3),)


def test_a_share_that_only_a_shard_exceeds_is_told_as_that_of_the_worst_shard() -> None:
    limits = Guards(max_update_share=0.7)
    same = ({"a": 1, "b": 1}, live({"a": 1, "b": 1}))
    parts = planned(({"a": 1}, live({"a": 2})), same, guards=limits)

    assert merged_plan(parts).measures.update_share < 0.7
    assert merged_plan(parts).guards == (ExceededGuard("max_update_share", 0.7, 1.0),)


def test_of_limits_that_differ_from_job_to_job_the_smallest_is_told() -> None:
    parts = two_plans({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1}, (Guards(max_changes=2), Guards(max_changes=1)))

    assert merged_plan(parts).guards == (ExceededGuard("max_changes", 1, 5),)
    assert merged_plan(parts[::-1]).guards == (ExceededGuard("max_changes", 1, 5),)


def test_new_keys_that_refuse_a_shard_are_named_though_they_are_live_in_another() -> None:
    limits = Guards(max_new_keys=1)
    parts = planned(({"a": 1, "b": 1}, Absent()), ({"a": 1}, live({"a": 1})), guards=limits)

    assert merged_plan(parts).measures.new_keys == ("b",)
    assert merged_plan(parts).guards == (ExceededGuard("max_new_keys", 1, 2, ("a", "b")),)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"environment": "staging"}, "they are for different environments, sandbox and staging"),
        ({"api": "https://b"}, "they are for different accounts, at sandbox and https://b"),
        ({"specs_digest": "sha256:1"}, "they were made from different specs, or with different secrets"),
        ({"key_check": "hmac:1"}, "they were made with different keys; give all the same RECONCILER_DIGEST_KEY"),
        ({"snapshot_taken_at": "May"}, "one was read from the account, the other from a snapshot of May"),
        ({"base": "main"}, "one has no causes, the other causes since main"),
    ],
)
def test_plans_that_are_no_parts_of_one_whole_are_told_apart_in_plain_words(changed: dict[str, Any], said: str) -> None:
    left, (_, right) = planned(({}, Absent()), ({}, Absent()))

    with pytest.raises(InputError) as refused:
        merge([left, ("1.json", replace(right, **changed))])

    assert str(refused.value) == f"0.json and 1.json cannot be merged: {said}"


def test_all_shards_that_hold_fewer_memories_than_are_declared_are_no_whole() -> None:
    left, (_, right) = planned(({}, Absent()), ({}, Absent()))
    elsewhere = replace(right.notices[0], count=2)
    short = replace(right, shards=Shards(2, (1,), 0), notices=(elsewhere,))

    with pytest.raises(InputError, match=r"they count 2 declared memories of all shards, and hold 1$"):
        merge([left, ("1.json", short)])


def test_a_merged_plan_is_as_old_as_its_oldest_part() -> None:
    (_, left), (_, right) = planned(({}, Absent()), ({}, Absent()))
    parts = [("0.json", replace(left, created_at="10:00")), ("1.json", replace(right, created_at="09:00"))]

    assert merged_plan(parts).created_at == merged_plan(parts[::-1]).created_at == "09:00"


def outcome(kind: str, address: str) -> OutcomeEntry:
    return OutcomeEntry("write_facts", f"contacts.{address}.scopes.support", kind, "", PlaceEntry("a.yaml", 1))


def receipt(index: int, started: str, finished: str, *, interrupted: bool = False) -> ReceiptDocument:
    kinds = ("done", "failed")
    totals = TotalsEntry(done=1, already=0, skipped=0, failed=index, unknown=0)
    return ReceiptDocument(
        "1.0", "receipt", "production", "https://a", "sha256:1", started, finished, interrupted, totals,
        tuple(outcome(kind, f"{NAMES[index]}-{kind}") for kind in kinds[: index + 1]), Shards(2, (index,), 1),
    )  # fmt: skip


def test_merged_receipts_begin_with_the_first_and_end_with_the_last() -> None:
    parts = [("0.json", receipt(0, "09:00", "12:00")), ("1.json", receipt(1, "10:00", "11:00"))]

    for ordered in (parts, parts[::-1]):
        merged = merge(ordered)
        assert isinstance(merged, ReceiptDocument)
        assert (merged.started_at, merged.finished_at, merged.interrupted) == ("09:00", "12:00", False)
        assert merged.totals == TotalsEntry(done=2, already=0, skipped=0, failed=1, unknown=0)
        assert [one.address.split(".")[1] for one in merged.outcomes] == ["a-done", "a-failed", "b-done"]
        assert merged.shards is None


def test_an_apply_that_was_interrupted_in_one_shard_was_interrupted() -> None:
    parts = [("0.json", receipt(0, "1", "2")), ("1.json", receipt(1, "1", "2", interrupted=True))]

    for ordered in (parts, parts[::-1]):
        merged = merge(ordered)
        assert isinstance(merged, ReceiptDocument)
        assert merged.interrupted


def test_what_refused_one_shard_is_told_of_the_whole() -> None:
    parts = [("0.json", receipt(0, "1", "2")), ("1.json", replace(receipt(1, "1", "2"), refused_by=("max_changes",)))]

    for ordered in (parts, parts[::-1]):
        merged = merge(ordered)
        assert isinstance(merged, ReceiptDocument)
        assert merged.refused_by == ("max_changes",)


def test_users_that_shards_did_not_read_are_counted_together_since_the_oldest() -> None:
    parts = planned(({"plan": 1}, Absent()), ({"plan": 1}, Absent()))
    noticed = [
        (name, replace(part, notices=(*part.notices, NoticeEntry("remembered", "", day, since=f"2026-01-0{day}"))))
        for day, (name, part) in enumerate(parts, start=1)
    ]

    assert [notice for notice in merged_plan(noticed).notices if notice.type == "remembered"] == [
        NoticeEntry("remembered", "", 3, since="2026-01-01")
    ]


def test_a_rule_that_refuses_two_shards_is_named_once_with_all_that_breaks_it() -> None:
    parts = planned(({"a": 1}, Absent()), ({"a": 1}, Absent()))
    entries = [
        RuleEntry("r", "change", "because", PlaceEntry("r.yaml", 2), count, (RulePlaceEntry(address, None),), allowed)
        for count, address, allowed in ((3, "contacts.b", True), (2, "contacts.a", False))
    ]
    ruled = [(name, replace(plan, rules=(entry,))) for (name, plan), entry in zip(parts, entries, strict=True)]

    (rule,) = merged_plan(ruled).rules
    assert (rule.count, [place.address for place in rule.places]) == (5, ["contacts.b", "contacts.a"])
    assert rule.allowed is False
    assert merged_plan(ruled[:1]).rules == (entries[0],)
