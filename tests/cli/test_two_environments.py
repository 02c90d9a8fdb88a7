"""The example with two environments does what its README walks through."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Repository

EXAMPLE = Path(__file__).parents[2] / "examples" / "two-environments"
COMMANDS = re.findall(
    r"^    reconciler --project examples/two-environments (.*)$", (EXAMPLE / "README.md").read_text(), re.MULTILINE
)


@pytest.fixture
def example(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in ("SARAH_ACCOUNT", "BLAND_PRODUCTION_KEY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(
        EXAMPLE, repository.root / "examples/two-environments", ignore=shutil.ignore_patterns(".reconciler")
    )
    return repository


def test_each_command_of_its_readme_works_where_no_account_is_needed(example: Repository) -> None:
    offline = [command for command in COMMANDS if command != "-e production plan"]

    called = [example.run("--project", "examples/two-environments", *shlex.split(command)) for command in offline]

    assert len(offline) == len(COMMANDS) - 1 == 4
    assert [one.code for one in called] == [0, 0, 0, 0]
    assert "4 values differ; 5 only in staging, 2 only in production." in called[2].out
    assert "seed_facts.trial_days: 30" in called[3].out


def test_after_its_apply_staging_holds_all_that_it_declares(example: Repository) -> None:
    assert example.run("--project", "examples/two-environments", "apply", "--yes").code == 0

    again = example.run("--project", "examples/two-environments", "plan", "--detailed-exitcode")

    assert again.code == 0


def test_production_names_the_secret_that_it_needs(example: Repository) -> None:
    called = example.run("--project", "examples/two-environments", "-e", "production", "plan")

    assert (called.code, called.out) == (1, "")
    assert "the environment variable SARAH_ACCOUNT is not set" in called.err
