from reconciler.core.observed import Absent, LiveUser, Observed, Present, Unseen
from reconciler.core.plan import AddUser, CreateMemory, Notice, WriteFacts, build_plan
from tests.builders import ORIGIN, desired, existing, memory, plan, user


def kinds(made: object) -> list[tuple[str, bool]]:
    return [(operation.type, operation.certain) for operation in made.operations]  # type: ignore[attr-defined]  # a Plan


def test_a_memory_that_holds_what_is_declared_needs_nothing() -> None:
    made = plan(memory({"plan": "premium"}), Present("mem-1", {"plan": "premium"}, users={}))

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
    assert made.work[0].needs_lookup
    assert made.requests_to_write == 2


def test_a_listed_user_is_not_added_again() -> None:
    made = plan(memory(users=[user()]), Present("mem-1", {}, users={"+14155550192": LiveUser(None, None)}))

    assert made.operations == ()


def test_a_user_of_an_existing_memory_is_added_without_a_lookup() -> None:
    made = plan(existing(user()), Present("store-1", {}))

    assert [type(operation) for operation in made.operations] == [AddUser]
    assert made.requests_to_write == 1


def test_live_keys_that_no_spec_names_are_counted_and_never_touched() -> None:
    made = plan(memory({"a": 1}), Present("mem-1", {"a": 1, "learned": 2, "too": 3}))

    assert made.notices == (Notice("unmanaged", "contacts.sarah.scopes.support", 2),)
    assert made.operations == ()


def test_users_that_cannot_be_listed_are_told() -> None:
    assert plan(memory(users=[user()]), Present("mem-1", {})).notices[0].type == "unverifiable"


def test_a_contact_that_the_api_does_not_know_is_told_and_planned_all_the_same() -> None:
    made = plan(memory({"a": 1}), Unseen(contact_known=False))

    assert made.notices == (Notice("unknown_contact", "contacts.sarah.scopes.support", 1),)
    assert isinstance(made.operations[0], CreateMemory)


def test_what_a_target_left_out_is_told() -> None:
    made = build_plan(desired(), Observed({}, requests=0), origin=ORIGIN, left_out=3)

    assert made.notices == (Notice("not_read", "", 3),)
