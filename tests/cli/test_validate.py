import csv
import json

import pytest

from tests.cli.conftest import SPEC, Repository

BROKEN = "contcts:\n  sarah: {}\n"


def messages(text: str) -> list[str]:
    return [result["message"]["text"] for result in json.loads(text)["runs"][0]["results"]]


def test_valid_specs_are_counted(repository: Repository) -> None:
    called = repository.run("validate", "--write", "sarif=out.sarif")

    assert (called.code, called.out) == (
        0,
        "The specs of sandbox are valid: 1 file, 1 scope, 1 contact, 1 memory, 2 facts, 1 user.\n",
    )
    assert messages((repository.root / "out.sarif").read_text()) == []


@pytest.mark.parametrize("arguments", [("--format", "sarif"), ("--write", "sarif=out.sarif")])
def test_problems_are_findings_at_their_places(repository: Repository, arguments: tuple[str, str]) -> None:
    repository.write("specs/broken.yaml", BROKEN)
    called = repository.run("validate", *arguments)
    text = called.out or (repository.root / "out.sarif").read_text()

    assert called.code == 1
    assert messages(text) == ['contcts: unknown key; did you mean "contacts"?']
    assert "error: specs/broken.yaml:1:1 contcts" in called.err


def test_a_broken_project_file_is_a_finding_too(repository: Repository) -> None:
    repository.write("reconciler.yaml", "version: 2\n")

    assert len(messages(repository.run("validate", "--format", "sarif").out)) >= 1


def test_rows_that_share_a_name_are_counted(repository: Repository) -> None:
    repository.write("list.csv", "first,email\nAnn,a@example.com\nAnn,b@example.com\nBo,c@example.com\n")
    repository.write(
        "specs/list.yaml", "contacts_from: [{file: ../list.csv, named_by: first, contact: {email: email}}]\n"
    )

    told = repository.run("validate").out

    assert told.endswith(
        "In list.csv, 2 rows share a name with another; each of these names ends in a hash of the identifier.\n"
    )


KEYS = "fact_keys: {tier: {enum: [gold]}, pin: {type: integer, sensitive: true}}\n"
LIST = """\
contacts_from:
- file: ../list.csv
  named_by: name
  contact:
    email: mail
    scopes: {support: {facts: {tier: tier, pin: pin, name: name, plan: tier}, users: [{phone_number: phone}]}}
"""


def table_of(repository: Repository, *arguments: str) -> list[list[str]]:
    called = repository.run("validate", "--write", "csv=problems.csv", *arguments)
    assert called.code == 1
    assert b"\r" not in (repository.root / "problems.csv").read_bytes()
    return [*csv.reader((repository.root / "problems.csv").read_text(encoding="utf-8").splitlines())]


def test_problems_are_a_table_with_the_values_that_may_be_shown(repository: Repository) -> None:
    repository.write("specs/list.yaml", KEYS + LIST.replace("name: name, plan: tier", ""))
    rows = "ann,ann.example.com,gold,1234,\nbo,bo@example.com,=1+1,secret,555\ncy,cy@example.com,,,,x\n"
    repository.write("list.csv", "name,mail,tier,pin,phone\n" + rows)
    repository.write("specs/other.yaml", "contcts: {}\n")

    head, *found = table_of(repository)

    assert head == ["file", "row", "column", "value", "problem", "cure"]
    assert [row[:4] for row in found if row[0] != "specs/support.yaml"] == [
        ["list.csv", "2", "mail", "ann.example.com"],
        ["list.csv", "3", "tier", "'=1+1"],
        ["list.csv", "3", "pin", ""],
        ["list.csv", "3", "phone", "555"],
        ["list.csv", "4", "1", ""],
        ["specs/other.yaml", "1", "1", ""],
    ]
    assert "secret" not in (repository.root / "problems.csv").read_text()
    assert found[0][4].startswith("contacts.ann.email: an email address is expected, not the text")
    assert found[0][5] == 'write it as "name@example.com"'


def test_a_table_of_problems_shows_no_cell_of_another_column(repository: Repository) -> None:
    repository.write("specs/list.yaml", KEYS + LIST.replace("name: name, plan: tier", "").replace("csv", "jsonl"))
    rows = [
        {"pin": "private-1", "mail": "ann@example.com", "name": "ann", "tier": "g", "phone": ""},
        {"pin": "private-2"},
    ]
    repository.write("list.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    found = table_of(repository)

    assert ["list.jsonl", "2"] in [row[:2] for row in found]
    assert "private" not in (repository.root / "problems.csv").read_text()


def test_a_table_of_problems_lists_no_values_of_the_map_of_a_sensitive_fact(repository: Repository) -> None:
    listed = LIST.replace("name: name, plan: tier", "").replace("pin: pin", "pin: {column: pin, map: {private-1: a}}")
    repository.write("specs/list.yaml", KEYS + listed)
    repository.write("list.csv", "name,mail,tier,pin,phone\nann,ann@example.com,gold,private-2,\n")

    found = table_of(repository)

    assert [row[:4] for row in found if row[0] == "list.csv"] == [["list.csv", "2", "pin", ""]]
    assert found[1][5] == "add it to the map"
    assert "private" not in (repository.root / "problems.csv").read_text()


def test_a_table_of_problems_is_written_again_and_no_other_csv_is(repository: Repository) -> None:
    repository.write("specs/broken.yaml", BROKEN)
    first = table_of(repository)

    assert table_of(repository) == first
    for name in ("list.csv", "LIST.CSV", "Spec.YAML"):
        repository.write(name, "file,row\n")
        refused = repository.run("validate", "--write", f"csv={name}")
        assert (refused.code, f"{name} exists and may be a spec" in refused.err) == (1, True)


def test_a_table_of_problems_holds_all_that_the_terminal_counts(repository: Repository) -> None:
    repository.write("specs/list.yaml", LIST.replace(", pin: pin", ""))
    rows = "".join(f"g{at},mail-{at},gold,1,\n" for at in range(250))
    repository.write("list.csv", "name,mail,tier,pin,phone\n" + rows)

    found = [row for row in table_of(repository) if row[0] == "list.csv"]

    assert [row[3] for row in found] == [f"mail-{at}" for at in range(250)]
    *named, counted = repository.run("validate").err.splitlines()
    assert len(named) == 100
    assert counted.startswith("error: list.csv: 150 more problems in this file; ")
    assert counted.endswith("fix those that are named, or list all with `reconciler validate --write csv=FILE`")


def test_the_problems_of_all_environments_are_one_table(repository: Repository) -> None:
    repository.write("reconciler.yaml", "version: 1\nenvironments: {a: {api: sandbox}, b: {api: sandbox}}\n")
    repository.write("specs/list.yaml", LIST.replace(", pin: pin", ""))
    repository.write("list.csv", "name,mail,tier,pin,phone\nann,none,gold,1,\n")

    found = table_of(repository, "--all-environments")

    assert [row[:4] for row in found[1:]] == [["list.csv", "2", "mail", "none"]]


def test_valid_specs_have_an_empty_table(repository: Repository) -> None:
    assert repository.run("validate", "--format", "csv").out == "file,row,column,value,problem,cure\n"


DEEP = "a: " + "[\n" * 5000
WITH_OVERLAYS = "version: 1\nenvironments:\n  sandbox: {api: sandbox, overlays: [overlays]}\n"
WITH_ROWS = SPEC + "contacts_from:\n  - {file: ../rows.yaml, named_by: id, contact: {external_id: id}}\n"


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("validate", {"specs/deep.yaml": DEEP}),
        ("validate", {"reconciler.yaml": DEEP}),
        ("validate", {"reconciler.yaml": WITH_OVERLAYS, "overlays/deep.yaml": DEEP}),
        ("validate", {"specs/support.yaml": WITH_ROWS, "rows.yaml": DEEP}),
        ("fmt", {"specs/deep.yaml": DEEP}),
        ("fmt", {"reconciler.yaml": DEEP}),
        ("lint", {"specs/deep.yaml": DEEP}),
        ("why contacts.sarah", {"specs/deep.yaml": DEEP}),
    ],
)
def test_too_many_levels_are_told_alike_wherever_yaml_is_read(
    repository: Repository, command: str, files: dict[str, str]
) -> None:
    for name, text in files.items():
        repository.write(name, text)
    deep = next(name for name, text in files.items() if text == DEEP)

    called = repository.run(*command.split())

    assert called.code == 1
    assert f"error: {deep}:64:1 a[0][0][0]: values are nested more than 64 levels deep; make it flatter\n" in called.err


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("specs: [nope]\n", "reconciler.yaml:5:9 specs[0]: nope: no such file or folder; check the name, or create it"),
        ("specs: [empty]\n", "reconciler.yaml:5:9 specs[0]: empty: no spec files in this folder"),
        ("specs: [specs, '*.yml']\n", "reconciler.yaml:5:16 specs[1]: *.yml: no spec file matches"),
        (
            "    overlays:\n      - nope\n",
            "reconciler.yaml:6:9 environments.sandbox.overlays[0]: nope: no such file or folder",
        ),
    ],
)
def test_an_entry_that_finds_nothing_is_told_at_its_line(repository: Repository, written: str, told: str) -> None:
    (repository.root / "empty").mkdir()
    start = "version: 1\nenvironments:\n  sandbox:\n    api: sandbox\n"
    repository.write("reconciler.yaml", f"{start}{written}")

    for command in ("validate", "plan"):
        called = repository.run(command)
        assert called.code == 1
        assert called.err.startswith(f"error: {told}")


def test_an_entry_of_the_command_line_is_not_told_at_a_line(repository: Repository) -> None:
    repository.write("reconciler.yaml", "version: 1\nspecs: [nope]\nenvironments: {sandbox: {api: sandbox}}\n")

    assert repository.run("plan", "--specs", "nope").err.startswith("error: nope: no such file or folder")


def test_json_in_a_folder_of_specs_that_looks_like_specs_is_warned_of(repository: Repository) -> None:
    specs = '{"contacts": {"b": {"contact_id": "c2", "scopes": {"support": {}}}}}'
    repository.write("specs/below/c.json", specs)
    repository.write("specs/package.json", '{"name": "x", "contacts": 3}')
    repository.write("specs/plan.json", '{"format_version": "1.0", "contacts": {}}')
    called = repository.run("validate")

    assert called.code == 0
    assert called.err == (
        "warning: specs/below/c.json: this file looks like specs and is not read: its ending is .json; "
        "give it the ending .yaml, since YAML takes JSON as it is, or move it out of the folder\n"
    )
    (repository.root / "specs/below/c.json").rename(repository.root / "specs/below/c.yaml")
    assert "2 contacts" in repository.run("validate").out
