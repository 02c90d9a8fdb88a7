"""Rows of data files become declarations, as if they stood in YAML."""

import gc
import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.model.desired import ContactMemory, Identifier
from reconciler.core.model.masking import worded
from reconciler.core.model.references import Variable
from reconciler.core.model.selection import Shard
from reconciler.errors import Source, SpecError
from reconciler.reading import Node, anchors
from reconciler.reading.row_files import RowEvent, read_rows
from reconciler.reading.row_formats import Row
from reconciler.specs import References, load_specs
from reconciler.specs import row_source as rows
from reconciler.specs.loading import Specs
from reconciler.specs.problems import MOST_AT_A_PLACE, MOST_IN_DATA
from reconciler.specs.provenance import explain
from reconciler.specs.scanning import declared_addresses
from tests.specs.cases import SCOPE

MAPPING = (
    SCOPE.decode()
    + """\
  sales: {persona_id: p-2}
contacts_from:
  - file: ../data/guests.csv
    named_by: id
    contact:
      external_id: crm
      name: full name
      metadata: {origin: {value: import}}
      facts: {language: lang}
      scopes:
        support:
          facts: {plan: plan, tier: {value: "${tier}"}}
          seed_facts: {timezone: tz}
          users:
            - {phone_number: phone, metadata: notes}
        sales:
          where: {team: sales}
"""
)
HEADER = "id,crm,full name,lang,plan,tz,phone,notes,team\n"
ANA = 'ana,c-1,"Ana ""A"" Lee",en,02139,UTC,+14155550192,"two\nlines",sales\n'
BO = "bo,c-2,,,,,,,\n"
USING = References({"tier": Variable("tier", 3, Source("reconciler.yaml", 2, 3))})


def write(root: Path, data: str = HEADER + ANA + BO, *, mapping: str = MAPPING, name: str = "guests.csv") -> None:
    (root / "specs").mkdir(exist_ok=True)
    (root / "data").mkdir(exist_ok=True)
    (root / "specs/guests.yaml").write_text(mapping)
    (root / "data" / name).write_bytes(data.encode())


def memories(root: Path, **options: object) -> dict[str, ContactMemory]:
    loaded = load_specs(["specs"], root=root, references=USING, **options)  # type: ignore[arg-type]
    return {memory.address: memory for memory in loaded.desired.contact_memories}


def facts(memory: ContactMemory) -> dict[str, object]:
    return {fact.key: fact.value for fact in memory.facts}


def summary(found: dict[str, ContactMemory]) -> object:
    return {address: (facts(one), [user.phone_number for user in one.users]) for address, one in found.items()}


def test_a_row_declares_a_contact_with_text_in_all_its_cells(tmp_path: Path) -> None:
    write(tmp_path)

    memory = memories(tmp_path)["contacts.ana.scopes.support"]

    assert memory.contact.identity == Identifier("external_id", "c-1")
    assert [(fact.key, fact.value) for fact in memory.contact.profile] == [
        ("metadata", {"origin": "import"}),
        ("name", 'Ana "A" Lee'),
    ]
    assert facts(memory) == {"language": "en", "plan": "02139", "tier": 3, "timezone": "UTC"}
    assert [fact.policy for fact in memory.facts] == ["enforce", "enforce", "enforce", "seed"]
    assert [(user.phone_number, user.metadata, user.summary) for user in memory.users] == [
        ("+14155550192", "two\nlines", None)
    ]


def test_an_empty_cell_declares_nothing_and_where_chooses_scopes(tmp_path: Path) -> None:
    write(tmp_path)

    found = memories(tmp_path)

    assert sorted(found) == ["contacts.ana.scopes.sales", "contacts.ana.scopes.support", "contacts.bo.scopes.support"]
    assert facts(found["contacts.bo.scopes.support"]) == {"tier": 3}
    assert found["contacts.bo.scopes.support"].users == ()


def test_values_have_the_place_of_their_cell_and_constants_that_in_the_spec(tmp_path: Path) -> None:
    write(tmp_path)

    found = memories(tmp_path)
    places = {fact.key: fact.source for fact in found["contacts.ana.scopes.support"].facts}

    assert places["plan"] == Source("data/guests.csv", 2, 5)
    assert places["tier"].file == "specs/guests.yaml"
    assert found["contacts.bo.scopes.support"].contact.source == Source("data/guests.csv", 4, 1)


def test_a_user_made_of_constants_is_declared_in_each_row_and_one_of_columns_only_where_they_say_anything(
    tmp_path: Path,
) -> None:
    constants = '- {phone_number: {value: "+14155550100"}, metadata: {value: the desk}}'
    here = "            - {phone_number: phone, metadata: notes}\n"
    write(tmp_path, mapping=MAPPING.replace(here, f"{here}            {constants}\n"))

    found = memories(tmp_path)

    desk = ("+14155550100", "the desk")
    users = {at: [(one.phone_number, one.metadata) for one in memory.users] for at, memory in found.items()}
    assert users["contacts.ana.scopes.support"] == [desk, ("+14155550192", "two\nlines")]
    assert users["contacts.bo.scopes.support"] == [desk]


def test_references_in_cells_are_data_patched_or_not(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "ana,c-1,$${x,${tier},${env:HOME},,,,\nbo,c-2,,${tier},,,,,\n")
    (tmp_path / "overlay.yaml").write_text("contacts: {ana: {facts: {seats: '${tier}'}}}\n")

    found = memories(tmp_path, overlays=["overlay.yaml"])

    assert facts(found["contacts.ana.scopes.support"]) == {
        "language": "${tier}",
        "plan": "${env:HOME}",
        "seats": 3,
        "tier": 3,
    }
    assert found["contacts.ana.scopes.support"].contact.profile[1].value == "$${x"
    assert facts(found["contacts.bo.scopes.support"])["language"] == "${tier}"


def test_the_same_rows_mean_the_same_in_csv_json_lines_and_yaml(tmp_path: Path) -> None:
    write(
        tmp_path,
        "\ufeff" + (HEADER + "ana,c-1,,en,p,UTC,+14155550192,x,sales\n").replace(",", ";").replace("\n", "\r\n"),
    )
    (tmp_path / "specs/guests.yaml").write_text(MAPPING.replace("guests.csv", "guests.csv\n    delimiter: ';'"))
    shown = [summary(memories(tmp_path))]
    row = '"id": "ana", "crm": "c-1", "full name": null, "lang": "en", "plan": "p", "tz": "UTC", "notes": "x"'
    row += ', "phone": "+14155550192", "team": "sales"'
    for name, text in (("guests.jsonl", f"{{{row}}}\n\n"), ("guests.yaml", f"- {{{row}}}\n")):
        write(tmp_path, text, mapping=MAPPING.replace("guests.csv", name), name=name)
        shown.append(summary(memories(tmp_path)))

    assert shown[0] == shown[1] == shown[2]


def test_json_keeps_its_types_and_cells_of_csv_are_converted_as_the_catalogue_says(tmp_path: Path) -> None:
    row = '{"id": "ana", "crm": "c", "lang": ["en", "de"], "plan": 5, "tz": true, "phone": "", "notes": null'
    write(
        tmp_path, row + ', "full name": "", "team": ""}', mapping=MAPPING.replace(".csv", ".jsonl"), name="guests.jsonl"
    )

    assert facts(memories(tmp_path)["contacts.ana.scopes.support"])["language"] == ["en", "de"]


CATALOGUE = """\
fact_keys:
  language: {type: string}
  plan: {type: integer}
  tier: {enum: [3, gold]}
  timezone: {type: list}
"""


def test_cells_of_csv_are_what_the_catalogue_says_of_their_keys(tmp_path: Path) -> None:
    mapping = CATALOGUE + MAPPING.replace('{value: "${tier}"}', "team")
    write(tmp_path, HEADER + 'ana,c-1,,02139,7,"[""UTC"", 1]",,,3\nbo,c-2,,true,-1,[],,,gold\n', mapping=mapping)

    found = memories(tmp_path)

    ana = {"language": "02139", "plan": 7, "tier": 3, "timezone": ["UTC", 1]}
    assert facts(found["contacts.ana.scopes.support"]) == ana
    assert facts(found["contacts.bo.scopes.support"]) == {
        "language": "true",
        "plan": -1,
        "tier": "gold",
        "timezone": [],
    }


@pytest.mark.parametrize(("cell", "expected"), [("true", True), ("TRUE", True), ("False", False)])
def test_a_spreadsheets_words_for_true_and_false_are_taken(tmp_path: Path, cell: str, *, expected: bool) -> None:
    mapping = CATALOGUE.replace("integer", "boolean") + MAPPING
    write(tmp_path, f"{HEADER}ana,c-1,,,{cell},,,,\n", mapping=mapping)

    assert facts(memories(tmp_path)["contacts.ana.scopes.support"])["plan"] is expected


def test_all_cells_of_a_row_that_the_catalogue_refuses_are_told_with_their_columns(tmp_path: Path) -> None:
    mapping = CATALOGUE.replace("{type: string}", "{enum: [en], sensitive: true}") + MAPPING
    write(tmp_path, HEADER + "ana,c-1,,de,x,{,,,\nbo,c-2,,,9007199254740993,{},,,\n", mapping=mapping)

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    told = [str(worded(problem, reveal=False)).removeprefix("data/guests.csv:") for problem in caught.value.problems]
    assert [problem.partition(" (column")[0].partition(" exactly")[0].partition(";")[0] for problem in told] == [
        '2:4 contacts.ana.facts.language: one of "en" is expected, not a text',
        '2:5 contacts.ana.scopes.support.facts.plan: a whole number is expected, not the text "x"',
        "2:6 contacts.ana.scopes.support.facts.timezone: this is not JSON, from character 2",
        "3:5 contacts.bo.scopes.support.facts.plan: this number of 16 digits is larger than a JSON number keeps",
        '3:6 contacts.bo.scopes.support.facts.timezone: a list is expected, not the text "{}"',
    ]
    assert told[1].endswith(' (column "plan", by specs/guests.yaml:19:25); fix the cell')


def test_a_refused_cell_of_a_sensitive_key_is_not_quoted(tmp_path: Path) -> None:
    mapping = CATALOGUE.replace("{type: integer}", "{type: integer, sensitive: true}") + MAPPING
    write(tmp_path, HEADER + "ana,c-1,,,9007199254740993,,,,\nbo,c-2,,,hush,,,,\n", mapping=mapping)

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    assert [worded(problem, reveal=False).message.partition(" (")[0] for problem in caught.value.problems] == [
        "this number is larger than a JSON number keeps exactly",
        "a whole number is expected, not a text",
    ]


def test_overlays_patch_contacts_of_rows_and_must_match_one(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "overlay.yaml").write_text("contacts: {bo: {scopes: {support: {facts: {plan: gold}}}}}\n")
    assert facts(memories(tmp_path, overlays=["overlay.yaml"])["contacts.bo.scopes.support"])["plan"] == "gold"

    (tmp_path / "overlay.yaml").write_text("contacts: {boo: {facts: {plan: gold}}}\n")
    with pytest.raises(SpecError, match='matches no declaration; did you mean "bo"'):
        memories(tmp_path, overlays=["overlay.yaml"])


def test_why_and_completion_know_the_rows(tmp_path: Path) -> None:
    write(tmp_path)

    found = explain(Specs(tmp_path, ["specs"], [], USING), "contacts.ana.scopes.support.facts.plan")

    assert [(one.value, one.given[-1].source) for one in found] == [("02139", Source("data/guests.csv", 2, 5))]
    assert "contacts.bo.scopes.support.facts.tier" in declared_addresses(["specs"], root=tmp_path)


def test_problems_of_many_rows_are_bounded_and_counted(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "".join(f"g{at}, c-{at},,,,,,,\n" for at in range(MOST_IN_DATA + 7)))

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    told = [str(worded(problem, reveal=False)) for problem in caught.value.problems]
    assert len(told) == MOST_IN_DATA + 1
    assert told[0].startswith(
        "data/guests.csv: 7 more problems in this file; fix those that are named, or list all with `reconciler validate"
    )


def test_rows_stream_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, HEADER + "".join(f"guest-{at},c-{at},,en,{at},,,,\n" for at in range(800)))
    alive: list[int] = []

    def counting(*args: Any, **options: Any) -> Iterator[RowEvent]:
        for at, event in enumerate(read_rows(*args, **options)):
            if at in {200, 780}:
                alive.append(sum(isinstance(one, Row | Node) for one in gc.get_objects()))
            yield event

    monkeypatch.setattr(rows, "read_rows", counting)

    assert len(memories(tmp_path)) == 800
    assert len(alive) == 4, "the file is read for its names, and then for all"
    assert len(set(alive)) == 1, "as many rows and nodes are alive at the end as at the start"


def test_a_contact_of_a_row_takes_less_memory_than_one_in_yaml(tmp_path: Path) -> None:
    rows = range(500)
    write(tmp_path, HEADER + "".join(f"guest-{at},c-{at},,en,{at},,,,\n" for at in rows))
    (tmp_path / "yaml").mkdir()
    entries = "".join(
        f"  guest-{at}:\n    external_id: c-{at}\n    metadata: {{origin: import}}\n    facts: {{language: en}}\n"
        f"    scopes:\n      support: {{facts: {{plan: '{at}', tier: 3}}}}\n"
        for at in rows
    )
    (tmp_path / "yaml/all.yaml").write_text(f"{SCOPE.decode()}contacts:\n{entries}")

    def peak(entry: str) -> int:
        load_specs([entry], root=tmp_path, references=USING)
        tracemalloc.start()
        load_specs([entry], root=tmp_path, references=USING)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak("specs") < peak("yaml")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_shard_takes_memory_for_its_own_rows_alone(tmp_path: Path, ending: str) -> None:
    rows = (f"g-{at}" for at in range(2000))
    text = "\n".join(("id", *rows)) if ending == "csv" else "".join(f'{{"id": "{one}"}}\n' for one in rows)
    entry = f"contacts_from: [{{file: ../data/a.{ending}, contact: {{external_id: id, scopes: {{support: {{}}}}}}}}]"
    write(tmp_path, text, mapping=f"{SCOPE.decode()}\n{entry}\n", name=f"a.{ending}")

    load_specs(["specs"], root=tmp_path)

    def peak(shard: Shard | None) -> int:
        tracemalloc.start()
        load_specs(["specs"], root=tmp_path, shard=shard)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(Shard(0, 100)) < peak(None) / 5


def test_a_shard_loads_the_rows_of_a_long_name_that_an_overlay_names_with_its_hash(tmp_path: Path) -> None:
    entry = "contacts_from: [{file: ../data/a.csv, named_by: name, contact: {email: mail, scopes: {support: {}}}}]"
    rows = f"name,mail\n{'n' * 63},a@x.com\n{'n' * 63},b@x.com\n"
    write(tmp_path, rows, mapping=f"{SCOPE.decode()}\n{entry}\n", name="a.csv")
    names = [one.name for one in load_specs(["specs"], root=tmp_path).desired.contacts]
    (tmp_path / "patch.yaml").write_text(f"contacts: {{{names[0]}: {{facts: {{tier: gold}}}}}}\n")

    for shard in (Shard(index, 4) for index in range(4)):
        loaded = load_specs(["specs"], root=tmp_path, overlays=["patch.yaml"], shard=shard)
        assert [one.name for one in loaded.desired.contacts] == names


def warnings(root: Path) -> list[str]:
    return [str(worded(one, reveal=False)) for one in load_specs(["specs"], root=root, references=USING).warnings]


def test_a_condition_that_no_row_meets_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "ana,c-1,,,,,,,seles\n")
    (told,) = warnings(tmp_path)
    assert told.startswith("specs/guests.yaml:19:19 contacts_from[0].contact.scopes.sales.where: no row of data/guests")
    assert told.endswith(
        'meets this condition, so none has this memory; compare it with the values of the column "team"'
    )

    write(tmp_path, HEADER + "ana,c-1,,,,,,,seles\nbo,c-2,,,,,,,sales\n")
    assert warnings(tmp_path) == []

    write(tmp_path, HEADER)
    (told,) = warnings(tmp_path)
    assert told.startswith(
        "data/guests.csv:1:1: this table has no rows, so it declares nobody; add rows, or remove its"
    )


@pytest.mark.parametrize(
    ("condition", "cells", "met"),
    [
        ("true", ("true", "false", "null"), 0),
        ("false", ("true", "false", "null"), 1),
        ("2", ("2.0", "3", "0"), 0),
        ("'2'", ('"2"', '"3"', '""'), 0),
        ("''", ('"x"', "null", "7"), 1),
    ],
)
def test_conditions_are_met_by_cells_of_their_kind(
    tmp_path: Path, condition: str, cells: tuple[str, ...], met: int
) -> None:
    mapping = MAPPING.replace(".csv", ".jsonl").replace("team: sales", f"team: {condition}")
    absent = '"full name": "", "lang": "", "plan": "", "tz": "", "phone": "", "notes": ""'
    lines = [f'{{"id": "g{at}", "crm": "c-{at}", "team": {cell}, {absent}}}' for at, cell in enumerate(cells)]
    write(tmp_path, "\n".join(lines), mapping=mapping, name="guests.jsonl")

    found = [address for address in memories(tmp_path) if address.endswith("sales")]

    assert found == [f"contacts.g{met}.scopes.sales"]


def test_a_condition_of_an_empty_text_chooses_rows_with_an_empty_cell(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "ana,c-1,,,,,,,sales\nbo,c-2,,,,,,,  \n", mapping=MAPPING.replace("sales}", "''}"))

    assert [address for address in memories(tmp_path) if "sales" in address] == ["contacts.bo.scopes.sales"]


def test_cells_and_rows_of_nothing_but_blanks_are_empty_and_other_blanks_are_kept(tmp_path: Path) -> None:
    write(tmp_path, HEADER + "ana,c-1,  , en ,\u00a0,,,,\n,,  ,,,,,,\n,,\nbo,c-2,,,,,,,\n")

    found = memories(tmp_path)

    assert sorted(found) == ["contacts.ana.scopes.support", "contacts.bo.scopes.support"]
    assert facts(found["contacts.ana.scopes.support"]) == {"language": " en ", "tier": 3}


def test_cells_of_yaml_have_the_place_where_they_are_written(tmp_path: Path) -> None:
    rows = "- id: ana\n  crm: c-1\n  lang: en\n  plan:\n  - a\n  - b: null\n- {id: bo, crm: 5, team: x}\n"
    rows += "- {id: '${v}', crm: 6}\n"
    write(tmp_path, rows, mapping=MAPPING.replace("guests.csv", "guests.yaml"), name="guests.yaml")

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    told = [
        str(worded(problem, reveal=False)) for problem in caught.value.problems if problem.file == "data/guests.yaml"
    ]
    assert [line.partition(": ")[0] for line in told] == [
        "data/guests.yaml:5:3 contacts.ana.scopes.support.facts.plan[1].b",
        "data/guests.yaml:7:17 contacts.bo.external_id",
        "data/guests.yaml:8:21 contacts.v.external_id",
    ]
    assert '(column "plan", by specs/guests.yaml:14:25)' in told[0]
    assert '(column "crm", by specs/guests.yaml:8:20)' in told[1]


def test_a_pipe_is_no_data_file(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "data/guests.csv").unlink()
    os.mkfifo(tmp_path / "data/guests.csv")

    with pytest.raises(
        SpecError, match=r"contacts_from\[0\].file: data/guests.csv cannot be read: it is not a regular"
    ):
        memories(tmp_path)


def test_overlays_of_rows_that_cannot_be_read_are_not_said_to_match_nothing(tmp_path: Path) -> None:
    write(tmp_path, HEADER + 'ana,"c"1\n')
    (tmp_path / "overlay.yaml").write_text("contacts: {ana: {facts: {plan: gold}}}\n")

    with pytest.raises(SpecError) as caught:
        memories(tmp_path, overlays=["overlay.yaml"])

    assert [problem.file for problem in caught.value.problems] == ["data/guests.csv"]


def test_nothing_is_read_behind_a_quote_that_is_not_closed(tmp_path: Path) -> None:
    write(tmp_path, HEADER + 'ana,"c-1,,,,,,,\nbo,c-2\n')

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    assert [(problem.line, worded(problem, reveal=False).message) for problem in caught.value.problems] == [
        (2, "a cell that starts with a double quote in this row, or below, is not closed")
    ]


def test_problems_at_one_place_of_the_mapping_are_bounded_and_counted(tmp_path: Path) -> None:
    mapping = MAPPING.replace("seed_facts: {", "seed_facts: {plan: {value: x}, ")
    write(tmp_path, HEADER + "".join(f"g{at},c-{at},,,p,,,,\n" for at in range(MOST_AT_A_PLACE + 7)), mapping=mapping)

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    told = [str(worded(problem, reveal=False)) for problem in caught.value.problems]
    assert len(told) == MOST_AT_A_PLACE + 1
    assert told[0] == "specs/guests.yaml:15:30: 7 more problems at this place; fix the first 100 and run it again"


@pytest.mark.parametrize(
    ("facts", "excess"),
    [
        ({f"k{at}": {"value": at} for at in range(2013)}, "20,000 values"),
        ({f"k{at}": "plan" for at in range(2013)}, "20,000 values"),
        ({"k": {"value": "x" * 200_000}}, "64 MiB of text"),
        ({f"k{at}": "long" for at in range(16)}, "64 MiB of text"),
    ],
)
def test_a_mapping_may_not_make_much_more_of_rows_than_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any], excess: str
) -> None:
    monkeypatch.setattr(anchors, "MOST_EXPANDED", 20_000)
    mapping = {"email": "mail", "facts": facts}
    (tmp_path / "a.yaml").write_text(json.dumps({"contacts_from": [{"file": "d.csv", "contact": mapping}]}))
    rows = "".join(f"{at}@b.example,premium,{'x' * 20_000}\n" for at in range(600))
    (tmp_path / "d.csv").write_text(f"mail,plan,long\n{rows}")

    with pytest.raises(SpecError) as caught:
        load_specs(["a.yaml"], root=tmp_path)

    (problem,) = caught.value.problems
    assert f"mappings make {excess} more than the rows hold, so no table is read further" in problem.message
    assert problem.source == Source("a.yaml", 1, 20)


def test_some_constants_and_repeated_cells_in_each_row_are_never_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchors, "MOST_EXPANDED", 10)
    monkeypatch.setattr(anchors, "MOST_LETTERS", 10)
    facts = {f"k{at}": {"value": "x" * 60} for at in range(16)} | {"plan": "plan", "a": "{plan} and {plan}"}
    mapping = {"email": "mail", "facts": facts}
    (tmp_path / "a.yaml").write_text(json.dumps({"contacts_from": [{"file": "d.csv", "contact": mapping}]}))
    (tmp_path / "d.csv").write_text("mail,plan,other\n" + "".join(f"{at}@b.example,gold,x\n" for at in range(100)))

    assert len(load_specs(["a.yaml"], root=tmp_path).desired.contacts) == 100


def test_a_row_that_is_there_twice_has_one_cure_however_the_ending_is_written(tmp_path: Path) -> None:
    write(tmp_path, HEADER + ANA + BO + BO, mapping=MAPPING.replace("guests.csv", "GUESTS.CSV"), name="GUESTS.CSV")

    with pytest.raises(SpecError) as caught:
        memories(tmp_path)

    (problem,) = caught.value.problems
    assert problem.cure == "remove one of the two, or name the rows by more columns in named_by"
