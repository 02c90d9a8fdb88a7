"""The parts of the action, called in process: what it was told, and a `subprocess.run` that answers for `gh`."""

import importlib
import json
import subprocess
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

VARIABLES = {
    "INPUT_COMMAND": "plan",
    "INPUT_ENVIRONMENT": "eu/west",
    "INPUT_API_URL": " sandbox\n",
    "GITHUB_REPOSITORY": "acme/agents",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_RUN_ID": "42",
    "RUNNER_TEMP": "/temp",
    "GITHUB_STEP_SUMMARY": "/summary",
    "GITHUB_OUTPUT": "/outputs",
}


def part(name: str) -> ModuleType:
    return importlib.import_module(name)


def settings(**variables: str) -> Any:
    return part("settings").read_settings({**VARIABLES, **variables})


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in VARIABLES.items() if key != name}


class Called:
    """A `subprocess.run` that gives the answers in their order, and keeps the lines and what went in."""

    def __init__(self, *answers: str, code: int = 0, said: str = "") -> None:
        self.answers = [*answers]
        self.code, self.said = code, said
        self.lines: list[list[str]] = []
        self.bodies: list[Any] = []

    def __call__(self, line: list[str], **options: Any) -> SimpleNamespace:
        self.lines.append(line)
        self.bodies.append(options.get("input") and json.loads(options["input"]))
        assert not options.get("check")
        out = self.answers.pop(0) if self.answers else ""
        stdout, stderr = (_as_asked(text, options) for text in (out, self.said))
        return SimpleNamespace(returncode=self.code, stdout=stdout, stderr=stderr)


def _as_asked(text: str, options: dict[str, Any]) -> str | bytes | None:
    """Return what a program said as `subprocess.run` gives it; half characters stand for bytes that are no UTF-8."""
    said = text.encode(errors="surrogateescape")
    if not options.get("capture_output"):
        return None
    return said.decode(options["encoding"], options.get("errors", "strict")) if "encoding" in options else said


def calling(monkeypatch: pytest.MonkeyPatch, *answers: str, **options: Any) -> Called:
    called = Called(*answers, **options)
    monkeypatch.setattr(subprocess, "run", called)
    return called


def github() -> Any:
    return part("gh").Gh("acme/agents")


def ran(code: int, errors: str = "", *, is_stopped: bool = False) -> Any:
    return part("tool").Ran(code, errors, is_stopped)
