"""`examples/large-account` on a Dask cluster of this machine: real processes, one of them killed half-way."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.child import KEY
from tests.cli.conftest import Repository, repository
from tests.cli.test_killed import KillAt, committed, holds_all, specs
from tests.examples.test_walkthroughs import EXAMPLES
from tests.warm import ROOT

__all__ = ["repository"]

_PATIENCE = 120.0


@contextmanager
def started(*command: str, folder: Path, stderr: int | None = None) -> Iterator["subprocess.Popen[str]"]:
    """Start a Python program as if on a machine of its own, which ends with the block."""
    variables = os.environ | {"TEST_KEY": KEY, "PYTHONPATH": ROOT}
    with (folder / "cluster.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603  programs of this test
            [sys.executable, *command],
            env=variables,
            cwd=folder,
            stdout=log,
            stderr=stderr or log,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


class Cluster:
    """A scheduler that workers join, each for one task at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def worker(self, folder: Path) -> Iterator["subprocess.Popen[str]"]:
        options = ("--no-nanny", "--nthreads=1", "--no-dashboard", f"--scheduler-file={self._file}")
        with started("-m", "distributed.cli.dask_worker", *options, folder=folder) as process:
            yield process

    @contextmanager
    def example(self, shards: int, *command: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
        """Run the example, whose command is run in the folder of the worker."""
        program = str(EXAMPLES / "large-account/with_dask.py")
        with started(program, self._address(), str(shards), *command, folder=folder, stderr=subprocess.PIPE) as process:
            yield process

    def _address(self) -> str:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                address: str = json.loads(self._file.read_text())["address"]
            except (OSError, ValueError):  # not yet, or half of it
                time.sleep(0.02)
            else:
                return address
        raise TimeoutError("the scheduler did not start")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    options = ("--host=127.0.0.1", "--port=0", "--no-dashboard", f"--scheduler-file={file}")
    with started("-m", "distributed.cli.dask_scheduler", *options, folder=folder):
        yield Cluster(file)


def ended(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """Wait for the end of a program, and return its exit code and what it says at last."""
    _, told = process.communicate(timeout=_PATIENCE)
    return process.returncode, told.splitlines()[-2:]


def test_a_shard_whose_worker_was_killed_is_finished_by_another_and_all_is_written_once(
    repository: Repository, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("specs/support.yaml", specs())
    monkeypatch.setenv("TEST_KEY", KEY)
    whole, parts, is_started = Store(), Store(), threading.Event()
    app = create_app(whole)
    with running(app) as url:
        assert repository.run("-e", "live", "apply", "--yes", "--api-url", url).code == 0
    wanted = Counter(committed(app, whole))

    def kill() -> None:
        assert is_started.wait(_PATIENCE)
        os.killpg(worker.pid, signal.SIGKILL)  # the apply that it runs ends with it, as on a machine that is lost

    app = create_app(parts, faults=KillAt(7, "after", kill))
    with running(app) as url, cluster.worker(repository.root) as worker:
        is_started.set()
        command = ("-m", "reconciler", "-e", "live", "--state", "shared", "apply", "--yes", "--api-url", url)
        with cluster.example(3, sys.executable, *command, folder=repository.root) as example:
            assert worker.wait(_PATIENCE) == -signal.SIGKILL
            with cluster.worker(repository.root):
                assert ended(example) == (0, [])

    assert Counter(committed(app, parts)) == wanted
    assert holds_all(parts)
    assert len(list((repository.root / "shared/journal").glob("*.jsonl"))) == 4


STUB = """\
echo "$4" >> "attempts-$1"
echo "this is why" >&2
test "$(grep -c "^$4$" "attempts-$1")" -gt "$2" || exit "$1"
"""
"""An apply that ends with an exit code so many times, and then with 0."""


def test_what_is_incomplete_or_stopped_is_run_again_a_few_times_and_what_is_refused_is_not(
    repository: Repository, cluster: Cluster
) -> None:
    def attempts(code: int, times: int, *, shards: int) -> tuple[int, list[str], dict[str, int]]:
        stub = ("sh", "stub.sh", str(code), str(times))
        with cluster.example(shards, *stub, folder=repository.root) as example:
            code_of_all, said = ended(example)
        return code_of_all, said, Counter((repository.root / f"attempts-{code}").read_text().split())

    repository.write("stub.sh", STUB)
    with cluster.worker(repository.root):
        assert attempts(143, 1, shards=2) == (0, [], {"0/2": 2, "1/2": 2})
        never = ["shard 0/1 ended with 3 after attempt 5:", "this is why"]
        assert attempts(3, 99, shards=1) == (1, never, {"0/1": 5})
        refused = ["shard 0/1 ended with 4 after attempt 1:", "this is why"]
        assert attempts(4, 99, shards=1) == (1, refused, {"0/1": 1})
