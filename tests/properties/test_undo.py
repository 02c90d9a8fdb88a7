"""Laws of undo files: whatever an account held is brought back exactly, or named as lost, and the file can be read."""

import tempfile
from pathlib import Path
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.export.undo import build_undo, redeclared
from reconciler.core.model.address import keyed_address
from reconciler.core.model.observed import Present
from reconciler.core.model.value import Json, lay_over, same
from reconciler.core.plan.diff import Updated
from reconciler.core.plan.operations import WriteFacts
from reconciler.core.plan.receipt import Outcome, Result
from reconciler.specs.texts import accepts
from reconciler.specs.undo_file import SavedUndo, load_undo, undo_text
from tests.builders import desired, memory, plan

KEYS = st.sampled_from(["a", "b", "c d", "e.f", "${x}", "1", "no", "in\nlines", "half \ud83d", "", "ключ"])
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["${env:X}", "$${", "1.10", "no", "cut \ud83d", "\ud83d\ude00", "# x", "a: b"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.integers(2**53 - 2, 2**53 + 2) | st.floats(allow_nan=False) | TEXTS
)
LIVE: Any = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3), max_leaves=8
)
DECLARED: Any = st.recursive(
    st.booleans() | st.integers(-9, 9),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=6,
)
FACTS = st.dictionaries(st.sampled_from("abc"), st.tuples(DECLARED, LIVE), min_size=1, max_size=3)


def saved(text: str) -> SavedUndo:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "undo.yaml")
        file.write_text(text, encoding="utf-8")
        return load_undo(file)


def at(value: Json, path: tuple[str, ...]) -> Json:
    for step in path:
        assert isinstance(value, dict)
        value = value[step]
    return value


@given(FACTS)
def test_a_former_value_is_brought_back_or_named_as_lost(facts: dict[str, tuple[Json, Json]]) -> None:
    live = {key: held for key, (_, held) in facts.items()}
    wanted = memory({key: declared for key, (declared, _) in facts.items()})
    made = plan(wanted, Present("m-1", live))
    undo = build_undo(made, accepts)
    read = saved(undo_text(undo, environment="e", api="https://api.example", account="hmac:0"))

    lost = {place for entries in read.header.cannot_restore.values() for place in entries}
    back = {fact.key: fact.value for one in read.desired.contact_memories for fact in one.facts}
    writes = [write for one in made.operations if isinstance(one, WriteFacts) for write in one.facts]
    for write in writes:
        for change in write.changes:
            first, *rest = change.path
            where = ".".join([keyed_address(f"{wanted.address}.facts", first), *rest])
            if isinstance(change, Updated) and where not in lost:
                assert same(at(lay_over({write.key: write.value}, back), change.path), change.before)
            else:
                assert where in {*lost, *read.header.stays}


@given(FACTS)
def test_what_is_redeclared_is_what_the_next_apply_would_overwrite(facts: dict[str, tuple[Json, Json]]) -> None:
    former = memory({key: held for key, (_, held) in facts.items()})
    declared = memory({key: wanted for key, (wanted, _) in facts.items()})
    told = {one.address for one in redeclared(desired(former), desired(declared))}

    for key, (wanted, held) in facts.items():
        is_overwritten = not same(lay_over(lay_over(wanted, held), wanted), lay_over(wanted, held))
        assert (f"{former.address}.facts.{key}" in told) is is_overwritten


def test_after_an_apply_what_may_have_been_written_is_undone_and_nothing_else() -> None:
    made = plan(memory({"a": "new"}), Present("m-1", {"a": "old"}))
    [operation] = made.operations
    assert isinstance(operation, WriteFacts)
    restored = {
        result: bool(build_undo(made, accepts, [Outcome(operation, result, written=operation.facts)]).document)
        for result in get_args(Result)
    }

    assert restored == {"done": True, "unknown": True, "failed": True, "already": False, "skipped": False}
    assert not build_undo(made, accepts, []).document


def test_what_the_specs_only_seed_is_not_said_to_come_back() -> None:
    undone = desired(memory({"a": 1, "b": 2}))
    specs = desired(memory({"a": 9}, seeds={"b": 9}))

    assert [one.address for one in redeclared(undone, specs)] == [f"{memory().address}.facts.a"]
