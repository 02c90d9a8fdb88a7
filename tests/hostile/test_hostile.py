"""Each hostile input costs a message: at most a minute, 500 MB and 100 lines, and never a defect."""

import json
import os
import resource
import subprocess
import sys
from bisect import bisect_left
from functools import cache, partial
from pathlib import Path

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.buckets import new_bucket, variables
from tests.hostile import answers, files, state
from tests.hostile.measuring import MOST_BYTES, MOST_LINES, MOST_MB, MOST_SECONDS, Ended, run
from tests.warm import ROOT

_PATIENCE = 120
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
    """Return a repository that has applied once, in its sandbox, and has something to apply and to undo."""
    folder = tmp_path_factory.mktemp("applied")
    for value, call in (("x", ("apply", "--yes")), ("y", ("apply", "--yes", "--save-undo", "undo.yaml"))):
        state.spec(value).write(folder)
        assert run(folder, call).code == 0
    state.spec("z").write(folder)
    first, _ = sorted((folder / ".reconciler/journal").iterdir())
    first.unlink()
    return folder


@pytest.mark.parametrize(("name", "how"), state.CASES)
def test_what_somebody_left_in_our_folder_costs_a_message(name: str, how: str, applied: Path, tmp_path: Path) -> None:
    ended = run(tmp_path, partial(state.called, applied, tmp_path, name, how))

    assert (ended.code, ended.peak <= MOST_MB, ended.seconds <= MOST_SECONDS) == (0, True, True), ended.err
    for call, (code, said) in json.loads((tmp_path / "ended.json").read_text()).items():
        assert code == 0 or (call in state.MAY_FAIL[name] and code in {1, 4}), (call, code, said)
        assert code == 0 or "error: " in said or "fail  " in said
        assert "Traceback" not in said
        assert said.count("\n") <= MOST_LINES
        assert state.SAYS.get((name, how, call), "") in said


@pytest.mark.parametrize("name", answers.CASES)
def test_a_hostile_answer_costs_a_message(name: str, tmp_path: Path) -> None:
    hostile = answers.CASES[name]
    with answers.playing(hostile.parts) as port:
        hostile.files(port).write(tmp_path)
        ended = run(tmp_path, hostile.call, variables={"TEST_KEY": "sk-live-key"}, answer=hostile.seconds)

    said = check_cost(ended)
    assert ended.code == hostile.code, said[:2000]
    assert hostile.says in said
    if hostile.call[0] in {"export", "pull"}:
        assert "are valid" in check_cost(run(tmp_path, ("validate",)))


@pytest.mark.parametrize("call", [("validate",), ("plan", "--concurrency", "50"), ("watch", "--listen", "127.0.0.1:0")])
def test_without_memory_a_command_says_so_and_what_takes_less(tmp_path: Path, call: tuple[str, ...]) -> None:
    contacts = files.numbered(8000, "  c{0}: {{external_id: id-{0}, scopes: {{s: {{facts: {{k: v{0}}}}}}}}}\n")
    files.Hostile({files.SPEC: f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{contacts}"}, says="").write(tmp_path)

    ended = subprocess.run(  # noqa: S603  this program
        [sys.executable, "-m", "reconciler", *call],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": ROOT},
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_AS, (60 << 20, 60 << 20)),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "error: out of memory\n"
        "hint: give it more memory, or fewer specs if the command has --shard or --target; what was done stays done\n"
    )


SOME = files.numbered(20, "  c{0}: {{external_id: id-{0}, scopes: {{s: {{facts: {{k: v{0}}}}}}}}}\n")
WATCH = ("watch", "--apply", "--listen", "127.0.0.1:0", "--interval", "1h")
MORE_FILES = "raise the limit, as with `ulimit -n 1024`, or lower --concurrency"


@pytest.mark.parametrize("call", [("apply", "--yes"), WATCH], ids=["apply", "watch"])
@pytest.mark.parametrize("state", ["folder", "bucket"])
def test_a_run_that_may_open_few_files_says_how_to_have_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: tuple[str, ...], state: str
) -> None:
    kept = f', state: "{new_bucket(monkeypatch)}"' if state == "bucket" else ""
    where = variables() if state == "bucket" else {}

    @cache
    def code_with(most: int) -> int:
        folder = tmp_path / str(most)
        with running(create_app(Store())) as url:
            project = answers.PROJECT.format(port=int(url.rpartition(":")[2])).replace("}}", f"{kept}}}}}")
            spec = f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{SOME}"
            files.Hostile({files.SPEC: spec, "reconciler.yaml": project}, says="").write(folder)
            ended = run(
                folder,
                (*call, "--concurrency", "50"),
                variables={"TEST_KEY": "sk-live-key", **where},
                limits={resource.RLIMIT_NOFILE: most},
                until="next in" if call is WATCH else "",
            )
        said = ended.out + ended.err
        assert ended.code in {0, 1, 3}, said
        assert MORE_FILES in said or "Apply complete" in said or " test: ok, " in said
        assert "Traceback" not in said
        assert ".py" not in said
        assert "unknown" not in said
        assert "others write" not in said
        return ended.code

    first = 8 + bisect_left(range(8, 64), 1, key=lambda most: int(code_with(most) != 1))  # that reaches the account
    for most in (first - 1, first, first + 1, 64):
        code_with(most)
