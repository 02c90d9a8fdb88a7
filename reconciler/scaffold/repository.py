"""
The files of a new repository, by their names: settings, one spec, schemas, editor settings and CI.

The CI that `init` writes is this repository's own, with no second home: a checkout reads the files where they run, a
wheel carries copies. Each place that must differ has to be there exactly once, or nothing is written.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path

from reconciler.core.model.value import Json
from reconciler.project import FILE_NAME
from reconciler.reading.writing import written
from reconciler.scaffold.answers import Answers, IdentifiedBy
from reconciler.schemas import SCHEMA_FOLDER, modeline, schema_text

ACTION = ".github/actions/reconcile"
WORKFLOWS = tuple(f".github/workflows/{name}.yml" for name in ("apply", "apply-environment", "drift", "preview"))
GITLAB = "examples/gitlab/.gitlab-ci.yml"

_CHECKOUT = Path(__file__).parents[2]
_MATRIX = "      matrix:\n"
_KEY = "BLAND_API_KEY"
_DIGEST_KEY = "RECONCILER_DIGEST_KEY"


def workflows(answers: Answers) -> dict[str, str]:
    """Return the text of each file of the CI, by its name in the new repository."""
    match answers.ci:
        case "github":
            copied = {} if answers.action else _action()
            return {**copied, **{name: _github(_carried(name), answers) for name in WORKFLOWS}}
        case "gitlab":
            return {Path(GITLAB).name: _gitlab(_carried(GITLAB), answers)}
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
    """Return a workflow, with the environment in each matrix; one that is called by another takes it from there."""
    environment = {
        "- environment: sandbox\n            api-url: sandbox\n": (
            f"- environment: {_scalar(answers.environment)}\n            api-url: {_scalar(answers.api)}\n"
        )
    }
    repository, _, ref = answers.action.partition("@")
    uses = f"uses: {repository}/{ACTION}@{ref}\n" if answers.action else f"uses: ./{ACTION}\n"
    in_step = {**_install(answers), **_secrets(answers)}
    before, *matrices = text.split(_MATRIX)
    head, *calls = _MATRIX.join([before, *(put(matrix, environment) for matrix in matrices)]).split(
        f"uses: ./{ACTION}\n"
    )
    return uses.join([head, *(put(call, in_step) for call in calls)])


def _install(answers: Answers) -> Mapping[str, str]:
    """Return what says what pip installs; an action that is no copy installs the repository that it is from."""
    api = "\n          api-url: ${{ "
    is_said = answers.install or not answers.action
    return {api: f"\n          install: {_scalar(answers.install)} # what pip installs{api}"} if is_said else {}


def _secrets(answers: Answers) -> Mapping[str, str]:
    """Return the secrets that a step is given: the keys for the account, and what specs read as `${env:NAME}`."""
    keys = [answers.api_key_env, _DIGEST_KEY] if answers.has_account else []
    names = [*keys, *answers.secrets]
    if not names:
        return {}
    note = "        # Specs that read"
    commented = f"        #   {_given(_DIGEST_KEY)}\n        #   {_given(_KEY)} #"
    create = f"        # Secrets to create, in Settings, Secrets and variables, Actions: {', '.join(names)}.\n"
    given = "".join(f"          {_given(name)}\n" for name in answers.secrets)
    key = f"          {_given(_DIGEST_KEY)}\n          {_given(answers.api_key_env)} #" if keys else commented
    return {note: f"{create}{note}", f"        # env:\n{commented}": f"        env:\n{given}{key}"}


def _given(name: str) -> str:
    return f"{name}: ${{{{ secrets.{name} }}}}"


def _gitlab(text: str, answers: Answers) -> str:
    names = ", ".join(answers.secrets)
    create = f"\n  # Variables to create in the settings of the project, masked: {names}." if names else ""
    return put(
        text,
        {
            '\n  RECONCILER: ""\n': f"\n  RECONCILER: {_scalar(answers.install)}\n",
            "RECONCILER_ENVIRONMENT: [sandbox]\n": f"RECONCILER_ENVIRONMENT: [{_scalar(answers.environment)}]\n",
            "RECONCILER_API_URL: sandbox": f"RECONCILER_API_URL: {_scalar(answers.api)}",
            f"\n  # {_KEY} is a variable": f"{create}\n  # {answers.api_key_env} is a variable",
        },
    )


def _action() -> dict[str, str]:
    found = [one for one in (_home() / ACTION).iterdir() if one.is_file() and not one.name.startswith(".")]
    return {f"{ACTION}/{one.name}": one.read_text(encoding="utf-8") for one in found}


def _carried(name: str) -> str:
    return (_home() / name).read_text(encoding="utf-8")


def _home() -> Traversable:
    carried = package_files("reconciler.scaffold") / "carried"
    return carried if carried.is_dir() else _CHECKOUT


def _scalar(text: str) -> str:
    return written({"text": text}).strip().removeprefix("text: ")


SPEC = "specs/support.yaml"
_PLACEHOLDERS: Mapping[IdentifiedBy, str] = {
    "external_id": "crm-1001",
    "phone_number": "+14155550192",
    "email": "sarah.chen@example.com",
    "contact_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
}


IGNORED = ".gitignore"
IGNORED_LINES = [
    "# the state of reconciler: the sandbox, memory ids, journals",
    ".reconciler/",
    "# saved plans, receipts and snapshots, which hold facts about real people",
    "/*.json",
    "/plans/",
    "/receipts/",
    "/snapshots/",
    "# undo files, which hold former values unmasked",
    "/*undo*.yaml",
]

ALWAYS = (
    FILE_NAME,
    SPEC,
    IGNORED,
    f"{SCHEMA_FOLDER}/specs.json",
    f"{SCHEMA_FOLDER}/project.json",
    ".vscode/settings.json",
    ".vscode/extensions.json",
)
"""The files that are written whatever is answered."""


def repository(answers: Answers) -> dict[str, str]:
    """Return the text of each file."""
    return {
        FILE_NAME: _project(answers),
        SPEC: _spec(answers),
        IGNORED: _text(IGNORED_LINES),
        f"{SCHEMA_FOLDER}/specs.json": schema_text("specs"),
        f"{SCHEMA_FOLDER}/project.json": schema_text("project"),
        ".vscode/settings.json": _json({"yaml.schemas": _editor_schemas()}),
        ".vscode/extensions.json": _json({"recommendations": ["redhat.vscode-yaml"]}),
        **workflows(answers),
    }


def _project(answers: Answers) -> str:
    lines = [
        modeline("project", of=FILE_NAME),
        "# The accounts, and which specs are for them.",
        "version: 1",
        "specs: [specs]                       # folders, files or globs, relative to this file",
        _allowed(answers.secrets),
        "default_environment: sandbox",
        "environments:",
        "  sandbox:",
        "    api: sandbox                     # the embedded stand-in; its state is in .reconciler/",
    ]
    if answers.has_account:
        lines += [
            f"  {_entry(answers.environment, 0).removesuffix(' 0')}",
            f"    {_entry('api', answers.api)}",
            f"    {_entry('api_key_env', answers.api_key_env)}  # the name of a variable, never a key",
        ]
    return _text(lines)


def _allowed(secrets: Sequence[str]) -> str:
    line = f"secrets: [{', '.join(map(_scalar, secrets))}]" if secrets else "# secrets: [NAME]"
    return f"{line:<36} # the only environment variables that specs may read, as ${{env:NAME}}"


def _spec(answers: Answers) -> str:
    return _text(
        [
            modeline("specs", of=SPEC),
            "# Who remembers, and what the agents should know of whom.",
            "scopes:",
            "  support:",
            f"    {_entry(answers.scope_kind, answers.scope_value)}",
            "    seed_facts:                      # for every contact of this scope; never overwritten later",
            "      language: en",
            "",
            "contacts:",
            "  sarah-chen:                        # an example: put people of your own in its place",
            f"    {_entry(answers.identified_by, _PLACEHOLDERS[answers.identified_by])}",
            "    facts:                           # enforced: added when missing, updated when different",
            "      name: Sarah Chen",
            "    scopes:",
            "      support:",
            "        seed_facts:                  # seeded: added when missing, never overwritten",
            "          timezone: America/Los_Angeles",
        ]
    )


def _editor_schemas() -> dict[str, str]:
    return {
        f"{SCHEMA_FOLDER}/project.json": FILE_NAME,
        f"{SCHEMA_FOLDER}/specs.json": "specs/**/*.yaml",
    }


def _entry(key: str, value: Json) -> str:
    """Write one entry as YAML, with quotes where they are needed."""
    return written({key: value}).rstrip()


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
