"""
Scenarios: a folder each, with what is declared, what is live, and what the tool must print in every format.

    scenario.json    what it shows, the command, and, where needed, its arguments and how the account behaves
    specs/           what is declared
    base/            what was declared at the revision `base`, where the command compares with it
    live.json        what the account holds, as `sandbox show --format json` prints it
    expected/        the output in every format, and `calls.txt`: the exit code, standard error and each write

The account is served over loopback. Times, its URL and ids that it makes up are written as words; of the report, style
and script are left out.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule, envelope_error
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository

FOLDER = Path(__file__).parent
KEY = "sk-scenario-3f21"
PROJECT = """\
version: 1
environments:
  staging: {api: "http://127.0.0.1:1", api_key_env: SCENARIO_KEY}
"""
FORMATS: Mapping[str, Mapping[str, str]] = {
    "plan": {
        "text": "plan.txt",
        "json": "plan.json",
        "markdown": "comment.md",
        "summary": "summary.md",
        "github": "annotations.txt",
        "gitlab": "gitlab.json",
        "junit": "junit.xml",
        "sarif": "notices.sarif",
        "html": "report.html",
    },
    "diff": {
        "text": "diff.txt",
        "json": "diff.json",
        "markdown": "comment.md",
        "summary": "summary.md",
        "github": "annotations.txt",
        "gitlab": "gitlab.json",
        "junit": "junit.xml",
        "sarif": "notices.sarif",
        "html": "report.html",
    },
    "apply": {
        "text": "receipt.txt",
        "json": "receipt.json",
        "markdown": "receipt.md",
        "summary": "summary.md",
        "github": "annotations.txt",
        "junit": "junit.xml",
    },
    "validate": {"text": "problems.txt", "sarif": "problems.sarif", "csv": "problems.csv"},
    "lint": {"text": "advice.txt", "json": "advice.json", "sarif": "advice.sarif"},
}
OFFLINE = frozenset(("validate", "lint", "diff"))
_WORDS = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "TIME"),
    (re.compile(r'"today": "[0-9-]+"'), '"today": "DAY"'),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "https://api.example"),
    (re.compile(r"http&#58;//127\.0\.0\.1:\d+"), "https&#58;//api.example"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}"), "RUN"),
    (re.compile(r'"host": "[^"]+"'), '"host": "HOST"'),
    (re.compile(r'(?<="version": ")\d[^"]*(?=",\s+"plan_digest")'), "VERSION"),
    (re.compile(r" \(\d+ seconds? before\)"), " (AGE before)"),
    (re.compile(r"<(style|script)>.*?</\1>", re.DOTALL), r"<\1>…</\1>"),
    (re.compile(r"'sha256-[^']+'"), "'DIGEST'"),
]


@dataclass(frozen=True)
class Scenario:
    """What `scenario.json` says; `about` is for the reader, `snapshot` plans against one that was just taken."""

    name: str
    about: str
    command: str
    arguments: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    snapshot: bool = False

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


def scenarios() -> list[Scenario]:
    """Give all scenarios by name."""
    return [_read(path) for path in sorted(FOLDER.glob("*/scenario.json"))]


def _read(path: Path) -> Scenario:
    content = json.loads(path.read_text(encoding="utf-8"))
    arguments, faults = (tuple(content.pop(key, ())) for key in ("arguments", "faults"))
    return Scenario(name=path.parent.name, arguments=arguments, faults=faults, **content)


def outputs(scenario: Scenario, repository: Repository) -> dict[str, str]:
    """Run a scenario in a repository of its own; gives what it prints and writes, by the names of files."""
    _prepare(scenario, repository)
    store = Store()
    live = scenario.folder / "live.json"
    store.load(json.loads(live.read_text(encoding="utf-8")) if live.exists() else {})
    app = create_app(store, Settings(**scenario.settings), Faults(map(_rule, scenario.faults)))
    with running(app) as url:
        found = _called(scenario, repository, url)
    calls = [f"{entry.method} {entry.path}\n" for entry in app.state.log if entry.mutates]
    found["calls.txt"] += "".join(calls)
    return {name: in_words(text) for name, text in found.items()}


def _called(scenario: Scenario, repository: Repository, url: str) -> dict[str, str]:
    connection = ("-e", "staging", *([] if scenario.command in OFFLINE else ["--api-url", url]))
    arguments = [*connection, scenario.command, *scenario.arguments]
    if scenario.snapshot:
        assert repository.run(*connection, "snapshot", "--out", "live.json").code == 0
        arguments += ["--live", "live.json"]
    files = FORMATS[scenario.command]
    for output_format, name in files.items():
        arguments += ["--write", f"{output_format}={name}"]
    called = repository.run(*arguments)
    written = {name: repository.root / name for name in files.values()}
    found = {name: path.read_text(encoding="utf-8") for name, path in written.items() if path.exists()}
    return {**found, "calls.txt": f"exit code {called.code}\n{called.err}"}


def in_words(text: str) -> str:
    """Give a text with what differs from run to run written as words."""
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    return text


def _rule(fault: Mapping[str, Any]) -> Rule:
    reply = envelope_error(fault["status"], fault["code"], fault["message"])
    return Rule(fault=reply, method=fault["method"], path=fault["path"])


def _prepare(scenario: Scenario, repository: Repository) -> None:
    shutil.rmtree(repository.root / "specs")
    own = scenario.folder / "reconciler.yaml"
    repository.write("reconciler.yaml", own.read_text(encoding="utf-8") if own.exists() else PROJECT)
    if (scenario.folder / "base").is_dir():
        shutil.copytree(scenario.folder / "base", repository.root / "specs")
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"], ["tag", "base"]):
            git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
            subprocess.run(git, cwd=repository.root, check=True)  # noqa: S603  arguments of the test
        shutil.rmtree(repository.root / "specs")
    shutil.copytree(scenario.folder / "specs", repository.root / "specs")
