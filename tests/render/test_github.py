from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import PlaceEntry, PlanDocument
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.model.masking import Masker
from reconciler.core.model.observed import Present
from reconciler.core.model.value import Json
from reconciler.render.github import render_plan_github, render_receipt_github
from tests.builders import memory, plan, plan_all

MASKING = Masker(b"key", reveal=False)


def facts(declared: dict[str, Json], live: dict[str, Json]) -> PlanDocument:
    return describe_plan(plan(memory(declared), Present("m", live)), MASKING)


def receipt(outcomes: Sequence[str]) -> ReceiptDocument:
    made = (
        OutcomeEntry("add_user", f"memories.m{n}", one, "why", PlaceEntry("f", n)) for n, one in enumerate(outcomes)
    )
    return ReceiptDocument("1.0", "receipt", "e", "a", "", "", "", False, TotalsEntry(0, 0, 0, 0, 0), tuple(made))  # noqa: FBT003  the document's order


def test_updates_of_live_values_are_warnings_and_additions_notices() -> None:
    lines = render_plan_github(facts({"a": 1, "b": "new"}, {"b": "live"})).splitlines()

    assert lines[0] == (
        "::warning file=specs/a.yaml,line=3,title=Overwrites live values (sandbox)::"
        'contacts.sarah.scopes.support: ~ b: (live text, 1-8 characters) → "new"'
    )
    assert lines[1:] == [
        "::notice file=specs/a.yaml,line=3,title=Adds keys (sandbox)::contacts.sarah.scopes.support: + a: 1"
    ]


def test_a_plan_without_changes_annotates_nothing() -> None:
    assert render_plan_github(facts({"a": 1}, {"a": 1})) == ""


def test_what_one_line_of_a_spec_does_to_many_memories_is_said_once() -> None:
    wanted = [memory({"a": 1}, contact=f"c{number}") for number in range(3)]
    text = render_plan_github(describe_plan(plan_all([(item, Present("m", {})) for item in wanted]), MASKING))

    assert text.endswith("::contacts.c0.scopes.support: + a: 1; the same at 2 more addresses\n")
    assert text.count("\n") == 1


@pytest.mark.parametrize(("count", "shown", "rest"), [(10, 10, ""), (11, 9, "2 more changes"), (900, 9, "891 more")])
def test_a_kind_has_ten_annotations_at_most_and_the_last_counts_the_rest(count: int, shown: int, rest: str) -> None:
    declared: dict[str, Json] = {f"k{number:03}": number for number in range(count)}
    lines = render_plan_github(facts(declared, {})).splitlines()

    assert len(lines) == 10
    assert sum("file=" in line for line in lines) == shown
    assert rest in lines[-1]
    assert ("file=" in lines[-1]) is not bool(rest)


def test_what_is_said_of_the_whole_plan_takes_the_place_of_a_notice_and_of_nothing_else() -> None:
    keys = {f"k{number:03}": 1 for number in range(12)}
    new: dict[str, Json] = {f"n{key}": 1 for key in keys}
    plain = facts({**keys, **new}, dict.fromkeys(keys, 2))
    lines = render_plan_github(replace(plain, snapshot_taken_at="2026-01-01T00:00:00.000Z")).splitlines()

    assert [sum(line.startswith(f"::{level} ") for line in lines) for level in ("warning", "notice")] == [10, 10]
    assert "3 more changes" in lines[9]
    assert "4 more changes" in lines[18]
    assert "Read from a snapshot" in lines[19]


def test_failures_are_errors_and_what_is_done_is_not_annotated() -> None:
    lines = render_receipt_github(receipt(["done", "unknown", "failed", "already", "skipped"])).splitlines()

    assert [line.split()[0] for line in lines] == ["::error", "::warning", "::warning"]
    assert lines[0] == "::error file=f,line=2,title=Failed (e)::memories.m2: add_user: why"


def test_properties_and_messages_are_escaped_by_the_grammar() -> None:
    made = facts({"a": "100%\n::set-output name=x::y"}, {})
    operation = replace(made.operations[0], address="\r\n::error::x")
    moved = replace(made, operations=(operation,), environment="a:b,c%\n")
    line = render_plan_github(moved)

    assert line.startswith("::notice file=specs/a.yaml,line=3,title=Adds keys (a%3Ab%2Cc%25\\n)::\\r\\n::error::x: ")
    assert '"100%25\\n::set-output name=x::y"' in line
    assert line.count("\n") == 1
