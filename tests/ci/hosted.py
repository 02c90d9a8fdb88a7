"""
GitHub as far as the workflows need it: runs of them as they stand in a repository, job by job and step by step.

Checkouts are of git, caches and artifacts are folders, and the steps of the action run as in `runner`. A job of a
protected environment waits for `approve`, in which a test lets happen what happens meanwhile.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.ci.expressions import evaluate, filled
from tests.ci.runner import Ran, Runner

MAIN = "main"
_ACTION = "./.github/actions/reconcile"
_PROGRAM = re.compile(r'exec python "\$GITHUB_ACTION_PATH/(\w+\.py)"')
_Contexts = Mapping[str, Any]


@dataclass
class Job:
    """What came of a job: `success`, `failure` or `skipped`, its outputs, and what its steps of the action gave."""

    result: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    ran: list[Ran] = field(default_factory=list)

    @property
    def summary(self) -> str:
        return "".join(ran.summary for ran in self.ran)

    @property
    def codes(self) -> list[int]:
        return [ran.code for ran in self.ran]


@dataclass
class Run:
    """One run of a workflow; `jobs` are by name, as `production / plan`."""

    workflow: str
    github: dict[str, Any]
    secrets: Mapping[str, str]
    jobs: dict[str, Job] = field(default_factory=dict)


@dataclass
class Hosted:
    """
    A repository on GitHub's side, and what it keeps.

    `secrets` are those of the repository, `protected` those of each protected environment. `asked` are the
    environments whose protectors were asked. `during` takes the process of a step of an apply, while it runs.
    """

    runner: Runner
    secrets: dict[str, str]
    protected: dict[str, dict[str, str]]
    approve: Callable[[], object] = lambda: None
    during: Callable[[subprocess.Popen[str]], None] | None = None
    asked: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    runs: int = 0

    @property
    def origin(self) -> Path:
        return self.runner.folder / "origin"

    def git(self, *arguments: str) -> str:
        return replace(self.runner, checkout="origin").git(*arguments)

    def commit(self, name: str, text: str) -> str:
        """Change a file on the branch that is checked out at the origin, and give the commit."""
        path = self.origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Change {name}")
        return self.git("rev-parse", "HEAD")

    def merged(self) -> Run:
        """Run what a push to the default branch starts."""
        return self._started("apply", ref=f"refs/heads/{MAIN}", event={})

    def dispatched(self, workflow: str, ref: str) -> Run:
        """Run what somebody starts by hand on a branch or a tag."""
        return self._started(workflow, ref=ref, event={"inputs": {"pull-request": True}})

    def checked(self, *, pull_request: bool = False) -> Run:
        """Run what the schedule starts, or somebody who asks for pull requests."""
        event = {"inputs": {"pull-request": pull_request}}
        return self._started("drift", ref=f"refs/heads/{MAIN}", event=event)

    def opened(self, branch: str, *, fork: bool = False, author: str = "ana") -> Run:
        """Run what a pull request starts: GitHub merges its branch for trial."""
        self.git("checkout", "--quiet", "--detach", MAIN)
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge for trial", branch)
        self.git("update-ref", "refs/pull/7/merge", "HEAD")
        self.git("checkout", "--quiet", MAIN)
        head = {"repo": {"full_name": "mallory/agents" if fork else "acme/agents"}}
        event = {"pull_request": {"number": "7", "head": head, "user": {"login": author}}}
        is_restricted = fork or author == "dependabot[bot]"
        if is_restricted:
            self.runner.on_github(refuse={"POST issues/7/comments": 403})
        return self._started("preview", ref="refs/pull/7/merge", event=event, secrets={} if is_restricted else None)

    def again(self, run: Run) -> Run:
        """Run the jobs again that did not succeed, with what the others gave."""
        attempt = str(int(run.github["run_attempt"]) + 1)
        kept = {name: job for name, job in run.jobs.items() if job.result == "success"}
        return self._run(Run(run.workflow, {**run.github, "run_attempt": attempt}, run.secrets, kept))

    def _started(
        self, workflow: str, *, ref: str, event: dict[str, Any], secrets: Mapping[str, str] | None = None
    ) -> Run:
        self.runs += 1
        github = {
            "ref": ref,
            "ref_name": ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
            "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
            "sha": self.git("rev-parse", ref),
            "repository": "acme/agents",
            "event": {"repository": {"default_branch": MAIN}, **event},
            "token": "a-token",
            "run_id": str(self.runs),
            "run_attempt": "1",
        }
        return self._run(Run(workflow, github, self.secrets if secrets is None else secrets))

    def _run(self, run: Run) -> Run:
        self._workflow(
            run, f".github/workflows/{run.workflow}.yml", prefix="", inputs=run.github["event"].get("inputs", {})
        )
        return run

    def _workflow(self, run: Run, name: str, *, prefix: str, inputs: _Contexts) -> str:
        """Run the jobs of a workflow, one after the other, and give what came of them together."""
        needs: dict[str, Any] = {}
        for key, job in _read(self.git("show", f"{run.github['sha']}:{name}"))["jobs"].items():
            results, outputs = [], {}
            for leg in job.get("strategy", {}).get("matrix", {}).get("include", [{}]):
                if "failure" in results and job["strategy"]["fail-fast"] == "true":
                    break
                contexts = {"github": run.github, "matrix": leg, "inputs": inputs, "needs": needs}
                named = prefix + filled(job["name"], contexts)
                done = self._job(run, named, job, contexts)
                results.append(done.result)
                outputs.update(done.outputs)
            needs[key] = {"result": _worst(results), "outputs": outputs}
        return _worst([need["result"] for need in needs.values()])

    def _job(self, run: Run, named: str, job: dict[str, Any], contexts: _Contexts) -> Job:
        needed = [contexts["needs"][job["needs"]]["result"]] if "needs" in job else []
        if any(result != "success" for result in needed) or not evaluate(job.get("if", "'yes'"), contexts):
            return run.jobs.setdefault(named, Job("skipped"))
        if "uses" in job:
            assert job["secrets"] == "inherit"
            given = {key: filled(value, contexts) for key, value in job["with"].items()}
            return Job(self._workflow(run, job["uses"].removeprefix("./"), prefix=f"{named} / ", inputs=given))
        if named not in run.jobs:
            run.jobs[named] = self._steps(run, job, contexts)
        return run.jobs[named]

    def _steps(self, run: Run, job: dict[str, Any], contexts: _Contexts) -> Job:
        """Run the steps of a job on a new machine."""
        secrets = dict(run.secrets)
        if environment := filled(job.get("environment", ""), contexts):
            self.asked.append(environment)
            self.approve()
            secrets.update(self.protected[environment])
        shutil.rmtree(self.runner.documents, ignore_errors=True)
        variables = {key: filled(text, contexts) for key, text in job.get("env", {}).items()}
        steps: dict[str, Any] = {}
        done = Job()
        contexts = {**contexts, "secrets": secrets, "steps": steps, "env": variables}
        for step in job["steps"]:
            if _is_due(step, contexts, failed=done.result == "failure") and not self._step(step, contexts, done):
                done.result = "failure"
        done.outputs = {key: filled(text, contexts) for key, text in job.get("outputs", {}).items()}
        return done

    def _step(self, step: dict[str, Any], contexts: _Contexts, done: Job) -> bool:
        given = {key: filled(text, contexts) for key, text in step.get("with", {}).items()}
        github = contexts["github"]
        match step["uses"].partition("@")[0]:
            case "actions/checkout":
                self._check_out(given.get("ref", github["sha"]), given.get("fetch-depth", "1"))
            case "actions/cache/restore":
                self._restore(given)
            case "actions/cache/save":
                self._save(given)
            case "actions/setup-python":
                pass
            case "actions/upload-artifact":
                _copy(Path(given["path"]), self._kept("artifacts", github["run_id"], given["name"]))
            case "actions/download-artifact":
                return _copy(self._kept("artifacts", github["run_id"], given["name"]), Path(given["path"]))
            case "./.github/actions/reconcile":
                variables = {key: filled(text, contexts) for key, text in step.get("env", {}).items()}
                return self._composite(step.get("id", ""), given, variables, contexts, done)
            case other:
                raise AssertionError(f"an action that is not known here: {other}")
        return True

    def _composite(
        self, name: str, given: Mapping[str, str], variables: Mapping[str, str], contexts: _Contexts, done: Job
    ) -> bool:
        """Run the steps of the action, as they stand in the checkout."""
        folder = self.runner.repository / _ACTION
        action = _read((folder / "action.yml").read_text(encoding="utf-8"))
        inputs = {
            key: given.get(key, filled(one.get("default", ""), contexts)) for key, one in action["inputs"].items()
        }
        steps: dict[str, Any] = {}
        own = {"github": contexts["github"], "inputs": inputs, "steps": steps}
        own["runner"] = {"temp": str(self.runner.documents)}
        is_fine = True
        for step in action["runs"]["steps"]:
            if not _is_due(step, own, failed=not is_fine):
                continue
            if "uses" in step:
                is_fine = self._step(step, own, done) and is_fine
            elif program := _PROGRAM.search(step["run"]):
                told = {key: filled(text, own) for key, text in step["env"].items()}
                ran = self._program(folder / program[1], {**variables, **told, **self.runner.surroundings()})
                steps[step["id"]] = {"outputs": ran.outputs}
                done.ran.append(ran)
                is_fine = ran.code == 0 and is_fine
            else:
                assert step["name"] == "Install reconciler"
        contexts["steps"][name] = {
            "outputs": {key: filled(one["value"], own) for key, one in action["outputs"].items()}
        }
        return is_fine

    def _program(self, program: Path, variables: Mapping[str, str]) -> Ran:
        if self.during is None or variables["INPUT_COMMAND"] != "apply":
            return self.runner.execute(program, variables)
        process = self.runner.begin(program, variables)
        self.during(process)
        return self.runner.end(process)

    def _check_out(self, ref: str, depth: str) -> None:
        shutil.rmtree(self.runner.repository, ignore_errors=True)
        self.runner.repository.mkdir()
        self.runner.git("init", "--quiet")
        self.runner.git("fetch", "--quiet", f"--depth={depth}", self.origin.as_uri(), ref)
        self.runner.git("checkout", "--quiet", "--detach", "FETCH_HEAD")

    def _save(self, given: Mapping[str, str]) -> None:
        if _copy(self.runner.repository / given["path"], self._kept("caches", given["key"])):
            self.cached.append(given["key"])

    def _restore(self, given: Mapping[str, str]) -> None:
        found = [key for key in self.cached if key.startswith(given["restore-keys"].strip())]
        if found:
            _copy(self._kept("caches", found[-1]), self.runner.repository / given["path"])

    def _kept(self, *parts: str) -> Path:
        return self.runner.folder.joinpath("kept", *parts)


def _copy(source: Path, target: Path) -> bool:
    """Copy a folder, if there is one, in place of what was there."""
    if not source.is_dir():
        return False
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return True


def _is_due(step: dict[str, Any], contexts: _Contexts, *, failed: bool) -> bool:
    condition = step.get("if", "'yes'")
    return bool(evaluate(condition, {**contexts, "always()": True})) and ("always()" in condition or not failed)


def _worst(results: list[str]) -> str:
    return "failure" if "failure" in results else "success" if "success" in results else "skipped"


def _read(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  text alone
    return loaded
