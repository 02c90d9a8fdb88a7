"""The pipeline for GitLab, as `init` writes it: the scripts of its jobs, as they stand, in clones of a repository."""

import json
import shlex
import subprocess
from pathlib import Path
from string import Template

import pytest
import yaml

from reconciler.scaffold import repository
from tests import warm
from tests.builders import answers
from tests.ci.runner import SPEC, Runner

FILE = "specs/support.yaml"


@pytest.fixture
def origin(runner: Runner) -> Path:
    files = repository(answers(ci="gitlab", api="sandbox", environment="sandbox"))
    for name, text in {**files, FILE: SPEC}.items():
        runner.write(name, text)
    runner.git("init", "--quiet", "--initial-branch", "main")
    commit(runner)
    return runner.repository


def commit(runner: Runner) -> None:
    runner.git("add", ".gitlab-ci.yml", "reconciler.yaml", "specs")
    runner.git("commit", "--quiet", "--message", "one more")


def pipeline(runner: Runner) -> Path:
    """Clone what a pipeline is for; the state in it is what its cache holds."""
    clone = runner.folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(runner.repository), str(clone)], check=True)
    return clone


def job(runner: Runner, clone: Path, name: str, **more: str) -> tuple[int, str]:
    """Run the script of a job, line by line; return its exit code and what it said last on standard error."""
    definition = yaml.safe_load((clone / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    told = {"RECONCILER_ENVIRONMENT": "sandbox", "RECONCILER_API_URL": "sandbox", "CI_DEFAULT_BRANCH": "main", **more}
    variables = {**runner.surroundings(), **told}
    code = 0
    for line in definition[name]["script"]:
        words = [Template(word).substitute(told) for word in shlex.split(line)]
        if words[0] == "reconciler":
            program = runner.folder / "bin" / "reconciler"
            code = warm.run(program, *words[1:], folder=clone, variables=variables, output=runner.folder)
        else:
            code = subprocess.run(words, cwd=clone, env=variables, check=False, capture_output=True).returncode
        if code:
            break
    return code, (runner.folder / "err").read_text(encoding="utf-8")


@pytest.mark.usefixtures("origin")
def test_a_merge_is_planned_and_a_click_applies_that_plan(runner: Runner) -> None:
    clone = pipeline(runner)
    codes = {name: job(runner, clone, name)[0] for name in ("validate", "plan", "plan merged", "apply", "drift")}

    assert codes == {"validate": 0, "plan": 0, "plan merged": 2, "apply": 0, "drift": 0}


@pytest.mark.usefixtures("origin")
def test_a_click_after_a_newer_merge_is_refused(runner: Runner) -> None:
    clone = pipeline(runner)
    job(runner, clone, "plan merged")
    runner.write(FILE, SPEC.replace("premium", "trial"))
    commit(runner)
    code, said = job(runner, clone, "apply")

    assert code == 4
    assert "the specs, or their secrets, are not those that it was made from" in said
    assert not (clone / "receipt.json").exists()


@pytest.mark.usefixtures("origin")
def test_the_merge_request_of_a_fork_shows_what_is_declared_differently_without_a_key(runner: Runner) -> None:
    base = runner.git("rev-parse", "HEAD").strip()
    runner.write(FILE, SPEC.replace("premium", "trial"))
    commit(runner)
    code, _ = job(runner, pipeline(runner), "diff", CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    widget = json.loads((runner.folder / "clone" / "terraform.json").read_text(encoding="utf-8"))

    assert (code, widget) == (0, {"create": 0, "update": 1, "delete": 0})


@pytest.mark.usefixtures("origin")
def test_a_merge_request_is_planned_or_compared_and_never_both(runner: Runner) -> None:
    jobs = yaml.safe_load((runner.repository / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    of_plan, of_diff = (jobs[name]["rules"][0]["if"] for name in ("plan", "diff"))

    assert of_plan.endswith("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID")
    assert of_diff == of_plan.replace("SOURCE_PROJECT_ID ==", "SOURCE_PROJECT_ID !=")
