"""The lines of a plan: uniform for every operation, so that formats only lay them out."""

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import PlaceEntry, WriteFactsEntry
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Absent, FoundContact, LiveUser, LiveUsers, MissingContact, Present, Unseen
from reconciler.core.plan.operations import Plan
from reconciler.render.changes import Line, place_text, plan_lines, unchanged_lines
from reconciler.render.sections import grouped, plan_sections
from tests.builders import existing, memory, plan, plan_all, user

MASKER = Masker(b"key", reveal=True)
LIVE = LiveUsers({"+14155550192": LiveUser("old", None)}, listed=True)


def lines(made: Plan) -> list[Line]:
    return list(plan_lines(describe_plan(made, MASKER)))


def test_each_operation_becomes_lines_of_one_form() -> None:
    made = lines(plan(memory({"a": 1}, users=[user(summary="hers")]), Absent(), MissingContact()))

    assert [(line.subject, line.action, line.contact, line.scope, line.sign, line.text) for line in made] == [
        ("contact", "create", "sarah", "", "+", "contact"),
        ("memory", "create", "sarah", "support", "+", "memory"),
        ("fact", "add", "sarah", "support", "+", "a: 1"),
        ("user", "create", "sarah", "support", "+", 'user +14155550192 (summary "hers")'),
    ]


def test_updates_have_a_value_before_and_one_after() -> None:
    (line,) = lines(plan(memory({"a b": {"c": 2}}), Present("m", {"a b": {"c": 1}}), FoundContact("c", {})))

    assert (line.sign, line.name, line.path, line.before, line.after) == ("~", '"a b".c', ("a b", "c"), 1, 2)
    assert line.origin == "specs/a.yaml:3"


def test_a_memory_that_is_declared_by_its_id_has_neither_contact_nor_scope() -> None:
    (line,) = lines(plan(existing(user(metadata="new")), Present("m", {}, LIVE)))

    assert (line.memory, line.contact, line.scope) == ("memories.vip-line", "", "")
    assert line.text == 'user +14155550192 metadata: "old" → "new"'


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (plan(memory(), Unseen()), ["memory, if there is none"]),
        (plan(existing(user()), Unseen()), ["user +14155550192, if not there"]),
    ],
)
def test_what_may_not_be_needed_is_marked(made: Plan, expected: list[str]) -> None:
    assert [(line.sign, line.text) for line in lines(made)] == [("?", text) for text in expected]


def test_declared_values_that_stay_are_lines_too() -> None:
    document = describe_plan(plan(memory({"a": 1, "b": 2}, seeds={"tz": 3}), Present("m", {"a": 1, "tz": 4})), MASKER)

    assert [(line.action, line.name, line.after, line.is_seed) for line in unchanged_lines(document)] == [
        ("unchanged", "a", 1, False),
        ("unchanged", "tz", 3, True),
    ]


def test_a_line_that_is_not_known_is_left_out_of_a_place() -> None:
    assert place_text(PlaceEntry("specs/a.yaml", 0)) == "specs/a.yaml"


def test_only_equal_changes_have_one_identity() -> None:
    first = lines(plan(memory({"a": "x" * 1_000}), Present("m", {})))[0]

    assert first.identity == replace_after(first, "x" * 1_000).identity
    assert first.identity != replace_after(first, "x" * 1_001).identity


def replace_after(line: Line, after: str) -> Line:
    return Line(line.operation, line.address, line.subject, line.action, line.place, path=line.path, after=after)


def test_units_are_alike_by_keys_or_by_keys_and_values() -> None:
    made = plan_all([(memory({"a": 1}), Present("m", {})), (existing(), Present("n", {}))])
    document = describe_plan(made, MASKER)
    (entry,) = document.operations
    assert isinstance(entry, WriteFactsEntry)
    other = replace(entry, address="contacts.ben.scopes.support", facts=(replace(entry.facts[0], after=2),))
    (section,) = plan_sections(replace(document, operations=(entry, other)))

    assert [len(grouped(section.units, with_values=with_values)) for with_values in (False, True)] == [1, 2]
    (group,) = grouped(section.units, with_values=False)
    assert group.text_of_others == "1 more memory gets the same fact, with other values"
