"""The files of a new repository, by their names: settings, one spec, schemas, editor settings and CI."""

import json
from collections.abc import Mapping
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable

from reconciler import __version__
from reconciler.core.value import Json
from reconciler.project import FILE_NAME, SANDBOX
from reconciler.reading import written
from reconciler.schemas import SCHEMA_FOLDER, modeline, schema_text
from reconciler.starting.answers import Answers, Ci, IdentifiedBy

SPEC = "specs/support.yaml"
_CI_FOLDERS: Mapping[Ci, str] = {"github": ".github/workflows/", "gitlab": "", "none": ""}
_PLACEHOLDERS: Mapping[IdentifiedBy, str] = {
    "external_id": "crm-1001",
    "phone_number": "+14155550192",
    "email": "sarah.chen@example.com",
    "contact_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
}


def repository(answers: Answers) -> dict[str, str]:
    """Give the text of each file."""
    return {
        FILE_NAME: _project(answers),
        SPEC: _spec(answers),
        ".gitignore": "# what reconciler keeps beside the specs: the sandbox, memory ids\n.reconciler/\n",
        f"{SCHEMA_FOLDER}/specs.json": schema_text("specs"),
        f"{SCHEMA_FOLDER}/project.json": schema_text("project"),
        ".vscode/settings.json": _json({"yaml.schemas": _editor_schemas()}),
        ".vscode/extensions.json": _json({"recommendations": ["redhat.vscode-yaml"]}),
        **_workflows(answers),
    }


def _project(answers: Answers) -> str:
    lines = [
        modeline("project", of=FILE_NAME),
        "# The accounts, and which specs are for them.",
        "version: 1",
        "specs: [specs]                       # folders, files or globs, relative to this file",
        "default_environment: sandbox",
        "environments:",
        "  sandbox:",
        "    api: sandbox                     # the embedded stand-in; its state is in .reconciler/",
    ]
    if answers.api != SANDBOX:
        lines += [
            f"  {_entry(answers.environment, 0).removesuffix(' 0')}",
            f"    {_entry('api', answers.api)}",
            f"    {_entry('api_key_env', answers.api_key_env)}  # the name of a variable, never a key",
        ]
    return _text(lines)


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
            "    facts:                           # kept: added when missing, updated when different",
            "      name: Sarah Chen",
            "    scopes:",
            "      support:",
            "        seed_facts:                  # planted: added when missing, never overwritten",
            "          timezone: America/Los_Angeles",
        ]
    )


def _workflows(answers: Answers) -> dict[str, str]:
    if answers.ci == "none":
        return {}
    values = {"VERSION": __version__, "ENVIRONMENT": _environment(answers), "KEY": answers.api_key_env}
    folder = _CI_FOLDERS[answers.ci]
    return {f"{folder}{one.name}": _filled(one.read_text(encoding="utf-8"), values) for one in templates(answers.ci)}


def templates(ci: Ci) -> list[Traversable]:
    """Give the templates of a CI, sorted by name; @NAME@ in them stands for what differs from one to another."""
    folder = package_files("reconciler.starting") / "templates" / ci
    return sorted(folder.iterdir(), key=lambda one: one.name)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _environment(answers: Answers) -> str:
    return SANDBOX if answers.api == SANDBOX else answers.environment


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
