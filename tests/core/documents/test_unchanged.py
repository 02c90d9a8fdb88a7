from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import MemoryEntry, PlaceEntry, UnchangedFact, UnchangedUser
from reconciler.core.model.desired import Memory
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, LiveUser, LiveUsers, ObservedMemory, Present
from reconciler.core.model.text import Secret
from reconciler.core.model.value import Json
from tests.builders import existing, memory, plan, user

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
