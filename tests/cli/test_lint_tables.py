"""`lint` looks into data files, at what YAML cuts off a text, and at phone numbers that nobody has."""

import json

import pytest

from tests.cli.conftest import Repository

ROWS = """\
scopes: {s: {persona_id: p1}}
fact_keys: {note: {}, card: {sensitive: true}}
contacts_from:
  - file: data.csv
    named_by: id
    contact: {external_id: id, facts: {note: note, card: card}, scopes: {s: {}}}
"""


@pytest.fixture
def table(repository: Repository) -> Repository:
    repository.write("specs/support.yaml", ROWS)
    return repository


def advice(repository: Repository, rule: str) -> list[tuple[str, str, str]]:
    """Return the place, the message and the cure of each advice by a rule."""
    found = json.loads(repository.run("lint", "--format", "json").out)["advice"]
    return [
        (f"{one['file']}:{one['line']}:{one['column']} {one['address']}", one["message"], one["cure"])
        for one in found
        if one["rule"] == rule
    ]


@pytest.mark.parametrize(
    ("cell", "message", "cure"),
    [
        ('"gold "', '"gold " has blanks around it', "remove them where the list comes from"),
        ("\u00a0gold", '"\\xa0gold" has blanks around it', "remove them where the list comes from"),
        ("go\u200bld", '"go\\u200bld" holds U+200B, which does not show', "remove it where the list comes from"),
        ("\u202egold", "holds U+202E, which does not show", "remove it where the list comes from"),
        ("Jos\ufffd", '"Jos\ufffd" lost a character when the list was saved', "save the list again as UTF-8"),
        ("NULL", '"NULL" stands for nothing in many programs', "list it under `empty` of contacts_from"),
        ("null", "stands for nothing in many programs", "or leave the cell empty"),
        ("N/A", "stands for nothing in many programs", "empty"),
        ("#N/A", "stands for nothing in many programs", "empty"),
        ("#REF!", "stands for nothing in many programs", "empty"),
        ("#DIV/0!", "stands for nothing in many programs", "empty"),
        ("None", "stands for nothing in many programs", "empty"),
        ("NaN", "stands for nothing in many programs", "empty"),
        ("\\N", "stands for nothing in many programs", "empty"),
        ("-", "stands for nothing in many programs", "empty"),
        ("[object Object]", "stands for nothing in many programs", "empty"),
        (
            '"=""007"""',
            '"=\\"007\\"" is a formula of a spreadsheet, and no value',
            "save the list again with the value",
        ),
    ],
)
def test_what_a_program_left_in_a_cell_is_named(table: Repository, cell: str, message: str, cure: str) -> None:
    table.write("specs/data.csv", f"id,note,card\na,{cell},\n")

    ((place, said, better),) = advice(table, "spreadsheet_debris")

    assert place == "specs/data.csv:2:2 contacts.a.facts.note"
    assert message in said
    assert cure in better


def test_a_cell_that_misses_a_condition_by_case_or_blanks_is_named(table: Repository) -> None:
    table.write("specs/support.yaml", ROWS.replace("{s: {}}}", "{s: {where: {note: active}}}}"))
    table.write("specs/data.csv", "id,note,card\na,active,\nb,Active,\nc,active ,\nd,inactive,\ne,,\n")

    ((place, message, _),) = (one for one in advice(table, "spreadsheet_debris") if "`where`" in one[1])

    assert place == "specs/data.csv:3:2 contacts.b.scopes.s"
    assert message.startswith('"active" is what `where` expects here')
    assert message.endswith("so this memory is not declared (also on line 4)")


@pytest.mark.parametrize("cell", ["gold", "none", "Nullarbor", "a-b", "-7", "N", "=7", "caf\u00e9", "two  blanks"])
def test_other_cells_are_left_alone(table: Repository, cell: str) -> None:
    table.write("specs/data.csv", f"id,note,card\na,{cell},\n")

    assert advice(table, "spreadsheet_debris") == []


def test_what_empty_lists_and_what_nobody_maps_is_left_alone(table: Repository) -> None:
    table.write("specs/support.yaml", ROWS.replace("named_by: id", "named_by: id\n    empty: [NULL, N/A]"))
    table.write("specs/data.csv", "id,note,card,other\na,NULL,N/A,#REF!\n")

    assert advice(table, "spreadsheet_debris") == []


def test_a_sensitive_value_is_not_shown(table: Repository) -> None:
    table.write("specs/data.csv", 'id,note,card\na,,"4111 "\n')

    ((_, message, _),) = advice(table, "spreadsheet_debris")

    assert message == "this value has blanks around it"


def test_values_that_are_alike_are_told_once_with_their_lines(table: Repository) -> None:
    rows = "".join(f"a{n},{'NULL' if n % 2 else 'N/A'},{'x ' * (n < 3)}\n" for n in range(104))
    table.write("specs/data.csv", f"id,note,card\n{rows}")

    assert [(place, message) for place, message, _ in advice(table, "spreadsheet_debris")] == [
        (
            "specs/data.csv:2:2 contacts.a0.facts.note",
            '"N/A" stands for nothing in many programs (also on lines 4, 6, 8, 10, 12, 14, 16, 18 and 43 more)',
        ),
        ("specs/data.csv:2:3 contacts.a0.facts.card", "this value has blanks around it (also on lines 3 and 4)"),
        (
            "specs/data.csv:3:2 contacts.a1.facts.note",
            '"NULL" stands for nothing in many programs (also on lines 5, 7, 9, 11, 13, 15, 17, 19 and 43 more)',
        ),
    ]


SPEC = """\
scopes: {{s: {{persona_id: p1}}}}
fact_keys: {{a: {{}}, b: {{}}, card: {{sensitive: true}}}}
contacts:
  x:
    contact_id: c1
    scopes:
      s:
        facts:
{facts}
"""


def with_facts(repository: Repository, *facts: str) -> None:
    repository.write("specs/support.yaml", SPEC.format(facts="\n".join(f"          {fact}" for fact in facts)))


@pytest.mark.parametrize(
    ("fact", "comment"),
    [("a: 12 Main St #4", "#4"), ("a: room  #7b of 9 ", "#7b of 9"), ("a: [x, y #z\n          ]", "#z")],
)
def test_a_text_that_a_comment_cuts_is_named(repository: Repository, fact: str, comment: str) -> None:
    with_facts(repository, fact)

    ((place, message, cure),) = advice(repository, "cut_text")

    assert "contacts.x.scopes.s.facts.a" in place
    assert message == f'YAML takes "{comment}" for a comment, so that it is no part of this text'
    assert cure == "put the whole text in quotes, or write a blank behind the #"


@pytest.mark.parametrize(
    "fact", ["a: trial # until May", 'a: "12 Main St" #4', "a: St#4", "a: 40 #4", "#a: old", "a: x #"]
)
def test_other_comments_are_left_alone(repository: Repository, fact: str) -> None:
    with_facts(repository, fact, "b: y")

    assert advice(repository, "cut_text") == []


def test_an_anchor_that_no_alias_uses_is_named(repository: Repository) -> None:
    with_facts(repository, "a: &Sons Ltd", "b: &used [x, *used2]".replace("*used2", "&used2 y"), "card: *used2")

    found = advice(repository, "unused_anchor")

    assert [message for _, message, _ in found] == [
        'YAML takes "&Sons" for an anchor, and no alias refers to it',
        'YAML takes "&used" for an anchor, and no alias refers to it',
    ]
    assert found[0][2] == "put the text in quotes if & belongs to it, or remove the anchor"


def test_what_is_cut_off_a_sensitive_text_is_not_shown(repository: Repository) -> None:
    with_facts(repository, "card: &top ab #22")

    assert [advice(repository, rule)[0][1] for rule in ("cut_text", "unused_anchor")] == [
        "YAML takes what follows for a comment, so that it is no part of this text",
        "YAML takes what begins with & for an anchor, and no alias refers to it",
    ]


@pytest.mark.parametrize("number", ["1_000", "1e5", "3.10", "0x1F", "007", ".5", "1.5e3"])
def test_a_number_that_stays_text_is_named(repository: Repository, number: str) -> None:
    with_facts(repository, f"a: {number}")

    ((_, message, _),) = advice(repository, "look_alike")

    assert message == f'"{number}" is text here, without quotes, and a number for other readers of YAML'


@pytest.mark.parametrize(
    "spec",
    [
        "contacts: {x: {phone_number: +11234567890, scopes: {s: {}}}}",
        "contacts: {x: {contact_id: c, scopes: {s: {users: [{phone_number: +1 123 456 7890}]}}}}",
        "memories: {m: {memory_id: m, users: [{phone_number: +11234567890}]}}",
    ],
)
def test_a_number_that_nobody_has_is_named(repository: Repository, spec: str) -> None:
    repository.write("specs/support.yaml", f"scopes: {{s: {{persona_id: p1}}}}\n{spec}\n")

    ((_, message, cure),) = advice(repository, "unassigned_number")

    assert message == '"+11234567890" is possible, and in a range that is not assigned: no call reaches it'
    assert cure == "compare it with where it comes from"


def test_many_such_numbers_are_counted(repository: Repository) -> None:
    users = "".join(f"      - phone_number: +1123456{n:04}\n" for n in range(1002))
    repository.write("specs/support.yaml", f"memories:\n  m:\n    memory_id: m\n    users:\n{users}")

    found = advice(repository, "unassigned_number")

    assert len(found) == 1001
    assert found[1][0].startswith("specs/support.yaml:5:9 ")
    assert found[1][1:] == (
        "2 more places of this file are like those that are named",
        "fix these, and run it again",
    )


def test_a_number_that_somebody_may_have_is_not(repository: Repository) -> None:
    repository.write("specs/support.yaml", "memories: {m: {memory_id: m, users: [{phone_number: +1 415 555 0192}]}}\n")

    assert advice(repository, "unassigned_number") == []


def test_a_live_number_is_not_shown(repository: Repository) -> None:
    spec = "live_values: true\nmemories: {m: {memory_id: m, users: [{phone_number: +11234567890}]}}\n"
    repository.write("specs/support.yaml", spec)

    ((place, message, _),) = advice(repository, "unassigned_number")

    assert place.endswith(" memories.m")
    assert message == "this number is possible, and in a range that is not assigned: no call reaches it"
