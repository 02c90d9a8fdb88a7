"""Canary and the limit of failures, at the executor."""

import asyncio
import re
from collections.abc import Mapping, Sequence

import pytest

from reconciler.concurrency import NOT_REACHED, Stop
from reconciler.core.model.address import unit_of
from reconciler.core.model.observed import Absent, FoundContact
from reconciler.core.model.settings import MostFailures, parse_most_failures
from reconciler.core.plan.operations import Operation, Plan
from reconciler.core.plan.receipt import Outcome
from reconciler.errors import ApiError, ApiRejectedError, ApiUnavailableError
from reconciler.execute import Canary, Execution, FailureLimit, Together, execute
from tests.builders import existing, memory, plan_all, user
from tests.fakes import FakeWriter

THREE = plan_all([(memory({"a": 1}, contact=name), Absent()) for name in ("ann", "bob", "cid")])
REFUSED = ApiRejectedError("403", status=403)


class Seen:
    """Follows an execution, and keeps what it was told."""

    def __init__(self) -> None:
        self.intents: list[str] = []
        self.outcomes: list[Outcome] = []

    async def intent(self, operation: Operation) -> None:
        self.intents.append(operation.address)

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class ReadBack:
    """Gives what lacks something, or raises, and keeps what it was asked and when."""

    def __init__(self, writer: FakeWriter, lacking: Sequence[str] = (), error: Exception | None = None) -> None:
        self.lacking = lacking
        self.error = error
        self.asked: list[Sequence[str]] = []
        self.ids: Mapping[str, str] = {}
        self.calls_before = 0
        self._writer = writer

    async def __call__(self, addresses: Sequence[str], ids: Mapping[str, str]) -> Sequence[str]:
        self.asked.append(addresses)
        self.ids = ids
        self.calls_before = len(self._writer.calls)
        if self.error is not None:
            raise self.error
        return self.lacking


def run(
    made: Plan, writer: FakeWriter, seen: Seen, canary: Canary | None = None, stop: Stop | None = None
) -> Execution:
    work = execute(made, writer, concurrency=4, stop=stop or Stop(), observer=seen, canary=canary)
    return asyncio.run(work)


def results(execution: Execution) -> list[str]:
    return [outcome.result for outcome in execution.outcomes]


def test_the_canary_is_done_and_read_back_before_the_rest_begins() -> None:
    writer = FakeWriter()
    read_back = ReadBack(writer)

    execution = run(THREE, writer, Seen(), Canary(1, read_back))

    assert results(execution) == ["done"] * 6
    assert read_back.asked == [["contacts.ann"]]
    assert read_back.calls_before == 2
    assert [*read_back.ids.values()] == ["mem-id-of-ann-persona-support"]


def test_a_canary_that_is_not_as_declared_skips_the_rest_and_all_of_it_is_told() -> None:
    writer, seen = FakeWriter(), Seen()

    execution = run(THREE, writer, seen, Canary(2, ReadBack(writer, ["contacts.bob"])))

    assert results(execution) == ["done"] * 4 + ["skipped"] * 2
    assert execution.outcomes[-1].detail == "not tried: read back, the canary is not as declared: contacts.bob"
    assert len(writer.calls) == len(seen.intents) == 4
    assert len(seen.outcomes) == 6


@pytest.mark.parametrize(
    ("error", "result"), [(REFUSED, "failed"), (ApiUnavailableError("lost", may_have_happened=True), "unknown")]
)
def test_a_canary_that_is_not_done_is_not_even_read_back(error: ApiError, result: str) -> None:
    writer = FakeWriter(errors={"write_facts": error})
    read_back = ReadBack(writer)

    execution = run(THREE, writer, Seen(), Canary(1, read_back))

    assert results(execution) == ["done", result, *["skipped"] * 4]
    assert execution.outcomes[-1].detail == f"not tried: the canary failed (contacts.ann.scopes.support: {result})"
    assert read_back.asked == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ApiUnavailableError("503\nmore", may_have_happened=False), "the canary could not be read back: 503"),
        (ZeroDivisionError(), "a defect of reconciler while the canary was read back (ZeroDivisionError)"),
        (asyncio.CancelledError(), "reading the canary back was stopped"),
    ],
)
def test_a_canary_that_cannot_be_read_back_skips_the_rest(error: Exception, said: str) -> None:
    writer = FakeWriter()

    execution = run(THREE, writer, Seen(), Canary(1, ReadBack(writer, error=error)))

    assert results(execution) == ["done", "done", *["skipped"] * 4]
    assert execution.outcomes[-1].detail == f"not tried: {said}"


def test_a_stop_before_the_reading_back_leaves_it_out() -> None:
    writer, stop = FakeWriter(), Stop()
    stop.request()
    read_back = ReadBack(writer)

    execution = run(THREE, writer, Seen(), Canary(1, read_back), stop)

    assert {outcome.detail for outcome in execution.outcomes} == {NOT_REACHED}
    assert read_back.asked == []


def test_a_stop_while_the_canary_is_read_back_ends_that_when_it_is_asked_for_twice() -> None:
    writer, stop = FakeWriter(), Stop()

    async def read_back(_addresses: Sequence[str], _ids: Mapping[str, str]) -> Sequence[str]:
        stop.request()
        stop.request()
        await asyncio.Event().wait()
        return []

    execution = run(THREE, writer, Seen(), Canary(1, read_back), stop)

    assert results(execution) == ["done", "done", *["skipped"] * 4]
    assert execution.outcomes[-1].detail == NOT_REACHED


def test_a_canary_of_all_there_is_has_no_rest_to_be_read_back_for() -> None:
    writer = FakeWriter()
    read_back = ReadBack(writer)

    assert results(run(THREE, writer, Seen(), Canary(3, read_back))) == ["done"] * 6
    assert read_back.asked == []


def test_a_contact_comes_with_all_its_memories_and_an_existing_memory_is_a_unit_of_its_own() -> None:
    both = [(memory({"a": 1}, scope=scope), Absent()) for scope in ("a", "b")]
    made = plan_all([*both, (existing(user()), Absent())], contact=FoundContact("id-of-sarah", {}))

    first, rest = Canary(1, ReadBack(FakeWriter())).parts(made.work)

    assert {unit_of(item.address) for item in first} == {"contacts.sarah"}
    assert [item.address for item in rest] == ["memories.vip-line"]


@pytest.mark.parametrize("address", ["memories.vip", 'memories.vip.users["+1.5"]'])
def test_an_address_below_a_memory_belongs_to_it(address: str) -> None:
    assert unit_of(address) == "memories.vip"


def limited(made: Plan, most: MostFailures, concurrency: int = 1) -> Execution:
    writer, limit = FakeWriter(errors={"create_memory": REFUSED}), FailureLimit(most, operations=len(made.operations))
    observer = Together(limit, Seen())
    return asyncio.run(execute(made, writer, concurrency=concurrency, stop=Stop(), observer=observer))


def test_nothing_is_begun_after_as_many_failures_as_are_allowed() -> None:
    ten = plan_all([(memory(contact=f"c{number}"), Absent()) for number in range(10)])

    execution = limited(ten, MostFailures(count=3))

    assert results(execution) == ["failed"] * 3 + ["skipped"] * 7
    assert execution.outcomes[-1].detail == "not tried: 3 operations failed (--max-failures 3)"


def test_what_is_in_flight_at_the_last_failure_is_finished() -> None:
    ten = plan_all([(memory(contact=f"c{number}"), Absent()) for number in range(10)])

    failed = results(limited(ten, MostFailures(count=1), concurrency=4)).count("failed")

    assert 1 <= failed <= 4


def test_a_lost_answer_is_a_failure() -> None:
    limit = FailureLimit(MostFailures(count=1), operations=5)
    operation = THREE.operations[0]

    limit.outcome(Outcome(operation, "skipped"))
    asyncio.run(limit.intent(operation))
    limit.outcome(Outcome(operation, "unknown"))
    with pytest.raises(Exception, match=r"1 operation failed \(--max-failures 1\)"):
        asyncio.run(limit.intent(operation))


@pytest.mark.parametrize(
    ("text", "operations", "allowed"),
    [
        ("1", 100, 1),
        ("250", 100, 250),
        ("10%", 100, 10),
        ("10%", 101, 11),
        ("0.5%", 10, 1),
        ("100%", 7, 7),
        ("1%", 0, 1),
    ],
)
def test_a_share_of_failures_is_rounded_up_and_is_one_at_least(text: str, operations: int, allowed: int) -> None:
    most = parse_most_failures(text)

    assert most.of(operations) == allowed
    assert str(most) == text


@pytest.mark.parametrize("text", ["", "0", "-1", "0%", "101%", "1.5", "ten", "10 %", "%", "1e2%"])
def test_anything_else_is_no_limit_of_failures(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_most_failures(text)
