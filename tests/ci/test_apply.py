import json

import pytest

from tests.ci.runner import Runner


def test_an_apply_keeps_its_receipt_and_tells_of_it_in_the_summary(runner: Runner) -> None:
    ran = runner.run("apply")

    assert ran.code == 0
    receipt = json.loads((runner.documents / "reconciler-apply-sandbox" / "receipt.json").read_text())
    assert receipt["totals"]["done"] == 3
    assert "Apply complete for" in ran.summary
    assert runner.github()["calls"] == []


def test_an_apply_of_an_environment_without_its_key_fails_as_the_tool_does(runner: Runner) -> None:
    runner.secrets.clear()
    ran = runner.run("apply", environment="live")

    assert ran.code == 1
    assert "TEST_KEY" in ran.err
    assert ran.summary == ""


def test_what_an_earlier_step_left_in_the_folder_is_not_taken_for_this_run(runner: Runner) -> None:
    runner.run("apply")
    runner.write("specs/support.yaml", "contcts: {}\n")
    ran = runner.run("apply")

    assert ran.code == 1
    assert ran.summary == ""


def test_an_apply_that_runs_out_of_its_minutes_ends_in_good_order(runner: Runner) -> None:
    ran = runner.run("apply", max_minutes="0.000001")

    assert ran.code != 0
    assert "--max-minutes" in ran.err + ran.summary


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"command": "destroy"}, "the input \"command\" is 'destroy'; it must be one of preview, apply, drift"),
        ({"restricted": "maybe"}, "the input \"restricted\" is 'maybe'; it must be true or false"),
    ],
)
def test_inputs_that_mean_nothing_are_refused(runner: Runner, inputs: dict[str, str], said: str) -> None:
    ran = runner.run(**{"command": "preview", **inputs})

    assert ran.code == 1
    assert ran.out == f"::error title=reconciler::{said}\n"
    assert ran.err == ""


def test_without_gh_the_run_fails_and_says_so(runner: Runner) -> None:
    (runner.folder / "bin" / "gh").write_text("not a program")
    ran = runner.run("preview")

    assert ran.code == 1
    assert "gh cannot be run" in ran.out
