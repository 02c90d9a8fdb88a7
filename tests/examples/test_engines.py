"""`examples/large-account` on a Dask cluster of this machine: real processes, one of them killed half-way."""

import os
import runpy
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from distributed import LocalCluster

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.child import KEY
from tests.cli.conftest import Repository, repository
from tests.cli.test_killed import KillAt, committed, holds_all, specs
from tests.examples.test_walkthroughs import EXAMPLES
from tests.warm import ROOT

__all__ = ["repository"]

_PLAIN = ("--no-nanny", "--no-dashboard", "--local-directory=dask")


@contextmanager
def scheduler(*, workers: int) -> Iterator[str]:
    """Run a scheduler in this process, with workers of its own or without, and give its address."""
    with LocalCluster(  # type: ignore[no-untyped-call]  # it has no types
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        dashboard_address=None,
        local_directory="dask",
    ) as cluster:
        yield str(cluster.scheduler_address)


@contextmanager
def worker(address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a worker as if on a machine of its own, in the current folder: it ends with all that it runs."""
    with Path("worker.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603  a program of this test
            [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads=1", *_PLAIN],
            env=os.environ | {"PYTHONPATH": ROOT},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def example(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str | None:
    """Run the example to its end, and return what it says then."""
    program = str(EXAMPLES / "large-account/with_dask.py")
    monkeypatch.setattr(sys, "argv", [program, *arguments])
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        return str(ended.code)
    return None


def test_a_shard_whose_worker_was_killed_is_finished_by_another_and_all_is_written_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("specs/support.yaml", specs())
    monkeypatch.setenv("TEST_KEY", KEY)
    whole, parts = Store(), Store()
    app = create_app(whole)
    with running(app) as url:
        assert repository.run("-e", "live", "apply", "--yes", "--api-url", url).code == 0
    wanted = Counter(committed(app, whole))

    with scheduler(workers=0) as address, ExitStack() as machines:
        first = machines.enter_context(worker(address))

        def kill() -> None:
            os.killpg(first.pid, signal.SIGKILL)  # the apply that it runs ends with it, as on a machine that is lost
            machines.enter_context(worker(address))

        app = create_app(parts, faults=KillAt(7, "after", kill))
        with running(app) as url:
            command = (sys.executable, "-m", "reconciler", "-e", "live", "--state", "shared", "apply", "--yes")
            assert example(monkeypatch, address, "2", *command, "--api-url", url) is None
        assert first.wait() == -signal.SIGKILL

    assert Counter(committed(app, parts)) == wanted
    assert holds_all(parts)
    assert len(list(Path("shared/journal").glob("*.jsonl"))) == 3


STUB = """\
echo "$4" >> "attempts-$1"
echo "this is why" >&2
test "$(grep -c "^$4$" "attempts-$1")" -gt "$2" || exit "$1"
"""
"""An apply that ends with an exit code so many times, and then with 0."""


def test_what_is_incomplete_or_stopped_is_run_again_a_few_times_and_what_is_refused_is_not(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempts(code: int, times: int, *, shards: int) -> tuple[list[str], dict[str, int]]:
        said = example(monkeypatch, address, str(shards), "sh", "stub.sh", str(code), str(times))
        return (said or "").splitlines(), Counter(Path(f"attempts-{code}").read_text().split())

    repository.write("stub.sh", STUB)
    with scheduler(workers=1) as address:
        assert attempts(143, 1, shards=2) == ([], {"0/2": 2, "1/2": 2})
        never = ["shard 0/1 ended with 3 after attempt 5:", "this is why"]
        assert attempts(3, 99, shards=1) == (never, {"0/1": 5})
        refused = ["shard 0/1 ended with 4 after attempt 1:", "this is why"]
        assert attempts(4, 99, shards=1) == (refused, {"0/1": 1})
