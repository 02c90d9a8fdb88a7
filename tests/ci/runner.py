"""A runner: a repository, a `gh` and a `reconciler` on the path, and the action called as a workflow calls it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from tests import warm

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "reconcile"
US = "github-actions[bot]"
MASK = "::add-mask::"
MARKER = "<!-- reconciler:sandbox -->"
RUN_URL = "https://github.example/acme/agents/actions/runs/42"

KEY = "sk-50%25-off-hush"
"""The API key of every run, with what a runner's commands have to escape."""

PROJECT = """\
version: 1
default_environment: sandbox
environments:
  sandbox: {api: sandbox}
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY}
secrets: [ACCOUNT]
"""

APIS = {"live": "http://127.0.0.1:1"}
"""What the workflow says of environments that are not the sandbox."""

SPEC = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  sarah:
    external_id: crm-sarah
    scopes:
      support:
        facts: {name: Sarah, plan: premium}
"""

_GH = f"""\
#!{{python}}
{warm.AT_ONCE}import runpy
runpy.run_path({{program!r}}, run_name="__main__")
"""

_RECONCILER = """\
#!{python}
import sys
sys.path.insert(0, {root!r})
from reconciler.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Ran:
    """What one step gave."""

    code: int
    out: str
    err: str
    summary: str
    outputs: dict[str, str]


@dataclass(frozen=True)
class Runner:
    """
    Folders of one runner; GitHub's side is in a file, see `fake_gh.py`.

    `secrets` are variables that are shown to nobody: every run is searched for them.
    """

    folder: Path
    action: Path = ACTION
    checkout: str = "repository"
    secrets: dict[str, str] = field(default_factory=lambda: {"TEST_KEY": KEY})

    @property
    def repository(self) -> Path:
        return self.folder / self.checkout

    @property
    def documents(self) -> Path:
        return self.folder / "temp"

    def write(self, name: str, text: str) -> None:
        path = self.repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def github(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "github.json").read_text(encoding="utf-8"))
        return loaded

    def on_github(self, **parts: Any) -> None:
        state = {**self.github(), **parts}
        (self.folder / "github.json").write_text(json.dumps(state), encoding="utf-8")

    def writes(self) -> list[str]:
        """Give the calls that changed something on GitHub's side, since this was asked before."""
        calls = self.github()["calls"]
        self.on_github(calls=[])
        return [call for call in calls if call.startswith(("POST", "PATCH"))]

    def replace_reconciler(self, program: str) -> None:
        """Put a Python program in the place of `reconciler`."""
        path = self.folder / "bin" / "reconciler"
        path.write_text(f"#!{sys.executable}\n{program}")

    def reconciler(self, *arguments: str) -> None:
        program = self.folder / "bin" / "reconciler"
        variables = self._variables()
        assert warm.run(program, *arguments, folder=self.repository, variables=variables, output=self.folder) == 0

    def git(self, *arguments: str) -> str:
        """Call git in the repository, and give the line that it prints."""
        who = {
            f"GIT_{role}_{what}": "ana@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        line = ["git", "-c", "commit.gpgsign=false", *arguments]
        variables = {**self._variables(), **who}
        ran = subprocess.run(line, check=True, cwd=self.repository, env=variables, capture_output=True, text=True)
        return ran.stdout.strip()

    def run(self, command: str, **inputs: str) -> Ran:
        """Run the step of the action; `inputs` are its variables, without `INPUT_`."""
        return self.execute(*self._step(command, inputs))

    def approve(self, **inputs: str) -> Ran:
        """Plan, and put the plan where the step of an apply finds what was approved."""
        ran = self.run("plan", **inputs)
        shutil.copytree(ran.outputs["folder"], self.documents / "reconciler-approved", dirs_exist_ok=True)
        return ran

    def execute(self, program: Path, variables: Mapping[str, str]) -> Ran:
        """Run a Python program as a step."""
        self._empty_files()
        code = warm.run(program, folder=self.repository, variables=variables, output=self.folder)
        return self._ended(code, (self.folder / "out").read_text(), (self.folder / "err").read_text())

    def start(self, command: str, **inputs: str) -> subprocess.Popen[str]:
        """Start the step of the action as a runner does; `end` waits for it."""
        return self.begin(*self._step(command, inputs))

    def begin(self, program: Path, variables: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start a Python program as a step."""
        self._empty_files()
        return subprocess.Popen(
            [sys.executable, str(program)],
            cwd=self.repository,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, started: subprocess.Popen[str]) -> Ran:
        """Wait for a step, and see that it showed no secret."""
        out, err = started.communicate()
        return self._ended(started.returncode, out, err)

    def _step(self, command: str, inputs: dict[str, str]) -> tuple[Path, dict[str, str]]:
        """Return the program of the step and its variables."""
        environment = inputs.get("environment", "sandbox")
        inputs = {"environment": environment, "api-url": APIS.get(environment, "sandbox"), **inputs}
        told = {f"INPUT_{name.upper().replace('-', '_')}": value for name, value in inputs.items()}
        return self.action / "main.py", {**self._variables(), "INPUT_COMMAND": command, **told}

    def _empty_files(self) -> None:
        for name in ("summary", "outputs"):
            (self.folder / name).write_text("")

    def _ended(self, code: int, out: str, err: str) -> Ran:
        lines = (self.folder / "outputs").read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        ran = Ran(code, out, err, (self.folder / "summary").read_text(), outputs)
        self._assert_no_secret_is_shown(ran)
        return ran

    def _assert_no_secret_is_shown(self, ran: Ran) -> None:
        """Look where others look: GitHub's side, the summary, the documents, and the log without the runner's masks."""
        masks = [line for line in ran.err.splitlines() if line.startswith(MASK)]
        log = [line for line in (ran.out + ran.err).splitlines() if line not in masks]
        documents = [path.read_text() for path in self.documents.rglob("*") if path.is_file()]
        shown = [json.dumps(self.github()["sent"]), ran.summary, *ran.outputs.values(), *documents, *log]
        for secret in (line for value in self.secrets.values() for line in value.splitlines()):
            forms = {secret, secret.replace("%", "%25"), json.dumps(secret)[1:-1], escape(secret)}
            assert not [text for text in shown for form in forms if form in text]
        assert not [text for text in shown[:2] if MASK in text]

    def _variables(self) -> dict[str, str]:
        return {"GH_TOKEN": "a-token", "PULL_REQUEST": "7", **self.secrets, **self.surroundings()}

    def surroundings(self) -> dict[str, str]:
        """Give the variables that a runner sets for every step."""
        return {
            "CI": "true",
            "FAKE_GH_STATE": str(self.folder / "github.json"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": "acme/agents",
            "GITHUB_RUN_ID": "42",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUNNER_TEMP": str(self.documents),
        }


def new_runner(folder: Path) -> Runner:
    """Set up a runner with a small repository, and nothing on GitHub's side."""
    made = Runner(folder)
    made.write("reconciler.yaml", PROJECT)
    made.write("specs/support.yaml", SPEC)
    empty = {"viewer": US, "refuse": {}, "refs": {}, "commits": {}, "trees": {}}
    empty |= {name: [] for name in ("comments", "issues", "pulls", "calls", "sent")}
    (folder / "github.json").write_text(json.dumps(empty))
    program = str(Path(__file__).with_name("fake_gh.py"))
    for name, text in (("gh", _GH), ("reconciler", _RECONCILER)):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, program=program, root=str(ROOT)))
        path.chmod(0o755)
    return made
