from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.documents.attempts import merge_attempts
from reconciler.core.documents.merging import merge
from reconciler.core.documents.plan import PlaceEntry
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.documents.runs import PROVED
from reconciler.core.model.selection import Shards
from reconciler.core.plan.receipt import RunRecord
from reconciler.errors import InputError

HERE = PlaceEntry("a", 1)
RESULTS = ("done", "already", "skipped", "failed", "unknown")


def attempt(number: int, outcomes: dict[str, str], *, planned: int = 0, digest: str = "hmac:1") -> ReceiptDocument:
    """Build the receipt of an attempt, which names the outcomes of so many planned operations."""
    counts = {result: [*outcomes.values()].count(result) for result in RESULTS}
    counts["skipped"] += max(0, planned - len(outcomes))
    return ReceiptDocument(
        "1.0", "receipt", "live", "https://a", "hmac:specs", f"2026-01-0{number}", f"2026-01-0{number}",
        interrupted=False,
        totals=TotalsEntry(**counts),
        outcomes=tuple(
            OutcomeEntry("write_facts", f"contacts.{name}.scopes.s", result, f"{result} in {number}", HERE)
            for name, result in sorted(outcomes.items())
        ),
        run=RunRecord(f"run-{number}", actor=f"actor-{number}", plan_digest=digest),
        requests=number,
    )  # fmt: skip


def results(receipt: ReceiptDocument) -> dict[str, str]:
    return {outcome.address.split(".")[1]: outcome.outcome for outcome in receipt.outcomes}


@pytest.mark.parametrize(
    ("tried", "together"),
    [
        (("done", "already"), "done"),
        (("already", "already"), "already"),
        (("unknown", "already"), "done"),
        (("unknown", "done"), "done"),
        (("unknown", "skipped"), "unknown"),
        (("failed", "skipped"), "failed"),
        (("failed", "done"), "done"),
        (("failed", "already"), "already"),
        (("skipped", "done"), "done"),
        (("done", "skipped"), "done"),
        (("unknown", "failed", "unknown", "already", "already"), "done"),
    ],
)
def test_of_several_attempts_at_an_operation_the_last_that_tells_something_counts(
    tried: tuple[str, ...], together: str
) -> None:
    receipts = [attempt(number, {"ana": result}) for number, result in enumerate(tried, 1)]

    for given_in in (receipts, receipts[::-1]):
        merged = merge_attempts(given_in)
        assert results(merged) == {"ana": together}
        assert getattr(merged.totals, together) == merged.totals.sum == 1


@pytest.mark.parametrize("again", ["done", "failed", "unknown"])
def test_what_was_done_and_had_to_be_sent_again_counts_twice(again: str) -> None:
    """The account changed in between, or nobody would have sent it."""
    first, second = attempt(1, {"ana": "done", "bob": "failed"}, planned=3), attempt(2, {"ana": again, "bob": "done"})
    third = attempt(3, {"ana": "already", "bob": "already", "cy": "done"}, planned=3)

    whole = merge_attempts([first, second, third])
    steps = merge_attempts([merge_attempts([first, second]), third])
    assert sorted(one.outcome for one in whole.outcomes) == sorted(
        ["done", "done", {"done": "done", "failed": "already", "unknown": "done"}[again], "done"]
    )
    assert (whole.totals.sum, whole.totals) == (4, steps.totals)
    assert [one.outcome for one in whole.outcomes] == [one.outcome for one in steps.outcomes]


@pytest.mark.parametrize("kind", ["create_contact", "create_memory", "add_user"])
def test_what_can_be_made_once_alone_counts_once_however_often_it_was_sent(kind: str) -> None:
    """Nothing is ever deleted, and these calls find what they made before."""

    def of_kind(number: int, result: str) -> ReceiptDocument:
        receipt = attempt(number, {"ana": result})
        return replace(receipt, outcomes=tuple(replace(one, type=kind) for one in receipt.outcomes))

    def together(*tried: str) -> list[str]:
        return [one.outcome for one in merge_attempts(list(map(of_kind, range(1, 5), tried))).outcomes]

    assert together("done", "done") == together("done", "unknown", "done") == together("done", "unknown") == ["done"]
    assert together("done", "failed") == ["done", "failed"]
    assert together("done", "failed", "done") == ["done"]


def test_a_run_that_is_part_of_a_merged_receipt_does_not_count_again() -> None:
    first, second = attempt(1, {"ana": "unknown"}), attempt(2, {"ana": "already"})
    both = merge_attempts([first, second])

    assert merge([("b.json", both), ("3.json", attempt(3, {}))]).runs[-1].id == "run-3"  # type: ignore[union-attr]
    for again in (first, second, both):
        for files in ([("b.json", both), ("a.json", replace(again))], [("a.json", replace(again)), ("b.json", both)]):
            with pytest.raises(InputError, match=r"cannot be merged: both hold the run run-[12]; leave one out"):
                merge(files)


def test_what_the_account_proves_is_said_to_be_proved() -> None:
    merged = merge_attempts([attempt(1, {"ana": "unknown"}), attempt(2, {"ana": "already"})])

    assert merged.outcomes[0].detail == PROVED


def test_a_merged_receipt_names_all_runs_and_adds_their_requests() -> None:
    merged = merge_attempts([attempt(2, {"ana": "already"}), attempt(1, {"ana": "done"}), attempt(3, {})])

    assert [run.id for run in merged.runs] == ["run-1", "run-2", "run-3"]
    assert merged.run == merged.runs[-1]
    assert (merged.started_at, merged.finished_at, merged.requests) == ("2026-01-01", "2026-01-03", 6)


def test_a_run_that_comes_as_receipt_and_as_journal_counts_once() -> None:
    told = attempt(1, {"ana": "failed", "bob": "unknown"}, planned=3)
    journal = replace(
        attempt(1, {"ana": "failed", "bob": "done"}, planned=3),
        outcomes=tuple(
            replace(outcome, detail="the reason is in the run's receipt alone")
            for outcome in attempt(1, {"ana": "failed", "bob": "done"}).outcomes
        ),
    )

    for given_in in ([told, journal], [journal, told]):
        merged = merge_attempts(given_in)
        assert results(merged) == {"ana": "failed", "bob": "done"}
        assert merged.outcomes[0].detail == "failed in 1"
        assert (merged.totals.sum, merged.requests, merged.runs) == (3, 1, ())


def test_what_no_attempt_began_is_counted_once() -> None:
    one_plan = [attempt(1, {"ana": "done", "bob": "unknown"}, planned=4), attempt(2, {"ana": "already"}, planned=4)]
    planned_anew = [
        attempt(1, {"ana": "done", "bob": "failed"}, planned=4),
        attempt(2, {"cy": "done"}, planned=3, digest="hmac:2"),
    ]

    assert merge_attempts(one_plan).totals == TotalsEntry(done=1, already=0, skipped=2, failed=0, unknown=1)
    assert merge_attempts(planned_anew).totals == TotalsEntry(done=2, already=0, skipped=1, failed=1, unknown=0)


EVENTS = st.sampled_from(["done", "failed", "skipped", "lost", "sent and lost", "not begun"])


@given(data=st.data(), operations=st.integers(1, 6), kills=st.integers(0, 4), is_saved=st.booleans())
def test_in_any_course_of_events_what_is_done_in_the_end_is_what_was_sent(
    data: st.DataObject, operations: int, kills: int, *, is_saved: bool
) -> None:
    names = "abcdef"[:operations]
    theirs = data.draw(st.sets(st.sampled_from(names))) if is_saved else set()
    held, attempts, sent = set(theirs), list[tuple[dict[str, str], int]](), Counter[str]()
    for number in range(kills + 1):
        if attempts and not is_saved:  # a new plan leaves out what is held, and the journal before is told so
            before, _ = attempts[-1]
            before |= {name: "done" for name in held if before.get(name) == "unknown"}
            held -= data.draw(st.sets(st.sampled_from(sorted(held)))) if held else set()  # the agent learned meanwhile
        left = [name for name in names if name not in held]
        events = {name: "done" if number == kills else data.draw(EVENTS) for name in left}
        outcomes = {name: "unknown" if "lost" in event else event for name, event in events.items()}
        known = {name: outcome for name, outcome in outcomes.items() if outcome != "not begun"}
        attempts.append(
            (known | (dict.fromkeys(held, "already") if is_saved else {}), operations if is_saved else len(left))
        )
        new = {name for name, event in events.items() if event in {"done", "sent and lost"}}
        held |= new
        sent.update(new)

    merged = merge_attempts(
        [
            attempt(number, outcomes, planned=planned, digest="hmac:1" if is_saved else f"hmac:{number}")
            for number, (outcomes, planned) in enumerate(attempts, 1)
        ]
    )
    assert Counter(one.address.split(".")[1] for one in merged.outcomes if one.outcome == "done") == sent
    assert {name for name, result in results(merged).items() if result == "already"} == theirs
    assert merged.totals.sum == len(theirs) + sent.total()


def test_attempts_at_the_same_shard_are_merged_before_the_shards_are() -> None:
    def shard(index: int, number: int, outcomes: dict[str, str]) -> tuple[str, ReceiptDocument]:
        return f"{index}-{number}", replace(attempt(number, outcomes), shards=Shards(2, (index,), 1))

    merged = merge([shard(0, 1, {"ana": "unknown"}), shard(1, 3, {"bob": "done"}), shard(0, 2, {"ana": "already"})])

    assert isinstance(merged, ReceiptDocument)
    assert results(merged) == {"ana": "done", "bob": "done"}
    assert merged.shards is None
    assert [run.id for run in merged.runs] == ["run-1", "run-2", "run-3"]
    assert merged.requests == 6


def test_receipts_of_other_specs_are_no_attempts_at_the_same() -> None:
    other = replace(attempt(2, {}), specs_digest="hmac:other")

    with pytest.raises(InputError, match=r"a\.json and b\.json cannot be merged: they were made from different specs"):
        merge([("a.json", attempt(1, {})), ("b.json", other)])
