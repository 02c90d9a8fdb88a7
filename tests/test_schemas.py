"""The JSON Schemas: sound, in step with the models, and accepting every file of this repository."""

from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from check_jsonschema import main as check_jsonschema  # type: ignore[import-untyped]  # it has no types
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from reconciler.observe import ReaderChoice
from reconciler.project import EnvironmentFile, ExpectedAccountFile, GuardsFile, ProjectFile
from reconciler.reading import find_files
from reconciler.schemas import NAMES, SchemaName, schema, schema_text
from reconciler.specs.schema import (
    ContactSpec,
    ExistingMemorySpec,
    FactKeySpec,
    MemorySpec,
    ScopeSpec,
    SpecDocument,
    UserSpec,
)

ROOT = Path(__file__).parents[1]
PROJECT_FILES = [ROOT / "reconciler.yaml", *sorted(ROOT.glob("examples/*/reconciler.yaml"))]
PROJECT_MODELS = (ProjectFile, EnvironmentFile, GuardsFile, ExpectedAccountFile)
MODELS = (SpecDocument, FactKeySpec, ScopeSpec, ContactSpec, MemorySpec, UserSpec, ExistingMemorySpec, *PROJECT_MODELS)


def spec_files() -> list[Path]:
    found = find_files(
        ["specs", *(f"examples/{path.parent.name}/**/*.yaml" for path in PROJECT_FILES[1:])], root=ROOT
    ).files
    return [file.path for file in found if file.path.name != "reconciler.yaml"]


def check_files(name: SchemaName, folder: Path, files: list[Path]) -> Result:
    """
    Run check-jsonschema, which reads single documents: a file of several is parted at its `---`.

    It does not look again whether the schema is a sound one, which takes ten times as long as all else.
    """
    (folder / "schema.json").write_text(schema_text(name))
    parts = []
    for number, file in enumerate(files):
        for index, text in enumerate(file.read_text().split("\n---\n")):
            part = folder / f"{number}-{index}-{file.name}"
            part.write_text(text)
            parts.append(str(part))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("check_jsonschema.schema_loader.main._check_schema", lambda *_, **__: None)
        return CliRunner().invoke(check_jsonschema, ["--schemafile", str(folder / "schema.json"), *parts])


@cache
def validator(name: SchemaName) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def refusals(name: SchemaName, value: Any) -> list[str]:
    return [error.message for error in validator(name).iter_errors(value)]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_sound_one_with_a_name_and_a_description(name: SchemaName) -> None:
    made = schema(name)

    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == f"urn:reconciler:schema:{name}"
    assert made["title"]
    assert all(
        definition.get("description") or definition.get("anyOf") for definition in made.get("$defs", {}).values()
    )


@pytest.mark.parametrize("model", MODELS)
def test_a_schema_knows_and_describes_each_key_of_its_model_and_no_other(model: type[BaseModel]) -> None:
    name: SchemaName = "project" if model in PROJECT_MODELS else "specs"
    made = schema(name)
    described = made["$defs"].get(model.__name__, made)

    assert set(described["properties"]) == set(model.model_fields)
    assert all(one["description"] for one in described["properties"].values())
    assert described["additionalProperties"] is False


def test_every_spec_of_this_repository_fits(tmp_path: Path) -> None:
    checked = check_files("specs", tmp_path, spec_files())

    assert checked.exit_code == 0, checked.output


def test_every_project_file_of_this_repository_fits(tmp_path: Path) -> None:
    checked = check_files("project", tmp_path, PROJECT_FILES)

    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    "text",
    [
        "memories: {m: {memory_id: 007, users: [{phone_number: +14155550192, metadata: 02139}]}}",
        "contacts: {a: {external_id: 1e5, name: True}, b: {email: a@b, facts: {no: 12:30, 02139: 1_000}}}",
        "# nothing but a comment",
        "contacts_from: [{file: a.csv, phone_region: US, empty: [N/A, NULL, '-'], contact: {email: '{a}@{b}'}}]",
        "contacts_from: [{file: a.csv, named_by: [a, b], phone_region: {column: c}, contact: {email: {value: a@b}}}]",
        "contacts_from: [{file: a.csv, contact: {email: {column: x, lower: true, split: ;, map: {A: 1, B: ''}}}}]",
        "contacts: {a: {contact_id: x, facts: {d: 2025-07-22, l: [a, {b: 0x1F}]}}}",
    ],
)
def test_text_without_quotes_fits_whatever_other_readers_take_it_for(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)

    checked = check_files("specs", tmp_path, [tmp_path / "a.yaml"])

    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    "text",
    [
        "contcats: {}",
        "contacts: {a b: {email: a@b}}",
        "contacts: {a: {}}",
        "contacts: {a: {email: a@b, external_id: c}}",
        "contacts: {a: {email: nobody}}",
        "contacts: {a: {email: a@b, fact: {}}}",
        "contacts: {a: {email: a@b, facts: {k: null}}}",
        "contacts: {a: {email: a@b, metadata: {k: [{l: null}]}}}",
        'contacts: {a: {email: a@b, facts: {"": 1}}}',
        'contacts: {a: {email: a@b, facts: {"a\\x07": 1}}}',
        "contacts: {a: {email: a@b, scopes: {s: {users: [{metadata: x}]}}}}",
        'scopes: {s: {agent_number: "0415"}}',
        'scopes: {s: {persona_id: " p"}}',
        "scopes: {s: {persona_id: p, agent_number: '+14155550100'}}",
        f"scopes: {{{'s' * 64}: {{persona_id: p}}}}",
        "memories: {m: {users: []}}",
        "contacts_from: [{file: a.csv, named_by: [], contact: {email: e}}]",
        "contacts_from: [{file: a.csv, phone_region: {columns: c}, contact: {email: e}}]",
        "contacts_from: [{file: a.csv, empty: '-', contact: {email: e}}]",
        "contacts_from: [{file: a.csv, contact: {email: {column: e, lwer: true}}}]",
        "contacts_from: [{file: a.csv, contact: {email: {lower: true}}}]",
        "contacts_from: [{file: a.csv, contact: {email: {column: e, map: {a: [b]}}}}]",
        "memories: {m: {memory_id: ..}}",
        "- a",
    ],
)
def test_what_the_reader_refuses_for_its_shape_does_not_fit(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)

    assert check_files("specs", tmp_path, [tmp_path / "a.yaml"]).exit_code == 1


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"version": 2, "environments": {"a": {}}},
        {"version": 1, "environments": {}},
        {"version": 1, "environments": {"a b": {}}},
        {"version": 1, "environments": {"a": {"api": "ftp://x"}}},
        {"version": 1, "environments": {"a": {"api_key_env": "sk-1"}}},
        {"version": 1, "environments": {"a": {"api_key_env": "A", "api_key_command": ["op"]}}},
        {"version": 1, "environments": {"a": {"api_key_command": "op read"}}},
        {"version": 1, "environments": {"a": {"api_key_command": []}}},
        {"version": 1, "environments": {"a": {"api_key_command": ["", "op"]}}},
        {"version": 1, "environments": {"a": {"concurrency": 0}}},
        {"version": 1, "environments": {"a": {"expect_account": {}}}},
        {"version": 1, "environments": {"a": {"expect_account": {"contact_id": ""}}}},
        {"version": 1, "environments": {"a": {"expect_account": {"digest": None}}}},
        {"version": 1, "environments": {"a": {"guards": {"max_update_share": 1.1}}}},
        {"version": 1, "environments": {"a": {"guards": {"max_changes": -1}}}},
        {"version": 1, "environments": {"a": {"api_key": "x"}}},
    ],
)
def test_a_wrong_project_file_does_not_fit(value: Any) -> None:
    assert refusals("project", value)


def test_the_reader_of_an_environment_is_one_of_those_there_are() -> None:
    described = schema("project")["$defs"]["EnvironmentFile"]["properties"]["reader"]

    assert set(described["enum"]) == set(get_args(ReaderChoice))
