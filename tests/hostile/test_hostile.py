"""Each hostile input costs a message: at most a minute, 500 MB and 100 lines, and never a defect."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.hostile import answers, files, state
from tests.hostile.measuring import MOST_BYTES, MOST_LINES, MOST_MB, MOST_SECONDS, Ended, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured as Linux counts it")


def check_cost(ended: Ended) -> str:
    """Hold a run to what hostile input may cost; give all that it printed."""
    said = ended.out + ended.err
    assert ended.code != 70, said[:2000]
    assert "Traceback" not in said
    assert ended.seconds <= MOST_SECONDS
    assert ended.peak <= MOST_MB
    assert said.count("\n") <= MOST_LINES
    assert len(said) <= MOST_BYTES
    return said


@pytest.mark.parametrize("name", files.CASES)
def test_a_hostile_file_costs_a_message(name: str, tmp_path: Path) -> None:
    hostile = files.CASES[name]()
    hostile.write(tmp_path)

    ended = run(tmp_path, hostile.call)

    said = check_cost(ended)
    assert ended.code == hostile.code, said[:2000]
    assert hostile.says in said


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository that has applied once, in its sandbox."""
    folder = tmp_path_factory.mktemp("applied")
    spec = "scopes: {s: {persona_id: p}}\ncontacts:\n  c: {email: c@example.com, scopes: {s: {facts: {k: x}}}}\n"
    first = files.Hostile({files.SPEC: spec}, says="Apply complete", call=("apply", "--yes"), code=0)
    first.write(folder)
    assert run(folder, first.call).code == first.code
    return folder


@pytest.mark.parametrize("name", state.CASES)
def test_what_somebody_left_in_our_folder_costs_a_message(name: str, applied: Path, tmp_path: Path) -> None:
    left = state.CASES[name]
    folder = shutil.copytree(applied, tmp_path / "copy")
    left.spoil(folder)

    ended = run(folder, left.call)

    said = check_cost(ended)
    assert ended.code == left.code, said[:2000]
    assert left.says in said


@pytest.mark.parametrize("name", answers.CASES)
def test_a_hostile_answer_costs_a_message(name: str, tmp_path: Path) -> None:
    hostile = answers.CASES[name]
    with answers.playing(hostile.parts) as port:
        hostile.files(port).write(tmp_path)
        ended = run(tmp_path, hostile.call, variables={"TEST_KEY": "sk-live-key"}, answer=hostile.seconds)

    said = check_cost(ended)
    assert ended.code == hostile.code, said[:2000]
    assert hostile.says in said
