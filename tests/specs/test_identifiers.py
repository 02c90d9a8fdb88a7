"""Identifiers and keys that cannot be right are refused wherever they stand, and others are not."""

import re
from pathlib import Path

import pytest

from reconciler.core.model.text import HIDDEN, shows
from tests.specs.cases import problems

FROM_ROWS = b"""\
scopes: {s: {persona_id: p1}}
contacts_from:
  - file: data.csv
    named_by: id
    contact:
      %b: value
      metadata: {external_id: other}
      scopes: {s: {users: [{phone_number: {value: +14155550192}, external_memory_key: key}]}}
"""


def refused(folder: Path, kind: str, text: str) -> list[str]:
    """Return the problems of a contact with an identifier in YAML."""
    return problems(folder, {"a.yaml": f"contacts: {{c: {{{kind}: {quoted(text)}}}}}".encode()})


def quoted(text: str) -> str:
    return '"' + "".join(f"\\u{ord(one):04x}" if not one.isascii() or one in '\\"' else one for one in text) + '"'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "ann\u200b@example.com",
            '"ann\\u200b@example.com" holds U+200B, which does not show; write "ann@example.com"',
        ),
        ("\u202aann@example.com\u202c", 'holds U+202A, which does not show; write "ann@example.com"'),
        ("\ufeffann@example.com", 'holds U+FEFF, which does not show; write "ann@example.com"'),
        ("an\u00adn@example.com", 'holds U+00AD, which does not show; write "ann@example.com"'),
        ("mailto:bo@example.com", 'not the text "mailto:bo@example.com"; write "bo@example.com"'),
        ("MAILTO:bo@example.com", 'write "bo@example.com"'),
        ("Bo Li <bo@example.com>", 'write "bo@example.com"'),
        ("bo@example.com;", 'write "bo@example.com"'),
        ("a..b@example.com", '"a..b@example.com" has dots side by side, which no email address has'),
        ("a@example..com", "has dots side by side"),
        (".a@example.com", '".a@example.com" has a dot where no email address has one'),
        ("a.@example.com", "has a dot where no email address has one"),
        ("a@.example.com", "has a dot where no email address has one"),
        ("a@example.com.", "has a dot where no email address has one"),
        ("a@example.com, b@example.com", 'an email address is expected, not the text "a@example.com, b@'),
        ("a b@example.com", "an email address is expected"),
        ("@example.com", "an email address is expected"),
        ("", "an email address is expected"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused_with_the_one_that_is(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = refused(tmp_path, "email", text)

    assert said in problem


def test_an_address_of_a_table_is_refused_at_its_cell(tmp_path: Path) -> None:
    table = "id,value,other,key\na,ann\u200b@example.com,x,y\nb,mailto:bo@example.com,x,y\n".encode()
    found = problems(tmp_path, {"a.yaml": FROM_ROWS % b"email", "data.csv": table})

    assert [one.split()[0] for one in found] == ["specs/data.csv:2:2", "specs/data.csv:3:2"]
    assert [one.rsplit("; ", 1)[1] for one in found] == ['write "ann@example.com"', 'write "bo@example.com"']


@pytest.mark.parametrize(
    "text", ["a@b", "o'neil+x@sub.example.com", "jos\u00e9@ex\u00e4mple.de", "a_b-c.d@example.com", "#1{a}@x.io"]
)
def test_other_addresses_are_accepted(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, "email", text) == []


@pytest.mark.parametrize("kind", ["contact_id", "external_id"])
@pytest.mark.parametrize("hidden", ["\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u3164", "\ufe0f"])
def test_an_id_with_what_does_not_show_is_refused(tmp_path: Path, kind: str, hidden: str) -> None:
    (problem,) = refused(tmp_path, kind, f"crm{hidden}-7")

    assert f"this id holds U+{ord(hidden):04X}, which does not show; write it without: copy the id alone" in problem


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ('scopes: {s: {persona_id: "p\\u200b"}}', "this id holds U+200B"),
        ('memories: {m: {memory_id: "m\\u200b"}}', "this id holds U+200B"),
        (
            'memories: {m: {memory_id: m, users: [{phone_number: +14155550192, external_memory_key: "k\\u200b"}]}}',
            "this key holds U+200B, which does not show; write it without: copy the key alone",
        ),
    ],
)
def test_so_is_an_id_of_anything_else(tmp_path: Path, spec: str, said: str) -> None:
    (problem,) = problems(tmp_path, {"a.yaml": spec.encode()})

    assert said in problem


@pytest.mark.parametrize("kind", ["external_id", "contact_id"])
@pytest.mark.parametrize("cell", ["1.23E+11", "1.23457E+17", "1,23E+11", "4E+15", "1.5e+10"])
def test_a_number_that_a_spreadsheet_rounded_is_no_id(tmp_path: Path, kind: str, cell: str) -> None:
    table = f'id,value,other,key\na,"{cell}",1.23E+11,crm-1\n'.encode()
    (problem,) = problems(tmp_path, {"a.yaml": FROM_ROWS % kind.encode(), "data.csv": table})

    assert f'"{cell}" lost its last digits in a spreadsheet (column "value", by specs/a.yaml:6:' in problem
    assert problem.endswith("; format the column as text in the spreadsheet, and save the list again")


def test_nor_is_it_the_key_of_a_user(tmp_path: Path) -> None:
    table = b"id,value,other,key\na,crm-1,x,1.23E+11\n"
    (problem,) = problems(tmp_path, {"a.yaml": FROM_ROWS % b"external_id", "data.csv": table})

    assert '"1.23E+11" lost its last digits' in problem
    assert 'column "key"' in problem


@pytest.mark.parametrize("cell", ["1e5", "12E5", "123E+1x", "E+11", "1.23", "12345678901"])
def test_other_ids_of_tables_are_accepted(tmp_path: Path, cell: str) -> None:
    table = f"id,value,other,key\na,{cell},x,y\n".encode()

    assert problems(tmp_path, {"a.yaml": FROM_ROWS % b"external_id", "data.csv": table}) == []


def test_the_class_of_what_does_not_show_agrees_with_the_function() -> None:
    of_class = {chr(code) for code in range(0x10000) if re.match(f"[{HIDDEN}]", chr(code))}

    assert of_class
    assert not any(map(shows, of_class))
