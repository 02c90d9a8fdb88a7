from pathlib import Path

import pytest

from reconciler.scaffold import repository, write_new
from tests.builders import answers
from tests.ci.runner import ACTION, Runner, new_runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return new_runner(tmp_path)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a new repository, as `init` does."""
    folder = tmp_path_factory.mktemp("started")
    write_new(folder, repository(answers()))
    return folder


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the action's folder on the path, as a runner does for its program."""
    monkeypatch.syspath_prepend(str(ACTION))
