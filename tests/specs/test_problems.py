"""Each mistake is told once, however many contacts come of the place where it stands."""

import pytest

from reconciler.core.model.masking import worded
from reconciler.errors import Source
from reconciler.specs import problems as module
from reconciler.specs.problems import MOST_AT_A_PLACE, MOST_IN_DATA, Problems

PLACE = Source("a.yaml", 3, 5)

LIST_ALL = "list all with `reconciler validate --write csv=FILE`"


def told(problems: Problems) -> list[str]:
    return [str(worded(problem, reveal=False)) for problem in problems.found]


def test_what_is_wrong_for_many_contacts_at_one_place_is_told_of_the_first_and_counted() -> None:
    problems = Problems()
    for name in ("ana", 'b"o', "c d", "ana"):
        problems.add(PLACE, ("contacts", name, "facts", "plan"), message="no", cure="yes")
    problems.add(PLACE, ("contacts", "ana", "facts", "tier"), message="no", cure="yes")

    assert told(problems) == [
        "a.yaml:3:5 contacts.ana.facts.plan: no (also of 2 other contacts); yes",
        "a.yaml:3:5 contacts.ana.facts.tier: no; yes",
    ]


def test_what_is_found_twice_of_one_contact_is_one_mistake() -> None:
    problems = Problems()
    for _ in range(3):
        problems.add(PLACE, "contacts.ana", message="no", cure="yes")

    assert told(problems) == ["a.yaml:3:5 contacts.ana: no; yes"]


def test_different_mistakes_are_all_told_up_to_a_bound_for_each_place_and_data_file() -> None:
    problems = Problems()
    problems.bound("data.csv")
    for at in range(MOST_AT_A_PLACE + 2):
        problems.add(PLACE, "x", message=f"no {at}", cure="yes")
        problems.add(Source("a.yaml", at + 10, 1), "x", message="no", cure="yes")
    for at in range(MOST_IN_DATA + 3):
        problems.add(Source("data.csv", at + 1, 1), "x", message="no", cure="yes")

    assert len(problems.found) == MOST_AT_A_PLACE * 2 + 2 + MOST_IN_DATA + 2
    assert told(problems)[-2:] == [
        "a.yaml:3:5: 2 more problems at this place; fix the first 100 and run it again",
        f"data.csv: 3 more problems in this file; fix those that are named, or {LIST_ALL}",
    ]


def test_behind_the_bound_of_a_data_file_the_first_of_each_other_kind_is_told() -> None:
    problems = Problems()
    problems.bound("data.csv")
    for at in range(MOST_IN_DATA + 9):
        problems.add(Source("data.csv", at + 1, 1), "x", message=f'"{at}" is no number', cure="yes")
    for at in range(2):
        problems.add(Source("data.csv", at + 200, 1), "x", message="this cell is empty", cure="yes")

    assert told(problems)[MOST_IN_DATA:] == [
        "data.csv:200:1 x: this cell is empty; yes",
        f"data.csv: 10 more problems in this file; fix those that are named, or {LIST_ALL}",
    ]


def test_of_very_many_problems_those_beyond_a_bound_are_counted_in_each_spec_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_PROBLEMS", 3)
    problems = Problems()
    problems.bound("data.csv")
    for at in range(6):
        problems.add(Source(f"{at % 2}.yaml", at + 1, 1), "x", message="no", cure="yes")
    problems.add(Source("data.csv", 1, 1), "x", message="no", cure="yes")

    assert told(problems)[3:] == [
        "data.csv:1:1 x: no; yes",
        "1.yaml: 2 more problems in this file; fix the others and run it again",
        "0.yaml: 1 more problem in this file; fix the others and run it again",
    ]


def test_a_problem_noted_at_a_cell_names_its_column_where_there_is_one() -> None:
    problems = Problems()
    problems.name_columns("data.csv", ("id", "plan"))
    for column in (2, 3, 0):
        problems.add(Source("data.csv", 7, column), "x", message=f"no {column}", cure="yes")

    assert [worded(problem, reveal=False).message for problem in problems.found] == [
        'no 2 (column "plan")',
        "no 3",
        "no 0",
    ]
