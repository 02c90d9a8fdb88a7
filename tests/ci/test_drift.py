import json
from hashlib import sha256
from typing import Any

import pytest

from tests.ci.runner import ACTION, SPEC, US, Runner


def issue_of(runner: Runner) -> dict[str, Any]:
    [issue] = runner.github()["issues"]
    made: dict[str, Any] = issue
    return made


def drifted(runner: Runner) -> str:
    """Give the id of the drift of a sandbox that holds nothing."""
    ran = runner.run("drift")
    assert ran.code == 0
    return ran.outputs["drift-id"]


def test_drift_opens_an_issue_that_tells_of_it(runner: Runner) -> None:
    identifier = drifted(runner)

    issue = issue_of(runner)
    assert issue["title"] == "Drift in sandbox"
    assert issue["labels"] == ["reconciler-drift"]
    assert issue["body"].startswith(f"<!-- reconciler:sandbox:drift {identifier} -->\n<p>The account is not as")
    assert "2 facts to add" in issue["body"]


def test_the_issue_is_not_touched_while_the_drift_is_the_same(runner: Runner) -> None:
    first = drifted(runner)
    runner.writes()

    assert drifted(runner) == first
    assert runner.writes() == []


def test_the_issue_is_edited_when_the_drift_is_another(runner: Runner) -> None:
    first = drifted(runner)
    runner.writes()
    runner.write("specs/support.yaml", SPEC.replace("plan: premium", "plan: premium, tier: 2"))

    second = drifted(runner)
    assert second != first
    assert runner.writes() == ["PATCH issues/1"]
    assert "3 facts to add" in issue_of(runner)["body"]
    assert issue_of(runner)["state"] == "open"


def test_the_issue_is_closed_when_the_drift_is_gone_and_reopened_when_it_comes_back(runner: Runner) -> None:
    drifted(runner)
    runner.reconciler("apply", "--yes")
    assert runner.run("drift").outputs["drift-id"] == "none"
    assert (issue_of(runner)["state"], issue_of(runner)["state_reason"]) == ("closed", "completed")
    assert "is as its specs say" in issue_of(runner)["body"]
    runner.writes()
    runner.run("drift")
    assert runner.writes() == []

    runner.write("specs/support.yaml", SPEC.replace("premium", "trial"))
    drifted(runner)
    assert issue_of(runner)["state"] == "open"
    assert "1 fact to update" in issue_of(runner)["body"]


def test_an_issue_that_somebody_closed_stays_closed_until_the_drift_is_another(runner: Runner) -> None:
    drifted(runner)
    runner.on_github(issues=[{**issue_of(runner), "state": "closed"}])
    runner.writes()
    drifted(runner)
    assert runner.writes() == []

    runner.write("specs/support.yaml", SPEC.replace("plan: premium", "plan: premium, tier: 2"))
    drifted(runner)
    assert issue_of(runner)["state"] == "open"


def test_without_drift_and_without_an_issue_nothing_is_opened(runner: Runner) -> None:
    runner.reconciler("apply", "--yes")
    ran = runner.run("drift")

    assert (ran.code, ran.outputs["changes"], ran.outputs["drift-id"]) == (0, "false", "none")
    assert runner.writes() == []


def test_issues_of_others_and_of_other_environments_are_left_alone(runner: Runner) -> None:
    labels = ["reconciler-drift"]
    others = [
        {"number": 1, "state": "open", "user": {"login": "ana"}, "labels": labels, "body": None},
        {
            "number": 2,
            "state": "open",
            "user": {"login": "mallory"},
            "labels": labels,
            "body": "<!-- reconciler:sandbox:drift none -->",
        },
        {
            "number": 3,
            "state": "open",
            "user": {"login": US},
            "labels": labels,
            "body": "<!-- reconciler:live:drift none -->",
        },
    ]
    runner.on_github(issues=others)
    drifted(runner)

    issues = runner.github()["issues"]
    assert issues[:3] == others
    assert [issue["number"] for issue in issues[3:]] == [4]


def test_a_pull_request_is_never_taken_for_the_issue(runner: Runner) -> None:
    drifted(runner)
    issue = issue_of(runner)
    forged = {**issue, "number": 2, "body": issue["body"].replace("sha256:", "none:"), "pull_request": {"url": "…"}}
    runner.on_github(issues=[issue, forged])
    runner.writes()
    drifted(runner)
    assert runner.writes() == []

    runner.on_github(issues=[forged])
    drifted(runner)
    assert runner.writes() == ["POST issues"]
    assert runner.github()["issues"][0] == forged


def test_the_id_of_a_drift_stays_what_it_is_or_issues_that_were_closed_would_open_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ACTION))
    import issue  # noqa: PLC0415  the action's folder is on the path only here

    fact = {"key": "plan", "path": ["plan"], "action": "update", "before": "trial", "after": "premium"}
    written = {"type": "write_facts", "address": "contacts.a.scopes.b", "certain": True, "facts": [fact]}
    unsure = {"type": "create_memory", "address": "contacts.a.scopes.c", "certain": False}
    told = json.dumps([["write_facts", "contacts.a.scopes.b", [["plan", ["plan"], "update"]]]])
    assert issue.drift_id({"operations": [written, unsure]}) == f"sha256:{sha256(told.encode()).hexdigest()}"
    assert issue.drift_id({"operations": [unsure]}) == "none"


def test_the_drift_id_holds_types_addresses_and_keys_and_neither_values_nor_times(runner: Runner) -> None:
    runner.reconciler("apply", "--yes")
    runner.write("specs/support.yaml", SPEC.replace("premium", "trial"))
    first = drifted(runner)
    runner.write("specs/support.yaml", "# another line\n" + SPEC.replace("premium", "gold"))

    assert drifted(runner) == first


def test_the_specs_that_cannot_be_planned_fail_the_run_and_leave_the_issue_alone(runner: Runner) -> None:
    drifted(runner)
    runner.writes()
    runner.write("specs/support.yaml", "contcts: {}\n")
    ran = runner.run("drift")

    assert ran.code == 1
    assert runner.writes() == []


def test_an_issue_that_github_refuses_fails_the_run_and_names_the_permission(runner: Runner) -> None:
    runner.on_github(refuse={"POST issues": 403})
    ran = runner.run("drift")

    assert ran.code == 1
    assert "::error title=reconciler::the drift issue could not be kept (the job needs issues: write): gh: " in ran.out


def test_a_plan_of_the_largest_size_still_fits_an_issue(runner: Runner) -> None:
    facts = ", ".join(f"key-{number}: {'x' * 50}" for number in range(900))
    runner.write("specs/support.yaml", SPEC.replace("{name: Sarah, plan: premium}", f"{{{facts}}}"))
    drifted(runner)

    body = issue_of(runner)["body"]
    assert 50_000 < len(body) < 65_536


def test_documents_are_kept(runner: Runner) -> None:
    ran = runner.run("drift")

    folder = runner.documents / "reconciler-drift-sandbox"
    assert ran.outputs["folder"] == str(folder)
    assert json.loads((folder / "plan.json").read_text())["environment"] == "sandbox"
