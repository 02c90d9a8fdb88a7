"""How contests are held and kept, untimed: in turns, checked for the work that was asked for, and kept whole."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from tests.benchmarks import venvs
from tests.benchmarks.__main__ import main
from tests.benchmarks.contest import Contestant, hold
from tests.benchmarks.contests import limit, listed
from tests.benchmarks.held import held, result
from tests.benchmarks.process import environment, run
from tests.benchmarks.results import Held, Result, Skipped, UnreadableResultsError, keep, kept, merged
from tests.benchmarks.server import Traffic
from tests.benchmarks.serving import serving
from tests.benchmarks.world import World


def told(contestant: Contestant) -> str:
    """Let one contestant run, and give the reason why it has no result."""
    (one,) = hold("any", 1, [contestant], rounds=1)
    assert isinstance(one, Skipped)
    return one.reason


def noting(name: str, file: Path, *, is_slow: bool = False) -> Contestant:
    """Make a contestant that adds its name to a file."""
    return Contestant(name, ["sh", "-c", f"echo {name} >> {file}"], is_slow=is_slow)


def test_contestants_run_in_turns_and_one_that_fails_is_told() -> None:
    both = list(hold("any", 1, [Contestant("good", ["true"]), Contestant("bad", ["false"])], rounds=2))

    assert isinstance(both[0], Result)
    assert len(both[0].usages) == 2
    assert isinstance(both[1], Skipped)
    assert both[1].reason.startswith("failed: false ended with 1")


def test_each_turn_begins_with_the_next_and_the_first_only_warms_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    entries = [noting("a", log), noting("b", log), noting("slow", log, is_slow=True)]

    results = [one for one in hold("any", 1, entries, rounds=3, warms_up=True) if isinstance(one, Result)]

    assert log.read_text().split() == ["a", "b", "a", "b", "slow", "b", "a", "a", "b"]
    assert [len(one.usages) for one in results] == [3, 3, 1]


def test_a_contestant_that_did_other_work_than_asked_has_no_result() -> None:
    with serving(World(1), latency=0.0) as served:
        idle = Contestant("idle", ["true"], served=served, requests=1)

        assert told(idle) == "failed: it sent 0 requests, not 1"
    assert told(Contestant("mute", ["true"], says="Usage")) == "failed: it did not say 'Usage'"
    assert told(Contestant("unchanged", ["true"], good=2)).startswith("failed: true ended with 0")
    assert told(Contestant("missing", ["/no/such/program"])).startswith("failed: /no/such/program cannot be started")


def test_what_a_contestant_says_can_be_counted() -> None:
    (one,) = hold("any", 1, [Contestant("two", ["printf", "x\\ny\\nx\\n"], counts="^x$")], rounds=1)

    assert isinstance(one, Result)
    assert one.counted == 2


def test_the_most_connections_of_all_runs_count() -> None:
    first, second = Traffic(5, 0, 54, {"GET contacts": 5}), Traffic(5, 2, 50, {"GET contacts": 5, "POST memory": 2})

    assert first.most(second) == Traffic(5, 2, 54, {"GET contacts": 5, "POST memory": 2})


def test_the_wire_takes_a_latency_for_each_group_of_requests_and_each_phase() -> None:
    assert limit([10_000]) == pytest.approx(5.0)
    assert limit([1]) == limit([50]) == pytest.approx(0.025)
    assert limit([51]) == pytest.approx(0.05)
    assert limit([*listed(1000), 1000, 1000]) == pytest.approx(42 * 0.025)
    assert limit(listed(100)) == pytest.approx(0.025)


def test_contestants_get_no_proxy_and_no_path_of_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert environment().keys() <= {"HOME", "LANG", "LC_ALL", "PATH", "TMPDIR"}
    said = run(["env"], folder=Path(), variables={"KEY": "value"}).said
    assert "KEY=value" in said
    assert "PYTHONPATH" not in said
    assert "HTTP_PROXY" not in said


def test_an_interrupt_ends_the_program_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = []

    def interrupted(number: int, _options: int) -> NoReturn:
        running.append(number)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "wait4", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "600"], folder=Path(), variables={})

    with pytest.raises(ProcessLookupError):
        os.kill(running[0], 0)


def test_a_contest_that_is_held_again_takes_its_former_place_as_a_whole(tmp_path: Path) -> None:
    former = [held(result("reconciler", 100, 1.0), result("octoDNS", 100, 2.0)), held(result("reconciler", 1000, 2.0))]
    again = Held("plan", 100, "another machine", (result("reconciler", 100, 3.0),), (Skipped("octoDNS", "no index"),))

    keep(tmp_path, merged(former, again))

    assert kept(tmp_path) == [again, former[1]]
    assert kept(tmp_path / "empty") == []


def test_results_of_another_form_are_told(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('[{"contest": "plan", "usages": []}]')

    with pytest.raises(UnreadableResultsError, match=r"results\.json cannot be read, or is of another form; remove it"):
        kept(tmp_path)


def test_a_failed_installation_leaves_nothing_that_counts_as_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(command: list[str | Path], **_settings: object) -> None:
        if "pip" in str(command[0]):
            raise subprocess.CalledProcessError(1, "pip")
        (Path(command[-1]) / "bin").mkdir(parents=True)
        (Path(command[-1]) / "bin" / "python").touch()

    monkeypatch.setattr(venvs, "FOLDER", tmp_path)
    monkeypatch.setattr(subprocess, "run", failing)

    for _ in range(2):
        assert venvs.installed("requests", "python") == "requests cannot be installed from the package index"
    assert list(tmp_path.iterdir()) == []


def test_the_version_of_what_is_not_installed_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venvs, "FOLDER", tmp_path)

    assert not venvs.version("requests")


@pytest.mark.parametrize("sizes", ["0", "-5", "100,0", "many", "100,"])
def test_sizes_below_one_are_refused(sizes: str) -> None:
    done = CliRunner().invoke(main, ["--sizes", sizes])

    assert done.exit_code == 2
    assert "give numbers of 1 and more with commas between them" in done.output


def test_what_would_lose_results_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (file := tmp_path / "file").write_text("no folder\n")

    below = CliRunner().invoke(main, ["--set", "start", "--out", str(file / "folder")])

    assert below.exit_code == 1
    assert "Error: " in below.output


def test_without_a_package_index_it_is_told_what_cannot_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(command: tuple[str, ...], **_settings: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="no index here")

    venvs.programs.cache_clear()
    monkeypatch.setattr(venvs, "VENV", tmp_path / "reconciler")
    monkeypatch.setattr(subprocess, "run", failing)
    done = CliRunner().invoke(main, ["--set", "start"])

    assert done.exit_code == 1
    assert "Error: this checkout cannot be installed into" in done.output
    assert "no index here" in done.output
    assert sys.executable not in done.output
