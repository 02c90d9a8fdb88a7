import asyncio
from itertools import count

import pytest

from reconciler.core.observed import Absent, Observed, ObservedMemory, Present, Unseen
from reconciler.core.plan import Plan, build_plan
from reconciler.core.receipt import Outcome
from reconciler.errors import ApiError, ApiRejectedError, ApiUnavailableError
from reconciler.execute import NOT_REACHED, Execution, execute
from tests.builders import ORIGIN, desired, existing, memory, plan, user
from tests.fakes import FakeWriter

LOST = ApiUnavailableError("connection closed", may_have_happened=True)
DOWN = ApiUnavailableError("cannot connect", may_have_happened=False)
REFUSED = ApiRejectedError("403", status=403)


def run(made: Plan, writer: FakeWriter, *, stop_after: int = 10**9, concurrency: int = 1) -> Execution:
    asked = count()
    return asyncio.run(
        execute(
            made,
            writer,
            concurrency=concurrency,
            should_stop=lambda: next(asked) >= stop_after,
            on_outcome=lambda _done, _of: None,
        )
    )


def results(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [outcome.result for outcome in outcomes]


NEW = plan(memory({"plan": "premium"}, users=[user()]), Absent())


def test_a_new_memory_takes_one_request_an_operation() -> None:
    writer = FakeWriter()

    assert results(run(NEW, writer).outcomes) == ["done", "done", "done"]
    assert [call.split()[0] for call in writer.calls] == ["create_memory", "write_facts", "add_user"]


def test_the_ids_learned_are_given_by_identity() -> None:
    execution = run(NEW, FakeWriter())

    assert execution.memory_ids == {memory().identity: "mem-id-of-sarah-persona-support"}


def test_an_id_that_is_missing_is_asked_for_with_get_or_create() -> None:
    writer = FakeWriter()

    run(plan(memory({"plan": "premium"}), Present(None, {"other": 1})), writer)

    assert [call.split()[0] for call in writer.calls] == ["create_memory", "write_facts"]


def test_a_memory_that_existed_after_all_is_already_there() -> None:
    writer = FakeWriter()
    made = plan(memory({"plan": "premium"}), Unseen())
    run(made, writer)

    assert results(run(made, writer).outcomes) == ["already", "done"]


def test_a_duplicate_user_is_already_there_and_the_outcome_says_that_it_was_not_checked() -> None:
    writer = FakeWriter()
    made = plan(existing(user()), Present("store-1", {}))
    run(made, writer)
    (outcome,) = run(made, writer).outcomes

    assert outcome.result == "already"
    assert "not checked" in outcome.detail


@pytest.mark.parametrize(("error", "result"), [(LOST, "unknown"), (DOWN, "failed"), (REFUSED, "failed")])
def test_a_lost_answer_is_unknown_and_a_clear_no_is_a_failure(error: ApiError, result: str) -> None:
    writer = FakeWriter(errors={"write_facts": error})

    assert results(run(NEW, writer).outcomes) == ["done", result, "done"]


def test_without_an_id_the_rest_of_a_memory_is_skipped_with_the_reason() -> None:
    outcomes = run(NEW, FakeWriter(errors={"create_memory": REFUSED})).outcomes

    assert results(outcomes) == ["failed", "skipped", "skipped"]
    assert "403" in outcomes[2].detail


def test_a_key_that_did_not_come_back_as_sent_is_a_failure_that_names_it() -> None:
    made = plan(memory({"a": 1, "b": 2}), Absent())
    outcomes = run(made, FakeWriter(forgets=["b"])).outcomes

    assert results(outcomes) == ["done", "failed"]
    assert '"b"' in outcomes[1].detail
    assert '"a"' not in outcomes[1].detail


def test_an_answer_without_facts_is_settled_by_reading_again() -> None:
    writer = FakeWriter()
    writer.answers_with_facts = False

    assert results(run(NEW, writer).outcomes) == ["done", "done", "done"]
    assert "read_memory mem-id-of-sarah-persona-support" in writer.calls


def test_a_memory_that_is_gone_after_the_write_is_a_failure() -> None:
    writer = FakeWriter(forgets_memories=True)
    writer.answers_with_facts = False

    assert results(run(NEW, writer).outcomes)[1] == "failed"


def test_once_stopped_the_rest_is_skipped_as_not_reached() -> None:
    outcomes = run(NEW, FakeWriter(), stop_after=1).outcomes

    assert results(outcomes) == ["done", "skipped", "skipped"]
    assert outcomes[2].detail == NOT_REACHED


def test_a_failure_in_one_memory_leaves_the_others_alone() -> None:
    names = ["a", "b", "c"]
    wanted = [memory({"plan": 1}, contact=name) for name in names]
    seen: dict[str, ObservedMemory] = {item.address: Present(f"mem-{item.contact.name}", {}) for item in wanted}
    made = build_plan(desired(*wanted), Observed(seen, requests=0), origin=ORIGIN, left_out=0)
    writer = FakeWriter(forgets=["plan"])

    assert results(run(made, writer, concurrency=2).outcomes) == ["failed"] * 3
    assert len(writer.calls) == 3
