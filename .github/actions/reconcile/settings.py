"""What the action was told: its inputs, and what the runner says of the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


class UsageError(Exception):
    """An input that the action cannot work with."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    One run of the action.

    `branch` is the one that was checked out, and `approved` the plan to apply. `pull_request` is None outside of pull
    requests; `base` and `max_minutes` may be empty.
    """

    command: str
    environment: str
    api_url: str
    project: str
    targets: tuple[str, ...]
    base: str
    only_changed: bool
    restricted: bool
    max_minutes: str
    repository: str
    branch: str
    pull_request: int | None
    run_url: str
    folder: Path
    approved: Path
    summary: Path
    outputs: Path

    def tell(self, name: str, value: str) -> None:
        """Set an output of the step."""
        with self.outputs.open("a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")

    def tell_whether(self, name: str, *, holds: bool) -> None:
        """Set an output of the step to true or false."""
        self.tell(name, "true" if holds else "false")

    def summarise(self, text: str) -> None:
        """Add to the summary of the step."""
        with self.summary.open("a", encoding="utf-8") as file:
            file.write(text)


def read_settings(variables: Mapping[str, str]) -> Settings:
    """Read the variables that `action.yml` and the runner set; raises `UsageError`."""
    try:
        command, environment = variables["INPUT_COMMAND"], variables["INPUT_ENVIRONMENT"]
        repository, server = variables["GITHUB_REPOSITORY"], variables["GITHUB_SERVER_URL"]
        number = variables.get("PULL_REQUEST")
        return Settings(
            command=command,
            environment=environment,
            api_url=_api_url(variables.get("INPUT_API_URL", "")),
            project=variables.get("INPUT_PROJECT") or ".",
            targets=tuple(line.strip() for line in variables.get("INPUT_TARGET", "").splitlines() if line.strip()),
            base=variables.get("INPUT_BASE", ""),
            only_changed=_yes_or_no("only-changed", variables.get("INPUT_ONLY_CHANGED") or "false"),
            restricted=_yes_or_no("restricted", variables.get("INPUT_RESTRICTED") or "false"),
            max_minutes=variables.get("INPUT_MAX_MINUTES", ""),
            repository=repository,
            branch=variables.get("GITHUB_REF_NAME", ""),
            pull_request=int(number) if number else None,
            run_url=f"{server}/{repository}/actions/runs/{variables['GITHUB_RUN_ID']}",
            folder=Path(variables["RUNNER_TEMP"]) / quote(f"reconciler-{command}-{environment}", safe=""),
            approved=Path(variables["RUNNER_TEMP"]) / "reconciler-approved" / "plan.json",
            summary=Path(variables["GITHUB_STEP_SUMMARY"]),
            outputs=Path(variables["GITHUB_OUTPUT"]),
        )
    except KeyError as error:
        raise UsageError(f"the variable {error.args[0]} is not set: this runs as a step of the action") from error


def _api_url(text: str) -> str:
    """Check that the workflow names the API: a change of reconciler.yaml must not decide where the key goes."""
    if not text.strip():
        raise UsageError(
            'the input "api-url" is empty; write in the workflow which API the key may be sent to: '
            "https://api.bland.ai, or sandbox"
        )
    return text.strip()


def _yes_or_no(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise UsageError(f'the input "{name}" is {text!r}; it must be true or false')
    return text == "true"
