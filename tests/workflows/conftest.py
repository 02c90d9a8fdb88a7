from pathlib import Path

import pytest

from tests.workflows.runner import Runner, new_runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return new_runner(tmp_path)
