"""Commands that messages recommend, which can be pasted as they stand."""

import re
import shlex

import pytest

from reconciler.cli.invocation import pasteable
from tests.cli.conftest import Repository

UNQUOTED = "scopes: {s: {persona_id: p}}\ncontacts: {a: {phone_number: +14155550192}}\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--project . doctor", "`reconciler --project . validate`"),
        ("--project . --state kept show none", "`reconciler --project . --state kept runs`"),
        ("-e live --state kept apply receipt.json --yes", "`reconciler -e live --state kept plan --out FILE`"),
        ("apply receipt.json --yes", "`reconciler plan --out FILE`"),
        ("fmt --check --project . specs/a.yaml", "`reconciler --project . fmt specs/a.yaml`"),
        ("lint --project . --specs specs/a.yaml", "`reconciler --project . fmt`"),
        ("--state kept -e live pln deploy", 'did you mean "plan"'),
        ("--state kept -e live deploy", "`reconciler -e live --state kept apply`"),
        ("-e live version", "`reconciler --version`"),
        ("--state kept plan live", "`reconciler --state kept -e live plan`"),
        ("-e sandbox plan live", "`reconciler -e live plan`"),
    ],
)
def test_a_recommended_command_carries_the_options_of_the_run(line: str, message: str, repository: Repository) -> None:
    repository.run("apply", "--yes", "--receipt", "receipt.json")
    repository.write("specs/a.yaml", UNQUOTED)
    if "doctor" in line:
        repository.write("reconciler.yaml", "version: 1\na: 1\nb: 2\n")
    called = repository.run(*line.split())

    assert message in called.err + called.out


def test_a_recommended_command_runs_as_it_is_pasted(repository: Repository) -> None:
    folder = repository.root / "a folder"
    folder.mkdir()
    called = repository.run("--project", str(folder / ".."), "--state", str(folder), "show", "none")
    (command,) = re.findall(r"`reconciler ([^`]*)`", called.err)

    assert repository.run(*shlex.split(command)).code == 0
    assert str(folder) in shlex.split(command)


def test_no_command_changes_where_none_is_under_way() -> None:
    assert pasteable("run `reconciler plan`") == "run `reconciler plan`"


def test_what_stands_in_a_variable_is_not_repeated(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_STATE", "kept")

    assert "`reconciler runs`" in repository.run("show", "none").err
