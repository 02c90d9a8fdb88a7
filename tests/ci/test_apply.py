import json

import pytest

from tests.ci.runner import PROJECT, Runner


def test_an_apply_keeps_its_receipt_and_tells_of_it_in_the_summary(runner: Runner) -> None:
    runner.approve()
    ran = runner.run("apply")

    assert ran.code == 0
    receipt = json.loads((runner.documents / "reconciler-apply-sandbox" / "receipt.json").read_text())
    assert receipt["totals"]["done"] == 3
    assert "Apply complete for" in ran.summary
    assert runner.github()["calls"] == []


def test_an_apply_of_an_environment_without_its_key_fails_as_the_tool_does(runner: Runner) -> None:
    runner.approve()
    runner.secrets.clear()
    ran = runner.run("apply", environment="live")

    assert ran.code == 1
    assert "TEST_KEY" in ran.err
    assert ran.summary.startswith("<p>The plan could not be applied for <code>live</code>.</p>\n<pre>error: ")


def test_what_an_earlier_step_left_in_the_folder_is_not_taken_for_this_run(runner: Runner) -> None:
    runner.approve()
    runner.run("apply")
    runner.write("specs/support.yaml", "contcts: {}\n")
    ran = runner.run("apply")

    assert ran.code == 1
    assert "Apply complete" not in ran.summary
    assert "contcts: unknown key" in ran.summary


def test_an_apply_that_runs_out_of_its_minutes_ends_in_good_order(runner: Runner) -> None:
    runner.approve()
    ran = runner.run("apply", **{"max-minutes": "0.000001"})

    assert ran.code != 0
    assert "--max-minutes" in ran.err + ran.summary


def test_an_apply_without_a_plan_applies_nothing(runner: Runner) -> None:
    ran = runner.run("apply")

    assert ran.code == 1
    assert "cannot read" in ran.summary
    assert runner.approve().outputs["pending"] == "true"


def test_an_apply_takes_no_targets_since_the_plan_decides(runner: Runner) -> None:
    runner.approve()
    ran = runner.run("apply", target="contacts.sarah")

    assert ran.code == 1
    assert "PLAN decides what is applied" in ran.summary


def test_a_plan_tells_whether_anybody_need_approve_it(runner: Runner) -> None:
    first = runner.approve()
    runner.run("apply")
    second = runner.run("plan")

    assert (first.code, first.outputs["changes"], first.outputs["pending"]) == (0, "true", "true")
    assert "2 facts to add" in first.summary
    assert (second.code, second.outputs["changes"], second.outputs["pending"]) == (0, "false", "false")
    assert "No changes for" in second.summary


def test_what_no_account_can_confirm_is_pending_though_it_is_no_change(runner: Runner) -> None:
    runner.write("reconciler.yaml", PROJECT.replace("{api: sandbox}", "{api: sandbox, reader: context}"))
    runner.write("specs/support.yaml", "contacts: {sarah: {external_id: crm-sarah}}\n")
    planned = runner.approve()
    applied = runner.run("apply")

    assert (planned.outputs["changes"], planned.outputs["pending"]) == ("false", "true")
    assert "Apply complete for" in applied.summary


def test_a_plan_beyond_a_guard_fails_and_shows_what_it_would_do(runner: Runner) -> None:
    runner.write("reconciler.yaml", PROJECT.replace("{api: sandbox}", "{api: sandbox, guards: {max_changes: 1}}"))
    ran = runner.run("plan")

    assert (ran.code, ran.outputs) == (4, {"folder": str(runner.documents / "reconciler-plan-sandbox")})
    assert "Apply refuses this: 4 changes, and max_changes is 1" in ran.summary
    assert "2 facts to add" in ran.summary


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            {"command": "destroy"},
            "the input \"command\" is 'destroy'; it must be one of preview, plan, apply, drift, pull",
        ),
        ({"only-changed": "yes"}, "the input \"only-changed\" is 'yes'; it must be true or false"),
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
