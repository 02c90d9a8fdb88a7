"""Calling reconciler: its standard output goes to the log, and its errors to the log and to the caller."""

import subprocess
import sys
from dataclasses import dataclass

from settings import Settings

CHANGES_PENDING = 2
PLAN_FILES = {"json": "plan.json", "markdown": "plan.md", "summary": "summary.md", "html": "plan.html"}
"""What is kept of a plan: formats, and the files in the folder."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one call gave: its exit code, and what it said on standard error."""

    code: int
    errors: str


def call(settings: Settings, command: str, *arguments: str) -> Ran:
    """Call a command of reconciler for the environment."""
    line = ["reconciler", "--project", settings.project, "--environment", settings.environment, command, *arguments]
    errors = []
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
        for text in process.stderr or ():
            sys.stderr.write(text)
            errors.append(text)
    return Ran(process.returncode, "".join(errors))


def plan(settings: Settings, *arguments: str) -> Ran:
    """Write the plan to the folder in every format that is kept; the annotations go to standard output."""
    written = [f"--write={name}={settings.folder / file}" for name, file in PLAN_FILES.items()]
    options = ["--detailed-exitcode", "--format=github", *targets(settings), *written, *arguments]
    return call(settings, "plan", *options)


def targets(settings: Settings) -> list[str]:
    """Give the options that choose a part of the specs."""
    return [f"--target={pattern}" for pattern in settings.targets]
