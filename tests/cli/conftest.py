"""A repository in a folder of its own, and the command line called in it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.core.documents.runs import PastRun
from reconciler.storage.journal import read_run

NETWORK = (
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
CI_JOB = (
    "GITHUB_TRIGGERING_ACTOR",
    "GITHUB_ACTOR",
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITLAB_USER_LOGIN",
    "CI_JOB_URL",
)
"""The variables that a run is recorded from."""
PROJECT = """\
version: 1
default_environment: sandbox
environments:
  sandbox: {api: sandbox}
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY}
secrets: [CARD, CRM_ID, LEAK, MAIL, NAME, PLAN, SARAH_ACCOUNT, T, TOK, ZIP]
"""

SPEC = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  sarah:
    external_id: crm-sarah
    scopes:
      support:
        facts: {name: Sarah, plan: premium}
        users:
          - {phone_number: +14155550192, metadata: from the spec}
"""


@dataclass(frozen=True)
class Called:
    """What one call of the program gave."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Repository:
    """A folder with specs; `run` calls the program in it."""

    root: Path
    run: Callable[..., Called]

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Repository:
    of_options = [name for name in os.environ if name.startswith("RECONCILER_")]
    for name in (
        *of_options,
        "BLAND_API_KEY",
        "BLAND_BASE_URL",
        "TEST_KEY",
        "NO_COLOR",
        "FORCE_COLOR",
        *NETWORK,
        *CI_JOB,
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Called:
        code = main(arguments)
        captured = capsys.readouterr()
        return Called(code, captured.out, captured.err)

    made = Repository(tmp_path, run)
    made.write("reconciler.yaml", PROJECT)
    made.write("specs/support.yaml", SPEC)
    return made


def journal_of(repository: Repository) -> PastRun:
    """Return the one run that a repository has a journal of."""
    (path,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    run = read_run(path)
    assert run is not None
    return run
