import asyncio
from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from reconciler.concurrency import NOT_REACHED, Stop
from reconciler.core.export.undo import build_undo
from reconciler.core.model.desired import ContactId, Identifier, User, memory_key
from reconciler.core.model.observed import (
    Absent,
    FoundContact,
    LiveUser,
    LiveUsers,
    MissingContact,
    Present,
    Unreadable,
    UnreadableContact,
    Unseen,
)
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import FactWrite, Updated
from reconciler.core.plan.operations import ContactWork, Operation, Plan
from reconciler.core.plan.receipt import Outcome
from reconciler.core.remote import ContactRecord, UserPage
from reconciler.errors import (
    AddUserRefusedError,
    ApiError,
    ApiRejectedError,
    ApiUnavailableError,
    BudgetSpentError,
    RouteAbsentError,
    StateError,
)
from reconciler.execute import Counting, Execution, Together, execute
from reconciler.workflow.applying import apply_plan
from reconciler.workflow.run import Run
from tests.builders import MASKER, declared_contact, existing, memory, plan, plan_all, user
from tests.fakes import FakeWriter

LOST = ApiUnavailableError("connection closed", may_have_happened=True)
DOWN = ApiUnavailableError("cannot connect", may_have_happened=False)
REFUSED = ApiRejectedError("403", status=403)


def run(made: Plan, writer: FakeWriter, *, stop_after: int = 10**9, concurrency: int = 1) -> Execution:
    stop = Stop()
    if stop_after == 0:
        stop.request()

    def note(done: int, _of: int) -> None:
        if done == stop_after:
            stop.request()

    return asyncio.run(
        execute(
            made, writer, concurrency=concurrency, stop=stop, observer=Counting(note, operations=len(made.operations))
        )
    )


def results(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [outcome.result for outcome in outcomes]


NEW = plan(memory({"plan": "premium"}, users=[user()]), Absent())


def test_a_new_memory_takes_one_request_an_operation() -> None:
    writer = FakeWriter()

    assert results(run(NEW, writer).outcomes) == ["done", "done", "done"]
    assert [call.split()[0] for call in writer.calls] == ["create_memory", "write_facts", "add_user"]


def test_the_ids_learned_are_given_by_contact_and_scope() -> None:
    execution = run(NEW, FakeWriter())

    assert execution.memory_ids == {memory_key("id-of-sarah", memory().scope_key): "mem-id-of-sarah-persona-support"}


def test_an_id_that_is_missing_is_asked_for_with_get_or_create() -> None:
    writer = FakeWriter()

    run(plan(memory({"plan": "premium"}), Present(None, {"other": 1})), writer)

    assert [call.split()[0] for call in writer.calls] == ["create_memory", "write_facts"]


def test_a_memory_that_existed_after_all_is_already_there() -> None:
    writer = FakeWriter()
    made = plan(memory({"plan": "premium"}), Unseen())
    run(made, writer)

    assert results(run(made, writer).outcomes) == ["already", "already"]


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


def test_a_memory_that_is_gone_after_the_write_is_unknown() -> None:
    writer = FakeWriter(forgets_memories=True)
    writer.answers_with_facts = False

    assert results(run(NEW, writer).outcomes)[1] == "unknown"


def test_once_stopped_the_rest_is_skipped_as_not_reached() -> None:
    outcomes = run(NEW, FakeWriter(), stop_after=1).outcomes

    assert results(outcomes) == ["done", "skipped", "skipped"]
    assert outcomes[2].detail == NOT_REACHED


def test_seeds_do_not_overwrite_what_was_learned_between_plan_and_apply() -> None:
    writer = FakeWriter()
    writer.facts["mem-id-of-sarah-persona-support"] = {"language": "fr", "plan": "premium"}
    made = plan(memory({"plan": "premium"}, seeds={"language": "en"}), Unseen())

    assert results(run(made, writer).outcomes) == ["already", "already"]
    assert writer.facts["mem-id-of-sarah-persona-support"]["language"] == "fr"


def test_parts_that_no_spec_names_are_sent_back_as_they_are_by_now() -> None:
    writer = FakeWriter()
    made = plan(memory({"at": {"city": "Lima"}}), Present("mem-1", {"at": {"city": "Quito", "street": "old"}}))
    writer.facts["mem-1"] = {"at": {"city": "Quito", "street": "new"}}
    run(made, writer)

    assert writer.facts["mem-1"] == {"at": {"city": "Lima", "street": "new"}}
    assert made.requests_to_write == len(writer.calls) == 2


def test_what_was_written_but_cannot_be_read_back_is_unknown() -> None:
    writer = FakeWriter(errors={"read_memory": REFUSED})
    writer.answers_with_facts = False

    assert results(run(NEW, writer).outcomes) == ["done", "unknown", "done"]


def test_a_defect_in_one_memory_is_an_outcome_and_the_others_go_on() -> None:
    made = plan_all([(memory({"plan": 1}, contact=name), Present(f"mem-{name}", {})) for name in ("a", "b")])
    writer = FakeWriter(defects_in=["mem-a"])
    outcomes = run(made, writer).outcomes

    assert results(outcomes) == ["unknown", "done"]
    assert outcomes[0].detail == "a defect of reconciler (ZeroDivisionError)"


def test_stopped_twice_what_is_in_flight_is_unknown_and_nothing_is_lost() -> None:
    stop = Stop()
    writer = FakeWriter(hangs=True)

    async def interrupted() -> Execution:
        work = asyncio.ensure_future(execute(NEW, writer, concurrency=1, stop=stop, observer=Together()))
        await writer.called.wait()
        stop.request()
        stop.request()
        return await work

    assert results(asyncio.run(interrupted()).outcomes) == ["unknown", "skipped", "skipped"]


def test_a_failure_in_one_memory_leaves_the_others_alone() -> None:
    made = plan_all([(memory({"plan": 1}, contact=name), Present(f"mem-{name}", {})) for name in ("a", "b", "c")])
    writer = FakeWriter(forgets=["plan"])

    assert results(run(made, writer, concurrency=2).outcomes) == ["failed"] * 3
    assert len(writer.calls) == 3


# contacts


BY_PHONE = Identifier("phone_number", "+14155550192")
NEW_CONTACT = plan(memory({"plan": 1}, identity=BY_PHONE), Absent(), MissingContact())


def test_a_contact_is_created_before_its_memories_which_then_know_its_id() -> None:
    writer = FakeWriter()
    execution = run(NEW_CONTACT, writer)

    assert results(execution.outcomes) == ["done", "done", "done"]
    assert writer.calls[:2] == ["resolve_contact +14155550192", "create_memory c-+14155550192"]
    assert list(execution.memory_ids) == [memory_key("c-+14155550192", memory().scope_key)]


def test_what_depends_on_a_contact_that_failed_is_skipped_with_the_reason() -> None:
    outcomes = run(NEW_CONTACT, FakeWriter(errors={"resolve_contact": REFUSED})).outcomes

    assert results(outcomes) == ["failed", "skipped", "skipped"]
    assert outcomes[1].detail == "not tried: contacts.sarah could not be found or created (403)"


def test_what_depends_on_a_contact_that_was_not_reached_is_skipped() -> None:
    assert results(run(NEW_CONTACT, FakeWriter(), stop_after=0).outcomes) == ["skipped"] * 3


def test_a_contact_found_after_all_is_corrected_where_it_differs() -> None:
    contact = declared_contact(identity=BY_PHONE, profile={"name": "Sarah", "metadata": {"tier": 1}})
    made = plan(replace(memory(), contact=contact), Unreadable(), UnreadableContact())
    writer = FakeWriter()
    writer.profiles["c-+14155550192"] = {"name": "Someone", "metadata": {"other": True}}

    assert results(run(made, writer).outcomes) == ["done", "done"]
    assert writer.profiles["c-+14155550192"] == {"name": "Sarah", "metadata": {"tier": 1, "other": True}}


def test_a_contact_that_appeared_since_the_plan_with_other_values_is_left_for_the_next_plan() -> None:
    contact = declared_contact(identity=BY_PHONE, profile={"name": "Sarah"})
    made = plan(replace(memory({"a": 1}), contact=contact), Absent(), MissingContact())
    writer = FakeWriter()
    writer.profiles["c-+14155550192"] = {"name": "Someone"}
    first, *others = run(made, writer).outcomes

    assert (first.result, first.detail) == ("skipped", 'changed since the plan: "name"; the next plan shows it')
    assert results(tuple(others)) == ["done", "done"]
    assert writer.profiles["c-+14155550192"] == {"name": "Someone"}


def test_facts_that_a_plan_could_not_show_are_not_overwritten() -> None:
    writer = FakeWriter()
    writer.facts["m"] = {"tier": "learned", "at": {"city": "Rome"}}
    made = plan(
        memory({"tier": "new", "at": {"city": "Oslo"}}), Present("m", {"tier": "old", "at": {"city": "Rome", "x": 1}})
    )
    (outcome,) = run(made, writer).outcomes

    assert (outcome.result, outcome.detail) == ("skipped", 'changed since the plan: "tier"; the next plan shows it')
    assert writer.facts["m"] == {"tier": "learned", "at": {"city": "Rome"}}


def test_a_contact_that_was_created_and_completed_by_another_hand_while_it_had_to_wait_is_done() -> None:
    class Meanwhile(FakeWriter):
        async def resolve_contact(
            self, identifier: Identifier, profile: Mapping[str, Json]
        ) -> tuple[ContactRecord, bool]:
            del profile
            return await super().resolve_contact(identifier, {})

        async def update_contact(self, contact_id: str, profile: Sequence[FactWrite]) -> ContactRecord:
            del profile
            self.profiles[contact_id] = {"name": "Sarah"}
            raise DOWN

    contact = declared_contact(identity=BY_PHONE, profile={"name": "Sarah"})
    made = plan(replace(memory({"a": 1}), contact=contact), Absent(), MissingContact())

    assert results(run(made, Meanwhile()).outcomes) == ["done", "done", "done"]


def test_a_contact_of_which_a_part_was_not_sent_when_the_run_ends_is_tried_no_more() -> None:
    contact = declared_contact(identity=BY_PHONE, profile={"name": "Sarah"})
    made = plan(replace(memory({}), contact=contact), Unreadable(), UnreadableContact())
    writer = FakeWriter(errors={"update_contact": UNSENT})
    writer.profiles["c-+14155550192"] = {"name": "Another"}
    run(made, writer)

    assert [call.split()[0] for call in writer.calls].count("resolve_contact") == 1


def test_a_contact_found_as_it_should_be_is_already_there() -> None:
    writer = FakeWriter()
    writer.profiles["c-+14155550192"] = {}

    assert results(run(NEW_CONTACT, writer).outcomes) == ["already", "done", "done"]


def test_what_others_wrote_into_a_contact_since_the_plan_is_kept() -> None:
    contact = declared_contact(profile={"metadata": {"at": {"city": "Lima"}}})
    live: dict[str, Json] = {"metadata": {"at": {"city": "Quito", "street": "old"}}}
    made = plan(replace(memory(), contact=contact), Present("m", {}), FoundContact("c-1", live))
    writer = FakeWriter()
    writer.profiles["c-1"] = {"metadata": {"at": {"city": "Quito", "street": "new", "note": 1}}}
    run(made, writer)

    assert writer.profiles["c-1"]["metadata"] == {"at": {"city": "Lima", "street": "new", "note": 1}}
    assert made.requests_to_write == len(writer.calls) == 2


def test_a_contact_that_was_not_read_by_the_plan_is_read_before_it_is_written() -> None:
    contact = declared_contact(profile={"metadata": {"at": {"city": "Lima"}}})
    made = plan(replace(memory(), contact=contact), Present("m", {}), FoundContact("c-1", None))
    writer = FakeWriter()
    writer.profiles["c-1"] = {"metadata": {"at": {"city": "Lima", "street": "kept"}}}

    assert results(run(made, writer).outcomes) == ["already"]
    assert writer.profiles["c-1"]["metadata"] == {"at": {"city": "Lima", "street": "kept"}}


def test_two_declarations_that_turn_out_to_be_one_live_contact_are_not_both_written() -> None:
    first, second = memory({"a": 1}, identity=BY_PHONE), memory({"a": 2}, contact="too", identity=BY_PHONE)
    made = plan_all([(first, Absent()), (second, Absent())], contact=MissingContact())
    outcomes = run(made, FakeWriter()).outcomes

    assert results(outcomes) == ["done", "done", "done", "failed", "skipped", "skipped"]
    assert "contacts.too is the same live contact as contacts.sarah" in outcomes[3].detail


def test_a_user_found_after_a_lost_answer_with_other_metadata_is_updated() -> None:
    writer = FakeWriter(lists_users=True, errors_after={"add_user": LOST})
    (outcome,) = run(plan(existing(user(metadata="new")), Present("store-1", {})), writer).outcomes

    assert outcome.result == "done"
    assert writer.calls[-1] == "update_user store-1"


def test_seeds_do_not_overwrite_what_was_learned_in_a_memory_that_the_plan_knew() -> None:
    writer = FakeWriter()
    made = plan(memory(seeds={"tz": "UTC"}), Present("mem-1", {}))
    writer.facts["mem-1"] = {"tz": "learned"}

    assert results(run(made, writer).outcomes) == ["already"]
    assert writer.facts["mem-1"] == {"tz": "learned"}


def test_an_api_that_answers_with_errors_is_not_given_up() -> None:
    made = plan_all([(memory({"a": 1}, contact=f"n{n}"), Present(f"m-{n}", {})) for n in range(50)])

    assert results(run(made, FakeWriter(errors={"write_facts": LOST})).outcomes) == ["unknown"] * 50


def test_an_api_that_cannot_be_reached_is_given_up_after_a_while() -> None:
    gone = ApiUnavailableError("cannot connect", may_have_happened=False, answered=False)
    made = plan_all([(memory({"a": 1}, contact=f"n{n}"), Present(f"m-{n}", {})) for n in range(50)])
    outcomes = run(made, FakeWriter(errors={"write_facts": gone, "read_memory": gone})).outcomes

    assert results(outcomes) == ["failed"] * 20 + ["skipped"] * 30
    assert "20 times in a row" in outcomes[-1].detail


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("call", ["write_facts", "create_memory"])
def test_a_key_that_the_api_refuses_for_ten_writes_is_given_up(status: int, call: str) -> None:
    made = plan_all([
        (memory({"a": 1}, contact=f"n{n}"), Present(f"m-{n}", {}) if call == "write_facts" else Absent())
        for n in range(50)
    ])  # fmt: skip
    writer = FakeWriter(errors={call: RouteAbsentError("no", status=status)})
    outcomes = run(made, writer).outcomes

    assert results(outcomes).count("failed") == len(writer.calls) == 10
    assert "the API refused the key for 10 writes in a row" in outcomes[-1].detail


def test_a_key_that_may_not_write_stops_all_that_hangs_on_its_contacts() -> None:
    people = [(f"n{n}", Identifier("external_id", f"crm-{n}")) for n in range(50)]
    wanted = [(memory({"a": 1}, contact=name, identity=identity), Absent()) for name, identity in people]
    made = plan_all(wanted, contact=MissingContact())
    writer = FakeWriter(errors={"resolve_contact": RouteAbsentError("no", status=403)})
    outcomes = run(made, writer).outcomes

    assert len(writer.calls) == 10
    assert len({outcome.detail for outcome in outcomes}) == 2


def test_what_is_there_already_does_not_show_that_a_key_may_write() -> None:
    learned = (memory(seeds={"tz": "UTC"}, contact="first"), Present("m", {}))
    made = plan_all([learned, *((memory({"a": 1}, contact=f"n{n}"), Present(f"m-{n}", {})) for n in range(30))])
    writer = FakeWriter(errors={"write_facts": ApiRejectedError("no", status=403)})
    writer.facts["m"] = {"tz": "learned"}

    assert results(run(made, writer).outcomes) == ["already"] + ["failed"] * 10 + ["skipped"] * 20


@pytest.mark.parametrize(("status", "tried"), [(401, 10), (403, 30), (400, 30)])
def test_a_key_that_has_written_is_given_up_only_where_it_is_no_key_any_more(status: int, tried: int) -> None:
    users = [user(f"+1415555{n:04}") for n in range(30)]
    made = plan(memory({"a": 1}, users=users), Present("m", {}))
    outcomes = run(made, FakeWriter(errors={"add_user": ApiRejectedError("no", status=status)})).outcomes

    assert results(outcomes)[0] == "done"
    assert results(outcomes).count("failed") == tried


def test_a_profile_that_the_api_does_not_keep_is_a_failure_that_names_the_key() -> None:
    contact = declared_contact(profile={"name": "Sarah"})
    made = plan(replace(memory(), contact=contact), Present("mem-1", {}), FoundContact("c-1", {}))
    (outcome,) = run(made, FakeWriter(forgets=["name"])).outcomes

    assert (outcome.result, outcome.detail) == (
        "failed",
        'the API did not keep "name" as sent, and another run will not help',
    )


# users, where the account can list them


def adding(*, error: ApiError | None = None, listed: bool = True) -> tuple[Outcome, FakeWriter]:
    writer = FakeWriter(errors={"add_user": error} if error else {}, lists_users=listed)
    (outcome,) = run(plan(existing(user()), Present("store-1", {})), writer).outcomes
    return outcome, writer


def test_a_lost_answer_is_settled_by_reading_again_the_user_is_there() -> None:
    writer = FakeWriter(lists_users=True, errors_after={"add_user": LOST})
    (outcome,) = run(plan(existing(user()), Present("store-1", {})), writer).outcomes

    assert outcome.result == "done"
    assert "the user is in the memory" in outcome.detail


def test_a_user_who_is_not_there_after_a_lost_answer_is_sent_again() -> None:
    outcome, writer = adding(error=LOST)

    assert outcome.result == "unknown"
    assert writer.calls == ["add_user store-1"] * 6


def test_a_lost_answer_where_users_cannot_be_listed_stays_unknown() -> None:
    assert adding(error=LOST, listed=False)[0].result == "unknown"


class ForgetfulLine(FakeWriter):
    """Loses the answer to the first adding of a user, which was carried out."""

    lost = False

    async def add_user(self, memory_id: str, user: User) -> Mapping[str, Json]:
        del memory_id, user
        if self.lost:
            raise AddUserRefusedError("400, exists")
        self.lost = True
        self.calls.append("add_user")
        raise self._lost("add_user", LOST)


def test_where_nobody_can_look_a_user_is_sent_once_more_since_none_can_be_added_twice() -> None:
    (outcome,) = run(plan(existing(user()), Present("store-1", {})), ForgetfulLine()).outcomes

    assert outcome.result == "already"
    assert "sent again" in outcome.detail


def test_a_refusal_for_a_user_who_is_not_there_is_a_failure() -> None:
    outcome, _ = adding(error=AddUserRefusedError("the API answered 400"))

    assert (outcome.result, outcome.detail) == ("failed", "the API answered 400")


def test_a_refusal_by_a_memory_that_is_not_there_is_a_failure() -> None:
    writer = FakeWriter(errors={"add_user": AddUserRefusedError("400")}, memory_missing=True)
    (outcome,) = run(plan(existing(user()), Present("store-1", {})), writer).outcomes

    assert (outcome.result, outcome.detail) == ("failed", "the account has no memory with this id")


def test_a_refusal_by_a_memory_of_a_contact_that_lists_no_users_is_a_duplicate_as_far_as_known() -> None:
    writer = FakeWriter(errors={"add_user": AddUserRefusedError("400")}, memory_missing=True)
    outcome = run(NEW, writer).outcomes[-1]

    assert outcome.result == "already"
    assert "not checked" in outcome.detail


def test_a_user_who_differs_is_updated() -> None:
    live = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)
    writer = FakeWriter()
    made = plan(existing(user(metadata="new")), Present("store-1", {}, live))

    assert results(run(made, writer).outcomes) == ["done"]
    assert writer.calls == ["update_user store-1"]


# the end of a run, by stop or by budget


UNSENT = BudgetSpentError("not reached: the 1 of --max-requests are used up")


def test_once_nothing_more_is_sent_all_the_rest_is_skipped_for_that_reason() -> None:
    made = plan_all([(memory({"a": n}, contact=f"c{n}"), Absent()) for n in range(3)])
    writer = FakeWriter(errors={"write_facts": UNSENT})
    outcomes = run(made, writer).outcomes

    assert results(outcomes) == ["done", *["skipped"] * 5]
    assert {item.detail for item in outcomes if item.result == "skipped"} == {str(UNSENT)}
    assert [call.split()[0] for call in writer.calls] == ["create_memory", "write_facts"]


def test_a_contact_that_was_there_with_another_profile_is_no_skipped_one_when_the_run_ends() -> None:
    identity = Identifier("external_id", "crm-1")
    made = plan(memory({}, identity=identity), Unreadable(), UnreadableContact())
    work = made.work[0]
    assert isinstance(work, ContactWork)
    named = replace(work, contact=declared_contact("sarah", identity, profile={"name": "Sarah"}))
    writer = FakeWriter(errors={"update_contact": UNSENT})
    writer.profiles["c-crm-1"] = {"name": "Another"}
    first = run(replace(made, work=(named, *made.work[1:])), writer).outcomes[0]

    assert (first.result, first.detail) == ("failed", f"the contact is there, and the rest is {UNSENT}")


def test_a_user_that_was_added_with_a_lost_answer_is_no_skipped_one_when_the_run_ends() -> None:
    wanted = memory(users=[user(metadata="declared")])
    writer = FakeWriter(lists_users=True, errors_after={"add_user": LOST}, errors={"update_user": UNSENT})
    last = run(plan(wanted, Absent()), writer).outcomes[-1]

    assert last.result == "unknown"
    assert last.detail.endswith(f"the user is in the memory, and the rest is {UNSENT}")


class Following:
    """Notes what an execution tells, beside the calls of its writer; forbids all from the `limit`-th intent on."""

    def __init__(self, writer: FakeWriter, *, limit: int = 10**9) -> None:
        self.writer = writer
        self.limit = limit
        self.intents: list[Operation] = []
        self.outcomes: list[Outcome] = []

    async def intent(self, operation: Operation) -> None:
        if len(self.intents) == self.limit:
            raise StateError("the disk is full")
        self.intents.append(operation)
        self.writer.calls.append(f"intent {operation.type}")

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def followed(made: Plan, writer: FakeWriter, *, limit: int = 10**9) -> tuple[Following, Execution]:
    following = Following(writer, limit=limit)
    return following, asyncio.run(execute(made, writer, concurrency=1, stop=Stop(), observer=following))


def test_an_intent_comes_before_the_first_request_of_its_operation() -> None:
    following, execution = followed(NEW, FakeWriter())

    assert [call.split()[0] for call in following.writer.calls] == [
        *("intent", "create_memory"),
        *("intent", "write_facts"),
        *("intent", "add_user"),
    ]
    assert following.outcomes == list(execution.outcomes)


def test_what_an_observer_forbids_is_not_sent_and_neither_is_anything_after_it() -> None:
    following, execution = followed(NEW, FakeWriter(), limit=1)

    assert results(execution.outcomes) == ["done", "skipped", "skipped"]
    assert execution.outcomes[2].detail == "not tried: the disk is full"
    assert following.writer.calls == ["intent create_memory", "create_memory id-of-sarah"]
    assert following.outcomes == list(execution.outcomes)


def test_an_outcome_tells_what_was_replaced_in_the_end_which_the_plan_could_not_know() -> None:
    wanted = memory(users=[user(metadata="new")])
    blind = plan(wanted, Present(None, {"a": 1}))
    writer = MetUser(errors={"add_user": AddUserRefusedError("400")})
    (outcome,) = run(blind, writer).outcomes
    undo = build_undo(blind, lambda _kind, _text: True, [outcome])

    assert [change.before for write in outcome.written for change in write.changes if isinstance(change, Updated)] == [
        "learned"
    ]
    assert undo.document["contacts"]["sarah"]["scopes"]["support"]["users"] == [  # type: ignore[index, call-overload]
        {"phone_number": "+14155550192", "metadata": "learned"}
    ]


class Failing:
    """Fails whenever it is told something."""

    async def intent(self, operation: Operation) -> None:
        """Let it happen."""

    def outcome(self, outcome: Outcome) -> None:
        raise BrokenPipeError(outcome.result)


@pytest.mark.parametrize("failing_first", [True, False])
def test_an_observer_that_fails_ends_nothing_and_the_others_hear_of_all(*, failing_first: bool) -> None:
    writer = FakeWriter()
    following = Following(writer)
    both = Together(Failing(), following) if failing_first else Together(following, Failing())
    execution = asyncio.run(execute(NEW, writer, concurrency=2, stop=Stop(), observer=both))

    assert results(execution.outcomes) == ["done", "done", "done"]
    assert following.outcomes == list(execution.outcomes)


def test_an_only_observer_that_fails_ends_nothing() -> None:
    execution = asyncio.run(execute(NEW, FakeWriter(), concurrency=2, stop=Stop(), observer=Failing()))

    assert results(execution.outcomes) == ["done", "done", "done"]


def test_a_defect_in_an_observer_lets_nothing_more_begin_and_every_operation_has_an_outcome() -> None:
    class Defective(Failing):
        async def intent(self, operation: Operation) -> None:
            raise ZeroDivisionError(operation.type)

    writer = FakeWriter()
    execution = asyncio.run(execute(NEW, writer, concurrency=2, stop=Stop(), observer=Defective()))

    assert {(item.result, item.detail) for item in execution.outcomes} == {
        ("skipped", "not tried: a defect of reconciler (ZeroDivisionError)")
    }
    assert writer.calls == []


def test_the_journal_hears_of_an_outcome_before_progress_is_told() -> None:
    following = Following(FakeWriter())
    heard_before = []

    def note(_done: int, _of: int) -> None:
        heard_before.append(len(following.outcomes))

    workings = Run("test", "sandbox", "auto", {}, 1, MASKER, note, print)
    asyncio.run(apply_plan(NEW, FakeWriter(), workings, stop=Stop(), observer=following))

    assert heard_before == [1, 2, 3]


def test_a_stop_that_is_requested_while_an_operation_is_announced_keeps_it_from_being_sent() -> None:
    stop, writer = Stop(), FakeWriter()

    class Stopping(Following):
        async def intent(self, operation: Operation) -> None:
            await super().intent(operation)
            stop.request()

    observer = Stopping(FakeWriter())
    execution = asyncio.run(execute(NEW, writer, concurrency=1, stop=stop, observer=observer))

    assert results(execution.outcomes) == ["skipped", "skipped", "skipped"]
    assert writer.calls == []
    assert len(observer.intents) == 1


def test_an_api_that_is_reached_now_and_then_is_not_given_up() -> None:
    class Reached(FakeWriter):
        async def write_facts(self, memory_id: str, facts: Sequence[FactWrite]) -> Mapping[str, Json] | None:
            if memory_id != "m-15":
                raise ApiUnavailableError("cannot connect", may_have_happened=False, answered=False)
            return await super().write_facts(memory_id, facts)

    made = plan_all([(memory({"a": 1}, contact=f"n{n:02}"), Present(f"m-{n}", {})) for n in range(35)])

    assert results(run(made, Reached()).outcomes) == ["failed"] * 15 + ["done"] + ["failed"] * 19


def test_a_contact_that_turns_out_to_be_the_one_of_a_planned_memory_is_not_written_in_two_names() -> None:
    live = ContactId("c-+14155550192")
    known = plan(memory({"a": 1}, contact="ann", identity=live), Present("m-1", {}), FoundContact(live.contact_id, {}))
    outcomes = run(replace(known, work=(*known.work, *NEW_CONTACT.work)), FakeWriter()).outcomes

    assert results(outcomes) == ["done", "failed", "skipped", "skipped"]
    assert "contacts.sarah is the same live contact as contacts.ann" in outcomes[1].detail


class MetUser(FakeWriter):
    """Holds a user who is there already."""

    async def list_users(self, memory_id: str, offset: int) -> UserPage:
        del memory_id, offset
        return UserPage({"+14155550192": LiveUser("learned", None)}, has_more=False)
