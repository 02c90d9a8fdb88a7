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


DEEP = "a: " + "[" * 5000 + "\n"
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
    assert f"error: {deep}:1:67 a[0][0][0]: values are nested more than 64 levels deep; make it flatter\n" in called.err
