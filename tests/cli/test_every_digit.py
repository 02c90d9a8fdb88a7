"""Every digit: a number whose writing would lose one stays the text that it is, wherever it stands."""

import json

import pytest

from tests.cli.conftest import Repository

PROJECT = """\
version: 1
default_environment: t
environments:
  t:
    api: sandbox
    overlays: [overlays]
    variables: {version: 1.10, price: 10.00, size: 7.5}
    guards: {max_update_share: 0.30}
"""
KEYS = """\
fact_keys:
  number: {type: number, enum: [10.00, 3.10, 2.5]}
  whole: {type: integer}
  text: {type: string}
  free: {}
  list: {}
"""
SPECS = """\
scopes: {s: {persona_id: "p-${version}"}}
contacts:
  a:
    external_id: crm-${version}
    facts: {number: "${price}", whole: 7.0, text: "${version}", free: 3.10, list: [1.50, {x: -0, y: 0.5}]}
    scopes: {s: {}}
"""
ROWS = """\
contacts_from:
  - file: ../data/rows.csv
    named_by: id
    contact: {external_id: id, facts: {number: number, free: free, whole: {value: 2.0}}, scopes: {s: {}}}
  - file: ../data/rows.jsonl
    named_by: id
    contact: {external_id: id, facts: {number: number, free: free}, scopes: {s: {where: {free: 3.10}}}}
"""


@pytest.fixture
def numbers(repository: Repository) -> Repository:
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/support.yaml", SPECS)
    repository.write("specs/keys.yaml", KEYS)
    repository.write("specs/rows.yaml", ROWS)
    repository.write("overlays/o.yaml", "contacts: {a: {facts: {text: 52.520000}}}\n")
    repository.write("data/rows.csv", "id,number,free\nb,3.10,3.10\n")
    repository.write("data/rows.jsonl", '{"id": "c", "number": 3.10, "free": 3.10}\n')
    return repository


def planned(repository: Repository) -> dict[str, object]:
    plan = json.loads(repository.run("plan", "--format", "json").out)
    written = [one for one in plan["operations"] if one["type"] == "write_facts"]
    return {f"{one['address'].split('.')[1]}.{fact['key']}": fact["after"] for one in written for fact in one["facts"]}


def test_a_number_is_one_where_no_digit_is_lost_or_the_catalogue_says_so(numbers: Repository) -> None:
    assert planned(numbers) == {
        "a.number": 10, "a.whole": 7, "a.text": "52.520000", "a.free": "3.10",
        "a.list": ["1.50", {"x": "-0", "y": 0.5}],
        "b.number": 3.1, "b.whole": 2, "b.free": "3.10", "c.number": 3.1, "c.free": 3.1,
    }  # fmt: skip


def test_a_variable_inside_of_a_text_is_spelled_as_it_was_written(numbers: Repository) -> None:
    numbers.write("overlays/o.yaml", 'contacts: {a: {facts: {text: "${price} EUR, ${size} mm, ${version}"}}}\n')
    out = numbers.run("plan").out

    assert '"crm-1.10"' in out
    assert planned(numbers)["a.text"] == "10.00 EUR, 7.5 mm, 1.10"


def test_fmt_quotes_what_is_text_and_leaves_what_the_catalogue_types_as_a_number(numbers: Repository) -> None:
    before = planned(numbers)
    numbers.run("fmt", "specs/support.yaml", "specs/keys.yaml")
    numbers.run("fmt")

    assert 'free: "3.10", list: ["1.50", {x: "-0", "y": 0.5}]' in (numbers.root / "specs/support.yaml").read_text()
    assert "enum: [10.00, 3.10, 2.5]" in (numbers.root / "specs/keys.yaml").read_text()
    assert 'price: "10.00"' in (numbers.root / "reconciler.yaml").read_text()
    assert planned(numbers) == before
    assert "look_alike" not in numbers.run("lint").out


def test_lint_names_the_numbers_that_stay_text(numbers: Repository) -> None:
    advice = json.loads(numbers.run("lint", "--format", "json").out)["advice"]

    assert {one["address"] for one in advice if one["rule"] == "look_alike"} >= {
        "variables.version", "variables.price", "contacts.a.facts.free", "contacts.a.facts.list[0]",
        "contacts.a.facts.text",
    }  # fmt: skip
    assert not [one for one in advice if "number" in one["address"] or "whole" in one["address"]]


def test_quotes_keep_a_text_from_being_the_number_that_the_catalogue_wants(numbers: Repository) -> None:
    numbers.write("overlays/o.yaml", 'contacts: {a: {facts: {number: "3.10"}}}\n')
    called = numbers.run("validate")

    assert 'a number is expected, not the text "3.10"; write it without quotes' in called.err
