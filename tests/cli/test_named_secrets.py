"""Specs read the environment variables that reconciler.yaml lists as secrets, and never the keys of the tool."""

import json
import os

import pytest

from tests.cli.conftest import Repository

PROJECT = """\
version: 1
default_environment: sandbox
secrets: [SHARED]
environments:
  sandbox: {api: sandbox, overlays: [overlays], secrets: [OWN]}
  live: {api: "http://127.0.0.1:1", api_key_env: LIVE_KEY, secrets: [OF_LIVE]}
"""
ROWS = """\
contacts_from:
  - file: data.csv
    named_by: id
    contact: {external_id: id, facts: {card: {value: {deep: ["%s"]}}}, scopes: {support: {}}}
"""
PLACES = {
    "specs/fact.yaml": 'contacts: {ana: {external_id: a, facts: {deep: [{er: "%s"}]}}}',
    "specs/contact.yaml": 'contacts: {ana: {external_id: "%s", metadata: {m: 1}}}',
    "specs/scope.yaml": 'scopes: {other: {persona_id: p, seed_facts: {a: "x %s"}}}',
    "specs/rows.yaml": ROWS,
    "overlays/o.yaml": 'contacts: {sarah: {scopes: {support: {users: [{phone_number: +14155550192, summary: "%s"}]}}}}',
}
KEYS = ["BLAND_API_KEY", "LIVE_KEY", "RECONCILER_DIGEST_KEY", "bland_api_key"]
NOT_LISTED = ["OF_LIVE", "PATH", "shared"]
SECRET = "TOPSECRET-990017-990017"  # noqa: S105  made up


@pytest.fixture
def named(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in (*KEYS, *NOT_LISTED, "SHARED", "OWN"):
        if name != "PATH":
            monkeypatch.setenv(name, SECRET)
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/data.csv", "id\nzoe\n")
    repository.write("overlays/none.yaml", "{}")
    return repository


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [*KEYS, *NOT_LISTED])
def test_no_place_of_any_spec_reads_a_variable_that_is_not_named(named: Repository, place: str, name: str) -> None:
    named.write(place, PLACES[place] % f"${{env:{name}}}")
    cure = "put the value into a variable of its own" if name in KEYS else f"list it there, as secrets: [{name}]"

    for command in ("validate", "plan", "lint"):
        called = named.run(command)

        assert (called.code, called.out) == (1, "")
        assert f"error: {place}:" in called.err
        assert cure in called.err
        assert SECRET not in called.err
        assert os.environ["PATH"] not in called.err


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["SHARED", "OWN"])
def test_what_is_named_for_all_or_for_the_environment_is_read_and_not_shown(
    named: Repository, place: str, name: str
) -> None:
    named.write(place, PLACES[place] % f"${{env:{name}}}")
    planned = named.run("plan", "--format", "json")

    assert (named.run("validate").code, planned.code) == (0, 0)
    assert SECRET not in planned.out + planned.err


def test_a_secret_of_one_environment_is_none_of_another(named: Repository) -> None:
    named.write("specs/fact.yaml", PLACES["specs/fact.yaml"] % "${env:OF_LIVE}")
    called = named.run("validate", "--all-environments")

    assert called.code == 1
    assert called.err.count("error:") == 1
    assert "(in sandbox)" in called.err


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("where", ["secrets: [%s]", "environments: {sandbox: {secrets: [FINE, %s]}}"])
def test_an_owner_cannot_name_a_key(named: Repository, name: str, where: str) -> None:
    text = PROJECT.replace("secrets: [SHARED]", where % name) if "environments" not in where else None
    named.write("reconciler.yaml", text or PROJECT.replace("secrets: [OWN]", f"secrets: [OWN, {name}]"))
    called = named.run("validate")

    assert called.code == 1
    assert f"{name} holds a key, and what specs read reaches the agents" in called.err
    assert "remove it from secrets" in called.err


def test_a_secret_written_in_the_place_of_its_name_is_not_repeated(named: Repository) -> None:
    named.write("reconciler.yaml", PROJECT.replace("[SHARED]", f"[{SECRET}]"))
    called = named.run("validate")

    assert called.code == 1
    assert "reconciler.yaml:3:11 secrets[0]: not the name of an environment variable; write the NAME" in called.err
    assert SECRET not in called.err


def test_the_schema_knows_secrets_at_both_places(repository: Repository) -> None:
    schema = json.loads(repository.run("schema", "project").out)

    for keys in (schema["properties"], schema["$defs"]["EnvironmentFile"]["properties"]):
        assert keys["secrets"]["items"]["not"] == {"enum": ["BLAND_API_KEY", "RECONCILER_DIGEST_KEY"]}
