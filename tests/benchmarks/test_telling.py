"""What is told of contests: tables, goals with their words, and the report."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.goals import judge
from tests.benchmarks.held import held, result
from tests.benchmarks.process import Usage
from tests.benchmarks.results import Skipped, kept
from tests.benchmarks.table import render_goals, render_machines, render_missed, render_report, render_results

ROOT = Path(__file__).parents[2]
QUIET = held(
    replace(result("bare client", 10_000, 5.5), limit=5.0), replace(result("reconciler", 10_000, 6.0), limit=5.0)
)
BUSY = held(
    replace(result("bare client", 10_000, 9.0), limit=5.0), replace(result("reconciler", 10_000, 9.9), limit=5.0)
)


def test_the_table_shows_medians_spreads_ratios_and_who_was_skipped() -> None:
    both = held(result("bare client", 1000, 2.0), result("reconciler", 1000, 2.5))
    table = render_results([replace(both, skipped=(Skipped("x", "failed:\n  no reason"),))])

    for row in (
        "| plan | 1,000 | bare client | 2 | 2.50 | 2.00 - 3.00 | 1.50 | 110 | 1,000 | 50 | 5.00 | 0.80 | 0.80 |",
        "| plan | 1,000 | reconciler | 2 | 3.12 | 2.50 - 3.75 | 1.88 | 110 | 1,000 | 50 | 6.25 | 1.00 | 1.00 |",
        "- plan, 1,000: x skipped: failed: no reason",
    ):
        assert row in table.splitlines()


def test_goals_are_judged_as_far_as_they_were_measured() -> None:
    verdicts = judge([QUIET])
    goals = render_goals(verdicts)

    assert "| plan of 10,000 through `context`, time ÷ bare client | 1.15 times | 1.09 times | yes |" in goals
    assert "| plan of 10,000 through `context`, time ÷ wire limit | 1.35 times | 1.5 times | **no** |" in goals
    assert "| plan of 10,000 through `context`, peak memory | 130 MB | 110 MB | yes |" in goals
    assert "| requests of a plan of 10,000 through `context` | 10,000 | 10,000 | yes |" in goals
    assert goals.count("not measured") == len(verdicts) - 5


def test_a_missed_goal_tells_by_how_much_why_and_what_would_be_needed() -> None:
    (line,) = render_missed(judge([QUIET])).splitlines()

    assert line.startswith(
        "- **Missed: plan of 10,000 through `context`, time ÷ wire limit"
        ", by 11%.** Each request costs CPU in the client"
    )


def test_times_of_a_busy_machine_are_not_judged_and_memory_is() -> None:
    goals = render_goals(judge([BUSY]))

    assert "| 1.15 times | 1.1 times | not judged (the machine was busy) |" in goals
    assert "| plan of 10,000 through `context`, peak memory | 130 MB | 110 MB | yes |" in goals
    assert render_missed(judge([BUSY])).startswith("A time is not judged where")


@pytest.mark.parametrize(
    ("walls", "word"),
    [((1.0, 1.6), "not judged"), ((1.0, 1.4), "yes"), ((0.1, 1.0, 1.1, 1.2, 9.0), "yes"), ((1.0,), "yes")],
)
def test_a_contestant_whose_runs_differ_too_much_is_not_judged(walls: tuple[float, ...], word: str) -> None:
    usages = tuple(Usage(wall, wall, 20.0) for wall in walls)
    start = [replace(result(name, 0, 1.0, contest="start"), usages=usages) for name in ("python -c pass", "reconciler")]

    row = next(line for line in render_goals(judge([held(*start)])).splitlines() if "python -c pass" in line)
    assert f"| 4 times | 1 times | {word}" in row


def test_connections_are_judged_over_all_plans_and_applies() -> None:
    contests = [held(result("reconciler", 100, 1.0)), held(result("reconciler", 1000, 1.0, "apply", connections=54))]

    assert "| connections, the most that a plan or an apply opened | 50 | 54 | **no** |" in render_goals(
        judge(contests)
    )


def test_machines_are_told_once_or_with_what_was_measured_there() -> None:
    elsewhere = replace(held(replace(result("octoDNS", 100, 1.0, "listing"), version="octodns 1")), machine="8 cores.")

    assert render_machines([QUIET, BUSY]) == "2 cores."
    assert render_machines([QUIET, elsewhere]).split("\n") == [
        "",
        "- plan, 10,000: 2 cores.",
        "- listing, 100: 8 cores.",
        "",
        "Peers: octodns 1.",
    ]


def test_the_report_is_what_the_kept_results_give() -> None:
    folder = ROOT / ".github" / "benchmarks"

    assert (folder / "results.md").read_text(encoding="utf-8") == render_report(kept(folder))
