"""The production environment of the example with two."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Repository

EXAMPLE = Path(__file__).parents[2] / "examples" / "two-environments"


@pytest.fixture
def example(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in ("SARAH_ACCOUNT", "BLAND_PRODUCTION_KEY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(
        EXAMPLE, repository.root / "examples/two-environments", ignore=shutil.ignore_patterns(".reconciler")
    )
    return repository


def test_production_names_the_secret_that_it_needs(example: Repository) -> None:
    called = example.run("--project", "examples/two-environments", "-e", "production", "plan")

    assert (called.code, called.out) == (1, "")
    assert "the environment variable SARAH_ACCOUNT is not set" in called.err
