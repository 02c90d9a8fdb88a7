"""Arguments that a command does not take, and what is said of how they are written."""

import click
import pytest

from tests.cli.conftest import Repository
from tests.cli.test_usage import commands


def _takes_environment_and_no_names(command: click.Command) -> bool:
    names = {one.name for one in command.params}
    return "environment" in names and not names & {"address", "folder", "left", "ref", "addresses"}


OF_AN_ENVIRONMENT = sorted(name for name, command in commands() if _takes_environment_and_no_names(command))


@pytest.mark.parametrize("name", OF_AN_ENVIRONMENT)
def test_the_name_of_an_environment_is_an_option_at_every_command(name: str, repository: Repository) -> None:
    called = repository.run(*name.split(), "live")

    assert called.code == 1
    assert f"it is an environment: `reconciler -e live {name}`" in called.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("plan sarah", '`reconciler plan` takes no argument "sarah"; it is declared: write --target contacts.sarah'),
        ("plan contacts.sarah.scopes.support", "write --target contacts.sarah.scopes.support"),
        ("plan specs", "write --specs specs"),
        ("lint specs/support.yaml", "write --specs specs/support.yaml"),
        ("plan plan.json", "`reconciler apply FILE` and `reconciler show FILE` take a saved plan"),
        ("runs specs", "`reconciler runs --help` shows what it takes"),
        ("plan xyzzy", '`reconciler plan` takes no argument "xyzzy"; `reconciler plan --help` shows what it takes'),
        ("apply xyzzy", "cannot read xyzzy: No such file or directory"),
    ],
)
def test_what_is_no_argument_is_named_with_how_it_is_written(line: str, message: str, repository: Repository) -> None:
    repository.run("plan", "--out", "plan.json")
    called = repository.run(*line.split())

    assert called.code == 1
    assert message in called.err


def test_where_the_project_cannot_be_read_the_command_helps(repository: Repository) -> None:
    repository.write("reconciler.yaml", "version: [")

    assert "`reconciler plan --help` shows what it takes" in repository.run("plan", "live").err
