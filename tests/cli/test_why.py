"""`why` names the places that gave a value, with the commits of their lines, and reads no secret."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import InputError
from reconciler.git import authors_of
from tests.cli.conftest import Repository
from tests.cli.test_environments import environments

__all__ = ["environments"]

FACT = "contacts.sarah.scopes.support.facts.seats"


def git(root: Path, *arguments: str, date: str = "1767355200 +0000") -> None:
    identity = {"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.com", "GIT_AUTHOR_DATE": date}
    committer = {name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()}
    subprocess.run(  # noqa: S603  a fixed program
        ["git", "-C", str(root), *arguments],  # noqa: S607  where it is installed differs
        check=True,
        capture_output=True,
        env={**os.environ, **identity, **committer, "GIT_CONFIG_GLOBAL": os.devnull},
    )


def test_each_place_is_told_with_what_it_won_over(environments: Repository) -> None:
    called = environments.run("-e", "production", "why", FACT)

    assert called.code == 0
    assert called.out == (
        f"{FACT} = 40\n"
        "  environments/production/overlays/sarah.yaml:5  contact in scope, overlay, facts.seats: 40\n"
        '  specs/support.yaml:10  contact in scope, facts.seats: "${seats}"  (overridden)\n'
    )
    assert "note: no commits are shown: git" in called.err


def test_commits_are_told_of_lines_that_are_committed(environments: Repository) -> None:
    git(environments.root, "init", "--quiet")
    git(environments.root, "add", "specs", "reconciler.yaml")
    git(environments.root, "commit", "--quiet", "--message", "declare")

    shown = environments.run("-e", "production", "why", FACT)
    (value,) = json.loads(environments.run("-e", "production", "why", FACT, "--format", "json").out)["values"]

    declared, patch = value["given"]
    assert shown.err == ""
    assert (declared["commit"]["date"], declared["commit"]["author"]) == ("2026-01-02", "Ana")
    assert f"{declared['commit']['id']} 2026-01-02 Ana  (overridden)" in shown.out
    assert (patch["commit"], patch["counts"], declared["counts"]) == (None, True, False)
    (variable,) = declared["variables"]
    assert (variable["name"], variable["value"], variable["commit"]) == ("seats", 1, declared["commit"])
    assert variable["source"] == {"file": "reconciler.yaml", "line": 3}


def test_of_many_lines_and_files_the_first_are_shown_with_their_commits(
    environments: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.workflow.explaining._MOST_FILES", 3)
    facts = "".join(f"        k{n}: x\n" for n in range(1100))
    environments.write("specs/support.yaml", f"scopes:\n  support:\n    persona_id: p\n    facts:\n{facts}")
    environments.write("specs/sarah.yaml", "contacts: {sarah: {email: a@b, scopes: {support: {}}}}\n")
    for n in range(5):
        path = f"environments/production/overlays/{n}.yaml"
        environments.write(path, f"contacts: {{sarah: {{facts: {{k{n}: y}}}}}}\n")
    git(environments.root, "init", "--quiet")
    git(environments.root, "add", "--all")
    git(environments.root, "commit", "--quiet", "--message", "declare")

    shown = environments.run("-e", "production", "why", "contacts.sarah.scopes.support")
    every = environments.run("-e", "production", "why", "contacts.sarah.scopes.support", "--format", "json")

    assert "note: commits are shown for the first 3 of 7 files\n" in shown.err
    assert shown.out.count("\n") == 101
    assert shown.out.endswith(" more lines; --format json shows all\n")
    values = json.loads(every.out)["values"]
    assert sum(one["given"][0]["commit"] is not None for one in values) > 1000


def test_the_commit_of_a_variable_is_told_beside_its_value(environments: Repository) -> None:
    git(environments.root, "init", "--quiet")
    git(environments.root, "add", "reconciler.yaml")
    git(environments.root, "commit", "--quiet", "--message", "set up")

    shown = environments.run("-e", "staging", "why", FACT)

    assert re.search(r"\$\{seats\} = 1  reconciler\.yaml:3  [0-9a-f]{10} 2026-01-02 Ana\n", shown.out)


@pytest.mark.parametrize("seconds", ["99999999999999", "253402300800"])
def test_a_commit_of_a_day_that_no_calendar_has_is_told_without_it(tmp_path: Path, seconds: str) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.yaml").write_text("one\n")
    git(tmp_path, "add", "a.yaml")
    git(tmp_path, "commit", "--quiet", "--message", "x", date=f"@{seconds} +0000")

    assert [one.date for one in authors_of(tmp_path, {"a.yaml": {1}}).values()] == ["no date"]


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"])
def test_what_git_tells_its_hooks_leads_to_no_other_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.yaml").write_text("one\n")
    git(tmp_path, "add", "a.yaml")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    seen: list[dict[str, str]] = []
    call = subprocess.run

    def noted(*args: Any, **more: Any) -> Any:
        seen.append(more["env"])
        return call(*args, **more)

    monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setattr("subprocess.run", noted)

    assert len(authors_of(tmp_path, {"a.yaml": {1}})) == 1
    assert [one for one in seen if name in one] == []


def test_lines_are_known_by_their_last_commit_whatever_they_hold(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "-a b.yaml").write_bytes(b"one\n\x85\xe2\x80\xa8 \xff\nthree\n")
    git(tmp_path, "add", "--", "-a b.yaml")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    (tmp_path / "-a b.yaml").write_bytes(b"one\n\x85\xe2\x80\xa8 \xff\nchanged\n")

    found = authors_of(tmp_path, {"-a b.yaml": {1, 2, 3}, "gone.yaml": {1}, "../outside.yaml": {1}})

    assert sorted(line for _, line in found) == [1, 2]
    assert {(one.date, one.author) for one in found.values()} == {("2026-01-02", "Ana")}


def test_of_a_very_long_name_of_an_author_the_start_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.yaml").write_text("one\n")
    git(tmp_path, "add", "a.yaml")
    git(tmp_path, "commit", "--quiet", "--message", "x", "--author", f"{'n' * 5000} <n@example.com>")

    assert [one.author for one in authors_of(tmp_path, {"a.yaml": {1}}).values()] == ["n" * 99 + "…"]


def test_a_folder_without_a_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="git rev-parse: fatal: not a git repository"):
        authors_of(tmp_path, {"a": {1}})


def test_a_secret_shows_as_its_reference(environments: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SARAH_ACCOUNT", "acc-990017")

    called = environments.run("-e", "production", "why", "contacts.sarah")

    assert 'facts.account = "${env:SARAH_ACCOUNT}"' in called.out
    assert 'metadata = "${env:SARAH_ACCOUNT} holder"' in called.out
    assert "990017" not in called.out + called.err


def test_an_address_that_names_nothing_is_told_with_the_nearest_one(environments: Repository) -> None:
    called = environments.run("why", "contacts.sara")

    assert (called.code, called.out) == (1, "")
    assert 'did you mean "contacts.sarah"?' in called.err


LAYERS = """\
scopes:
  support: {persona_id: p-1, facts: {lang: en, "two words": 1}, seed_facts: {tier: base}}
  sales: {persona_id: p-2}
contacts:
  ana:
    external_id: crm-ana
    facts: {seats: "${seats}", nested: {map: {k: 1}, list: [a]}, lost: x}
    scopes: {support: {facts: {lost: y}}, sales: {facts: {lost: z}}}
  bo: {external_id: crm-bo, facts: {alone: "${env:T}"}, scopes: {support: {facts: {lang: de}}}}
"""
ANA = "contacts.ana.scopes"


@pytest.fixture
def layered(repository: Repository) -> Repository:
    repository.write(
        "reconciler.yaml", "version: 1\nvariables: {seats: 1}\nenvironments: {sandbox: {api: sandbox}}\nsecrets: [T]\n"
    )
    repository.write("specs/support.yaml", LAYERS)
    return repository


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "contacts.ana.facts.seats",
            (
                "contacts.ana.facts.seats = 1\n"
                '  specs/support.yaml:7  contact, facts.seats: "${seats}"\n'
                "    ${seats} = 1  reconciler.yaml:2\n"
                f"  in {ANA}.sales\n  in {ANA}.support\n"
            ),
        ),
        ("contacts.ana.facts.nested.map.k", "contacts.ana.facts.nested = "),
        ("contacts.ana.facts.nested.list[0]", "contacts.ana.facts.nested = "),
        ("contacts.ana.facts.lost", '  specs/support.yaml:7  contact, facts.lost: "x"\n  no memory gets it\n'),
        ("contacts.ana.external_id", 'contacts.ana = {"external_id": "crm-ana"}\n'),
        (f"{ANA}.support.facts.nested.map.k", f"{ANA}.support.facts.nested = "),
        (f"{ANA}.support.persona_id", f"{ANA}.support = "),
        ("scopes.support.persona_id", "scopes.support = "),
        (
            "scopes.support.facts.lang",
            f'scopes.support.facts.lang = "en"\n  specs/support.yaml:2  scope, facts.lang: "en"\n  in {ANA}.support\n',
        ),
        ('scopes.support.facts["two words"]', 'scopes.support.facts["two words"] = 1\n'),
        ("scopes.support.seed_facts.tier", "in contacts.bo.scopes.support\n"),
        ("scopes.sales", 'scopes.sales = {"persona_id": "p-2"}\n'),
        ("contacts.bo.facts.alone", 'contacts.bo.facts.alone = "${env:T}"\n'),
    ],
)
def test_addresses_that_other_commands_print_are_answered(layered: Repository, address: str, said: str) -> None:
    called = layered.run("why", address)

    assert called.code == 0, called.err
    assert said in called.out


def test_many_memories_that_get_a_value_are_counted_on_a_terminal_and_all_named_in_json(
    layered: Repository,
) -> None:
    contacts = "".join(f"  c{number}: {{external_id: e{number}, scopes: {{s: {{}}}}}}\n" for number in range(23))
    layered.write("specs/support.yaml", f"scopes: {{s: {{persona_id: p, facts: {{a: 1}}}}}}\ncontacts:\n{contacts}")
    shown = layered.run("why", "scopes.s.facts.a").out
    (value,) = json.loads(layered.run("why", "scopes.s.facts.a", "--format", "json").out)["values"]

    assert shown.endswith("  and in 3 more memories\n")
    assert len(value["memories"]) == 23


def test_a_literal_is_told_from_a_secret(layered: Repository) -> None:
    scope = "scopes: {s: {persona_id: p, facts: {a: '$${env:T}', b: '${env:T}', c: '$${x} ${env:T}'}}}"
    layered.write("specs/support.yaml", f"{scope}\ncontacts: {{x: {{email: a@b.co, scopes: {{s: {{}}}}}}}}")
    shown = layered.run("why", "contacts.x.scopes.s.facts").out

    assert 'facts.a = "$${env:T}"\n' in shown
    assert 'facts.b = "${env:T}"\n' in shown
    assert 'facts.c = "$${x} ${env:T}"\n' in shown


@pytest.mark.parametrize(
    "written",
    [
        '{"$${n}": 1}',
        '{"a": {"$${n}": 1}}',
        '[{"$${n}": "$${v}"}]',
        '{"$${n}": "${env:T}"}',
        '{"a": [["$${v}", {"$${n}": 1}]]}',
        '{"$$": "$ {"}',
    ],
)
def test_a_literal_is_written_as_one_in_the_keys_of_mappings_at_every_depth(layered: Repository, written: str) -> None:
    scope = f"scopes: {{s: {{persona_id: p, facts: {{a: {written}}}}}}}"
    layered.write("specs/support.yaml", f"{scope}\ncontacts: {{x: {{email: a@b.co, scopes: {{s: {{}}}}}}}}")
    (value,) = json.loads(layered.run("why", "contacts.x.scopes.s.facts.a", "--format", "json").out)["values"]

    assert value["value"] == json.loads(written)
    assert value["given"][0]["written"] == json.loads(written)


def test_a_reference_in_a_mapping_of_rows_is_one_and_what_looks_like_it_in_a_cell_is_text(layered: Repository) -> None:
    layered.write("specs/g.csv", "id,note\nzoe,${env:T}\n")
    constants = 'card: {value: {number: "${env:T}"}}, note: note'
    layered.write(
        "specs/g.yaml",
        f"contacts_from:\n- file: g.csv\n  named_by: id\n  contact: {{external_id: id, facts: {{{constants}}}}}\n",
    )
    shown = [layered.run("why", f"contacts.zoe.facts.{key}").out for key in ("card", "note")]

    assert shown[0].startswith('contacts.zoe.facts.card = {"number": "${env:T}"}\n')
    assert shown[0].count('{"number": "${env:T}"}') == 2
    assert shown[1].startswith('contacts.zoe.facts.note = "$${env:T}"\n')
    assert shown[1].count('"$${env:T}"') == 2


def test_of_a_cell_that_is_two_facts_each_names_the_memories_that_have_it_and_its_value(repository: Repository) -> None:
    keys = "fact_keys: {ok: {type: boolean}, also: {type: boolean}}\n"
    repository.write("specs/support.yaml", f"{keys}scopes: {{support: {{persona_id: p}}, sales: {{persona_id: q}}}}\n")
    scopes = "{support: {facts: {ok: {value: false}}}, sales: {}}"
    contact = f"{{external_id: id, facts: {{ok: cell, also: cell}}, scopes: {scopes}}}"
    repository.write("specs/rows.yaml", f"contacts_from: [{{file: r.csv, named_by: id, contact: {contact}}}]\n")
    repository.write("specs/r.csv", "id,cell\nana,TRUE\n")
    ok, also = (repository.run("why", f"contacts.ana.facts.{key}").out for key in ("ok", "also"))

    assert ok.startswith("contacts.ana.facts.ok = true\n")
    assert "scopes.support" not in ok
    assert "in contacts.ana.scopes.sales\n" in ok
    assert "in contacts.ana.scopes.support\n" in also


def test_the_bare_name_of_a_contact_is_its_address(environments: Repository) -> None:
    whole = environments.run("-e", "production", "why", "contacts.sarah")

    assert whole.code == 0
    assert environments.run("-e", "production", "why", "sarah").out == whole.out
