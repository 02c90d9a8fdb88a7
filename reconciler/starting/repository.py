"""The files of a new repository, by their names: settings, one spec, schemas, editor settings and CI."""

import json
from collections.abc import Mapping

from reconciler.core.model.value import Json
from reconciler.project import FILE_NAME, SANDBOX
from reconciler.reading import written
from reconciler.schemas import SCHEMA_FOLDER, modeline, schema_text
from reconciler.starting.answers import Answers, IdentifiedBy
from reconciler.starting.workflows import workflows

SPEC = "specs/support.yaml"
_PLACEHOLDERS: Mapping[IdentifiedBy, str] = {
    "external_id": "crm-1001",
    "phone_number": "+14155550192",
    "email": "sarah.chen@example.com",
    "contact_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
}


ALWAYS = (
    FILE_NAME,
    SPEC,
    ".gitignore",
    f"{SCHEMA_FOLDER}/specs.json",
    f"{SCHEMA_FOLDER}/project.json",
    ".vscode/settings.json",
    ".vscode/extensions.json",
)
"""The files that are written whatever is answered."""


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
        **workflows(answers),
    }


def _project(answers: Answers) -> str:
    lines = [
        modeline("project", of=FILE_NAME),
        "# The accounts, and which specs are for them.",
        "version: 1",
        "specs: [specs]                       # folders, files or globs, relative to this file",
        "# secrets: [NAME]                    # the only environment variables that specs may read, as ${env:NAME}",
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
