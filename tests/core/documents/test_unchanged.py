from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import MemoryEntry, PlaceEntry, UnchangedFact, UnchangedUser
from reconciler.core.model.desired import Memory
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, ObservedMemory, Present
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from reconciler.core.plan.base import base_of
from reconciler.core.plan.operations import MemoryWork
from tests.builders import desired, existing, memory, plan, user

MASKING = Masker(b"key", reveal=False)
PLACE = PlaceEntry("specs/a.yaml", 3)


def described(wanted: Memory, seen: ObservedMemory) -> tuple[MemoryEntry, ...]:
    return describe_plan(plan(wanted, seen), MASKING).memories


def test_of_a_changed_memory_all_that_stays_is_told() -> None:
    (entry,) = described(
        memory({"new": 1, "plan": "gold"}, seeds={"tz": "UTC"}), Present("m", {"plan": "gold", "tz": "private"})
    )

    assert entry == MemoryEntry(
        address="contacts.sarah.scopes.support",
        contact="sarah",
        scope="support",
        unchanged=(
            UnchangedFact("plan", ("plan",), "enforce", "gold", PLACE),
            UnchangedFact("tz", ("tz",), "seed", "UTC", PLACE),
        ),
        unchanged_users=(),
    )


def test_a_memory_without_changes_is_not_told() -> None:
    assert described(memory({"a": 1}), Present("m", {"a": 1})) == ()


def test_of_a_memory_that_is_made_nothing_stays() -> None:
    (entry,) = described(memory({"a": 1}, seeds={"b": 2}), Absent())

    assert entry.unchanged == ()


def test_of_a_mapping_the_largest_parts_without_a_change_stay() -> None:
    declared: Json = {"bed": "king", "floor": "high", "view": {"sea": True, "side": "south"}, "window": {"opens": True}}
    live: Json = {"bed": "king", "floor": "low", "view": {"sea": True}, "window": {"opens": True, "own": 1}}
    (entry,) = described(memory({"room": declared}), Present("m", {"room": live}))

    assert [(one.path, one.declared) for one in entry.unchanged] == [
        (("room", "bed"), "king"),
        (("room", "view", "sea"), True),
        (("room", "window"), {"opens": True}),
    ]


def test_a_user_that_the_memory_holds_stays() -> None:
    live = LiveUsers({"+14155550192": LiveUser("m", None)}, listed=True)
    (entry,) = described(existing(user(metadata="m"), user("+442079460001")), Present("m", {}, live))

    assert entry.unchanged_users == (UnchangedUser("+14155550192", PLACE),)


def test_a_memory_that_is_declared_by_its_id_has_no_facts() -> None:
    (entry,) = described(existing(user()), Present("m", {}, LiveUsers({}, listed=True)))

    assert entry == MemoryEntry("memories.vip-line", contact=None, scope=None, unchanged=(), unchanged_users=())


def test_a_secret_that_stays_is_masked() -> None:
    (entry,) = described(memory({"a": 1, "pin": Secret("1234")}), Present("m", {"pin": "1234"}))

    assert entry.unchanged[0].declared == MASKING.declared(Secret("1234"))
    assert "1234" not in repr(entry)


MANY = 500


def test_many_users_of_a_memory_are_gone_through_once() -> None:
    reads: list[str] = []

    class Counted(MemoryWork, frozen=True):
        def __getattribute__(self, name: str) -> Any:
            reads.append(name)
            return super().__getattribute__(name)

    def counted(number: int) -> int:
        made = plan(existing(*(user(f"+1415555{at:04}") for at in range(number))), Absent())
        (work,) = made.work
        assert isinstance(work, MemoryWork)
        ours = Counted(work.memory, None, None, work.operations[: number // 2])
        reads.clear()
        assert len(describe_plan(replace(made, work=(ours,)), MASKING).memories[0].unchanged_users) == number // 2
        return reads.count("left_alone")

    assert counted(2) == counted(MANY) > 0


def test_the_users_of_a_revision_are_gone_through_once_for_all_operations() -> None:
    seen: list[object] = []

    class Counted(tuple[Any, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[Any]:
            for one in super().__iter__():
                seen.append(one)
                yield one

    wanted = existing(*(user(f"+1415555{at:04}", metadata="gold") for at in range(MANY)))
    half = {one.phone_number: LiveUser("silver", None) for one in wanted.users[::2]}
    made = plan(wanted, Present("m", {}, LiveUsers(half, listed=True)))
    before = replace(wanted, users=Counted(wanted.users))
    entries = describe_plan(replace(made, base=base_of(desired(before), "main")), MASKING).operations

    assert {getattr(entry, "cause", None) for entry in entries if entry.type == "add_user"} == {"live"}
    assert {one.cause for entry in entries if entry.type == "update_user" for one in entry.changes} == {"live"}
    assert MANY <= len(seen) < 3 * MANY


def test_many_changes_inside_of_a_value_are_gone_through_once() -> None:
    compared: list[str] = []

    class Step(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            compared.append(self)
            return super().__eq__(other)

        __hash__ = str.__hash__

    declared: Json = {Step(at): {"a": 1, "b": 2} for at in range(MANY)}
    live: Json = {Step(at): {"a": 0, "b": 2} for at in range(MANY)}
    made = plan(memory({"room": declared}), Present("m", {"room": live}))
    compared.clear()
    (entry,) = describe_plan(made, MASKING).memories

    assert {one.path[2] for one in entry.unchanged} == {"b"}
    assert len(entry.unchanged) == MANY
    assert len(compared) < 20 * MANY
