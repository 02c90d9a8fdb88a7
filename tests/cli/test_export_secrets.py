"""What an export must never write in the open, wherever in the project it is said to be a secret."""

from typing import Any

import pytest

from tests.cli.conftest import Called, Repository
from tests.cli.test_export import account, exported

WORLD: dict[str, Any] = {
    "contacts": [{"id": "c-1", "name": "Ana"}],
    "contact_memories": [
        {"id": "m-1", "contact_id": "c-1", "persona_id": "persona-9", "facts": {"token": "hunter2", "plan": "premium"}}
    ],
}
PROJECT = """\
version: 1
specs: [specs]
default_environment: live
environments:
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY}
  other: {api: sandbox, specs: [elsewhere], overlays: [patches]}
secrets: [NAME, TOK]
"""
LEFT_OUT = "left out: 1 value of a sensitive key; write it as ${env:NAME}\n"

AT_A_SCOPE_NOBODY_IS_IN = "scopes: {unused: {persona_id: p-7, facts: {token: '${env:TOK}'}}}\n"
OVERRIDDEN = """\
contacts:
  bo:
    external_id: crm-bo
    facts: {token: '${env:TOK}'}
    scopes: {support: {facts: {token: none}}}
"""
NESTED = "scopes: {unused: {persona_id: p-7, seed_facts: {token: {parts: [a, 'b ${env:TOK}']}}}}\n"
OF_ROWS = """\
contacts_from:
  - file: guests.csv
    named_by: id
    contact:
      external_id: id
      facts: {token: {value: '${env:TOK}'}}
      scopes: {support: {facts: {token: tok}}}
"""
OF_ROWS_IN_A_SCOPE = """\
contacts_from:
  - file: guests.csv
    named_by: id
    contact: {external_id: id, scopes: {support: {where: {tok: z}, facts: {token: {value: ['${env:TOK}']}}}}}
"""


def run_on(repository: Repository, *more: str) -> Called:
    with account(world=WORLD) as (_, url):
        return exported(repository, url, *more)


def written(repository: Repository) -> str:
    return "".join(path.read_text() for path in sorted((repository.root / "exported").rglob("*.yaml")))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("specs/a.yaml", AT_A_SCOPE_NOBODY_IS_IN),
        ("specs/a.yaml", OVERRIDDEN),
        ("specs/a.yaml", NESTED),
        ("specs/a.yaml", OF_ROWS),
        ("specs/a.yaml", OF_ROWS_IN_A_SCOPE),
        ("elsewhere/a.yaml", AT_A_SCOPE_NOBODY_IS_IN),
        ("patches/a.yaml", "contacts: {sarah: {scopes: {support: {facts: {token: 'x ${env:TOK}'}}}}}\n"),
    ],
)
def test_a_key_that_any_spec_file_of_the_project_reads_from_the_environment_is_left_out(
    repository: Repository, file: str, text: str
) -> None:
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/guests.csv", "id,tok\nzoe,z\n")
    repository.write(file, text)
    called = run_on(repository)

    assert (called.code, LEFT_OUT in called.err) == (0, True)
    assert "hunter2" not in written(repository)
    assert "facts.token: value of a sensitive key; write it as ${env:NAME}\n" in written(repository)
    assert "plan: premium" in written(repository)


def test_secrets_of_another_environment_count_where_this_one_has_no_specs_yet(repository: Repository) -> None:
    (repository.root / "specs/support.yaml").unlink()
    repository.write("reconciler.yaml", PROJECT)
    repository.write("elsewhere/a.yaml", AT_A_SCOPE_NOBODY_IS_IN)

    assert LEFT_OUT in run_on(repository).err
    assert "hunter2" not in written(repository)


@pytest.mark.parametrize(
    "text",
    [
        "scopes: {unused: {persona_id: p-7, facts: {token: '$${env:TOK}'}}}\n",
        "contacts: {facts: {external_id: crm-1, name: '${env:NAME}', metadata: {token: '${env:TOK}'}}}\n",
    ],
)
def test_what_is_no_fact_from_the_environment_leaves_nothing_out(repository: Repository, text: str) -> None:
    repository.write("specs/a.yaml", text)
    called = run_on(repository)

    assert "left out" not in called.err
    assert "token: hunter2" in written(repository)


def test_a_key_is_compared_as_it_is_meant_not_as_it_is_written(repository: Repository) -> None:
    repository.write("specs/a.yaml", "scopes: {unused: {persona_id: p-7, facts: {'$${token}': '${env:TOK}'}}}\n")
    world = {**WORLD, "contact_memories": [{**WORLD["contact_memories"][0], "facts": {"${token}": "hunter2"}}]}
    with account(world=world) as (_, url):
        exported(repository, url)

    assert "hunter2" not in written(repository)


def test_a_file_of_another_environment_that_cannot_be_read_stops_it_for_it_may_name_secrets(
    repository: Repository,
) -> None:
    repository.write("reconciler.yaml", PROJECT)
    repository.write("elsewhere/broken.yaml", "scopes: {a: [")
    called = run_on(repository)

    assert (called.code, called.out) == (1, "")
    assert "elsewhere/broken.yaml:1" in called.err
    assert not (repository.root / "exported").exists()


CATALOGUED = """\
version: 1
default_environment: live
environments:
  live: {api: "http://127.0.0.1:1", api_key_env: TEST_KEY, specs: [specs, catalogue]}
"""


@pytest.mark.parametrize("is_empty", [False, True])
def test_specs_that_lead_nowhere_beside_others_stop_it_for_they_may_be_the_catalogue(
    repository: Repository, *, is_empty: bool
) -> None:
    repository.write("reconciler.yaml", CATALOGUED)
    if is_empty:
        (repository.root / "catalogue").mkdir()
    with account(world=WORLD) as (app, url):
        called = exported(repository, url)
        validated = repository.run("validate")

        assert list(app.state.log) == []
    cure = "add one, such as catalogue/contacts.yaml" if is_empty else "check the name, or create it"
    assert (called.code, called.out, validated.code) == (1, "", 1)
    assert cure in called.err
    assert not (repository.root / "exported").exists()


def test_overlays_without_specs_stop_it_too(repository: Repository) -> None:
    (repository.root / "specs/support.yaml").unlink()
    repository.write("reconciler.yaml", CATALOGUED.replace("specs: [specs, catalogue]", "overlays: [patches]"))
    repository.write("patches/a.yaml", "contacts: {sarah: {optional: true, name: Sarah}}\n")

    assert run_on(repository).code == 1


@pytest.mark.parametrize("specs", ["specs: [specs, catalogue]", "specs: [specs, 'more/*.yaml'], overlays: [patches]"])
def test_where_all_entries_lead_nowhere_there_is_nothing_to_lose(repository: Repository, specs: str) -> None:
    (repository.root / "specs/support.yaml").unlink()
    repository.write("reconciler.yaml", CATALOGUED.replace("specs: [specs, catalogue]", specs))

    assert run_on(repository).code == 0
    assert "token: hunter2" in written(repository)


def test_an_entry_that_cannot_be_followed_does_not_count_as_nothing(repository: Repository) -> None:
    (repository.root / "specs/support.yaml").unlink()
    repository.write("reconciler.yaml", CATALOGUED.replace("[specs, catalogue]", "['a**/b.yaml']"))

    assert run_on(repository).code == 1
    assert not (repository.root / "exported").exists()
