from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.review import Review, review
from reconciler.core.model.desired import Identifier, Memory
from reconciler.core.model.observed import (
    Absent,
    Ambiguous,
    FoundContact,
    LiveUser,
    LiveUsers,
    MissingContact,
    ObservedContact,
    ObservedMemory,
    Present,
)
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from reconciler.core.plan.measures import summary_of
from reconciler.core.plan.operations import MemoryWork, Operation, UpdateContact, UpdateUser, WriteFacts
from tests.builders import MASKER, declared_contact, memory, plan, user

PHONE = "+14155550192"


def reviewed(
    wanted: Memory,
    before: ObservedMemory,
    now: ObservedMemory,
    contacts: tuple[ObservedContact, ObservedContact] | None = None,
) -> Review:
    """Review a plan that was made when one thing was seen, at a time when another one is."""
    then, since = contacts or (None, None)
    return review(describe_plan(plan(wanted, before, then), MASKER), plan(wanted, now, since), MASKER)


def live(facts: Mapping[str, Json], *users: tuple[str, LiveUser]) -> Present:
    return Present("m", facts, LiveUsers(dict(users), listed=True))


def left(made: Review) -> list[Operation]:
    return list(made.plan.operations)


def written(made: Review) -> dict[str, Json]:
    return {fact.key: fact.value for item in left(made) if isinstance(item, WriteFacts) for fact in item.facts}


def said(made: Review) -> list[tuple[str, str]]:
    return [(outcome.result, outcome.detail) for outcome in made.decided]


def test_what_still_holds_is_left_to_do() -> None:
    made = reviewed(memory({"a": 1, "b": 2}), live({"a": 0}), live({"a": 0, "learned": 3}))

    assert written(made) == {"a": 1, "b": 2}
    assert said(made) == []


def test_what_the_account_holds_by_now_is_settled() -> None:
    made = reviewed(memory({"a": 1}), live({"a": 0}), live({"a": 1}))

    assert left(made) == []
    assert said(made) == [("already", "the account already holds it")]
    assert made.changed == ()


def test_what_changed_is_left_for_the_next_plan_and_named() -> None:
    made = reviewed(memory({"a": 1, "b": 2, "odd key": 3}), live({"a": 0}), live({"a": 5, "odd key": 4}))

    assert left(made) == []
    assert said(made) == [("skipped", 'changed since the plan: a, "odd key"')]
    assert len(made.changed) == 1


@pytest.mark.parametrize(("now", "unchanged"), [(0, 0), (1, 1), (5, 0)])
def test_a_memory_is_unchanged_only_where_the_account_holds_what_is_declared(now: int, unchanged: int) -> None:
    made = reviewed(memory({"a": 1}), live({"a": 0}), live({"a": now}))

    assert summary_of(made.plan).memories_unchanged == unchanged


def test_of_one_request_what_is_so_by_now_is_left_out() -> None:
    made = reviewed(memory({"a": 1, "b": 2}), live({"a": 0}), live({"a": 0, "b": 2}))

    assert written(made) == {"a": 1}


def test_a_key_that_appeared_since_has_changed() -> None:
    assert reviewed(memory({"a": 1}), live({}), live({"a": 5})).changed
    assert reviewed(memory({"a": {"b": 1}}), live({}), live({"a": {"c": 5}})).changed


def test_a_part_of_a_fact_that_nobody_reviewed_is_not_written_along() -> None:
    wanted = memory({"at": {"city": "Oslo", "floor": 3}})

    assert reviewed(
        wanted, live({"at": {"city": "Rome", "floor": 3}}), live({"at": {"city": "Rome", "floor": 4}})
    ).changed


def test_what_is_needed_since_but_was_not_reviewed_is_not_done() -> None:
    made = reviewed(
        memory({"a": 1, "b": 2}, users=[user()]),
        live({"a": 0, "b": 2}, (PHONE, LiveUser(None, None))),
        live({"a": 0, "b": 5}),
    )

    assert written(made) == {"a": 1}
    assert [item.type for item in left(made)] == ["write_facts"]


def test_the_declarations_are_narrowed_too_since_the_applier_decides_from_them_once_more() -> None:
    made = reviewed(memory({"a": 1, "b": 2}), live({"a": 0, "b": 2}), live({"a": 0, "b": 5}))
    (operation,) = left(made)

    assert isinstance(operation, WriteFacts)
    assert [fact.key for fact in operation.memory.facts] == ["a"]
    assert operation.memory.left_out == frozenset({"b"})
    assert [item.memory for item in made.plan.work if isinstance(item, MemoryWork)] == [operation.memory]


def test_a_memory_that_exists_by_now_needs_not_be_made_and_its_new_facts_hold() -> None:
    made = reviewed(memory({"a": 1}), Absent(), live({}))

    assert [item.type for item in left(made)] == ["write_facts"]
    assert said(made) == [("already", "the account already holds it")]


def test_another_memory_in_its_place_has_changed() -> None:
    made = reviewed(memory({"a": 1}), live({"a": 0}), Present("other", {"a": 0}))

    assert said(made) == [("skipped", "changed since the plan: it has another id now")]


def test_a_user_who_is_there_by_now_with_other_metadata_has_changed() -> None:
    wanted = memory(users=[user(metadata="new")])

    made = reviewed(wanted, live({}), live({}, (PHONE, LiveUser("learned", None))))
    assert left(made) == []
    assert said(made) == [("skipped", "changed since the plan: it exists now, with another metadata")]
    assert said(reviewed(wanted, live({}), live({}, (PHONE, LiveUser("new", None)))))[0][0] == "already"


def test_of_a_user_those_fields_alone_are_sent_that_were_reviewed() -> None:
    wanted = memory(users=[user(metadata="new", summary="short")])
    made = reviewed(wanted, live({}, (PHONE, LiveUser("old", "short"))), live({}, (PHONE, LiveUser("old", "grown"))))
    (operation,) = left(made)

    assert isinstance(operation, UpdateUser)
    assert (operation.user.metadata, operation.user.summary) == ("new", None)


def test_fields_of_a_contact_are_decided_like_facts() -> None:
    wanted = replace(memory(), contact=declared_contact(profile={"name": "Sarah", "metadata": {"tier": 1}}))
    then = FoundContact("c", {"name": "S.", "metadata": {"tier": 1}})
    since = FoundContact("c", {"name": "S.", "metadata": {"tier": 2}})
    made = reviewed(wanted, live({}), live({}), (then, since))
    (operation,) = left(made)

    assert isinstance(operation, UpdateContact)
    assert [write.key for write in operation.profile] == ["name"]
    assert [fact.key for fact in operation.contact.profile] == ["name"]
    assert reviewed(wanted, live({}), live({}), (then, FoundContact("c", {"name": "T."}))).changed


def test_secrets_are_decided_by_their_digests() -> None:
    wanted = memory({"token": Secret("new")})

    assert written(reviewed(wanted, live({"token": "old"}), live({"token": "old"}))) == {"token": "new"}
    assert reviewed(wanted, live({"token": "old"}), live({"token": "other"})).changed


def test_nothing_is_called_done_that_cannot_be_told_any_more() -> None:
    wanted = memory({"a": 1}, users=[user(metadata="new")])
    then = live({"a": 0}, (PHONE, LiveUser("old", None)))

    assert said(reviewed(wanted, then, Ambiguous(("m", "n")))) == [
        ("skipped", "changed since the plan: the account shows several of them now"),
        ("skipped", "changed since the plan: the account shows several of them now"),
    ]
    assert said(reviewed(wanted, then, Present("m", {"a": 1}))) == [
        ("already", "the account already holds it"),
        ("skipped", "changed since the plan: it can no longer be looked up"),
    ]
    assert said(reviewed(wanted, then, live({"a": 1})))[1] == ("skipped", "changed since the plan: it no longer exists")


def test_a_contact_that_is_gone_by_now_is_not_called_done() -> None:
    contact = declared_contact(identity=Identifier("external_id", "crm-1"), profile={"name": "S"})
    wanted = replace(memory(), contact=contact)
    made = reviewed(wanted, live({}), Absent(), (FoundContact("c", {"name": "T"}), MissingContact()))

    assert said(made)[0] == ("skipped", "changed since the plan: it no longer exists")


def test_an_id_that_is_not_known_any_more_is_no_other_id() -> None:
    made = reviewed(memory({"a": 1}), live({"a": 0}), Present(None, {"a": 0}))

    assert written(made) == {"a": 1}
