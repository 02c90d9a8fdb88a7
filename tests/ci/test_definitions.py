"""What the workflows and the action say, read as YAML: here, and in a repository that `init` wrote."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.expressions import filled
from tests.ci.runner import ACTION, ROOT

WORKFLOWS = sorted(path.name for path in (ROOT / ".github" / "workflows").glob("*.yml"))
OF_THIS_REPOSITORY = {"ci.yml", "release.yml", "versions.yml"}
COPIED = [name for name in WORKFLOWS if name not in OF_THIS_REPOSITORY]
GITLAB = ROOT / "examples" / "gitlab" / ".gitlab-ci.yml"
MAY_WRITE = {
    "preview": {"pull-requests"},
    "drift": {"issues", "contents", "pull-requests"},
    "release": {"id-token", "attestations"},
}

HERE = [("here", f".github/workflows/{name}") for name in WORKFLOWS]
STARTED = [("started", f".github/workflows/{name}") for name in COPIED]
ACTIONS = [(home, ".github/actions/reconcile/action.yml") for home in ("here", "started")]

by_name = pytest.mark.parametrize("path", [*HERE, *STARTED, *ACTIONS], indirect=True, ids="-".join)
by_workflow = pytest.mark.parametrize("path", [*HERE, *STARTED], indirect=True, ids="-".join)


@pytest.fixture
def path(request: pytest.FixtureRequest, started: Path) -> Path:
    home, name = request.param
    return (ROOT if home == "here" else started).joinpath(name)


def applying() -> dict[str, Any]:
    """Give the jobs of one environment of `apply.yml`."""
    jobs: dict[str, Any] = read(ROOT / ".github" / "workflows" / "apply-environment.yml")["jobs"]
    return jobs


def root_of(path: Path) -> Path:
    return next(folder.parent for folder in path.parents if folder.name == ".github")


def read(path: Path) -> dict[str, Any]:
    """Read YAML with all scalars as text, so that `on` stays a key."""
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  text alone
    return loaded


def steps(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    jobs = [definition["runs"]] if "runs" in definition else definition["jobs"].values()
    for job in jobs:
        yield from job.get("steps", [])


def test_the_workflows_are_these() -> None:
    own = {"preview.yml", "apply.yml", "apply-environment.yml", "drift.yml"}
    assert set(WORKFLOWS) == {*OF_THIS_REPOSITORY, *own}


def test_init_writes_all_of_them_but_those_of_this_repository_alone(started: Path) -> None:
    assert sorted(path.name for path in (started / ".github" / "workflows").iterdir()) == COPIED


@by_workflow
def test_no_workflow_runs_foreign_code_with_secrets(path: Path) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(read(path)["on"])


@by_workflow
def test_jobs_write_what_they_must_and_nothing_else(path: Path) -> None:
    workflow = read(path)
    given = [workflow["permissions"], *(job.get("permissions", {}) for job in workflow["jobs"].values())]
    assert all(isinstance(permissions, dict) for permissions in given)
    assert "write" not in workflow["permissions"].values()
    writes = {name for permissions in given for name, level in permissions.items() if level == "write"}
    assert writes == MAY_WRITE.get(path.stem, set())


def test_live_values_are_proposed_only_where_somebody_switched_that_on() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "drift.yml")["jobs"]

    assert jobs["pull"]["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert "(vars.RECONCILER_PULL_REQUEST == 'true' || inputs.pull-request)" in jobs["pull"]["if"]
    assert jobs["pull"]["strategy"] == jobs["drift"]["strategy"]
    assert jobs["drift"]["permissions"] == {"contents": "read", "issues": "write"}


@by_workflow
def test_every_job_ends_in_time_and_does_not_run_beside_itself(path: Path) -> None:
    workflow = read(path)
    for job in workflow["jobs"].values():
        if "uses" in job:  # what it calls is looked at by itself
            assert "strategy" not in job or job["strategy"]["max-parallel"] == "1"
            continue
        assert int(job["timeout-minutes"]) <= 120
        assert "concurrency" in job or "concurrency" in workflow


def test_the_plan_stands_before_the_protection_of_its_environment_and_the_apply_behind_it() -> None:
    plan, apply = applying()["plan"], applying()["apply"]

    assert "environment" not in plan
    assert apply["environment"] == "${{ inputs.environment }}"
    assert (plan["concurrency"]["cancel-in-progress"], apply["concurrency"]["cancel-in-progress"]) == ("true", "false")


def test_nobody_is_asked_for_a_plan_with_nothing_to_do() -> None:
    assert applying()["apply"]["needs"] == "plan"
    assert applying()["apply"]["if"] == "${{ needs.plan.outputs.pending == 'true' }}"
    assert applying()["plan"]["outputs"] == {"pending": "${{ steps.plan.outputs.pending }}"}


def test_an_apply_holds_its_plan_against_the_specs_as_they_are_by_then() -> None:
    [clone] = [step for step in applying()["apply"]["steps"] if step["uses"].startswith("actions/checkout@")]
    assert clone["with"]["ref"] == "${{ github.ref }}"


def test_secrets_are_handed_on_to_files_of_the_same_repository_alone() -> None:
    jobs = [job for name in WORKFLOWS for job in read(ROOT / ".github" / "workflows" / name)["jobs"].values()]
    assert [job["uses"] for job in jobs if "secrets" in job] == ["./.github/workflows/apply-environment.yml"]


def test_what_a_stopped_apply_leaves_is_kept() -> None:
    kept = [*applying()["apply"]["steps"], *steps(read(ACTION / "action.yml"))]
    conditions = {step["uses"].partition("@")[0]: step["if"] for step in kept if "if" in step}

    assert conditions == {
        "actions/cache/save": "${{ always() }}",
        "actions/download-artifact": "${{ inputs.command == 'apply' }}",
        "actions/upload-artifact": "${{ always() && steps.run.outputs.folder != '' }}",
    }


def test_the_signals_of_a_cancelled_job_reach_the_action_and_not_a_shell() -> None:
    [run] = [step["run"] for step in steps(read(ACTION / "action.yml")) if step.get("id") == "run"]
    assert run.startswith("exec python ")


def test_an_apply_ends_by_itself_before_its_job_is_ended() -> None:
    job = applying()["apply"]
    [step] = [step for step in job["steps"] if step.get("uses", "").endswith("reconcile")]
    [minutes] = re.findall(r"--max-minutes (\d+)", "".join(read(GITLAB)["apply"]["script"]))

    assert int(step["with"]["max-minutes"]) + 10 <= int(job["timeout-minutes"])
    assert int(read(ACTION / "action.yml")["inputs"]["max-minutes"]["default"]) + 10 <= int(job["timeout-minutes"])
    assert (read(GITLAB)["apply"]["timeout"], int(minutes) + 10 <= 120) == ("2 hours", True)


def test_pull_requests_of_forks_are_given_nothing_that_earlier_runs_learned() -> None:
    [job] = read(ROOT / ".github" / "workflows" / "preview.yml")["jobs"].values()
    [restore] = [step for step in job["steps"] if step.get("uses", "").startswith("actions/cache")]
    [preview] = [step for step in job["steps"] if step.get("uses", "").endswith("reconcile")]

    assert "head.repo.full_name != github.repository" in job["env"]["RESTRICTED"]
    assert restore["if"] == "${{ env.RESTRICTED != 'true' }}"
    assert preview["with"]["restricted"] == "${{ env.RESTRICTED }}"


@by_workflow
def test_what_is_kept_of_one_environment_is_given_to_no_other_whose_name_begins_alike(path: Path) -> None:
    caches = [step["with"] for step in steps(read(path)) if step.get("uses", "").startswith("actions/cache")]
    texts = [text for given in caches for name, text in given.items() if name in {"key", "restore-keys"}]
    starts, others = (
        [filled(text, {"matrix": named, "inputs": named, "github": {"run_id": "1"}}) for text in texts]
        for named in ({"environment": "prod"}, {"environment": "prod-eu"})
    )
    assert [(start, other) for start in starts for other in others if other.startswith(start)] == []


@by_name
def test_no_line_that_a_shell_runs_holds_an_expression(path: Path) -> None:
    lines = [step["run"] for step in steps(read(path)) if "run" in step]
    assert not [line for line in lines if "${{" in line]


@by_name
def test_credentials_are_not_left_in_the_clone(path: Path) -> None:
    clones = [step for step in steps(read(path)) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] == "false" for step in clones)


@by_name
def test_every_script_and_local_action_that_is_named_exists(path: Path) -> None:
    text, root = path.read_text(encoding="utf-8"), root_of(path)
    scripts = [
        root / ".github/actions/reconcile" / name for name in re.findall(r"\$GITHUB_ACTION_PATH/([\w.-]+)", text)
    ]
    named = re.findall(r"uses: \./(\S+)", text)
    actions = [root / name if name.endswith(".yml") else root / name / "action.yml" for name in named]
    runs = [root / name for name in re.findall(r"run: (\.ci/\S+)", text)]
    assert [file for file in (*scripts, *actions, *runs) if not file.is_file()] == []


@by_workflow
def test_the_action_is_called_with_inputs_that_it_has(path: Path) -> None:
    inputs = read(root_of(path) / ".github/actions/reconcile/action.yml")["inputs"]
    for step in steps(read(path)):
        if step.get("uses") == "./.github/actions/reconcile":
            assert set(step["with"]) <= set(inputs)
            assert step["with"]["command"] in {path.stem, *applying(), *(["pull"] if path.stem == "drift" else [])}


def test_every_input_reaches_the_scripts_and_is_described() -> None:
    action = read(ACTION / "action.yml")
    text = (ACTION / "action.yml").read_text(encoding="utf-8")
    assert [name for name in action["inputs"] if f"${{{{ inputs.{name} }}}}" not in text] == []
    readme = (ACTION / "README.md").read_text(encoding="utf-8")
    assert [name for name in (*action["inputs"], *action["outputs"]) if f"`{name}`" not in readme] == []


def install(folder: Path, requirement: str) -> subprocess.CompletedProcess[str]:
    """Run the install step of a copied action, with a `python` that prints its arguments."""
    program = folder / "bin" / "python"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    variables = {
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "GITHUB_ACTION_PATH": str(folder / ".github" / "actions" / "reconcile"),
        "INPUT_INSTALL": requirement,
    }
    (folder / ".github" / "actions" / "reconcile").mkdir(parents=True)
    script = str(ACTION / "install.sh")
    return subprocess.run(["bash", script], capture_output=True, check=False, env=variables, text=True)


def test_the_action_installs_the_repository_that_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "reconciler"\n')
    ran = install(tmp_path, "")
    pinned = ["--constraint", str(tmp_path / ".github" / "constraints.txt"), str(tmp_path)]
    assert (ran.returncode, ran.stdout.splitlines()[-3:]) == (0, pinned)


def test_a_copied_action_installs_what_it_is_told(tmp_path: Path) -> None:
    ran = install(tmp_path, "reconciler==1.0")
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "reconciler==1.0")
    assert "--constraint" not in ran.stdout


def test_a_copied_action_that_is_told_nothing_asks_for_it(tmp_path: Path) -> None:
    ran = install(tmp_path, "")
    assert ran.returncode == 1
    assert 'say with the input "install"' in ran.stdout


@pytest.mark.parametrize(
    "name",
    ["settings", "tool", "gh", "texts", "comment", "issue", "preview", "apply", "drift", "pull", "branch", "relay"],
)
def test_the_scripts_need_nothing_but_python(name: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(ACTION)!r}); import {name}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False)
    assert ran.returncode == 0
