"""Calling reconciler: its standard output goes to the log, its errors to the log and, scrubbed, to the caller."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gh import TOKENS
from relay import relaying_signals
from settings import Settings
from texts import is_for_runner, scrubbed, secret_in

CHANGES_PENDING = 2
_TOKENS = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN", *TOKENS}
PLAN_FILES = {"json": "plan.json", "markdown": "plan.md", "summary": "summary.md", "html": "plan.html"}
"""What is kept of a plan: formats, and the files in the folder."""


@dataclass(frozen=True, slots=True)
class Ran:
    """
    What one call gave: its exit code, and what it said on standard error, fit to be shown to others.

    `is_stopped` says that a signal asked it to end.
    """

    code: int
    errors: str
    is_stopped: bool


def call(settings: Settings, command: str, *arguments: str) -> Ran:
    """
    Call a command of reconciler for the environment, and wait for it even where a signal came.

    What it tells the runner (as `::add-mask::`) reaches the runner alone: it holds the secrets that are to be masked.
    """
    project = [] if settings.project == "." else ["--project", settings.project]
    line = ["reconciler", *project, "--environment", settings.environment, command, *arguments]
    pipe: dict[str, Any] = {"stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    with relaying_signals() as relay, subprocess.Popen(line, env=_own_variables(), **pipe) as process:
        relay.pass_on_to(process)
        said = list(_logged(process.stderr or ()))
    secrets = {secret for text in said if (secret := secret_in(text))}
    errors = "".join(text for text in said if not is_for_runner(text))
    return Ran(_exit_code(process.returncode), scrubbed(errors, secrets), relay.is_asked_to_stop)


def _own_variables() -> dict[str, str]:
    """Return the variables of the step without the runner's tokens, which no reconciler.yaml can name as a key then."""
    return {name: value for name, value in os.environ.items() if name not in _TOKENS}


def _logged(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        sys.stderr.write(line)
        yield line


def _exit_code(code: int) -> int:
    """Return what a shell would say of a process that a signal ended."""
    return 128 - code if code < 0 else code


def plan(settings: Settings, *arguments: str) -> Ran:
    """Write the plan to the folder in every format that is kept; the annotations go to standard output."""
    written = [f"--write={name}={settings.folder / file}" for name, file in PLAN_FILES.items()]
    options = [api_url(settings), "--detailed-exitcode", "--format=github", *targets(settings), *written, *arguments]
    return call(settings, "plan", *options)


def since_base(settings: Settings) -> list[str]:
    """Return the options that compare with the base, and that narrow the plan to what is declared differently there."""
    if not settings.base:
        return []
    narrowed = [f"--changed-since={settings.base}"] if settings.only_changed else []
    return [f"--base={settings.base}", *narrowed]


def api_url(settings: Settings) -> str:
    """Return the option that names the API; the tool refuses to run where reconciler.yaml names another."""
    return f"--api-url={settings.api_url}"


def targets(settings: Settings) -> list[str]:
    """Return the options that choose a part of the specs."""
    return [f"--target={pattern}" for pattern in settings.targets]
