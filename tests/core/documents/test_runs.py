from collections import Counter
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from reconciler.core.documents.runs import PastRun, RunHeader, Step, StepStatus, step_statuses
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, ObservedMemory, Present, Unseen
from reconciler.core.model.selection import Chosen, select
from reconciler.core.plan.operations import Notice
from reconciler.core.plan.receipt import Result, RunRecord
from reconciler.render.tables import render_earlier_run
from tests.builders import HERE, desired, memory, plan, plan_all, user

WANTED = memory({"plan": "premium"}, users=[user()])
MEMORY = WANTED.address
USER = f'{MEMORY}.users["+14155550192"]'
HELD = Present("mem-1", {"plan": "premium"})


def step(kind: str = "write_facts", address: str = MEMORY, result: Result | None = None) -> Step:
    return Step(kind, address, HERE, result)


def found(seen: ObservedMemory, *steps: Step, targets: tuple[str, ...] = ()) -> Mapping[StepStatus, int]:
    declared = desired(WANTED)
    looked_at = select(declared, Chosen(targets)).desired
    return Counter(step_statuses(steps, plan(WANTED, seen), declared=declared, looked_at=looked_at).values())


def test_what_the_account_holds_is_no_longer_in_question() -> None:
    assert found(HELD, step()) == {"held": 1}


def test_what_is_still_needed_is_planned_again() -> None:
    assert found(Absent(), step(), step("create_memory")) == {"planned": 2}


@pytest.mark.parametrize(("kind", "address"), [("create_memory", MEMORY), ("add_user", USER)])
def test_what_the_account_gives_no_way_to_see_stays_unclear(kind: str, address: str) -> None:
    assert found(Unseen(), step(kind, address)) == {"unclear": 1}


@pytest.mark.parametrize(("live", "finding"), [({}, "planned"), ({"+14155550192": LiveUser(None, None)}, "held")])
def test_a_user_that_can_be_listed_is_there_or_planned_again(live: Mapping[str, LiveUser], finding: StepStatus) -> None:
    seen = replace(HELD, users=LiveUsers(live, listed=True))

    assert found(seen, step("add_user", USER)) == {finding: 1}


def test_what_is_no_longer_declared_is_said_to_be_so() -> None:
    assert found(HELD, step(address="contacts.gone.scopes.support")) == {"undeclared": 1}


def test_what_target_leaves_out_was_not_looked_at() -> None:
    assert found(HELD, step(), targets=(f"{MEMORY}.users",)) == {"not_read": 1}


def test_what_is_not_seen_of_one_thing_says_nothing_of_another_whose_name_begins_the_same() -> None:
    near, far = memory({"plan": "premium"}, contact="a"), memory({"plan": "premium"}, contact="ab")
    made = plan_all([(near, HELD), (far, HELD)])
    blind = replace(made, notices=(Notice("unknown_contact", near.contact.address, 1),))
    declared = desired(near, far)
    steps = [step(address=near.address), step(address=far.address), step("update_contact", near.contact.address)]

    statuses = step_statuses(steps, blind, declared=declared, looked_at=declared)
    assert [*statuses.values()] == ["unclear", "held", "unclear"]


def past(*steps: Step, finished_at: str | None = None) -> PastRun:
    header = RunHeader(RunRecord("RUN"), "test", "sandbox", "hmac:0", "sha256:0", "then", {"write_facts": 12})
    return PastRun(header, steps, "then", finished_at, interrupted=False, resolved=False)


def test_a_killed_run_is_told_in_a_line() -> None:
    done = [step(address=f"a{n}", result="done") for n in range(11)]

    assert render_earlier_run(past(*done, step()), {"held": 1}) == (
        "the run RUN ended without a receipt: of 12 operations begun, 11 have a known outcome and 1 was under way; "
        "of these, 1 is in the account"
    )


def test_a_run_that_lost_answers_is_told_in_a_line() -> None:
    run = past(step(result="done"), step("add_user", result="unknown"), finished_at="then")

    assert render_earlier_run(run, {"unclear": 1}) == (
        "the run RUN left 1 of 2 operations unknown; of these, 1 is not visible here, and is safe to repeat"
    )
