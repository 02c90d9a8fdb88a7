"""Names of files in what is read where it was printed, from a folder that is not the top of the work tree."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import PROJECT, SPEC, Repository

BROKEN = """\
contacts:
  sarah: {extrnal_id: crm-sarah}
  jo: {phone_number: 3}
"""
UNQUOTED = "contacts: {jo: {phone_number: +14155550192}}\n"


@pytest.fixture
def nested(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Move a project into the folder `memories` of a repository, and go there."""
    (repository.root / ".git").mkdir()
    (repository.root / "reconciler.yaml").unlink()
    repository.write("memories/reconciler.yaml", PROJECT)
    repository.write("memories/specs/support.yaml", SPEC)
    monkeypatch.chdir(repository.root / "memories")
    return repository


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("plan", '"crm-sarah")  specs/support.yaml:'),
        ("apply --yes", '"crm-sarah")  specs/support.yaml:'),
        ("why sarah", "\n  specs/support.yaml:"),
        ("lint", "specs/support.yaml:"),
        ("show ../plan.json", '"crm-sarah")  specs/support.yaml:'),
        ("fmt --check", "specs/support.yaml\n"),
        ("fmt --diff", "--- specs/support.yaml\n"),
    ],
)
def test_text_names_files_from_the_current_folder(command: str, place: str, nested: Repository) -> None:
    nested.run("plan", "--out", "../plan.json")
    called = nested.run(*command.split())

    assert place in called.out
    assert "memories/specs" not in called.out + called.err


@pytest.mark.parametrize("output_format", ["json", "markdown", "github", "junit"])
def test_what_goes_elsewhere_names_files_from_the_top(output_format: str, nested: Repository) -> None:
    called = nested.run("plan", "--format", output_format, "--write", "text=../plan.txt")

    assert "memories/specs/support.yaml" in called.out
    assert "memories/specs/support.yaml" in (nested.root / "plan.txt").read_text()


def test_errors_name_all_places_from_the_current_folder(nested: Repository) -> None:
    nested.write("memories/specs/broken.yaml", BROKEN)
    nested.write("memories/specs/unquoted.yaml", UNQUOTED)
    called = nested.run("validate", "--write", "sarif=../problems.sarif")
    found = json.loads((nested.root / "problems.sarif").read_text())["runs"][0]["results"]

    assert "error: specs/broken.yaml:2:" in called.err
    assert "declared twice, first at specs/broken.yaml:" in called.err
    assert "memories/" not in called.err
    assert "memories/specs/broken.yaml" in json.dumps(found)


@pytest.mark.parametrize("line", ["validate --specs nope.yaml", "fmt nope.yaml"])
def test_a_file_that_is_not_there_is_named_as_it_was_given(line: str, nested: Repository) -> None:
    assert "error: nope.yaml: no such file or folder" in nested.run(*line.split()).err


def test_a_folder_beside_the_project_names_files_from_itself(
    nested: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nested.root / "docs").mkdir()
    monkeypatch.chdir(nested.root / "docs")

    assert "../memories/specs/support.yaml:" in nested.run("--project", "../memories", "plan").out


def test_a_file_of_the_top_with_the_same_name_changes_nothing(nested: Repository) -> None:
    nested.write("specs/broken.yaml", SPEC)
    nested.write("memories/specs/broken.yaml", BROKEN)

    assert "error: specs/broken.yaml:2:" in nested.run("validate").err


def test_what_names_no_file_stays(nested: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLAND_API_KEY", raising=False)
    Path("reconciler.yaml").unlink()
    Path("specs/support.yaml").write_text(SPEC.replace("name: Sarah", "name: ${env:NONE}"))

    assert "memories" not in nested.run("plan").err
