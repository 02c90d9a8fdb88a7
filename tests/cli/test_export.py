import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import StateError
from reconciler.sandbox import faults
from reconciler.sandbox.answers import json_answer
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.storage.files import check_folder
from tests.cli.conftest import Called, Repository

SARAH = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
WORLD: dict[str, Any] = {
    "contacts": [
        {
            "id": SARAH,
            "name": "Sarah Chen",
            "metadata": {"tier": "gold"},
            "identifiers": [{"identifier_type": "email", "identifier_value": "sarah@example.com"}],
        },
        {"id": "c-2"},
    ],
    "contact_memories": [
        {
            "id": "m-1",
            "contact_id": SARAH,
            "persona_id": "persona-2",
            "facts": {"plan": "premium", "zip": "02139", "gone": None},
            "users": [{"phone_number": "+14155550192", "metadata": "from afar", "summary": "called twice"}],
        },
        {"id": "m-2", "contact_id": "c-2", "agent_number": "+14155550100", "facts": {"opt_in": "no"}},
    ],
}
SARAHS_FILE = """\
# Written by `reconciler export`. Every value below is what the account held;
# facts are enforced from now on: apply puts back what changes. They are about real people.
# Left out: contacts.sarah-chen.scopes.persona-2.facts.gone: value that holds null
contacts:
  sarah-chen:
    contact_id: aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
    name: Sarah Chen
    metadata:
      tier: gold
    scopes:
      persona-2:
        facts:
          plan: premium
          zip: "02139"
        users:
          - phone_number: "+14155550192"
            metadata: from afar
"""


DECLARING_SARAH = """\
scopes:
  of-sarah:
    persona_id: persona-2
contacts:
  sarah-chen:
    email: Sarah@Example.com
    scopes:
      of-sarah: {}
"""


@contextmanager
def account(
    *rules: Rule, settings: Settings | None = None, world: dict[str, Any] | None = None
) -> Iterator[tuple[Any, str]]:
    """Serve a world on a port, with the key of environment `live` set."""
    store = Store()
    store.load(WORLD if world is None else world)
    app = create_app(store, settings or Settings(), Faults(rules))
    with running(app) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "sk-live-key")
        yield app, url


def exported(repository: Repository, url: str, *more: str) -> Called:
    return repository.run("-e", "live", "export", "--api-url", url, *more)


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_export_writes_a_file_for_the_scopes_and_one_for_each_contact(repository: Repository) -> None:
    with account() as (_, url):
        called = exported(repository, url)
    folder = repository.root / "exported"

    assert called == Called(
        0,
        "Exported 2 contacts, 2 memories, 3 facts and 1 user to exported/ (3 files).\n"
        "Next: move exported/ under specs/, then `reconciler -e live validate` and `reconciler -e live plan`, "
        "which changes nothing of it.\n",
        "left out: 1 value that holds null\n",
    )
    assert files_in(folder) == ["contacts/contact-c-2.yaml", "contacts/sarah-chen.yaml", "scopes.yaml"]
    assert (folder / "contacts/sarah-chen.yaml").read_text() == SARAHS_FILE


def test_an_export_only_reads(repository: Repository) -> None:
    with account() as (app, url):
        before = app.state.store.dump()
        exported(repository, url)

        assert app.state.store.dump() == before
    assert {entry.path for entry in app.state.log} == {"/v1/contacts", "/v1/memory/m-1", "/v1/memory/m-2"}
    assert not any(entry.mutates or entry.committed for entry in app.state.log)


@pytest.mark.parametrize("reader", ["auto", "contacts", "contact", "context"])
@pytest.mark.parametrize("more", [(), ("--with-summaries",)])
def test_a_plan_right_after_it_has_nothing_to_change(
    repository: Repository, reader: str, more: tuple[str, ...]
) -> None:
    project = f"version: 1\nspecs: [exported]\nenvironments: {{live: {{api_key_env: TEST_KEY, reader: {reader}}}}}\n"
    repository.write("reconciler.yaml", project)
    with account() as (_, url):
        exported(repository, url, *more)
        called = repository.run("plan", "--api-url", url, "--format", "json", "--detailed-exitcode")
    plan = json.loads(called.out)

    assert called.code == 0
    assert [entry["type"] for entry in plan["operations"]] == (["update_contact"] if reader == "context" else [])
    assert not any(entry["certain"] for entry in plan["operations"])


def test_two_exports_of_one_account_are_the_same_bytes(repository: Repository) -> None:
    with account() as (_, url):
        exported(repository, url, "--out", "one")
    with account(world={part: list(reversed(WORLD[part])) for part in WORLD}) as (_, url):
        exported(repository, url, "--out", "two")
    one, two = repository.root / "one", repository.root / "two"

    assert files_in(one) == files_in(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files_in(one))


def test_no_specs_are_needed(repository: Repository) -> None:
    (repository.root / "specs/support.yaml").unlink()
    with account() as (_, url):
        assert exported(repository, url).code == 0


def test_the_sandbox_of_a_repository_can_be_exported(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (repository.root / "specs/support.yaml").unlink()
    called = repository.run("export")

    assert (called.code, called.err) == (0, "")
    assert called.out == (
        "Exported 1 contact, 1 memory, 2 facts and 1 user to exported/ (2 files).\n"
        "Next: move exported/ under specs/, then `reconciler validate` and `reconciler plan`, which is empty.\n"
    )


def test_what_the_specs_declare_already_is_told_and_not_exported_again(repository: Repository) -> None:
    repository.write("specs/sarah.yaml", DECLARING_SARAH)
    with account() as (app, url):
        called = exported(repository, url)

    assert called.code == 0
    assert called.out.startswith("Exported 1 contact, 1 memory, 1 fact and 0 users to exported/ (2 files).")
    assert called.err == "note: 1 contact is left out: declared in specs/sarah.yaml\n"
    assert [entry.path for entry in app.state.log] == ["/v1/contacts", "/v1/memory/m-2"]


def test_memories_of_declared_contacts_that_no_spec_names_are_told(repository: Repository) -> None:
    repository.write("specs/sarah.yaml", DECLARING_SARAH.partition("    scopes:")[0])
    with account() as (_, url):
        called = exported(repository, url)

    assert "note: these contacts have 1 memory that no spec names: add them there\n" in called.err


def test_where_everything_is_declared_nothing_is_written(repository: Repository) -> None:
    with account() as (_, url):
        exported(repository, url, "--out", "specs/exported")
        called = exported(repository, url)

    assert called == Called(
        0,
        "Nothing to export: the specs declare 2 contacts already.\n",
        "note: 2 contacts are left out: declared in specs/exported/contacts/contact-c-2.yaml and "
        "specs/exported/contacts/sarah-chen.yaml\n",
    )
    assert not (repository.root / "exported").exists()


def test_contacts_that_are_known_by_a_secret_are_told_of(repository: Repository) -> None:
    repository.write("specs/hidden.yaml", "contacts: {o: {email: '${env:MAIL}'}}\n")
    with account() as (_, url):
        called = exported(repository, url)

    assert "note: 1 declared contact is identified by a secret, which is not compared; look for" in called.err


def test_memories_that_are_declared_by_id_are_left_out(repository: Repository) -> None:
    repository.write("specs/memories.yaml", "memories: {m: {memory_id: m-2}}\n")
    with account() as (_, url):
        called = exported(repository, url)

    assert "left out: 1 memory that the specs declare by its id\n" in called.err


def test_specs_that_are_wrong_stop_it_before_anything_is_read(repository: Repository) -> None:
    repository.write("specs/broken.yaml", "scopes: {a: {persona: x}}\n")
    with account() as (app, url):
        called = exported(repository, url)

    assert (called.code, called.out) == (1, "")
    assert "specs/broken.yaml:1:14" in called.err
    assert list(app.state.log) == []


CATALOGUE = """\
fact_keys:
  name: {}
  zip: {sensitive: true}
  plan: {}
"""


def test_sensitive_facts_are_left_out_with_a_comment_and_a_count(repository: Repository) -> None:
    repository.write("specs/keys.yaml", CATALOGUE)
    with account() as (_, url):
        called = exported(repository, url, "--name", "Sarah*")
    text = (repository.root / "exported/contacts/sarah-chen.yaml").read_text()

    assert "02139" not in text
    assert (
        "# Left out: contacts.sarah-chen.scopes.persona-2.facts.zip: value of a sensitive key; "
        "write it as ${env:NAME}\n" in text
    )
    assert "left out: 1 value of a sensitive key; write it as ${env:NAME}\n" in called.err


def test_facts_that_are_secrets_elsewhere_are_left_out(repository: Repository) -> None:
    repository.write(
        "specs/other.yaml", "contacts: {o: {email: o@b, scopes: {support: {facts: {zip: '${env:ZIP}'}}}}}\n"
    )
    with account() as (_, url):
        called = exported(repository, url)

    assert "left out: 1 value of a sensitive key" in called.err


def test_an_export_next_to_specs_validates_and_plans_nothing_of_it_and_is_formatted(repository: Repository) -> None:
    repository.write("specs/keys.yaml", CATALOGUE)
    repository.write("specs/sarah.yaml", DECLARING_SARAH)
    (repository.root / "specs/support.yaml").write_text("scopes: {contact-c-2: {persona_id: persona-1}}\n")
    with account() as (_, url):
        called = exported(repository, url, "--out", "specs/exported")
        validated = repository.run("-e", "live", "validate")
        planned = repository.run("-e", "live", "plan", "--api-url", url, "--detailed-exitcode")

    assert "left out: 1 value under a key that is not among the fact_keys\n" in called.err
    assert (validated.code, planned.code) == (0, 0)
    assert repository.run("fmt", "--check").err == "All files are formatted.\n"


def test_files_are_for_their_owner_alone(repository: Repository) -> None:
    with account() as (_, url):
        exported(repository, url, "--out", "new/exported")
    folder = repository.root / "new/exported"

    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "contacts")] == [0o700, 0o700]
    assert {(folder / name).stat().st_mode & 0o777 for name in files_in(folder)} == {0o600}


def test_a_file_in_the_way_stops_it_before_anything_is_written(repository: Repository) -> None:
    repository.write("exported/scopes.yaml", "mine")
    with account() as (_, url):
        called = exported(repository, url)

    assert called.code == 1
    assert called.err.endswith(
        "error: exported holds files that this export would write; name another folder, or move them\n"
    )
    assert files_in(repository.root / "exported") == ["scopes.yaml"]


def test_a_link_to_nothing_is_in_the_way_too(repository: Repository) -> None:
    repository.write("exported/readme.txt", "other files are fine")
    (repository.root / "exported/scopes.yaml").symlink_to("elsewhere")
    with account() as (_, url):
        assert "exported holds files that this export would write" in exported(repository, url).err


@pytest.mark.parametrize("name", ["exported", "exported/contacts"])
def test_something_else_in_the_place_of_a_folder_is_an_error(repository: Repository, name: str) -> None:
    repository.write(name, "a file")
    with account() as (_, url):
        called = exported(repository, url)

    assert (called.code, called.out) == (1, "")
    assert f"error: {name} is in the way: it is not a folder; name another, or move it\n" in called.err


def test_a_folder_that_cannot_be_made_is_one_clear_line(repository: Repository) -> None:
    repository.write("file", "")
    with account() as (_, url):
        called = exported(repository, url, "--out", "file/exported")

    assert called.code == 1
    assert "error: cannot " in called.err
    assert "Not a directory" in called.err


@pytest.mark.parametrize(
    ("option", "contacts"),
    [
        (("--contact", "sarah@example.com"), ["sarah-chen"]),
        (("--contact", SARAH, "--contact", "c-2"), ["contact-c-2", "sarah-chen"]),
        (("--scope", "+14155550100"), ["contact-c-2"]),
        (("--name", "sarah*"), ["sarah-chen"]),
        (("--name", "Sarah*", "--scope", "persona-2"), ["sarah-chen"]),
    ],
)
def test_what_is_exported_can_be_chosen(repository: Repository, option: tuple[str, ...], contacts: list[str]) -> None:
    with account() as (_, url):
        called = exported(repository, url, *option)

    assert called.code == 0
    assert files_in(repository.root / "exported/contacts") == [f"{name}.yaml" for name in contacts]


def test_only_the_users_of_chosen_memories_are_read(repository: Repository) -> None:
    with account() as (app, url):
        exported(repository, url, "--contact", "c-2")

    assert [entry.path for entry in app.state.log] == ["/v1/contacts", "/v1/memory/m-2"]


@pytest.mark.parametrize(
    ("world", "said"),
    [(WORLD, "no contact matches all of --contact, --scope and --name"), ({}, "this account lists no contacts")],
)
def test_nothing_to_export_is_an_error(repository: Repository, world: dict[str, Any], said: str) -> None:
    with account(world=world) as (_, url):
        called = exported(repository, url, "--contact", "nobody")

    assert (called.code, called.out) == (1, "")
    assert said in called.err
    assert not (repository.root / "exported").exists()


def test_contacts_that_specs_cannot_name_are_nothing_to_export(repository: Repository) -> None:
    with account(world={"contacts": [{"id": " c"}]}) as (_, url):
        called = exported(repository, url)

    assert called.code == 1
    assert called.err.splitlines() == [
        "left out: 1 contact whose id specs refuse",
        "error: nothing can be exported: no contact has an identifier that specs can use; nothing was written",
    ]
    assert not (repository.root / "exported").exists()


def test_contacts_can_be_known_by_an_identifier(repository: Repository) -> None:
    with account() as (_, url):
        called = exported(repository, url, "--identify-by", "email")

    assert "    email: sarah@example.com\n" in (repository.root / "exported/contacts/sarah-chen.yaml").read_text()
    assert "    contact_id: c-2\n" in (repository.root / "exported/contacts/contact-c-2.yaml").read_text()
    assert "note: 1 contact is identified by contact_id, since no single email is theirs alone\n" in called.err


def test_summaries_are_declared_only_when_asked_for(repository: Repository) -> None:
    with account() as (_, url):
        exported(repository, url, "--with-summaries")

    assert "            summary: called twice\n" in (repository.root / "exported/contacts/sarah-chen.yaml").read_text()


def test_an_account_without_a_listing_cannot_be_exported(repository: Repository) -> None:
    with account(settings=Settings(seeds_only=True)) as (_, url):
        called = exported(repository, url)

    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("error: this account cannot be exported, because it offers no listing of contacts (")
    assert called.err.endswith("; use a key that may list them, or write the specs by hand\n")


def test_users_that_cannot_be_listed_are_told_of_once(repository: Repository) -> None:
    no_route = Rule(fault=faults.Reply(json_answer({"message": "no such route"}, status=404)), path="/v1/memory/m-*")
    with account(no_route) as (_, url):
        called = exported(repository, url)

    assert called.code == 0
    assert called.err.count("note: this account does not list the users of its memories, so none are exported\n") == 1
    assert "3 facts and 0 users" in called.out


def test_a_memory_whose_users_are_refused_is_told_of(repository: Repository) -> None:
    refusal = Rule(fault=faults.envelope_error(404, "MEMORY_NOT_FOUND", "Memory not found."), path="/v1/memory/m-1")
    with account(refusal) as (_, url):
        called = exported(repository, url)

    assert "left out: 1 memory whose users the account does not list\n" in called.err


def test_a_listing_that_does_not_add_up_is_a_warning(repository: Repository) -> None:
    page = {"data": [{"id": "c-9", "memories": []}], "pagination": {"total": 3, "has_more": False}, "errors": None}
    with account(Rule(fault=faults.Reply(json_answer(page)), path="/v1/contacts")) as (_, url):
        called = exported(repository, url)

    assert called.code == 0
    assert called.err == (
        "warning: the list of contacts changed while it was read, and some may be missing; export again\n"
    )


def test_a_contact_listed_without_its_memories_is_asked_for_by_itself(repository: Repository) -> None:
    page = {"data": [{"id": SARAH}, {"id": "c-9"}], "pagination": {"total": 2, "has_more": False}, "errors": None}
    with account(Rule(fault=faults.Reply(json_answer(page)), path="/v1/contacts")) as (_, url):
        called = exported(repository, url)

    assert (repository.root / "exported/contacts/sarah-chen.yaml").read_text() == SARAHS_FILE
    assert "left out: 1 contact whose memories the account does not show\n" in called.err


def test_neither_the_key_nor_values_are_printed(repository: Repository) -> None:
    with account() as (_, url):
        called = exported(repository, url, "--debug")

    assert "GET /v1/contacts?limit=…&offset=…: ok" in called.err
    assert not any(text in called.out + called.err for text in ("sk-live-key", "premium", "Sarah", "+1415"))


def test_a_cache_that_cannot_be_kept_is_a_warning(repository: Repository) -> None:
    repository.write(".reconciler", "a file where the folder should be")
    with account() as (_, url):
        called = exported(repository, url)

    assert called.code == 0
    assert "warning: memory ids are not remembered" in called.err


def test_a_folder_that_may_not_be_looked_into_is_one_clear_line(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "is_symlink", refuse)
    with pytest.raises(StateError, match=r"cannot look at .*exported: Permission denied"):
        check_folder(repository.root / "exported")


ALIKE: dict[str, Any] = {
    "contacts": [{"id": "c-1", "name": "Ana"}, {"id": "c-2", "name": "Bo"}, {"id": "c-3", "name": "Cy"}],
    "contact_memories": [
        {
            "id": f"m-{number}",
            "contact_id": f"c-{number}",
            "persona_id": "persona-2",
            "facts": {"region": "us", "plan": plan, "language": "en"},
        }
        for number, plan in enumerate(("trial", "premium", 7), start=1)
    ],
}
MAPPING = """\
# Written by `reconciler export`. The rows of the file below are what the account held;
# facts are enforced from now on: apply puts back what changes. They are about real people.
# Others fit no row: 1 contact in contacts/.
# Cells of CSV are text, unless fact_keys gives the key a type. Values of these keys fit no cell:
# plan.
contacts_from:
  - file: "../../data/people.csv"
    named_by: contact
    contact:
      contact_id: contact_id
      name: name
      scopes:
        persona-2:
          facts:
            plan: plan
"""


@pytest.mark.parametrize("out", ["exported", "specs/exported"])
def test_contacts_that_fit_are_rows_and_the_others_keep_a_file_each(repository: Repository, out: str) -> None:
    (repository.root / "specs/support.yaml").unlink()
    with account(world=ALIKE) as (_, url):
        called = exported(repository, url, "--out", out, "--csv", "data/people.csv", "--seed", "language")
        if out == "exported":
            (repository.root / out).rename(repository.root / "specs/exported")
        planned = repository.run("-e", "live", "plan", "--api-url", url, "--detailed-exitcode")
    folder = repository.root / "specs/exported"

    assert called.out.startswith(
        f"Exported 3 contacts, 3 memories, 9 facts and 0 users to {out}/ (3 files) and data/people.csv (2 rows).\n"
    )
    assert called.err == f"note: 1 contact fits no row of the table: see {out}/contacts/\n"
    assert (folder / "contacts.yaml").read_text() == MAPPING
    rows = "contact,contact_id,name,plan\nana,c-1,Ana,trial\nbo,c-2,Bo,premium\n"
    assert (repository.root / "data/people.csv").read_text() == rows
    assert (repository.root / "data/people.csv").stat().st_mode & 0o777 == 0o600
    assert files_in(folder) == ["contacts.yaml", "contacts/cy.yaml", "scopes.yaml"]
    scopes = (folder / "scopes.yaml").read_text()
    assert "stand here once, since all of its memories have them" in scopes
    assert scopes.endswith(
        "  persona-2:\n    persona_id: persona-2\n    facts:\n      region: us\n    seed_facts:\n      language: en\n"
    )
    assert (planned.code, repository.run("fmt", "--check").code) == (0, 0), planned.err


def test_a_table_in_the_exported_folder_moves_along(repository: Repository) -> None:
    with account(world=ALIKE) as (_, url):
        exported(repository, url, "--csv", "exported/people.csv")

    assert "  - file: people.csv\n" in (repository.root / "exported/contacts.yaml").read_text()


def test_types_of_the_catalogue_make_columns(repository: Repository) -> None:
    catalogue = "fact_keys: {region: {}, language: {}, plan: {enum: [trial, premium, 7]}, name: {}}\n"
    repository.write("specs/keys.yaml", catalogue)
    (repository.root / "specs/support.yaml").unlink()
    with account(world=ALIKE) as (_, url):
        called = exported(repository, url, "--out", "specs/exported", "--csv", "people.csv")
        planned = repository.run("-e", "live", "plan", "--api-url", url, "--detailed-exitcode")

    assert "people.csv (3 rows)" in called.out
    assert planned.code == 0, planned.out
    assert "cy,c-3,Cy,7\n" in (repository.root / "people.csv").read_text()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("people.txt", '--csv takes the name of a file that ends in .csv, not "people.txt"'),
        ("../people.csv", "../people.csv cannot be read by specs: it is outside of the "),
        ("there.csv", "there.csv exists, and no file is overwritten; name another one, or move it"),
        ("reconciler.yaml/people.csv", "reconciler.yaml is in the way: it is not a folder"),
    ],
)
def test_a_table_that_cannot_be_is_refused_before_anything_is_read(
    repository: Repository, file: str, said: str
) -> None:
    repository.write("there.csv", "mine")
    with account() as (app, url):
        called = exported(repository, url, "--csv", file)

    assert (called.code, called.out) == (1, "")
    assert said in called.err
    assert list(app.state.log) == []
    assert not (repository.root / "exported").exists()


def test_nothing_is_written_where_a_file_is_in_the_way_of_the_specs(repository: Repository) -> None:
    repository.write("exported/scopes.yaml", "mine")
    with account(world=ALIKE) as (_, url):
        called = exported(repository, url, "--csv", "people.csv")

    assert called.code == 1
    assert not (repository.root / "people.csv").exists()


def test_keys_to_seed_are_named_with_commas_and_those_that_match_nothing_are_told(repository: Repository) -> None:
    with account() as (_, url):
        called = exported(repository, url, "--seed", "plan, z*,nope", "--seed", "other")

    text = (repository.root / "exported/contacts/sarah-chen.yaml").read_text()
    assert '        seed_facts:\n          plan: premium\n          zip: "02139"\n' in text
    assert "note: no exported fact matches --seed nope\nnote: no exported fact matches --seed other\n" in called.err
