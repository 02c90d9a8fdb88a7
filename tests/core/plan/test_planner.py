from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from reconciler.core.model.desired import Identifier, User
from reconciler.core.model.observed import (
    NO_USERS,
    Absent,
    Ambiguous,
    FoundContact,
    LiveUser,
    LiveUsers,
    MissingContact,
    Observed,
    Present,
    UnlistedContact,
    Unreadable,
    UnreadableContact,
    Unseen,
)
from reconciler.core.model.selection import Chosen, select
from reconciler.core.model.value import Json
from reconciler.core.plan.diff import Added, Updated
from reconciler.core.plan.operations import (
    AddUser,
    CreateMemory,
    MemoryWork,
    Notice,
    Plan,
    UpdateContact,
    UpdateUser,
    WriteFacts,
)
from reconciler.core.plan.planner import build_plan
from tests.builders import HERE, ORIGIN, declared_contact, desired, existing, memory, plan, user


def kinds(made: Plan) -> list[tuple[str, bool]]:
    return [(operation.type, operation.certain) for operation in made.operations]


def test_a_memory_that_holds_what_is_declared_needs_nothing() -> None:
    made = plan(memory({"plan": "premium"}), Present("mem-1", {"plan": "premium"}, users=NO_USERS))

    assert made.operations == ()
    assert not made.has_changes


def test_an_absent_memory_is_created_before_its_facts_and_users() -> None:
    made = plan(memory({"plan": "premium"}, users=[user()]), Absent())

    assert kinds(made) == [("create_memory", True), ("write_facts", True), ("add_user", True)]
    assert made.requests_to_write == 3


def test_a_memory_that_may_exist_is_created_uncertainly() -> None:
    made = plan(memory({"plan": "premium"}), Unseen())

    assert kinds(made) == [("create_memory", False), ("write_facts", True)]


def test_uncertain_operations_are_no_pending_changes() -> None:
    made = plan(memory(users=[user()]), Unseen())

    assert kinds(made) == [("create_memory", False), ("add_user", False)]
    assert not made.has_changes


def test_all_facts_of_a_memory_are_one_operation() -> None:
    made = plan(memory({"a": 1, "b": 2, "c": 3}), Present("mem-1", {"b": 2}))
    (operation,) = made.operations

    assert isinstance(operation, WriteFacts)
    assert [write.key for write in operation.facts] == ["a", "c"]


def test_the_id_of_a_memory_known_to_exist_costs_a_request() -> None:
    made = plan(memory({"a": 1}), Present(None, {"b": 2}))

    assert kinds(made) == [("write_facts", True)]
    assert isinstance(made.work[0], MemoryWork)
    assert made.work[0].needs_lookup
    assert made.requests_to_write == 2


def test_a_listed_user_is_not_added_again() -> None:
    made = plan(
        memory(users=[user()]),
        Present("mem-1", {}, users=LiveUsers({"+14155550192": LiveUser(None, None)}, listed=True)),
    )

    assert made.operations == ()


def test_a_user_of_an_existing_memory_is_added_without_a_lookup() -> None:
    made = plan(existing(user()), Present("store-1", {}))

    assert [type(operation) for operation in made.operations] == [AddUser]
    assert made.requests_to_write == 1


def test_live_keys_that_no_spec_names_are_counted_and_never_touched() -> None:
    made = plan(memory({"a": 1}), Present("mem-1", {"a": 1, "learned": 2, "too": 3}))

    assert made.notices == (Notice("unmanaged", "contacts.sarah.scopes.support", 2, HERE, ("learned", "too")),)
    assert made.operations == ()


def test_a_declared_key_that_a_target_leaves_out_is_not_unmanaged() -> None:
    everything = desired(memory({"a": 1, "b": 2}))
    chosen = select(everything, Chosen(("contacts.sarah.scopes.support.facts.a",))).desired
    contacts = {"contacts.sarah": FoundContact("id-of-sarah", {})}
    live = Present("mem-1", {"a": 1, "b": 2, "learned": 3})
    observed = Observed(contacts, {"contacts.sarah.scopes.support": live}, requests=1)
    made = build_plan(chosen, observed, origin=ORIGIN, left_out=0, declared=everything)

    assert [notice.keys for notice in made.notices if notice.type == "unmanaged"] == [("learned",)]


def test_users_that_cannot_be_listed_are_told() -> None:
    assert plan(memory(users=[user()]), Present("mem-1", {})).notices[0].type == "unverifiable"


def test_a_contact_that_the_account_does_not_show_is_told_and_planned_all_the_same() -> None:
    made = plan(memory({"a": 1}), Unseen(), UnlistedContact("id-of-sarah"))

    assert made.notices == (Notice("unknown_contact", "contacts.sarah", 1, HERE),)
    assert isinstance(made.operations[0], CreateMemory)


def test_what_a_target_left_out_is_told() -> None:
    made = build_plan(desired(), Observed({}, {}, requests=0), origin=ORIGIN, left_out=3)

    assert made.notices == (Notice("not_read", "", 3),)


# contacts


BY_MAIL = Identifier("email", "sarah@example.com")


def test_a_missing_contact_is_created_before_its_memories() -> None:
    made = plan(memory({"a": 1}, identity=BY_MAIL), Absent(), MissingContact())

    assert kinds(made) == [("create_contact", True), ("create_memory", True), ("write_facts", True)]


def test_of_a_contact_that_cannot_be_looked_up_nothing_is_certain() -> None:
    made = plan(memory({"a": 1}, identity=BY_MAIL), Unreadable(), UnreadableContact())

    assert kinds(made) == [("create_contact", False), ("create_memory", False), ("write_facts", False)]
    assert made.notices == (Notice("unverifiable", "contacts.sarah", 1, HERE),)
    assert not made.has_changes


def profiled(live: Mapping[str, Json] | None) -> Plan:
    contact = declared_contact(profile={"name": "Sarah", "metadata": {"tier": 1}})
    return plan(replace(memory(), contact=contact), Present("mem-1", {}), FoundContact("c-1", live))


def test_a_contact_that_holds_what_is_declared_needs_nothing() -> None:
    assert profiled({"name": "Sarah", "metadata": {"tier": 1, "other": 2}}).operations == ()


def test_the_name_and_metadata_of_a_contact_are_kept() -> None:
    (operation,) = profiled({"name": "S.", "metadata": {"other": 2}}).operations

    assert isinstance(operation, UpdateContact)
    assert operation.certain
    assert [change for write in operation.profile for change in write.changes] == [
        Added(("metadata", "tier"), 1),
        Updated(("name",), "S.", "Sarah"),
    ]


def test_where_a_contact_cannot_be_read_its_update_is_uncertain() -> None:
    assert kinds(profiled(None)) == [("update_contact", False)]


def test_a_memory_that_the_account_shows_twice_is_told_and_left_alone() -> None:
    made = plan(memory({"a": 1}, users=[user()]), Ambiguous(("mem-1", "mem-2")))

    assert made.operations == ()
    assert Notice("ambiguous_memory", "contacts.sarah.scopes.support", 2, HERE) in made.notices


# users


def with_user(declared: User, live: LiveUser | None, *, listed: bool = True) -> Plan:
    users = {declared.phone_number: live} if live else {}
    return plan(memory(users=[declared]), Present("mem-1", {}, LiveUsers(users, listed=listed)))


def test_a_user_is_updated_where_what_is_declared_differs() -> None:
    (operation,) = with_user(user(metadata="new"), LiveUser("old", "a summary")).operations

    assert isinstance(operation, UpdateUser)
    assert [change for write in operation.changes for change in write.changes] == [Updated(("metadata",), "old", "new")]


@pytest.mark.parametrize("live", [LiveUser("same", "grown"), LiveUser(None, "grown", comparable=False)])
def test_a_user_is_left_alone_where_nothing_declared_can_be_seen_to_differ(live: LiveUser) -> None:
    assert with_user(user(metadata="same"), live).operations == ()


@pytest.mark.parametrize("shown", [None, "crm-1"])
def test_an_external_memory_key_that_the_account_does_not_show_as_declared_is_told_and_blocks_nothing(
    shown: str | None,
) -> None:
    made = with_user(user(external_memory_key="crm-2"), LiveUser(None, None, external_memory_key=shown))

    assert made.notices == (Notice("unconfirmed_key", "contacts.sarah.scopes.support", 1, HERE),)
    assert not made.operations


@pytest.mark.parametrize("live", [None, LiveUser(None, None, external_memory_key="crm-2")])
def test_an_external_memory_key_that_will_be_or_is_as_declared_is_not_worth_a_word(live: LiveUser | None) -> None:
    assert with_user(user(external_memory_key="crm-2"), live).notices == ()


def test_a_user_who_is_not_listed_is_added_with_certainty() -> None:
    assert kinds(with_user(user(), None)) == [("add_user", True)]
    assert kinds(with_user(user(), None, listed=False)) == [("add_user", False)]
