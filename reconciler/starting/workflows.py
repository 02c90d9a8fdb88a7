"""
The CI of a new repository: this project's own workflows and action, with what must differ put in.

They have one home, at the root of this repository; a wheel carries them along (`force-include` in `pyproject.toml`).
"""

from collections.abc import Mapping
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path

from reconciler.project import SANDBOX
from reconciler.reading import written
from reconciler.starting.answers import Answers

ACTION = ".github/actions/reconcile"
WORKFLOWS = tuple(f".github/workflows/{name}.yml" for name in ("apply", "drift", "preview"))
GITLAB = "examples/gitlab/.gitlab-ci.yml"

_CHECKOUT = Path(__file__).parents[2]
_KEY = "BLAND_API_KEY"


def workflows(answers: Answers) -> dict[str, str]:
    """Give the text of each file of the CI, by its name in the new repository."""
    match answers.ci:
        case "github":
            return {**_action(), **{name: _github(_text(name), answers) for name in WORKFLOWS}}
        case "gitlab":
            return {Path(GITLAB).name: _gitlab(_text(GITLAB), answers)}
        case "none":
            return {}


def put(text: str, places: Mapping[str, str]) -> str:
    """Put other words in places that each must be there exactly once; raises `LookupError`, a defect, where not."""
    for place, words in places.items():
        if (found := text.count(place)) != 1:
            raise LookupError(f"the place for {words!r} is there {found} times, not once: {place!r}")
        text = text.replace(place, words)
    return text


def _github(text: str, answers: Answers) -> str:
    environment = "\n          environment: ${{ matrix.environment }}\n"
    places = {
        "- environment: sandbox\n            api-url: sandbox\n": (
            f"- environment: {_scalar(answers.environment)}\n            api-url: {_scalar(answers.api)}\n"
        ),
        environment: f"{environment}          install: {_scalar(answers.install)} # what pip installs\n",
    }
    if answers.api != SANDBOX:
        name = answers.api_key_env
        commented = f"\n        # env:\n        #   {_KEY}: ${{{{ secrets.{_KEY} }}}} #"
        places[commented] = f"\n        env:\n          {name}: ${{{{ secrets.{name} }}}} #"
    return put(text, places)


def _gitlab(text: str, answers: Answers) -> str:
    return put(
        text,
        {
            '\n  RECONCILER: ""\n': f"\n  RECONCILER: {_scalar(answers.install)}\n",
            "RECONCILER_ENVIRONMENT: [sandbox]\n": f"RECONCILER_ENVIRONMENT: [{_scalar(answers.environment)}]\n",
            "RECONCILER_API_URL: sandbox": f"RECONCILER_API_URL: {_scalar(answers.api)}",
            f"\n  # {_KEY} is a variable": f"\n  # {answers.api_key_env} is a variable",
        },
    )


def _action() -> dict[str, str]:
    found = [one for one in (_home() / ACTION).iterdir() if one.is_file() and not one.name.startswith(".")]
    return {f"{ACTION}/{one.name}": one.read_text(encoding="utf-8") for one in found}


def _text(name: str) -> str:
    return (_home() / name).read_text(encoding="utf-8")


def _home() -> Traversable:
    carried = package_files("reconciler.starting") / "carried"
    return carried if carried.is_dir() else _CHECKOUT


def _scalar(text: str) -> str:
    return written({"text": text}).strip().removeprefix("text: ")
